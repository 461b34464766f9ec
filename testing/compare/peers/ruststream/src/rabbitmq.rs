//! A queue for each pattern; a handler's reply goes to where the request says.

use load::{Caller, Failure, Note};
use ruststream::{Broker, OutgoingMessage, Publisher};
use ruststream_lapin::prelude::*;
use ruststream_lapin::{LapinPublisher, LapinRequester};
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

#[subscriber(RabbitQueue::new("echo"), reply("nowhere"))]
async fn on_echo(sent: &Echo) -> Echo {
    Echo {
        id: sent.id,
        text: sent.text.clone(),
    }
}

#[subscriber(RabbitQueue::new("seen"), reply("nowhere"))]
async fn on_seen(_nothing: &Nothing) -> Number {
    Number { number: seen() }
}

#[subscriber(RabbitQueue::new("note"))]
async fn on_note(_sent: &Echo) -> HandlerOutcome {
    one_more();
    HandlerOutcome::ack()
}

pub(crate) async fn serve(url: &str) -> Result<(), Failure> {
    let app = RustStream::new(AppInfo::new("notes", "0.0.0")).with_broker(
        LapinBroker::new(url).declare_topology(true),
        |broker| {
            let echo = broker.include(on_echo).out_reply(Publish::default());
            echo.transform(DirectReplyTo);
            let how_many = broker.include(on_seen).out_reply(Publish::default());
            how_many.transform(DirectReplyTo);
            broker.include(on_note);
        },
    );
    let _running = app.start().await?;
    load::serve(url).await
}

pub(crate) struct Client {
    requests: LapinRequester,
    events: LapinPublisher,
}

pub(crate) async fn connect(url: &str) -> Result<Client, Failure> {
    let broker = LapinBroker::new(url).connect().await?;
    Ok(Client {
        requests: broker.publisher(Request::default()),
        events: broker.publisher(Publish::default()),
    })
}

impl Client {
    async fn request(&self, queue: &str, body: &[u8]) -> Result<Vec<u8>, Failure> {
        let request = OutgoingMessage::new(queue, body);
        Ok(self
            .requests
            .request(request, PATIENCE)
            .await?
            .payload()
            .to_vec())
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        let reply = self.request("echo", &serde_json::to_vec(note)?).await?;
        Ok(serde_json::from_slice(&reply)?)
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        let body = serde_json::to_vec(note)?;
        self.events
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
