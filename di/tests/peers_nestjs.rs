//! What NestJS's injector promises, for ours. The table in `README.md` says which test stands for which of theirs.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

mod common;

use std::any::TypeId;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::{codes, container};
use nestrs_di::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

#[module(providers = [Provider::value(Count::default())], exports = [Count], global)]
struct CountModule;

mod injector {
    use super::*;

    #[tokio::test]
    async fn one_type_in_two_modules_with_what_it_needs_through_re_exports() {
        #[injectable(scope = "transient")]
        struct Leaf;
        #[injectable]
        struct Foo(#[expect(dead_code)] Arc<Leaf>);
        #[module(providers = [Leaf], exports = [Leaf])]
        struct LeafModule;
        #[module(imports = [LeafModule], exports = [LeafModule])]
        struct Wrapper1;
        #[module(imports = [Wrapper1], exports = [Wrapper1])]
        struct Wrapper2;
        #[module(imports = [Wrapper2], exports = [Wrapper2])]
        struct Wrapper3;
        #[module(imports = [Wrapper3], providers = [Foo])]
        struct One;
        #[module(imports = [Wrapper3], providers = [Foo])]
        struct Two;
        #[module(imports = [One, Two])]
        struct App;
        assert_eq!(
            container::<App>()
                .await
                .instances(TypeId::of::<Foo>())
                .count(),
            2
        );
    }

    #[test]
    fn who_needs_a_request_through_re_exports_is_no_singleton() {
        #[injectable(scope = "request")]
        struct User;
        #[injectable(scope = "inherit")]
        struct Consumer(#[expect(dead_code)] Arc<User>);
        #[module(providers = [User], exports = [User])]
        struct Inner;
        #[module(imports = [Inner], exports = [Inner])]
        struct Outer;
        #[module(imports = [Outer], providers = [Consumer])]
        struct App;
        let view = Graph::of::<App>().unwrap().view();
        let consumer = view
            .modules
            .iter()
            .flat_map(|module| &module.providers)
            .find(|it| it.name == "Consumer");
        assert_eq!(consumer.unwrap().scope, "request");
    }

    #[test]
    fn exporting_what_is_not_provided() {
        struct Nothing;
        #[module(exports = [Nothing])]
        struct App;
        assert_eq!(codes::<App>(), [Code::UnknownExport]);
    }

    #[test]
    fn needing_oneself_by_type_by_name_and_by_factory() {
        #[injectable]
        struct ByType(#[expect(dead_code)] Arc<ByType>);
        #[injectable]
        struct ByName {
            #[inject("me")]
            #[expect(dead_code)]
            me: Arc<ByName>,
        }
        #[module(providers = [
            ByType,
            Provider::of::<ByName>().named("me"),
            Provider::factory(|me: Arc<u32>| async move { Ok::<_, std::fmt::Error>(*me) }),
        ])]
        struct App;
        assert_eq!(codes::<App>(), [Code::Cycle; 3]);
        // Looking oneself up later is fine.
        #[injectable]
        struct Later(#[expect(dead_code)] Lazy<Later>);
        #[module(providers = [Later])]
        struct LaterApp;
        assert_eq!(codes::<LaterApp>(), []);
    }

    #[test]
    fn a_circle_of_a_class_for_a_trait() {
        #[injectable]
        trait Token: Send + Sync {}
        #[injectable]
        struct A(#[expect(dead_code)] Arc<dyn Token>);
        #[injectable]
        struct B(#[expect(dead_code)] Arc<A>);
        impl Token for B {}
        #[module(providers = [A, Provider::class::<dyn Token, B>()])]
        struct App;
        assert_eq!(codes::<App>(), [Code::Cycle]);
    }

    #[tokio::test]
    async fn the_module_and_its_container_can_be_injected() {
        #[injectable]
        struct Service(Arc<AppModule>, ModuleRef);
        #[module(providers = [Service])]
        struct AppModule;
        let app = container::<AppModule>().await;
        let service = app.get::<Service>().unwrap();
        assert!(Arc::ptr_eq(&service.0, &app.get::<AppModule>().unwrap()));
        assert!(service.1.get::<Service>().is_ok());
    }

    #[tokio::test]
    async fn thirteen_global_modules() {
        struct Value<const N: usize>;
        #[injectable]
        struct All {
            first: Arc<Value<0>>,
            last: Arc<Value<12>>,
            middle: Option<Arc<Value<6>>>,
        }
        fn global<const N: usize>() -> DynamicModule {
            DynamicModule::builder("Global")
                .provide(Provider::value(Value::<N>))
                .export::<Value<N>>()
                .global(true)
                .build()
        }
        #[module(providers = [All])]
        struct Consumer;
        #[module(imports = [
            Consumer,
            global::<0>(), global::<1>(), global::<2>(), global::<3>(), global::<4>(), global::<5>(), global::<6>(),
            global::<7>(), global::<8>(), global::<9>(), global::<10>(), global::<11>(), global::<12>(),
        ])]
        struct App;
        let app = container::<App>().await;
        let all = app.get::<All>().unwrap();
        assert!(all.middle.is_some());
        assert!(Arc::ptr_eq(&all.first, &app.get::<Value<0>>().unwrap()));
        assert!(Arc::ptr_eq(&all.last, &app.get::<Value<12>>().unwrap()));
    }

