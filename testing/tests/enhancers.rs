//! What a test puts in the place of guards and their like.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nestrs::di::Provider;
use nestrs::prelude::*;
use nestrs_testing::{PassThrough, Test, TestingModule};
use serde_json::{Value, json};

/// Made by `Default`.
#[derive(Default)]
struct Locked;

#[async_trait]
impl MicroCanActivate for Locked {
    async fn can_activate_micro(&self, _: &str, _: &Value) -> Result<(), TransportError> {
        Err(TransportError::new("locked"))
    }
}

/// Nobody provides it.
struct Sessions;

/// Made by the container, if it could.
#[injectable]
struct Members {
    _sessions: Arc<Sessions>,
}

#[async_trait]
impl Guard for Members {
    async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
        unreachable!()
    }
}

#[injectable]
struct Service;

#[micro_routes]
impl Service {
    #[message_pattern("locked")]
    #[use_micro_guards(Locked)]
    async fn locked(&self) -> &'static str {
        "open"
    }

    #[message_pattern("members")]
    #[use_micro_guards(Members, Locked)]
    async fn members(&self) -> &'static str {
        "welcome"
    }
}

#[module(microservices = [Service])]
struct AppModule;

/// Counts whom it lets through.
#[derive(Default)]
struct Count(AtomicUsize);

#[async_trait]
impl Guard for Count {
    async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

async fn said(module: &TestingModule, pattern: &str) -> Result<String, String> {
    let answer = module.client().send(pattern, &json!("payload")).await;
    answer.map_err(|error| error.message)
}

#[tokio::test]
async fn guards_are_overridden_wherever_they_are_named() {
    let count = Arc::new(Count::default());
    let module = Test::create_testing_module::<AppModule>()
        .override_guard::<Members>()
        .use_shared(Arc::clone(&count))
        .compile()
        .await
        .unwrap();
    assert_eq!(said(&module, "locked").await, Err("locked".to_owned()));
    assert_eq!(said(&module, "members").await, Err("locked".to_owned()));
    assert_eq!(count.0.load(Ordering::Relaxed), 1);

    let module = Test::create_testing_module::<AppModule>()
        .override_guard::<Members>()
        .use_value(PassThrough)
        .override_guard::<Locked>()
        .use_shared(Arc::clone(&count))
        .compile()
        .await
        .unwrap();
    assert_eq!(said(&module, "locked").await, Ok("open".to_owned()));
    assert_eq!(said(&module, "members").await, Ok("welcome".to_owned()));
    assert_eq!(count.0.load(Ordering::Relaxed), 3);
}

#[tokio::test]
async fn those_of_a_module_and_of_the_application_too() {
    #[injectable]
    struct Plain;
    #[micro_routes]
    impl Plain {
        #[message_pattern("plain")]
        async fn plain(&self) -> &'static str {
            "plain"
        }
    }
    #[module(
        providers = [Members, ModuleEnhancers::new().guard::<Members>()],
        microservices = [Plain],
    )]
    struct OfModule;
    #[module(
        providers = [Members, Count::default_provider(), Provider::bind::<AppGuard, Members>(),
            Provider::bind::<AppGuard, Count>()],
        microservices = [Plain],
    )]
    struct OfApplication;

    let count = Arc::new(Count::default());
    let module = Test::create_testing_module::<OfModule>()
        .override_guard::<Members>()
        .use_shared(Arc::clone(&count))
        .compile()
        .await
        .unwrap();
    assert_eq!(said(&module, "plain").await, Ok("plain".to_owned()));
    assert_eq!(count.0.load(Ordering::Relaxed), 1);

    let module = Test::create_testing_module::<OfApplication>()
        .override_guard::<Members>()
        .use_shared(Arc::clone(&count))
        .compile()
        .await
        .unwrap();
    assert_eq!(said(&module, "plain").await, Ok("plain".to_owned()));
    assert_eq!(count.0.load(Ordering::Relaxed), 2);
    let other = module.get::<Count>();
    assert_eq!(other.0.load(Ordering::Relaxed), 1, "the other still runs");
}

