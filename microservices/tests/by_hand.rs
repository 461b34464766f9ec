//! Handlers that no macro wrote.
#![allow(clippy::unwrap_used)]

mod common;

use std::panic::Location;

use common::served::{Served, module_of, serve, serve_with};
use nestrs_core::{Answer, MessageKind};
use nestrs_di::injectable;
use nestrs_microservices::{
    Enhancers, FromMessage, GlobalEnhancers, Guard, Handler, HandlerPattern, Incoming, MicroRoutes,
    PatternLiteral, TransportError, async_trait,
};
use serde_json::json;

#[injectable]
struct Numbers;

impl MicroRoutes for Numbers {
    const HANDLERS: &'static [Handler<Self>] = &[Handler {
        patterns: &[HandlerPattern::new(
            MessageKind::Request,
            PatternLiteral::Text("double"),
        )],
        method: "double",
        at: Location::caller(),
        enhancers: Enhancers::NONE,
        dependencies: &[],
        max_in_flight: None,
        signature: None,
        call: |_numbers, message, finish| {
            finish.after(message, |message| {
                Box::pin(async move {
                    let n = i64::from_message(message).await?;
                    assert!(n < 100, "that is a lot");
                    Ok(Answer::One(Ok(Some((2 * n).to_string().into()))))
                })
            })
        },
    }];
}

module_of!(NumbersModule: Numbers);

/// Lets everybody through, or nobody.
struct IsIn(bool);

#[async_trait]
impl Guard for IsIn {
    async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
        match self.0 {
            true => Ok(()),
            false => Err(TransportError::new("Forbidden resource")),
        }
    }
}

async fn guarded(guard: IsIn) -> Served {
    let mut global = GlobalEnhancers::default();
    global.guard(guard);
    serve_with::<NumbersModule>(|builder| builder.global(global)).await
}

#[tokio::test]
async fn it_answers_and_its_panic_is_an_error() {
    for app in [serve::<NumbersModule>().await, guarded(IsIn(true)).await] {
        assert_eq!(app.replies("double", json!(21)).await, "42");
        let replies = app.replies("double", json!(100)).await;
        assert_eq!(replies, "!Internal server error");
    }
}

#[tokio::test]
async fn it_does_not_run_where_a_guard_refuses() {
    let app = guarded(IsIn(false)).await;
    let replies = app.replies("double", json!(21)).await;
    assert_eq!(replies, "!Forbidden resource");
}
