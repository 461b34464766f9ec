//! Messages as a server hands them on, sent and answered without waiting.

use std::hint::black_box;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use nestrs_core::{Answer, Dispatch, Message, MessageKind};
use nestrs_microservices::Dispatcher;

use crate::Order;

const ORDER: Bytes = Bytes::from_static(&TEXT.0);
static TEXT: Aligned<28> = Aligned(*br#"{"id":1000000,"quantity":37}"#);

/// Where a text lies decides how fast it is checked, and that would be another place in every build.
#[repr(align(16))]
struct Aligned<const LENGTH: usize>([u8; LENGTH]);

/// The payload of all of them becomes what their handlers take.
///
/// # Panics
///
/// If it does not.
pub fn read() {
    let order: Order = serde_json::from_slice(black_box(&ORDER)).expect("it is an order");
    black_box(order);
}

/// A request to a handler, from the message to the JSON of its reply.
///
/// # Panics
///
/// If it is not answered at once.
pub fn request(dispatcher: &Dispatcher, pattern: &'static str) -> Bytes {
    match dispatch(dispatcher, MessageKind::Request, pattern) {
        Answer::One(Ok(Some(reply))) => reply,
        other => panic!("{pattern}: {other:?}"),
    }
}

/// An event to a handler.
///
/// # Panics
///
/// If it is not handled at once.
pub fn event(dispatcher: &Dispatcher, pattern: &'static str) {
    let answer = dispatch(dispatcher, MessageKind::Event, pattern);
    assert!(matches!(answer, Answer::Silent));
}

/// `pattern` is JSON, as it comes in a packet.
fn dispatch(dispatcher: &Dispatcher, kind: MessageKind, pattern: &'static str) -> Answer {
    let message = Message::new(kind, pattern, ORDER);
    let mut answer = dispatcher.dispatch(message);
    match answer
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("{pattern}: no handler waits"),
    }
}
