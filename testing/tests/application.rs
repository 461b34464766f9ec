//! An application under test lives as it does in production.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::{Arc, Mutex};

use nestrs::core::MessageKind;
use nestrs::di::Provider;
use nestrs::microservices::TcpMicroserviceOptions;
use nestrs::prelude::*;
use nestrs_testing::Test;

#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Log {
    fn write(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }
}

macro_rules! logs_hooks {
    ($($name:ident)*) => {$(
        impl OnModuleInit for $name {
            async fn on_module_init(&self) -> Result<(), HookError> {
                self.log.write(concat!(stringify!($name), " init"));
                Ok(())
            }
        }
        impl OnApplicationBootstrap for $name {
            async fn on_application_bootstrap(&self) -> Result<(), HookError> {
                self.log.write(concat!(stringify!($name), " bootstrap"));
                Ok(())
            }
        }
        impl OnModuleDestroy for $name {
            async fn on_module_destroy(&self) -> Result<(), HookError> {
                self.log.write(concat!(stringify!($name), " destroy"));
                Ok(())
            }
        }
        impl OnApplicationShutdown for $name {
            async fn on_application_shutdown(&self, _: Option<&str>) -> Result<(), HookError> {
                self.log.write(concat!(stringify!($name), " shutdown"));
                Ok(())
            }
        }
    )*};
}

#[injectable]
struct Database {
    log: Arc<Log>,
}

#[injectable]
struct Users {
    log: Arc<Log>,
    _database: Arc<Database>,
}

logs_hooks!(Database Users);

#[injectable]
struct Audit {
    log: Arc<Log>,
}

#[event_routes]
impl Audit {
    #[on_event("user.created")]
    async fn created(&self, name: String) {
        self.log.write(name);
    }
}

#[micro_routes]
impl Users {
    #[event_pattern("user.greet")]
    async fn greet(&self, ctx: Ctx, name: String) {
        assert_eq!(ctx.kind(), MessageKind::Event);
        self.log.write(format!("hello {name}"));
    }
}

#[module(
    providers = [Users, Database, Audit, Provider::value(Log::default())],
    microservices = [Users],
)]
struct AppModule;

#[tokio::test]
async fn hooks_and_listeners_run_in_the_order_of_production() {
    let production = {
        let options = TcpMicroserviceOptions::new("127.0.0.1:0");
        let app = NestFactory::create_microservice::<AppModule>(options);
        let app = app.start().await.unwrap();
        let log = app.get::<Log>().unwrap();
        let bus = app.get::<EventBus>().unwrap();
        bus.publish("user.created", "Ada".into()).await;
        app.shutdown().await;
        log.0.lock().unwrap().clone()
    };
    let module = Test::create_testing_module::<AppModule>()
        .compile()
        .await
        .unwrap();
    let log = module.get::<Log>();
    module
        .event_bus()
        .publish("user.created", "Ada".into())
        .await;
    module.close().await;
    assert_eq!(*log.0.lock().unwrap(), production);
    assert_eq!(production.len(), 9, "{production:?}");
}

#[tokio::test]
async fn what_was_emitted_is_handled_before_it_is_closed() {
    let module = Test::create_testing_module::<AppModule>()
        .compile()
        .await
        .unwrap();
    let log = module.get::<Log>();
    module.client().emit("user.greet", "Ada").await.unwrap();
    module.close().await;
    assert!(log.0.lock().unwrap().iter().any(|line| line == "hello Ada"));
}

#[tokio::test]
async fn it_is_set_up_as_main_does() {
    fn set_up(app: nestrs::MicroserviceApplication) -> nestrs::MicroserviceApplication {
        app.expose_errors(true)
    }
    #[injectable]
    struct Broken;
    #[micro_routes]
    impl Broken {
        #[message_pattern("broken")]
        async fn broken(&self) -> Result<(), std::io::Error> {
            Err(std::io::Error::other("the disk is full"))
        }
    }
    #[module(microservices = [Broken])]
    struct App;
    let told = async |module: nestrs_testing::TestingModule| {
        let answer = module.client().send::<_, ()>("broken", &()).await;
        answer.unwrap_err().message
    };
    let module = Test::create_testing_module::<App>();
    assert_eq!(
        told(module.compile().await.unwrap()).await,
        "Internal server error"
    );
    let module = Test::create_testing_module::<App>().configure_microservice(set_up);
    assert_eq!(
        told(module.compile().await.unwrap()).await,
        "the disk is full"
    );
}
