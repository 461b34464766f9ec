//! What runs around handlers, in which order.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::{Arc, Mutex};

use common::Log;
use common::served::{module_of, serve_with};
use nestrs_core::Answer;
use nestrs_di::{Provider, injectable};
use nestrs_microservices::{
    AppGuard, Ctx, ExceptionFilter, GlobalEnhancers, Guard, Incoming, Interceptor, ModuleEnhancers,
    Next, Pipe, TransportError, async_trait, micro_routes,
};
use serde_json::{Value, json};

/// What ran, in order.
#[derive(Default)]
#[injectable]
struct Journal(#[inject(default)] Mutex<Vec<String>>);

impl Journal {
    fn write(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }

    fn take(&self) -> String {
        std::mem::take(&mut *self.0.lock().unwrap()).join(" | ")
    }
}

/// An enhancer of every kind that writes what it does under a name.
#[injectable]
struct Scribe<const N: u8> {
    journal: Arc<Journal>,
}

const APP: u8 = 0;
const GLOBAL: u8 = 1;
const MODULE: u8 = 2;
const CLASS: u8 = 3;
const METHOD1: u8 = 4;
const METHOD2: u8 = 5;

fn name(n: u8) -> &'static str {
    [
        "APP_GUARD",
        "global",
        "module",
        "class",
        "method1",
        "method2",
    ][usize::from(n)]
}

#[async_trait]
impl<const N: u8> Guard for Scribe<N> {
    async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
        self.journal.write(format!("guard {}", name(N)));
        Ok(())
    }
}

#[async_trait]
impl<const N: u8> Interceptor for Scribe<N> {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        self.journal.write(format!("int> {}", name(N)));
        let answer = next.run(message).await;
        let sign = if answer.is_ok() { "<" } else { "E" };
        self.journal.write(format!("int{sign} {}", name(N)));
        answer
    }
}

#[async_trait]
impl<const N: u8> Pipe for Scribe<N> {
    async fn transform(&self, payload: Value, _: &Incoming) -> Result<Value, TransportError> {
        self.journal
            .write(format!("pipe {} data={payload}", name(N)));
        Ok(payload)
    }
}

#[async_trait]
impl<const N: u8> ExceptionFilter for Scribe<N> {
    async fn catch(&self, error: TransportError, ctx: &Ctx) -> Result<Answer, TransportError> {
        self.journal
            .write(format!("filter {} {}", name(N), ctx.pattern()));
        Err(TransportError::new(format!("{error} by {}", name(N))))
    }
}

#[injectable]
struct Recorded {
    journal: Arc<Journal>,
}

#[micro_routes]
#[use_micro_guards(Scribe<CLASS>)]
#[use_micro_interceptors(Scribe<CLASS>)]
#[use_micro_pipes(Scribe<CLASS>)]
#[use_micro_filters(Scribe<CLASS>)]
impl Recorded {
    #[message_pattern("ok")]
    #[use_micro_guards(Scribe<METHOD1>, Scribe<METHOD2>)]
    #[use_micro_interceptors(Scribe<METHOD1>)]
    #[use_micro_pipes(Scribe<METHOD1>)]
    async fn ok(&self, payload: String) -> String {
        self.journal.write("handler");
        payload
    }

    #[message_pattern("bad")]
    #[use_micro_filters(Scribe<METHOD1>, Scribe<METHOD2>)]
    async fn bad(&self) -> Result<(), TransportError> {
        self.journal.write("handler");
        Err(TransportError::new("bad"))
    }

    #[event_pattern("ev")]
    async fn event(&self) -> Result<(), TransportError> {
        self.journal.write("ev");
        Err(TransportError::new("bad"))
    }
}

module_of!(
    RecordedModule: Recorded;
    Provider::of::<Journal>(),
    Provider::of::<Scribe<APP>>(),
    Provider::of::<Scribe<MODULE>>(),
    Provider::bind::<AppGuard, Scribe<APP>>(),
    ModuleEnhancers::new()
        .guard::<Scribe<MODULE>>()
        .interceptor::<Scribe<MODULE>>()
        .pipe::<Scribe<MODULE>>()
        .filter::<Scribe<MODULE>>(),
);

/// The order is that of a NestJS server with the same enhancers, which has no
/// modules' of its own.
#[tokio::test]
async fn enhancers_run_in_the_order_of_nestjs() {
    let app = serve_with::<RecordedModule>(|builder| {
        let journal = builder.container().get::<Journal>().unwrap();
        let global = || Scribe::<GLOBAL> {
            journal: journal.clone(),
        };
        let mut globals = GlobalEnhancers::default();
        globals.guard(global());
        globals.interceptor(global());
        globals.pipe(global());
        globals.filter(global());
        builder.global(globals)
    })
    .await;
    let journal = app.container.get::<Journal>().unwrap();

    assert_eq!(app.replies("ok", json!("x")).await, "\"x\"");
    assert_eq!(
        journal.take(),
        "guard APP_GUARD | guard global | guard module | guard class | guard method1 | \
         guard method2 | int> global | int> module | int> class | int> method1 | \
         pipe global data=\"x\" | pipe module data=\"x\" | pipe class data=\"x\" | \
         pipe method1 data=\"x\" | handler | int< method1 | int< class | int< module | int< global"
    );
    assert_eq!(app.replies("bad", json!(1)).await, "!bad by method2");
    assert_eq!(
        journal.take(),
        "guard APP_GUARD | guard global | guard module | guard class | int> global | int> module | \
         int> class | pipe global data=1 | pipe module data=1 | pipe class data=1 | handler | \
         intE class | intE module | intE global | filter method2 bad"
    );
    let _log = Log::start();
    app.client.emit("ev", &1).await.unwrap();
    app.drain().await;
    assert!(
        journal
            .take()
            .ends_with("ev | intE class | intE module | intE global | filter class ev")
    );
}
