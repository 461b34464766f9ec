//! A handler publishes its reply itself, to the inbox that the request names.

use load::{Caller, Failure, Note};
use ruststream::{Broker, OutgoingMessage, Publisher, RequestReply};
use ruststream_nats::prelude::*;
use ruststream_nats::{NatsPublish, NatsPublisher};
use serde::{Deserialize, Serialize};

use crate::{PATIENCE, one_more, seen};

#[derive(Deserialize, Serialize, Outgoing)]
struct Echo {
    id: u64,
    text: String,
}

#[derive(Deserialize, Serialize, Outgoing)]
struct Number {
    number: u64,
}

#[derive(Deserialize)]
struct Nothing {}

#[derive(OutSlot)]
#[publishes(Echo)]
struct Echoes;

#[derive(OutSlot)]
#[publishes(Number)]
struct Numbers;

#[subscriber(CoreSubject::new("echo").queue_group("ruststream"))]
async fn on_echo(
    sent: &Echo,
    ctx: &mut Context<'_>,
    Out(answers): Out<impl Publisher, Echoes>,
) -> HandlerOutcome {
    let Some(inbox) = ctx.headers().reply_to().map(str::to_owned) else {
        return HandlerOutcome::drop();
    };
    match answers.message(sent).to(inbox).publish().await {
        Ok(_) => HandlerOutcome::ack(),
        Err(_) => HandlerOutcome::drop(),
    }
}

#[subscriber(CoreSubject::new("seen").queue_group("ruststream"))]
async fn on_seen(
    _nothing: &Nothing,
    ctx: &mut Context<'_>,
    Out(answers): Out<impl Publisher, Numbers>,
) -> HandlerOutcome {
    let Some(inbox) = ctx.headers().reply_to().map(str::to_owned) else {
        return HandlerOutcome::drop();
    };
    let number = Number { number: seen() };
    match answers.message(&number).to(inbox).publish().await {
        Ok(_) => HandlerOutcome::ack(),
        Err(_) => HandlerOutcome::drop(),
    }
}

#[subscriber(CoreSubject::new("note").queue_group("ruststream"))]
async fn on_note(_sent: &Echo) -> HandlerOutcome {
    one_more();
    HandlerOutcome::ack()
}

pub(crate) async fn serve(url: &str) -> Result<(), Failure> {
    let app = RustStream::new(AppInfo::new("notes", "0.0.0")).with_broker(
        NatsBroker::new(url),
        |broker| {
            broker.include(on_echo).out(Echoes, Publish).build();
            broker.include(on_seen).out(Numbers, Publish).build();
            broker.include(on_note);
        },
    );
    let _running = app.start().await?;
    load::serve(url).await
}

pub(crate) struct Client(NatsPublisher);

pub(crate) async fn connect(url: &str) -> Result<Client, Failure> {
    let broker = NatsBroker::new(url).connect().await?;
    Ok(Client(broker.publisher(NatsPublish)))
}

impl Client {
    async fn request(&self, subject: &str, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let request = OutgoingMessage::new(subject, body);
        Ok(self.0.request(request, PATIENCE).await?.payload().to_vec())
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        let reply = self.request("echo", &serde_json::to_vec(note)?).await?;
        Ok(serde_json::from_slice(&reply)?)
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        let body = serde_json::to_vec(note)?;
        self.0
            .publish(OutgoingMessage::new("note", body.as_slice()), None)
            .await?;
        Ok(())
    }

    async fn seen(&self) -> Result<u64, Failure> {
        let reply = self.request("seen", b"{}").await?;
        let Number { number } = serde_json::from_slice(&reply)?;
        Ok(number)
    }
}
