//! Messages that are handed to a dispatcher, without a server.

use std::sync::{Arc, Mutex};

use nestrs_core::{Answer, Dispatch, Message, MessageKind, TransportError};
use nestrs_microservices::{BoundHandler, Dispatcher, MicroRoutes};
use serde_json::Value;

pub(crate) const REQUEST: MessageKind = MessageKind::Request;
pub(crate) const EVENT: MessageKind = MessageKind::Event;

/// What ran, in order.
#[derive(Default)]
pub(crate) struct Journal(Mutex<Vec<String>>);

impl Journal {
    pub(crate) fn write(&self, entry: impl Into<String>) {
        self.0.lock().unwrap().push(entry.into());
    }
    pub(crate) fn entries(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }
}

pub(crate) fn dispatcher<T: MicroRoutes>(service: T) -> Dispatcher {
    super::listen();
    Dispatcher::new(BoundHandler::all_of(&Arc::new(service))).unwrap()
}

pub(crate) async fn dispatch(
    dispatcher: &impl Dispatch,
    kind: MessageKind,
    pattern: &str,
    payload: Value,
) -> Answer {
    let pattern = match pattern.starts_with('{') {
        true => pattern.to_owned(),
        false => format!("{pattern:?}"),
    };
    let message = Message::new(kind, pattern, payload.to_string());
    dispatcher.dispatch(message).await
}

/// Sends a request that has one reply.
pub(crate) async fn request(
    dispatcher: &impl Dispatch,
    pattern: &str,
    payload: Value,
) -> Result<Value, TransportError> {
    match dispatch(dispatcher, REQUEST, pattern, payload).await {
        Answer::One(Ok(reply)) => {
            Ok(reply.map_or(Value::Null, |json| serde_json::from_slice(&json).unwrap()))
        }
        Answer::One(Err(error)) => Err(error),
        other => panic!("{other:?}"),
    }
}

pub(crate) async fn event(dispatcher: &impl Dispatch, pattern: &str, payload: Value) {
    let answer = dispatch(dispatcher, EVENT, pattern, payload).await;
    let has_no_reply = matches!(answer, Answer::Silent | Answer::One(Err(_)));
    assert!(has_no_reply, "{answer:?}");
}