impl Count {
    fn default_provider() -> Provider {
        Provider::value(Self::default())
    }
}

#[tokio::test]
async fn a_class_in_its_place_is_made_by_the_container_for_each_message_if_it_says_so() {
    #[injectable(scope = "request")]
    struct Named {
        ctx: Arc<Ctx>,
    }
    #[async_trait]
    impl Guard for Named {
        async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
            Err(TransportError::new(self.ctx.pattern()))
        }
    }
    let module = Test::create_testing_module::<AppModule>()
        .override_guard::<Members>()
        .use_class::<Named>()
        .override_guard::<Locked>()
        .use_factory(|| async { Ok::<_, std::io::Error>(Count::default()) })
        .compile()
        .await
        .unwrap();
    assert_eq!(said(&module, "members").await, Err("members".to_owned()));
    assert_eq!(said(&module, "locked").await, Ok("open".to_owned()));
}

#[tokio::test]
async fn interceptors_pipes_and_filters() {
    #[derive(Default)]
    struct Cached;
    #[async_trait]
    impl Interceptor for Cached {
        async fn intercept(&self, _: Incoming, _: Next<'_>) -> Result<Answer, TransportError> {
            Ok(Answer::One(Ok(Some(r#""cached""#.into()))))
        }
    }
    #[derive(Default)]
    struct Shout;
    #[async_trait]
    impl MicroPipeTransform for Shout {
        async fn transform_micro(&self, _: &str, text: Value) -> Result<Value, TransportError> {
            Ok(text.as_str().unwrap_or_default().to_uppercase().into())
        }
    }
    #[derive(Default)]
    struct Polite(&'static str);
    #[async_trait]
    impl ExceptionFilter for Polite {
        async fn catch(&self, _: TransportError, _: &Ctx) -> Result<Answer, TransportError> {
            Err(TransportError::new(self.0))
        }
    }
    #[injectable]
    struct Echo;
    #[micro_routes]
    #[use_micro_interceptors(Cached)]
    impl Echo {
        #[message_pattern("echo")]
        #[use_micro_pipes(Shout)]
        #[use_micro_filters(Polite)]
        async fn echo(&self, text: String) -> Result<String, TransportError> {
            match text.as_str() {
                "payload" => Err(TransportError::new("quiet")),
                _ => Ok(text),
            }
        }
    }
    #[module(microservices = [Echo])]
    struct App;

    let module = Test::create_testing_module::<App>()
        .compile()
        .await
        .unwrap();
    assert_eq!(said(&module, "echo").await, Ok("cached".to_owned()));
    let module = Test::create_testing_module::<App>()
        .override_interceptor::<Cached>()
        .use_value(PassThrough)
        .compile()
        .await
        .unwrap();
    assert_eq!(said(&module, "echo").await, Ok("PAYLOAD".to_owned()));
    let module = Test::create_testing_module::<App>()
        .override_interceptor::<Cached>()
        .use_value(PassThrough)
        .override_pipe::<Shout>()
        .use_value(PassThrough)
        .override_filter::<Polite>()
        .use_value(Polite("if you please"))
        .compile()
        .await
        .unwrap();
    assert_eq!(said(&module, "echo").await, Err("if you please".to_owned()));
}

#[tokio::test]
async fn a_guard_that_nobody_names_is_an_error_that_names_its_neighbours() {
    #[derive(Default)]
    struct Lockd;
    #[async_trait]
    impl MicroCanActivate for Lockd {
        async fn can_activate_micro(&self, _: &str, _: &Value) -> Result<(), TransportError> {
            Ok(())
        }
    }
    let error = Test::create_testing_module::<AppModule>()
        .override_guard::<Members>()
        .use_value(PassThrough)
        .override_guard::<Lockd>()
        .use_value(PassThrough)
        .compile()
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("did you mean `Locked`?"), "{error}");
}
