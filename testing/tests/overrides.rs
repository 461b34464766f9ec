//! What a test puts in the place of providers and modules.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use nestrs::di::{Key, Provider};
use nestrs::prelude::*;
use nestrs_testing::Test;

#[injectable]
trait Store: Send + Sync {
    fn find(&self, id: u32) -> String;
}

/// Nobody provides it: whoever builds a `Database` fails.
struct Url;

#[injectable(bind = dyn Store)]
struct Database {
    _url: Arc<Url>,
}

impl Store for Database {
    fn find(&self, _: u32) -> String {
        unreachable!("nothing connects in a test")
    }
}

#[injectable]
struct Users {
    store: Arc<dyn Store>,
}

#[micro_routes]
impl Users {
    #[message_pattern("users.find")]
    async fn find(&self, id: u32) -> String {
        self.store.find(id)
    }
}

#[module(providers = [Database], exports = [Database, dyn Store])]
struct StoreModule;

#[module(imports = [StoreModule], microservices = [Users])]
struct AppModule;

struct Memory(&'static str);

impl Store for Memory {
    fn find(&self, id: u32) -> String {
        format!("{} {id}", self.0)
    }
}

#[tokio::test]
async fn a_trait_is_overridden_for_handlers_too_and_what_its_provider_needed_is_not_there() {
    assert!(
        Test::create_testing_module::<AppModule>()
            .compile()
            .await
            .is_err()
    );
    let memory = Arc::new(Memory("user"));
    let module = Test::create_testing_module::<AppModule>()
        .override_provider::<dyn Store>()
        .use_shared(Arc::clone(&memory))
        .compile()
        .await
        .unwrap();
    let user: String = module.client().send("users.find", &7).await.unwrap();
    assert_eq!(user, "user 7");
    assert_eq!(module.get::<dyn Store>().find(8), "user 8");
    module.close().await;
    assert_eq!(Arc::strong_count(&memory), 1, "nothing is left behind");
}

#[tokio::test]
async fn a_handlers_provider_is_overridden_itself() {
    let module = Test::create_testing_module::<AppModule>()
        .override_provider::<Users>()
        .use_value(Users {
            store: Arc::new(Memory("other")),
        })
        .compile()
        .await
        .unwrap();
    let user: String = module.client().send("users.find", &7).await.unwrap();
    assert_eq!(user, "other 7");
}

#[tokio::test]
async fn factories_and_classes_see_what_the_module_sees_and_classes_have_hooks() {
    type Log = Mutex<Vec<&'static str>>;
    #[injectable]
    struct Hooked {
        log: Arc<Log>,
    }
    impl Store for Hooked {
        fn find(&self, _: u32) -> String {
            self.log.lock().unwrap().join(" ")
        }
    }
    impl OnModuleInit for Hooked {
        async fn on_module_init(&self) -> Result<(), HookError> {
            self.log.lock().unwrap().push("init");
            Ok(())
        }
    }
    impl OnModuleDestroy for Hooked {
        async fn on_module_destroy(&self) -> Result<(), HookError> {
            self.log.lock().unwrap().push("destroy");
            Ok(())
        }
    }
    #[module(providers = [Database, Provider::value(Log::default())], exports = [dyn Store, Log])]
    struct LoggedModule;
    #[module(imports = [LoggedModule], microservices = [Users])]
    struct App;

    let module = Test::create_testing_module::<App>()
        .override_provider::<dyn Store>()
        .use_class::<Hooked>()
        .compile()
        .await
        .unwrap();
    assert_eq!(module.get::<dyn Store>().find(0), "init");
    let log = module.get::<Log>();
    module.close().await;
    assert_eq!(*log.lock().unwrap(), ["init", "destroy"]);

    let module = Test::create_testing_module::<App>()
        .override_provider::<dyn Store>()
        .use_factory(|log: Arc<Log>| async move {
            log.lock().unwrap().push("made");
            Ok::<_, std::io::Error>(Memory("made"))
        })
        .compile()
        .await
        .unwrap();
    let user: String = module.client().send("users.find", &1).await.unwrap();
    assert_eq!(user, "made 1");
    assert_eq!(*module.get::<Log>().lock().unwrap(), ["made"]);
}

#[tokio::test]
async fn each_module_has_its_own_and_sees_no_other() {
    struct Limit(u32);
    #[injectable]
    struct Mail(Arc<Limit>);
    #[injectable]
    struct Push(Arc<Limit>);
    #[module(providers = [Mail, Provider::value(Limit(1))])]
    struct MailModule;
    #[module(providers = [Push, Provider::value(Limit(2))])]
    struct PushModule;
    #[module(imports = [MailModule, PushModule])]
    struct App;
    let module = Test::create_testing_module::<App>()
        .compile()
        .await
        .unwrap();
    let limits = [module.get::<Mail>().0.0, module.get::<Push>().0.0];
    assert_eq!(limits, [1, 2]);

    let module = Test::create_testing_module::<App>()
        .override_provider::<Limit>()
        .use_value(Limit(9))
        .compile()
        .await
        .unwrap();
    let limits = [module.get::<Mail>().0.0, module.get::<Push>().0.0];
    assert_eq!(limits, [9, 9]);
    assert!(module.module_ref().get::<Limit>().is_err(), "still private");
    assert_eq!(module.select::<MailModule>().get::<Limit>().unwrap().0, 9);

    // One of them alone: its module.
    #[module(providers = [Mail, Provider::value(Limit(7))])]
    struct TestMailModule;
    let module = Test::create_testing_module::<App>()
        .override_module::<MailModule>()
        .use_module::<TestMailModule>()
        .compile()
        .await
        .unwrap();
    let limits = [module.get::<Mail>().0.0, module.get::<Push>().0.0];
    assert_eq!(limits, [7, 2]);
}

#[tokio::test]
async fn what_is_not_there_cannot_be_overridden_and_its_neighbours_are_named() {
    struct Databse;
    #[module]
    struct StorModule;
    let error = Test::create_testing_module::<AppModule>()
        .override_provider::<Databse>()
        .use_value(Databse)
        .override_module::<StorModule>()
        .use_module::<StorModule>()
        .compile()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("did you mean `Database`?"), "{error}");
    assert!(error.contains("did you mean `StoreModule`?"), "{error}");
    assert!(error.contains("overrides.rs:"), "{error}");
}

