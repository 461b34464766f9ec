//! Hooks: which are called, when, and what happens when one fails.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

mod common;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use common::container;
use nestrs_di::*;

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl Log {
    fn push(&self, text: impl Into<String>) {
        self.0.lock().unwrap().push(text.into());
    }
}

/// A log of its own for every application.
#[module(providers = [Provider::value(Log::default())], exports = [Log], global)]
struct LogModule;

fn log(container: &Container) -> Vec<String> {
    container.get::<Log>().unwrap().0.lock().unwrap().clone()
}

/// A provider with all five hooks.
macro_rules! hooked {
    ($name:ident($($dependency:ty),*)) => {
        #[injectable]
        struct $name(Arc<Log>, $(#[expect(dead_code)] Arc<$dependency>),*);
        impl OnModuleInit for $name {
            async fn on_module_init(&self) -> Result<(), HookError> {
                self.0.push(concat!(stringify!($name), " init"));
                Ok(())
            }
        }
        impl OnApplicationBootstrap for $name {
            async fn on_application_bootstrap(&self) -> Result<(), HookError> {
                self.0.push(concat!(stringify!($name), " bootstrap"));
                Ok(())
            }
        }
        impl OnModuleDestroy for $name {
            async fn on_module_destroy(&self) -> Result<(), HookError> {
                self.0.push(concat!(stringify!($name), " destroy"));
                Ok(())
            }
        }
        impl BeforeApplicationShutdown for $name {
            async fn before_application_shutdown(&self, signal: Option<&str>) -> Result<(), HookError> {
                self.0.push(format!("{} before {signal:?}", stringify!($name)));
                Ok(())
            }
        }
        impl OnApplicationShutdown for $name {
            async fn on_application_shutdown(&self, signal: Option<&str>) -> Result<(), HookError> {
                self.0.push(format!("{} shutdown {signal:?}", stringify!($name)));
                Ok(())
            }
        }
    };
}

hooked!(Pool());
/// Has no hook, and passes the order on all the same.
#[injectable]
struct Between(#[expect(dead_code)] Arc<Pool>);
hooked!(Service(Between));

// `Service` is private: its hooks run as everyone's do.
#[module(imports = [LogModule], providers = [Service, Between, Pool])]
struct Feature;

#[module(imports = [Feature])]
struct App;

#[tokio::test]
async fn dependencies_are_first_on_the_way_up_and_last_on_the_way_down() {
    let app = container::<App>().await;
    app.init().await.unwrap();
    app.bootstrap().await.unwrap();
    app.destroy().await.unwrap();
    app.before_shutdown(Some("SIGTERM")).await.unwrap();
    app.shutdown(None).await.unwrap();
    assert_eq!(
        log(&app),
        [
            "Pool init",
            "Service init",
            "Pool bootstrap",
            "Service bootstrap",
            "Service destroy",
            "Pool destroy",
            "Service before Some(\"SIGTERM\")",
            "Pool before Some(\"SIGTERM\")",
            "Service shutdown None",
            "Pool shutdown None",
        ]
    );
}

#[injectable]
struct Broken(#[expect(dead_code)] Arc<Pool>);
impl OnModuleInit for Broken {
    async fn on_module_init(&self) -> Result<(), HookError> {
        Err(std::io::Error::other("no disk"))?
    }
}
impl OnModuleDestroy for Broken {
    async fn on_module_destroy(&self) -> Result<(), HookError> {
        panic!("was never up")
    }
}
hooked!(Never(Broken));

#[tokio::test]
async fn an_error_on_the_way_up_shuts_down_what_was_up_in_reverse() {
    #[module(imports = [LogModule], providers = [Never, Broken, Pool])]
    struct App;
    let app = container::<App>().await;
    let error = app.init().await.unwrap_err();

    let [failure] = error.failures() else {
        panic!("{error}")
    };
    assert_eq!(failure.hook, Some(Hook::Init));
    assert!(
        failure
            .to_string()
            .contains("`on_module_init` of `Broken` failed: no disk"),
        "{failure}"
    );
    assert_eq!(failure.path, ["App", "Broken"]);
    assert_eq!(
        log(&app),
        [
            "Pool init",
            "Pool destroy",
            "Pool before None",
            "Pool shutdown None",
        ]
    );
}

#[injectable]
struct Panics(#[expect(dead_code)] Arc<Pool>);
impl OnModuleDestroy for Panics {
    async fn on_module_destroy(&self) -> Result<(), HookError> {
        panic!("at the {}", "worst time")
    }
}
#[injectable]
struct Fails(#[expect(dead_code)] Arc<Pool>);
impl OnModuleDestroy for Fails {
    async fn on_module_destroy(&self) -> Result<(), HookError> {
        Err("would not close".into())
    }
}

#[tokio::test]
async fn errors_on_the_way_down_are_collected_and_stop_nobody() {
    #[module(imports = [LogModule], providers = [Fails, Panics, Pool])]
    struct App;
    let app = container::<App>().await;
    let error = app.destroy().await.unwrap_err();
    let text = error.to_string();
    assert_eq!(error.failures().len(), 2, "{text}");
    assert!(
        text.contains("`on_module_destroy` of `Fails` failed: would not close"),
        "{text}"
    );
    assert!(
        text.contains("`on_module_destroy` of `Panics` panicked: at the worst time"),
        "{text}"
    );
    assert_eq!(log(&app), ["Pool destroy"]);
}

struct Gate(tokio::sync::Barrier);
macro_rules! meets {
    ($name:ident) => {
        #[injectable]
        struct $name(Arc<Gate>);
        impl OnModuleInit for $name {
            async fn on_module_init(&self) -> Result<(), HookError> {
                self.0.0.wait().await;
                Ok(())
            }
        }
    };
}
meets!(Left);
meets!(Right);

#[tokio::test]
async fn independent_hooks_run_at_the_same_time() {
    #[module(providers = [Left, Right, Provider::value(Gate(tokio::sync::Barrier::new(2)))])]
    struct App;
    container::<App>().await.init().await.unwrap();
}

/// Waits for all three to have been called, so none is called after another has ended.
struct AllThree(tokio::sync::Barrier);

macro_rules! independent {
    ($name:ident) => {
        #[injectable]
        struct $name(Arc<Log>, Arc<AllThree>);
        impl OnModuleInit for $name {
            async fn on_module_init(&self) -> Result<(), HookError> {
                self.0.push(concat!(stringify!($name), " init"));
                self.1.0.wait().await;
                Ok(())
            }
        }
        impl OnApplicationShutdown for $name {
            async fn on_application_shutdown(&self, _: Option<&str>) -> Result<(), HookError> {
                self.0.push(concat!(stringify!($name), " shutdown"));
                self.1.0.wait().await;
                Ok(())
            }
        }
    };
}
independent!(A);
independent!(B);
independent!(C);

#[tokio::test]
async fn independent_hooks_are_called_as_they_are_listed_on_the_way_up_and_in_reverse_on_the_way_down()
 {
    #[module(imports = [LogModule], providers = [A, B, C, Provider::value(AllThree(tokio::sync::Barrier::new(3)))])]
    struct App;
    let app = container::<App>().await;
    app.init().await.unwrap();
    app.shutdown(None).await.unwrap();
    assert_eq!(
        log(&app),
        [
            "A init",
            "B init",
            "C init",
            "C shutdown",
            "B shutdown",
            "A shutdown"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_hook_that_hangs_is_named() {
    #[module(providers = [Left, Provider::value(Gate(tokio::sync::Barrier::new(2)))])]
    struct App;
    let options = Options::new().timeout(Duration::from_secs(5), tokio::time::sleep);
    let app = Graph::of::<App>()
        .unwrap()
        .construct_with(options)
        .await
        .unwrap();
    let error = app.init().await.unwrap_err().to_string();
    assert!(
        error.contains("`on_module_init` of `Left` did not finish within 5s"),
        "{error}"
    );
}

#[tokio::test]
async fn a_module_has_hooks_after_those_of_its_providers() {
    #[injectable]
    struct Helper(Arc<Host>);
    impl OnModuleInit for Helper {
        async fn on_module_init(&self) -> Result<(), HookError> {
            self.0.log.push("Helper init");
            Ok(())
        }
    }
    #[module(imports = [LogModule], providers = [Helper, Pool, Service, Between])]
    struct Host {
        log: Arc<Log>,
    }
    impl OnModuleInit for Host {
        async fn on_module_init(&self) -> Result<(), HookError> {
            self.log.push("Host init");
            Ok(())
        }
    }
    impl OnModuleDestroy for Host {
        async fn on_module_destroy(&self) -> Result<(), HookError> {
            self.log.push("Host destroy");
            Ok(())
        }
    }
    #[module(imports = [Host])]
    struct App;
    let app = container::<App>().await;
    app.init().await.unwrap();
    app.destroy().await.unwrap();
    let log = log(&app);
    assert_eq!(
        log,
        [
            "Pool init",
            "Service init",
            "Host init",
            "Helper init",
            "Host destroy",
            "Service destroy",
            "Pool destroy"
        ]
    );
}

#[test]
fn hooks_that_nobody_can_call_are_a_warning() {
    #[injectable(scope = "transient")]
    struct Job;
    impl OnModuleDestroy for Job {
        async fn on_module_destroy(&self) -> Result<(), HookError> {
            Ok(())
        }
    }
    #[injectable(scope = "request")]
    struct User;
    #[module(providers = [Job, User])]
    struct App;

    let warnings = Graph::of::<App>().unwrap().warnings();
    let [warning] = &warnings[..] else {
        panic!("{warnings:?}")
    };
    assert_eq!(
        warning.message,
        "nobody calls `on_module_destroy` of `Job`, which has scope `transient`"
    );
    assert_eq!(warning.path, ["App", "Job"]);
}
