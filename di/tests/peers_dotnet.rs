//! What .NET's container promises, for ours. The table in `README.md` says which test stands for which of theirs.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::{container, findings};
use nestrs_di::*;

fn messages<M: Module>() -> Vec<String> {
    let findings = findings::<M>().into_iter();
    findings.map(|finding| finding.message).collect()
}

#[injectable]
trait Service: Send + Sync {
    fn id(&self) -> usize;
}

#[derive(Default)]
struct Count(AtomicUsize);

/// Numbered in the order they are built.
struct Numbered(usize);
impl Service for Numbered {
    fn id(&self) -> usize {
        self.0
    }
}

async fn numbered(count: Arc<Count>) -> Result<Numbered, std::convert::Infallible> {
    Ok(Numbered(count.0.fetch_add(1, Ordering::SeqCst)))
}

fn factory(scope: Scope) -> Provider {
    Provider::factory(numbered).scope(scope)
}

fn count() -> Provider {
    Provider::value(Count::default())
}

mod specification {
    use super::*;

    #[tokio::test]
    async fn an_instance_comes_back_as_the_one_it_is() {
        thread_local!(static INSTANCE: Arc<Numbered> = Arc::new(Numbered(7)));
        #[module(providers = [Provider::shared(INSTANCE.with(Arc::clone))])]
        struct App;
        let app = container::<App>().await;
        assert!(Arc::ptr_eq(
            &app.get::<Numbered>().unwrap(),
            &INSTANCE.with(Arc::clone)
        ));
    }

    #[tokio::test]
    async fn a_transient_is_new_in_the_root_and_in_every_scope() {
        #[module(providers = [factory(Scope::Transient), count()])]
        struct App;
        let app = container::<App>().await;
        let root = app.module_ref(app.root());
        let (one, two) = (app.scope(), app.scope());
        let ids = [
            root.resolve::<Numbered>().await.unwrap().0,
            root.resolve::<Numbered>().await.unwrap().0,
            one.get::<Numbered>().await.unwrap().0,
            one.get::<Numbered>().await.unwrap().0,
            two.get::<Numbered>().await.unwrap().0,
        ];
        assert_eq!(ids, [0, 1, 2, 3, 4]);
    }

    #[tokio::test]
    async fn a_scoped_factory_is_shared_in_its_scope_and_no_further() {
        #[injectable(scope = "request")]
        struct Pair(Arc<Numbered>, Arc<Numbered>);
        #[module(providers = [Pair, factory(Scope::Request), count()])]
        struct App;
        let app = container::<App>().await;
        let (one, two) = (app.scope(), app.scope());
        let (a, b) = (
            one.get::<Pair>().await.unwrap(),
            two.get::<Pair>().await.unwrap(),
        );
        assert_eq!((a.0.0, a.1.0, b.0.0, b.1.0), (0, 0, 1, 1));
        // The root has none to give.
        assert!(app.get::<Numbered>().is_none());
        assert!(app.module_ref(app.root()).get::<Numbered>().is_err());
    }

    #[tokio::test]
    async fn a_singleton_seen_from_a_scope_is_the_applications() {
        #[injectable]
        struct Holder(ModuleRef);
        #[module(providers = [Holder, factory(Scope::Request), count()])]
        struct App;
        let app = container::<App>().await;
        let scope = app.scope();
        let holder = scope.get::<Holder>().await.unwrap();
        assert!(Arc::ptr_eq(&holder, &app.get::<Holder>().unwrap()));
        // What it holds is the application, not the scope it was first seen in.
        let mine = scope.get::<Numbered>().await.unwrap();
        assert_ne!(holder.0.resolve::<Numbered>().await.unwrap().0, mine.0);
    }

    #[tokio::test]
    async fn a_scope_can_be_opened_inside_a_scope_and_ends_before_it() {
        #[module(providers = [factory(Scope::Request), count()])]
        struct App;
        let app = container::<App>().await;
        let outer = app.scope();
        let of_outer = outer.get::<Numbered>().await.unwrap();
        for _ in 0..3 {
            let inner = app.module_ref(app.root()).scope().unwrap();
            assert_ne!(inner.get::<Numbered>().await.unwrap().0, of_outer.0);
        }
        assert!(Arc::ptr_eq(
            &outer.get::<Numbered>().await.unwrap(),
            &of_outer
        ));
    }

