//! What runs around handlers, in which order, and where it comes from.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use common::Log;
use futures_util::{Stream, StreamExt, stream};
use nestrs_core::{Answer, Dispatch, Message, MessageKind};
use nestrs_di::{Container, Graph, Module, ModuleDefinition, Provider, injectable};
use nestrs_microservices::{
    AppGuard, BindError, Ctx, Dispatcher, ErrorKind, ExceptionFilter, GlobalEnhancers, Guard,
    Incoming, Interceptor, ModuleEnhancers, Next, Pipe, TransportError, async_trait, micro_routes,
    microservice,
};
use serde_json::{Value, json};

async fn build<M: Module>() -> Container {
    Graph::of::<M>().unwrap().construct().await.unwrap()
}

/// What `#[module(providers = […], microservices = […])]` writes.
macro_rules! module_of {
    ($module:ident: $service:ty $(, $provider:expr)* $(,)?) => {
        struct $module;
        impl Module for $module {
            fn definition() -> ModuleDefinition {
                let definition = ModuleDefinition::of::<Self>()$(.provide($provider))*;
                microservice::<$service>(definition)
            }
        }
    };
}

async fn request(dispatcher: &Dispatcher, pattern: &str, payload: Value) -> Answer {
    let mut message = Message::new(
        MessageKind::Request,
        format!("{pattern:?}"),
        payload.to_string(),
    );
    message.context.id = Some(Bytes::from("\"id-7\""));
    dispatcher.dispatch(message).await
}

/// One reply as text, `!message` for an error.
async fn reply(dispatcher: &Dispatcher, pattern: &str, payload: Value) -> String {
    let show = |item: Result<Bytes, TransportError>| match item {
        Ok(json) => String::from_utf8(json.to_vec()).unwrap(),
        Err(error) => format!("!{error}"),
    };
    match request(dispatcher, pattern, payload).await {
        Answer::One(Ok(None)) => "-".to_owned(),
        Answer::One(Ok(Some(json))) => show(Ok(json)),
        Answer::One(Err(error)) => show(Err(error)),
        Answer::Many(items) => items.map(show).collect::<Vec<_>>().await.join(" "),
        other => panic!("{other:?}"),
    }
}

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
    RecordedModule: Recorded,
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
    let container = build::<RecordedModule>().await;
    let journal = container.get::<Journal>().unwrap();
    let global = || Scribe::<GLOBAL> {
        journal: journal.clone(),
    };
    let mut globals = GlobalEnhancers::default();
    globals.guard(global());
    globals.interceptor(global());
    globals.pipe(global());
    globals.filter(global());
    let dispatcher = Dispatcher::builder(&container)
        .global(globals)
        .build()
        .unwrap();

    assert_eq!(reply(&dispatcher, "ok", json!("x")).await, "\"x\"");
    assert_eq!(
        journal.take(),
        "guard APP_GUARD | guard global | guard module | guard class | guard method1 | \
         guard method2 | int> global | int> module | int> class | int> method1 | \
         pipe global data=\"x\" | pipe module data=\"x\" | pipe class data=\"x\" | \
         pipe method1 data=\"x\" | handler | int< method1 | int< class | int< module | int< global"
    );
    assert_eq!(reply(&dispatcher, "bad", json!(1)).await, "!bad by method2");
    assert_eq!(
        journal.take(),
        "guard APP_GUARD | guard global | guard module | guard class | int> global | int> module | \
         int> class | pipe global data=1 | pipe module data=1 | pipe class data=1 | handler | \
         intE class | intE module | intE global | filter method2 bad"
    );
    let _log = Log::start();
    let message = Message::new(MessageKind::Event, "\"ev\"", "1");
    dispatcher.dispatch(message).await;
    assert!(
        journal
            .take()
            .ends_with("ev | intE class | intE module | intE global | filter class ev")
    );
}

struct Quota {
    left: Mutex<u32>,
}

/// Neither listed nor `Default`: being `#[injectable]` is enough.
#[injectable]
struct QuotaGuard {
    quota: Arc<Quota>,
}

#[async_trait]
impl Guard for QuotaGuard {
    async fn can_activate(&self, message: &Incoming) -> Result<(), TransportError> {
        let mut left = self.quota.left.lock().unwrap();
        *left = left
            .checked_sub(message.payload()?.as_u64().unwrap() as u32)
            .ok_or_else(|| TransportError::new("quota exceeded"))?;
        Ok(())
    }
}

#[injectable]
struct Metered;

#[micro_routes]
impl Metered {
    #[message_pattern("spend")]
    #[use_micro_guards(QuotaGuard)]
    async fn spend(&self, quota: Arc<Quota>, ctx: Ctx, amount: u32) -> String {
        let left = *quota.left.lock().unwrap();
        format!("{} {amount} {left} {:?}", ctx.pattern(), ctx.id)
    }
}

