//! An event reaches everyone who handles its pattern, whatever becomes of the
//! others; a request has one handler, and the application one for each.

use nestrs::BootstrapError;
use nestrs::prelude::*;
use serde_json::{Value, json};

use crate::common::{Journal, client, create, drain, start, written};

#[injectable]
struct Mail;

#[micro_routes]
impl Mail {
    #[event_pattern("user.created")]
    async fn welcome(&self, user: Value) {
        Journal::write(format!("welcome {user}"));
    }

    #[event_pattern("user.created")]
    async fn fails(&self) -> Result<(), TransportError> {
        Journal::write("fails");
        Err(TransportError::new("no such address"))
    }

    #[event_pattern("user.created")]
    async fn panics(&self) {
        Journal::write("panics");
        panic!("no stamps");
    }

    #[event_pattern("user.created")]
    async fn wants_a_number(&self, id: u64) {
        Journal::write(format!("number {id}"));
    }
}

#[injectable]
struct Stats;

#[micro_routes]
impl Stats {
    #[event_pattern("user.created", "user.deleted")]
    async fn count(&self) {
        Journal::write("count");
    }

    #[message_pattern("stats")]
    async fn stats(&self) -> &'static str {
        Journal::write("stats");
        "many"
    }
}

#[module(microservices = [Stats])]
struct StatsModule;

#[module(imports = [StatsModule], microservices = [Mail])]
struct AppModule;

#[tokio::test]
async fn every_handler_of_an_event_runs_whatever_becomes_of_the_others() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    for event in [json!("Ada"), json!(7)] {
        client.emit("user.created", &event).await.unwrap();
    }
    client.emit("user.deleted", &()).await.unwrap();
    client.emit("nobody.cares", &()).await.unwrap();
    drain(app, &client).await;
    let mut written = written();
    written.sort();
    assert_eq!(
        written,
        [
            "count",
            "count",
            "count",
            "fails",
            "fails",
            "number 7",
            "panics",
            "panics",
            "welcome \"Ada\"",
            "welcome 7",
        ]
    );
}

#[tokio::test]
async fn an_event_to_a_message_handler_runs_it() {
    let app = start::<AppModule>().await;
    let client = client(&app);
    client.emit("stats", &()).await.unwrap();
    drain(app, &client).await;
    assert_eq!(written(), ["stats"]);
}

const FIRST: u32 = line!() + 7;
#[injectable]
struct Adder;

#[micro_routes]
impl Adder {
    #[message_pattern("math.add", { "cmd": "add" })]
    async fn add(&self) {}
}

const SECOND: u32 = line!() + 7;
#[injectable]
struct Calculator;

#[micro_routes]
impl Calculator {
    #[message_pattern({ "cmd": "add" }, "math.add")]
    async fn plus(&self) {}
}

#[module(microservices = [Adder])]
struct AdderModule;

#[module(imports = [AdderModule], microservices = [Calculator])]
struct Ambiguous;

#[tokio::test]
async fn two_handlers_of_one_request_keep_the_application_from_starting() {
    let error = create::<Ambiguous>().start().await.unwrap_err();
    assert!(matches!(error, BootstrapError::Handlers(_)), "{error:?}");
    let report = error.to_string();
    let of = |line, method: &str| format!("{method} ({}:{line})", file!());
    for part in ["`math.add`", r#"`{"cmd":"add"}`"#]
        .map(str::to_owned)
        .into_iter()
        .chain([of(FIRST, "Adder::add"), of(SECOND, "Calculator::plus")])
    {
        assert!(report.contains(&part), "no {part} in\n{report}");
    }
}