#[tokio::test]
async fn a_mocker_provides_what_is_missing_and_nothing_else() {
    let module = Test::create_testing_module::<AppModule>()
        .use_mocker(|token| {
            assert_eq!(token, Key::of::<Url>(), "all else is there");
            Some(Provider::value(Url))
        })
        .compile()
        .await
        .unwrap();
    assert!(module.container().contains::<Database>());
}

#[tokio::test]
async fn what_only_a_handler_asks_for_is_mocked_and_stays_when_its_service_is_overridden() {
    struct Clock(u32);
    #[injectable]
    struct Watch {
        #[inject(value = 0)]
        plus: u32,
    }
    #[micro_routes]
    impl Watch {
        #[message_pattern("now")]
        async fn now(&self, clock: Arc<Clock>) -> u32 {
            clock.0 + self.plus
        }
    }
    #[module(microservices = [Watch])]
    struct Missing;
    let module = Test::create_testing_module::<Missing>()
        .use_mocker(|_| Some(Provider::value(Clock(7))))
        .compile()
        .await
        .unwrap();
    let now: u32 = module.client().send("now", &()).await.unwrap();
    assert_eq!(now, 7);

    #[module(microservices = [Watch], providers = [Provider::value(Clock(8))])]
    struct There;
    let module = Test::create_testing_module::<There>()
        .override_provider::<Watch>()
        .use_value(Watch { plus: 1 })
        .compile()
        .await
        .unwrap();
    let now: u32 = module.client().send("now", &()).await.unwrap();
    assert_eq!(now, 9);
}

#[tokio::test]
async fn what_is_no_singleton_is_resolved() {
    #[injectable(scope = "transient")]
    struct Job;
    #[injectable(scope = "request")]
    struct Session(Arc<Job>);
    #[module(providers = [Job, Session])]
    struct App;
    let module = Test::create_testing_module::<App>()
        .compile()
        .await
        .unwrap();
    let [one, other] = [
        module.resolve::<Session>().await.unwrap(),
        module.resolve::<Session>().await.unwrap(),
    ];
    assert!(!Arc::ptr_eq(&one, &other) && !Arc::ptr_eq(&one.0, &other.0));
    let scope = module.scope();
    let [one, other] = [
        scope.get::<Session>().await.unwrap(),
        scope.get::<Session>().await.unwrap(),
    ];
    assert!(Arc::ptr_eq(&one, &other));
    assert!(module.resolve::<Url>().await.is_err());
}

#[tokio::test]
#[should_panic(
    expected = "`Job` is no singleton, so there is no instance to get: `resolve::<Job>().await`"
)]
async fn what_cannot_be_got_says_why() {
    #[injectable(scope = "transient")]
    struct Job;
    #[module(providers = [Job])]
    struct App;
    let module = Test::create_testing_module::<App>()
        .compile()
        .await
        .unwrap();
    module.get::<Job>();
}