module_of!(
    MeteredModule: Metered,
    Provider::value(Quota { left: Mutex::new(5) }),
);

#[tokio::test]
async fn a_guard_and_a_parameter_come_from_the_container() {
    let container = build::<MeteredModule>().await;
    let dispatcher = Dispatcher::of(&container).unwrap();
    assert_eq!(
        reply(&dispatcher, "spend", json!(3)).await,
        r#""spend 3 2 Some(b\"\\\"id-7\\\"\")""#
    );
    assert_eq!(
        reply(&dispatcher, "spend", json!(3)).await,
        "!quota exceeded"
    );
}

module_of!(WithoutQuota: Metered);

#[tokio::test]
async fn what_a_guard_needs_is_missed_before_anything_is_built() {
    let error = Graph::of::<WithoutQuota>().unwrap_err().to_string();
    assert!(error.contains("`QuotaGuard` needs `Quota`"), "{error}");
}

#[injectable]
struct Asks;

#[micro_routes]
impl Asks {
    #[message_pattern("ask")]
    async fn ask(&self, _quota: Arc<Quota>) {}
}

module_of!(AsksModule: Asks);

#[tokio::test]
async fn what_a_parameter_needs_is_missed_at_the_start() {
    let error = Dispatcher::of(&build::<AsksModule>().await).unwrap_err();
    assert!(matches!(error, BindError::NotProvided { .. }));
    let message = error.to_string();
    for part in ["Asks::ask (", "Quota`", "`AsksModule`"] {
        assert!(message.contains(part), "{message}");
    }
}

/// One for each message, which knows the message.
#[injectable(scope = "request")]
struct Tenant {
    ctx: Arc<Ctx>,
}

impl Tenant {
    fn name(&self) -> &str {
        self.ctx.headers.get("tenant").unwrap_or("nobody")
    }
}

#[injectable(scope = "request")]
struct TenantGuard {
    tenant: Arc<Tenant>,
}

#[async_trait]
impl Guard for TenantGuard {
    async fn can_activate(&self, _: &Incoming) -> Result<(), TransportError> {
        match self.tenant.name() {
            "nobody" => Err(TransportError::new("who are you?")),
            _ => Ok(()),
        }
    }
}

#[injectable(scope = "request")]
struct Tenants {
    tenant: Arc<Tenant>,
}

#[micro_routes]
#[use_micro_guards(TenantGuard)]
impl Tenants {
    #[message_pattern("who")]
    async fn who(&self, same: Arc<Tenant>) -> (String, bool) {
        (same.name().to_owned(), Arc::ptr_eq(&same, &self.tenant))
    }
}

module_of!(TenantsModule: Tenants, Provider::of::<Tenant>());

#[tokio::test]
async fn handlers_guards_and_parameters_may_be_of_the_message() {
    let dispatcher = Dispatcher::of(&build::<TenantsModule>().await).unwrap();
    assert_eq!(
        reply(&dispatcher, "who", json!(null)).await,
        "!who are you?"
    );
    for tenant in ["acme", "umbrella"] {
        let mut message = Message::new(MessageKind::Request, "\"who\"", "null");
        message.context.headers.insert("tenant", tenant);
        let Answer::One(Ok(Some(reply))) = dispatcher.dispatch(message).await else {
            panic!("no reply");
        };
        assert_eq!(reply, format!("[\"{tenant}\",true]"));
    }
}

/// Errors that are nobody's business, and a filter that knows better.
#[injectable]
struct Failing;

#[derive(Default)]
struct Teapot;

#[async_trait]
impl ExceptionFilter for Teapot {
    fn catches(&self, error: &TransportError) -> bool {
        error.message.contains("teapot")
    }

    async fn catch(&self, _: TransportError, _: &Ctx) -> Result<Answer, TransportError> {
        Ok(Answer::One(Ok(Some(Bytes::from("418")))))
    }
}

#[micro_routes]
#[use_micro_filters(Teapot)]
impl Failing {
    #[message_pattern("parse")]
    async fn parse(&self, text: String) -> Result<u32, std::num::ParseIntError> {
        text.parse()
    }

    #[message_pattern("fail")]
    async fn fail(&self, text: String) -> Result<(), String> {
        Err(text)
    }

    #[message_pattern("stream")]
    async fn stream(&self, text: String) -> impl Stream<Item = Result<u8, String>> + use<> {
        stream::iter([Ok(1), Err(text), Ok(2)])
    }
}

module_of!(FailingModule: Failing);

