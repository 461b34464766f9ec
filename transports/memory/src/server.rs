//! The listening side: takes messages in and completes the calls they came
//! from.
//!
//! The next file on a message's path is [`nestrs_core::intake`].

use std::sync::Arc;
use std::time::Instant;

use async_trait::async_trait;
use nestrs_core::in_flight::InFlight;
use nestrs_core::intake::{Admission, Intake};
use nestrs_core::packet::{Reply, ReplyPacket};
use nestrs_core::replies::AnswerReplies;
use nestrs_core::{
    Cancellation, ClientStatus, Dispatch, Message, RunningServer, Shutdown, StartError,
    StatusStream, TransportError, TransportServer,
};

use crate::hub::MemoryHub;

/// An in-memory server's options; starting them is the server.
///
/// ```
/// use nestrs_transport_memory::{MemoryHub, MemoryMicroserviceOptions};
///
/// let hub = MemoryHub::new();
/// let options = MemoryMicroserviceOptions { max_in_flight: 100, ..MemoryMicroserviceOptions::new(&hub) };
/// ```
#[derive(Debug, Clone)]
pub struct MemoryMicroserviceOptions {
    /// Where to listen.
    pub hub: MemoryHub,
    /// How many messages may be in hand at a time; 4,096 unless told
    /// otherwise. While that many are, senders wait.
    pub max_in_flight: usize,
}

impl MemoryMicroserviceOptions {
    /// Options to listen at `hub`.
    pub fn new(hub: &MemoryHub) -> Self {
        Self {
            hub: hub.clone(),
            max_in_flight: 4_096,
        }
    }
}

#[async_trait]
impl TransportServer for MemoryMicroserviceOptions {
    fn transport(&self) -> &'static str {
        "memory"
    }

    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError> {
        let intake = Intake::new(self.max_in_flight, shutdown.clone());
        let server = Server {
            dispatch,
            intake: intake.clone(),
        };
        if !self.hub.occupy(Arc::new(server)) {
            let message = "the `MemoryHub` has a server already: give each server its own";
            return Err(StartError::Options {
                message: message.to_owned(),
            });
        }
        let done = tokio::spawn(async move {
            shutdown.stopping().await;
            self.hub.leave();
            intake.drained().await;
        });
        Ok(RunningServer {
            address: "memory".to_owned(),
            local_addr: None,
            status: StatusStream::always(ClientStatus::Connected),
            done: Box::pin(async move {
                if let Err(error) = done.await {
                    tracing::error!(%error, "the in-memory server ended early");
                }
            }),
        })
    }
}

pub(crate) struct Server {
    dispatch: Arc<dyn Dispatch>,
    intake: Intake,
}

/// What a client hands over.
pub(crate) struct Handed {
    pub(crate) message: Message,
    /// Who waits for the answer, if anybody does.
    pub(crate) caller: Option<Caller>,
}

impl Server {
    /// Takes a message in once there is room, and answers it.
    pub(crate) async fn take(&self, handed: Handed) -> Result<(), TransportError> {
        let admission = self
            .intake
            .admit()
            .await
            .ok_or_else(TransportError::connection_closed)?;
        self.run(admission, handed);
        Ok(())
    }

    /// A place for a message, if there is room right now.
    pub(crate) fn room(&self) -> Option<Admission> {
        self.intake.try_admit()
    }

    pub(crate) fn run(&self, admission: Admission, Handed { message, caller }: Handed) {
        if admission.has_waited() && message.context.is_over() {
            return;
        }
        let over = message.context.over();
        let answer = self.dispatch.dispatch(message);
        admission.run_until(over, async move {
            let answer = answer.await;
            if let Some(caller) = caller {
                caller.complete(answer.into_replies()).await;
            }
        });
    }
}

/// Where the replies to a message go.
pub(crate) struct Caller {
    pub(crate) in_flight: InFlight,
    pub(crate) id: u64,
    /// Until when it waits.
    pub(crate) deadline: Option<Instant>,
    pub(crate) cancelled: Cancellation,
    pub(crate) is_answered: bool,
}

impl Caller {
    async fn complete(mut self, mut replies: AnswerReplies) {
        while let Some(reply) = replies.next().await {
            let is_item = matches!(reply, Reply::Item(_));
            self.in_flight.complete(self.id, reply.into());
            if is_item {
                // A stream lets its reader read.
                tokio::task::yield_now().await;
            }
        }
        self.is_answered = true;
    }

    /// Whether it still waits.
    fn waits(&self) -> bool {
        let now = tokio::time::Instant::now().into_std();
        !self.cancelled.is_cancelled() && self.deadline.is_none_or(|deadline| now < deadline)
    }
}

/// Whoever still waits and is left without an answer hears of it.
impl Drop for Caller {
    fn drop(&mut self) {
        if self.is_answered || !self.waits() {
            return;
        }
        let gone = ReplyPacket {
            id: None,
            body: Err(TransportError::connection_closed()),
            is_last: true,
        };
        self.in_flight.complete(self.id, gone);
    }
}