    #[tokio::test]
    async fn several_of_a_type_through_exports_of_modules_in_a_circle() {
        #[module(imports = [B], providers = [Provider::value('a').multi()], exports = [char])]
        struct A;
        #[module(imports = [A, C], providers = [Provider::value('b').multi()], exports = [char])]
        struct B;
        #[module(providers = [Provider::value('c').multi()], exports = [char])]
        struct C;
        #[injectable]
        struct All(Vec<Arc<char>>);
        #[module(imports = [A, B, C], providers = [All])]
        struct App;
        let all = container::<App>().await.get::<All>().unwrap();
        let mut found: Vec<_> = all.0.iter().map(|it| **it).collect();
        assert_eq!(
            found,
            ['c', 'b', 'a'],
            "in import order: what a module imports comes before it"
        );
        found.sort_unstable();
        assert_eq!(found, ['a', 'b', 'c']);
    }

    #[test]
    fn several_and_one_do_not_mix() {
        #[module(providers = [Provider::value(1_u8).multi(), Provider::value(2_u8)])]
        struct App;
        assert_eq!(codes::<App>(), [Code::Duplicate]);
    }

    #[tokio::test]
    async fn an_optional_dependency_that_is_there_but_broken_is_an_error() {
        struct Missing;
        #[injectable]
        struct Broken(#[expect(dead_code)] Arc<Missing>);
        #[injectable]
        struct Consumer(#[expect(dead_code)] Option<Arc<Broken>>);
        #[module(providers = [Consumer, Broken])]
        struct App;
        let error = App::verify().unwrap_err();
        assert_eq!(
            error.findings()[0].message,
            "`Broken` needs `Missing`, which nothing provides"
        );

        #[module(providers = [Consumer])]
        struct Absent;
        assert!(container::<Absent>().await.contains::<Consumer>());
    }

    #[tokio::test]
    async fn a_feature_beats_a_global_module_in_either_order() {
        struct Name(&'static str);
        #[injectable]
        struct Feature(Arc<Name>);
        fn settings(name: &'static str, global: bool) -> DynamicModule {
            DynamicModule::builder("Settings")
                .provide(Provider::value(Name(name)))
                .export::<Name>()
                .global(global)
                .build()
        }
        #[module(imports = [settings("feature", false), settings("global", true)], providers = [Feature])]
        struct FeatureFirst;
        #[module(imports = [settings("global", true), settings("feature", false)], providers = [Feature])]
        struct GlobalFirst;
        let (one, other) = (
            container::<FeatureFirst>().await,
            container::<GlobalFirst>().await,
        );
        let name = |app: Container| app.get::<Feature>().unwrap().0.0;
        assert_eq!((name(one), name(other)), ("feature", "feature"));
    }
}

mod scopes {
    use super::*;

    macro_rules! counted {
        ($name:ident, $scope:literal $(, $field:ident: $dependency:ty)*) => {
            #[allow(dead_code, reason = "some are only counted")]
            struct $name(usize);
            #[injectable(scope = $scope)]
            impl $name {
                #[constructor]
                async fn new(count: Arc<Count> $(, $field: Arc<$dependency>)*) -> Self {
                    $(let _ = &$field;)*
                    tokio::task::yield_now().await;
                    Self(count.next())
                }
            }
        };
    }

    counted!(Meta, "singleton");
    counted!(User, "request", meta: Meta);
    counted!(Guard, "inherit", user: User);
    counted!(Controller, "inherit", guard: Guard, user: User, meta: Meta);

    #[module(imports = [CountModule], providers = [Controller, Guard, User, Meta])]
    struct Requests;

    #[tokio::test]
    async fn three_requests_build_three_chains_and_one_singleton() {
        let app = container::<Requests>().await;
        for request in 0..3 {
            let scope = app.scope();
            let controller = scope.get::<Controller>().await.unwrap();
            // One for the singleton at the start, then three for each request.
            assert_eq!(controller.0, 3 + 3 * request);
        }
        assert_eq!(app.get::<Meta>().unwrap().0, 0);
        assert_eq!(app.get::<Count>().unwrap().next(), 10);
    }

    counted!(Logger, "transient");
    counted!(Service, "transient", logger: Logger);

    #[tokio::test]
    async fn transients_of_transients_are_built_for_each() {
        #[injectable]
        struct Top(
            #[expect(dead_code)] Arc<Service>,
            #[expect(dead_code)] Arc<Service>,
            #[expect(dead_code)] Arc<Logger>,
        );
        #[module(imports = [CountModule], providers = [Top, Service, Logger])]
        struct App;
        let app = container::<App>().await;
        assert_eq!(app.get::<Count>().unwrap().next(), 5);
    }

    #[tokio::test]
    async fn a_request_scoped_circle_needs_no_forward_reference_but_a_finding() {
        #[injectable(scope = "request")]
        struct A(#[expect(dead_code)] Lazy<B>);
        #[injectable(scope = "request")]
        struct B(#[expect(dead_code)] Arc<A>);
        #[module(providers = [A, B])]
        struct App;
        assert_eq!(codes::<App>(), [Code::Scope]);
    }

    #[tokio::test]
    async fn a_scope_shows_in_what_the_graph_says() {
        let view = Graph::of::<Requests>().unwrap().view();
        let scope = |name: &str| {
            let all = view.modules.iter().flat_map(|module| &module.providers);
            all.filter(|it| it.name == name)
                .map(|it| it.scope.clone())
                .collect::<String>()
        };
        assert_eq!(
            (scope("Controller").as_str(), scope("Meta").as_str()),
            ("request", "singleton")
        );
    }
}
