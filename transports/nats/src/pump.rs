//! What a server does while it runs: takes in what its subscriptions bring,
//! and at the end lets all of it be finished.
//!
//! The next file on a message's path is [`nestrs_core::intake`].

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use async_nats::{Message, Subscriber};
use futures_core::Stream;
use futures_util::stream::SelectAll;
use futures_util::{FutureExt, StreamExt};
use nestrs_core::intake::{Admission, Intake};
use nestrs_core::status::StatusSource;
use nestrs_core::{Answer, ClientStatus, Dispatch, ErrorKind, Shutdown, TransportError};

use crate::backlog::Backlog;
use crate::link::{Link, Sign, Signs};
use crate::outbox::in_one_turn;
use crate::received::{CallsInHand, Received, Route};
use crate::replier::Replier;

/// How many messages are taken in before it is looked for anything else.
const CHUNK: usize = 64;
pub(crate) struct Pump {
    pub(crate) link: Arc<Link>,
    pub(crate) signs: Signs,
    pub(crate) subscriptions: SelectAll<Subscription>,
    /// The reply subjects of requests that are not waited for any more.
    pub(crate) called_off: Subscriber,
    pub(crate) calls: Arc<CallsInHand>,
    pub(crate) backlog: Backlog,
    pub(crate) intake: Intake,
    pub(crate) dispatch: Arc<dyn Dispatch>,
    pub(crate) status: Arc<StatusSource>,
    /// Whether the broker has counted each subscription's messages from the
    /// first on, as the driver has: not once the connection was lost.
    pub(crate) counts_agree: bool,
    pub(crate) shutdown: Shutdown,
    /// How many messages came together last.
    pub(crate) together: usize,
    /// Of the intake: it stops once the broker sends nothing any more.
    pub(crate) draining: Shutdown,
}

/// The messages of one route.
pub(crate) struct Subscription {
    pub(crate) subscriber: Subscriber,
    pub(crate) route: Arc<Route>,
    /// How many there were.
    pub(crate) taken: u64,
    /// How many came together last.
    pub(crate) together: usize,
}

/// What there is of one route, [`CHUNK`] messages at most. Of many streams the next
/// one's turn costs more than the message it brings.
impl Stream for Subscription {
    type Item = (Arc<Route>, Vec<Message>);

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(first) = ready!(self.subscriber.poll_next_unpin(cx)) else {
            return Poll::Ready(None);
        };
        let mut messages = Vec::with_capacity(self.together);
        messages.push(first);
        while messages.len() < CHUNK
            && let Poll::Ready(Some(next)) = self.subscriber.poll_next_unpin(cx)
        {
            messages.push(next);
        }
        self.together = messages.len();
        self.taken += messages.len() as u64;
        Poll::Ready(Some((self.route.clone(), messages)))
    }
}

impl Pump {
    /// Runs until the server has drained after a stop, or is aborted.
    pub(crate) async fn run(mut self) {
        let shutdown = self.shutdown.clone();
        tokio::select! {
            biased;
            () = shutdown.aborting() => self.draining.abort(),
            () = async {
                self.take_in_until(shutdown.stopping()).await;
                if !shutdown.is_stopping() {
                    tracing::error!("the driver of NATS ended; nothing is received any more");
                }
                self.drain().await;
            } => {}
        }
        self.intake.drained().await;
        self.link.close();
        self.status.set(ClientStatus::Disconnected);
    }

    /// Takes messages in until then, or until there are no subscriptions any
    /// more.
    pub(crate) async fn take_in_until(&mut self, end: impl Future<Output = ()>) {
        tokio::pin!(end);
        loop {
            tokio::select! {
                biased;
                () = &mut end => return,
                Some(sign) = self.signs.recv() => self.hear(sign),
                Some(call) = self.called_off.next() => self.calls.call_off(&call.payload),
                () = self.backlog.report_due() => self.backlog.report(),
                Some(admission) = self.intake.admit(), if !self.backlog.is_empty() => {
                    if let Some(received) = self.backlog.pop() {
                        self.handle(admission, received);
                    }
                }
                messages = self.subscriptions.next(), if self.has_routes() => match messages {
                    Some((route, messages)) => self.take_in(&route, messages),
                    None => return,
                },
            }
        }
    }

    pub(crate) fn has_routes(&self) -> bool {
        !self.subscriptions.is_empty()
    }

    pub(crate) fn take_in(&mut self, route: &Route, messages: Vec<Message>) {
        self.together = messages.len();
        in_one_turn(|| {
            for message in messages {
                self.take_in_one(route, message);
            }
        });
    }

    fn take_in_one(&mut self, route: &Route, message: Message) {
        let Some(received) = Received::of(route, message, &self.calls) else {
            return;
        };
        if self.backlog.is_empty()
            && let Some(admission) = self.intake.try_admit()
        {
            return self.handle(admission, received);
        }
        if self.backlog.has_room_for(&received) {
            return self.backlog.push(received);
        }
        self.backlog.count_dropped();
        self.turn_away(received);
    }

    pub(crate) fn handle(&self, admission: Admission, received: Received) {
        let Received {
            message,
            reply,
            call,
            ..
        } = received;
        let over = message.context.over();
        let answer = self.dispatch.dispatch(message);
        let replier = reply.map(|(subject, id)| Replier {
            link: self.link.clone(),
            subject,
            id,
            of: self.together,
        });
        admission.run_until(over, async move {
            let _call = call;
            let answer = answer.await;
            if let Some(replier) = replier {
                replier.send(answer).await;
            }
        });
    }

    /// Whoever waits for the answer hears that there will be none.
    fn turn_away(&self, received: Received) {
        let Some((subject, id)) = received.reply else {
            return;
        };
        let replier = Replier {
            link: self.link.clone(),
            subject,
            id,
            of: self.together,
        };
        let message = "the service has too much to do: the message was not handled";
        let error = TransportError::of_kind(ErrorKind::Unavailable, message);
        // Only if there is room right now: nothing waits here.
        let _ = replier.send(Answer::One(Err(error))).now_or_never();
    }

    fn hear(&mut self, sign: Sign) {
        match sign {
            Sign::Down => self.status.set(ClientStatus::Reconnecting),
            Sign::Dropped => self.backlog.count_dropped(),
            Sign::Up => {
                self.counts_agree = false;
                let (link, status) = (self.link.clone(), self.status.clone());
                tokio::spawn(async move {
                    // Connected is who is reached: the subscriptions are there.
                    tokio::select! {
                        confirmed = link.confirm() => if confirmed && link.is_up() {
                            status.set(ClientStatus::Connected);
                        },
                        () = link.until_down() => {}
                    }
                });
            }
        }
    }
}
