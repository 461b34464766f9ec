//! Building: shapes of providers, and constructors that fail.

use std::sync::Arc;

use nestrs_di::{Graph, Provider, injectable, module};

#[injectable]
struct Unit;

#[injectable]
struct Tuple(Arc<Unit>, Arc<Number>);

#[injectable]
struct Named {
    tuple: Arc<Tuple>,
    unit: Arc<Unit>,
}

struct Number(u32);

#[injectable]
struct Repository<T: Send + Sync + 'static> {
    unit: Arc<Unit>,
    entity: Arc<Wrapper<T>>,
}

struct Wrapper<T>(T);

struct User(u32);

#[module(providers = [
    Named,
    Tuple,
    Unit,
    Provider::value(Number(7)),
    Repository<User>,
    Provider::value(Wrapper(User(8))),
])]
struct AppModule;

#[tokio::test]
async fn every_shape_gets_what_its_fields_ask_for() {
    let app = Graph::of::<AppModule>().unwrap().construct().await.unwrap();
    let named = app.get::<Named>().unwrap();
    assert_eq!(named.tuple.1.0, 7);
    assert!(Arc::ptr_eq(&named.unit, &named.tuple.0));
    let repository = app.get::<Repository<User>>().unwrap();
    assert!(Arc::ptr_eq(&named.unit, &repository.unit));
    assert_eq!(repository.entity.0.0, 8);
}

#[tokio::test]
async fn constructors_that_fail_or_panic_are_named_with_their_path() {
    struct Panics;
    #[injectable]
    impl Panics {
        #[constructor]
        fn new() -> Self {
            panic!("no {}", "luck")
        }
    }
    struct Late;
    #[injectable]
    impl Late {
        #[constructor]
        async fn new() -> Self {
            panic!("too late")
        }
    }
    struct Fails;
    #[injectable]
    impl Fails {
        #[constructor]
        async fn new() -> Result<Self, std::io::Error> {
            Err(std::io::Error::other("no database"))
        }
    }
    #[injectable]
    struct Consumer(#[expect(dead_code)] Arc<Late>);

    #[module(providers = [Late, Fails, Consumer])]
    struct Database;
    #[module(imports = [Database])]
    struct App;

    let error = Graph::of::<App>().unwrap().construct().await.unwrap_err();
    let [late, fails] = error.failures() else {
        panic!("{error}")
    };
    assert_eq!(late.path, ["App", "Database", "Late"]);
    assert!(
        late.to_string()
            .contains("the constructor of `Late` panicked: too late"),
        "{late}"
    );
    assert!(fails.to_string().contains("failed: no database"), "{fails}");
    assert!(std::error::Error::source(fails).is_some());

    #[module(providers = [Panics])]
    struct Other;
    let error = Graph::of::<Other>().unwrap().construct().await.unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the constructor of `Panics` panicked: no luck"),
        "{error}"
    );
    assert!(error.to_string().contains("tests/construct.rs:"), "{error}");
}

#[tokio::test]
async fn asynchronous_providers_start_as_soon_as_they_can() {
    use tokio::sync::Barrier;

    // Both wait for each other: in sequence they would never finish.
    struct One;
    #[injectable]
    impl One {
        #[constructor]
        async fn new(both: Arc<Barrier>) -> Self {
            both.wait().await;
            Self
        }
    }
    struct Two;
    #[injectable]
    impl Two {
        #[constructor]
        async fn new(both: Arc<Barrier>) -> Self {
            both.wait().await;
            Self
        }
    }
    #[injectable]
    struct After(#[expect(dead_code)] Arc<One>, #[expect(dead_code)] Arc<Two>);
    #[injectable]
    struct Last(#[expect(dead_code)] Arc<After>);

    #[module(providers = [Last, After, One, Two, Provider::value(Barrier::new(2))])]
    struct App;
    let app = Graph::of::<App>().unwrap().construct().await.unwrap();
    assert!(app.get::<Last>().is_some());
}

#[tokio::test(start_paused = true)]
async fn a_constructor_that_hangs_is_named() {
    struct Hangs;
    #[injectable]
    impl Hangs {
        #[constructor]
        async fn new() -> Self {
            std::future::pending().await
        }
    }
    #[module(providers = [Hangs])]
    struct App;
    let limit = std::time::Duration::from_secs(5);
    let options = nestrs_di::Options::new().timeout(limit, tokio::time::sleep);
    let error = Graph::of::<App>()
        .unwrap()
        .construct_with(options)
        .await
        .unwrap_err();
    assert!(
        error
            .to_string()
            .contains("the constructor of `Hangs` did not finish within 5s"),
        "{error}"
    );
}

mod teardown {
    use super::*;
    use std::sync::Mutex;

    struct Log(Mutex<Vec<&'static str>>);

    macro_rules! logged {
        ($name:ident($($dependency:ty),*)) => {
            #[injectable]
            struct $name(Arc<Log>, $(#[expect(dead_code)] Arc<$dependency>),*);
            impl Drop for $name {
                fn drop(&mut self) {
                    self.0.0.lock().unwrap().push(stringify!($name));
                }
            }
        };
    }
    logged!(First());
    logged!(Second(First));
    logged!(Third(Second));

    fn log() -> (Arc<Log>, nestrs_di::DynamicModule) {
        let log = Arc::new(Log(Mutex::default()));
        let module = nestrs_di::DynamicModule::builder("Log")
            .provide(Provider::shared(Arc::clone(&log)))
            .export::<Log>();
        (log, module.build())
    }

    thread_local! {
        static LOG: (Arc<Log>, nestrs_di::DynamicModule) = log();
    }

    #[module(imports = [LOG.with(|log| log.1.clone())], providers = [Third, First, Second])]
    struct App;

    #[tokio::test]
    async fn instances_are_dropped_in_reverse() {
        let app = Graph::of::<App>().unwrap().construct().await.unwrap();
        drop(app);
        assert_eq!(
            *LOG.with(|log| log.0.clone()).0.lock().unwrap(),
            ["Third", "Second", "First"]
        );
    }

    struct Fails;
    #[injectable]
    impl Fails {
        #[constructor]
        fn new() -> Result<Self, &'static str> {
            Err("out of order")
        }
    }

    #[module(imports = [LOG.with(|log| log.1.clone())], providers = [First, Second, Fails, Third])]
    struct Failing;

    #[tokio::test]
    async fn what_was_built_before_a_failure_is_dropped_in_reverse() {
        let error = Graph::of::<Failing>()
            .unwrap()
            .construct()
            .await
            .unwrap_err();
        assert_eq!(error.failures().len(), 1);
        assert_eq!(
            *LOG.with(|log| log.0.clone()).0.lock().unwrap(),
            ["Second", "First"]
        );
    }
}