    #[tokio::test]
    async fn lists_hold_none_one_or_all_in_order() {
        #[injectable]
        struct Lists {
            none: Vec<Arc<u8>>,
            one: Vec<Arc<u16>>,
            all: Vec<Arc<u32>>,
            first: Arc<u16>,
        }
        #[module(providers = [
            Lists,
            Provider::value(1_u16),
            Provider::value(3_u32).multi(),
            Provider::value(1_u32).multi(),
            Provider::value(2_u32).multi(),
        ])]
        struct App;
        let lists = container::<App>().await.get::<Lists>().unwrap();
        assert!(lists.none.is_empty());
        assert!(Arc::ptr_eq(&lists.one[0], &lists.first));
        assert_eq!(
            lists.all.iter().map(|it| **it).collect::<Vec<_>>(),
            [3, 1, 2]
        );
    }

    #[tokio::test]
    async fn three_of_one_type_are_three_instances() {
        #[injectable]
        struct All(Vec<Arc<dyn Service>>);
        #[module(providers = [
            All,
            count(),
            factory(Scope::Singleton).named("a"),
            factory(Scope::Singleton).named("b"),
            Provider::object::<dyn Service>(Arc::new(Numbered(7))).multi(),
            Provider::object::<dyn Service>(Arc::new(Numbered(8))).multi(),
            Provider::object::<dyn Service>(Arc::new(Numbered(9))).multi(),
        ])]
        struct App;
        let all = container::<App>().await.get::<All>().unwrap();
        assert_eq!(
            all.0.iter().map(|it| it.id()).collect::<Vec<_>>(),
            [7, 8, 9]
        );
    }

    #[test]
    fn the_last_does_not_silently_replace_the_first() {
        #[module(providers = [Provider::value(1_u32), Provider::value(2_u32)])]
        struct App;
        assert_eq!(messages::<App>(), ["`App` provides `u32` twice"]);
    }

    #[tokio::test]
    async fn what_is_not_there_is_none() {
        #[module]
        struct App;
        let app = container::<App>().await;
        assert!(app.get::<Numbered>().is_none());
        assert!(app.all::<dyn Service>().is_empty());
        assert!(!app.contains::<Numbered>());
    }

    #[tokio::test]
    async fn whoever_holds_the_container_does_not_keep_it_alive() {
        struct Dropped(Arc<Mutex<bool>>);
        impl Drop for Dropped {
            fn drop(&mut self) {
                *self.0.lock().unwrap() = true;
            }
        }
        #[injectable]
        struct Holder {
            container: ModuleRef,
            #[expect(dead_code)]
            dropped: Arc<Dropped>,
        }
        #[module(providers = [Holder, Provider::value(Dropped(Arc::default()))])]
        struct App;
        let app = container::<App>().await;
        let flag = Arc::clone(&app.get::<Dropped>().unwrap().0);
        let holder = app.get::<Holder>().unwrap();
        assert!(Arc::ptr_eq(
            &holder.container.get::<Holder>().unwrap(),
            &holder
        ));
        let container = holder.container.clone();
        drop((app, holder));
        assert!(*flag.lock().unwrap());
        assert!(matches!(container.get::<Holder>(), Err(ResolveError::Gone)));
    }
}

mod validation {
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
}

mod cycles {
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
}

mod keyed {
    use super::*;

    #[tokio::test]
    async fn lists_are_of_one_name() {
        #[injectable]
        struct Lists {
            plain: Vec<Arc<u32>>,
            #[inject("a")]
            a: Vec<Arc<u32>>,
            #[inject("nobody")]
            nobody: Vec<Arc<u32>>,
        }
        #[module(providers = [
            Lists,
            Provider::value(1_u32).named("a").multi(),
            Provider::value(2_u32).multi(),
            Provider::value(3_u32).named("b"),
            Provider::value(4_u32).named("a").multi(),
        ])]
        struct App;
        let lists = container::<App>().await.get::<Lists>().unwrap();
        assert_eq!(*lists.plain[0], 2);
        assert_eq!(lists.a.iter().map(|it| **it).collect::<Vec<_>>(), [1, 4]);
        assert_eq!((lists.plain.len(), lists.nobody.len()), (1, 0));
    }

    #[tokio::test]
    async fn every_kind_of_provider_in_every_scope_can_have_a_name() {
        #[injectable]
        struct OfType(Arc<Count>);
        #[injectable(scope = "request")]
        struct Names {
            #[inject("value")]
            value: Arc<Numbered>,
            #[inject("singleton")]
            singleton: Arc<Numbered>,
            #[inject("transient")]
            transient: Arc<Numbered>,
            #[inject("transient")]
            another: Arc<Numbered>,
            #[inject("request")]
            request: Arc<Numbered>,
            #[inject("request")]
            same: Arc<Numbered>,
            #[inject("type")]
            of_type: Arc<OfType>,
        }
        #[module(providers = [
            Names,
            count(),
            Provider::value(Numbered(100)).named("value"),
            factory(Scope::Singleton).named("singleton"),
            factory(Scope::Transient).named("transient"),
            factory(Scope::Request).named("request"),
            Provider::of::<OfType>().named("type"),
        ])]
        struct App;
        let app = container::<App>().await;
        let (one, two) = (app.scope(), app.scope());
        let (a, b) = (
            one.get::<Names>().await.unwrap(),
            two.get::<Names>().await.unwrap(),
        );
        assert_eq!((a.value.0, a.singleton.0), (100, 0));
        assert!(Arc::ptr_eq(&a.singleton, &b.singleton));
        assert_ne!(a.transient.0, a.another.0);
        assert!(Arc::ptr_eq(&a.request, &a.same));
        assert_ne!(a.request.0, b.request.0);
        assert!(Arc::ptr_eq(&a.of_type.0, &app.get::<Count>().unwrap()));
        assert!(app.get::<Numbered>().is_none() && app.get::<OfType>().is_none());
    }

    #[tokio::test]
    async fn a_name_can_be_looked_up_at_run_time() {
        #[module(providers = [Provider::value(7_u32).named("seven"), Provider::value(8_u32).named("eight")])]
        struct App;
        let app = container::<App>().await;
        let found: Vec<_> = ["eight", "seven", "nine"]
            .map(|name| app.get_named::<u32>(name).map(|it| *it))
            .into();
        assert_eq!(found, [Some(8), Some(7), None]);
        assert!(app.get::<u32>().is_none());
    }
}