#[tokio::test]
async fn errors_of_the_application_are_logged_and_masked() {
    let log = Log::start();
    let container = build::<FailingModule>().await;
    let dispatcher = Dispatcher::of(&container).unwrap();
    let request = request(&dispatcher, "parse", json!("x")).await;
    let Answer::One(Err(error)) = request else {
        panic!("no error");
    };
    assert_eq!(error, TransportError::new("Internal server error"));
    log.assert_contains(&["ERROR", "invalid digit", "id=\"id-7\"", "Failing::parse ("]);
    assert_eq!(reply(&dispatcher, "parse", json!("7")).await, "7");
    assert_eq!(
        reply(&dispatcher, "stream", json!("secret")).await,
        "1 !Internal server error"
    );
    log.assert_contains(&["secret"]);

    let open = Dispatcher::builder(&container).expose_errors(true);
    let open = open.build().unwrap();
    assert_eq!(reply(&open, "fail", json!("secret")).await, "!secret");
}

#[tokio::test]
async fn a_filter_sees_what_really_happened() {
    let _log = Log::start();
    let dispatcher = Dispatcher::of(&build::<FailingModule>().await).unwrap();
    assert_eq!(reply(&dispatcher, "fail", json!("a teapot")).await, "418");
    assert_eq!(
        reply(&dispatcher, "stream", json!("a teapot")).await,
        "1 418"
    );
    let other = reply(&dispatcher, "fail", json!("a kettle")).await;
    assert_eq!(other, "!Internal server error");
}

/// Doubles what comes back, answers `0` itself, and knows no patience.
#[derive(Default)]
struct Double;

#[async_trait]
impl Interceptor for Double {
    async fn intercept(&self, message: Incoming, next: Next<'_>) -> Result<Answer, TransportError> {
        if message.payload()? == 0 {
            return Ok(Answer::One(Ok(Some(Bytes::from("\"nothing\"")))));
        }
        let answer = tokio::time::timeout(std::time::Duration::from_millis(1), next.run(message));
        let late = |_| TransportError::of_kind(ErrorKind::Timeout, "too slow");
        Ok(answer.await.map_err(late)??.map(|item| {
            let n: i64 = serde_json::from_slice(&item).unwrap();
            Ok((2 * n).to_string().into())
        }))
    }
}

#[injectable]
struct Numbers;

#[micro_routes]
#[use_micro_interceptors(Double)]
impl Numbers {
    #[message_pattern("same")]
    async fn same(&self, n: i64) -> i64 {
        n
    }

    #[message_pattern("count")]
    async fn count(&self, to: i64) -> impl Stream<Item = i64> + use<> {
        stream::iter(1..=to)
    }

    #[message_pattern("never")]
    async fn never(&self) {
        std::future::pending().await
    }
}

module_of!(NumbersModule: Numbers);

#[tokio::test]
async fn an_interceptor_wraps_the_call() {
    let dispatcher = Dispatcher::of(&build::<NumbersModule>().await).unwrap();
    assert_eq!(reply(&dispatcher, "same", json!(21)).await, "42");
    assert_eq!(reply(&dispatcher, "same", json!(0)).await, "\"nothing\"");
    assert_eq!(reply(&dispatcher, "count", json!(3)).await, "2 4 6");
    assert_eq!(reply(&dispatcher, "never", json!(1)).await, "!too slow");
}

/// One for everyone who asks, which here is each message.
#[injectable(scope = "transient")]
struct Fresh {
    #[inject(default)]
    seen: Mutex<u8>,
}

#[async_trait]
impl Pipe for Fresh {
    async fn transform(&self, _: Value, _: &Incoming) -> Result<Value, TransportError> {
        let mut seen = self.seen.lock().unwrap();
        *seen += 1;
        Ok(json!(*seen))
    }
}

#[injectable]
struct Counting;

#[micro_routes]
impl Counting {
    #[message_pattern("seen")]
    #[use_micro_pipes(Fresh)]
    async fn seen(&self, n: u8) -> u8 {
        n
    }
}

module_of!(CountingModule: Counting);

#[tokio::test]
async fn a_transient_enhancer_is_new_for_each_message() {
    let dispatcher = Dispatcher::of(&build::<CountingModule>().await).unwrap();
    for _ in 0..2 {
        assert_eq!(reply(&dispatcher, "seen", json!(null)).await, "1");
    }
}

module_of!(
    ForgetfulModule: Counting,
    ModuleEnhancers::new().guard::<QuotaGuard>(),
);

#[tokio::test]
async fn an_enhancer_of_a_module_that_is_not_provided_is_missed_at_the_start() {
    let error = Dispatcher::of(&build::<ForgetfulModule>().await).unwrap_err();
    let message = error.to_string();
    for part in ["Counting::seen (", "QuotaGuard`", "`ForgetfulModule`"] {
        assert!(message.contains(part), "{message}");
    }
}
