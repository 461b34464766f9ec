//! Circles, and what looks like one.

use super::*;

#[injectable]
struct Wrapper<T: Send + Sync + 'static>(#[expect(dead_code)] Arc<T>);

#[test]
fn of_one_in_a_list() {
    #[injectable(bind = dyn Service)]
    struct Me(#[expect(dead_code)] Vec<Arc<dyn Service>>);
    impl Service for Me {
        fn id(&self) -> usize {
            0
        }
    }
    #[module(providers = [Me])]
    struct App;
    assert_eq!(
        messages::<App>(),
        ["`Me` depends on itself: Me > dyn Service > Me"]
    );
}

#[test]
fn through_a_trait() {
    #[injectable(bind = dyn Service)]
    struct Me(#[expect(dead_code)] Arc<dyn Service>);
    impl Service for Me {
        fn id(&self) -> usize {
            0
        }
    }
    #[module(providers = [Me])]
    struct App;
    assert_eq!(
        messages::<App>(),
        ["`Me` depends on itself: Me > dyn Service > Me"]
    );
}

#[test]
fn through_a_generic_and_generics_that_are_none() {
    #[injectable]
    struct Inner(#[expect(dead_code)] Arc<Wrapper<Inner>>);
    #[module(providers = [Inner, Wrapper<Inner>])]
    struct App;
    assert_eq!(
        messages::<App>(),
        ["`Inner` depends on itself: Inner > Wrapper<Inner> > Inner"]
    );

    #[injectable]
    struct Leaf;
    #[injectable]
    struct Root(#[expect(dead_code)] Arc<Wrapper<Wrapper<Leaf>>>);
    #[module(providers = [Root, Wrapper<Wrapper<Leaf>>, Wrapper<Leaf>, Leaf])]
    struct Fine;
    assert_eq!(messages::<Fine>(), [""; 0]);
}

#[test]
fn of_three_and_of_factories() {
    #[injectable]
    struct A(#[expect(dead_code)] Arc<B>);
    #[injectable]
    struct B(#[expect(dead_code)] Arc<C>);
    struct C;
    #[module(providers = [A, B, Provider::factory(|_: Arc<A>| async { Ok::<_, std::fmt::Error>(C) })])]
    struct App;
    assert_eq!(messages::<App>(), ["`A` depends on itself: A > B > C > A"]);
}

#[test]
fn the_same_type_several_times_is_none() {
    #[injectable]
    struct Leaf;
    #[injectable]
    struct Left(
        #[expect(dead_code)] Arc<Leaf>,
        #[expect(dead_code)] Arc<Leaf>,
    );
    #[injectable]
    struct Top(
        #[expect(dead_code)] Arc<Leaf>,
        #[expect(dead_code)] Arc<Left>,
        #[expect(dead_code)] Vec<Arc<Left>>,
    );
    #[module(providers = [Top, Left, Leaf])]
    struct App;
    assert_eq!(messages::<App>(), [""; 0]);
}
