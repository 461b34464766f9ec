//! Checking when it is built.

use super::*;

#[injectable(scope = "request")]
struct OfRequest;
#[injectable(bind = dyn Send + Sync)]
struct Plain;

#[test]
fn a_list_is_checked_element_by_element() {
    #[injectable(scope = "request")]
    struct Scoped;
    impl Service for Scoped {
        fn id(&self) -> usize {
            0
        }
    }
    #[injectable]
    struct Holder(#[expect(dead_code)] Vec<Arc<dyn Service>>);
    #[module(providers = [Holder, Scoped, Provider::bind::<dyn Service, Scoped>()])]
    struct App;
    assert_eq!(
        messages::<App>(),
        ["`Holder` is a singleton and needs `dyn Service`, of which each request has its own"]
    );

    #[injectable]
    struct Other(#[expect(dead_code)] Vec<Arc<dyn Send + Sync>>);
    #[module(providers = [Other, Plain, OfRequest])]
    struct OtherApp;
    assert_eq!(messages::<OtherApp>(), [""; 0]);
}

#[test]
fn a_singleton_may_open_scopes() {
    #[injectable]
    struct Opener(#[expect(dead_code)] ModuleRef);
    #[module(providers = [Opener, OfRequest])]
    struct App;
    assert_eq!(messages::<App>(), [""; 0]);
}

#[test]
fn what_is_missing_and_what_is_circular_are_reported_together() {
    #[injectable]
    struct A(#[expect(dead_code)] Arc<B>);
    #[injectable]
    struct B(#[expect(dead_code)] Arc<A>);
    struct Nowhere;
    #[injectable]
    struct C(#[expect(dead_code)] Arc<Nowhere>);
    #[module(providers = [A, B, C])]
    struct App;
    assert_eq!(
        messages::<App>(),
        [
            "`C` needs `Nowhere`, which nothing provides",
            "`A` depends on itself: A > B > A"
        ]
    );
}

#[test]
fn what_nobody_asks_for_is_checked_too() {
    struct Nowhere;
    #[injectable]
    struct Unasked(#[expect(dead_code)] Arc<Nowhere>);
    #[module(providers = [Unasked])]
    struct Feature;
    #[module(imports = [Feature])]
    struct App;
    assert_eq!(messages::<App>().len(), 1);
}
