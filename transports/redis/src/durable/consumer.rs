//! A server as a member of a consumer group: reads the streams of its patterns,
//! on a connection of its own, for reading waits.
//!
//! The next file on an event's path is `entry.rs`.

use std::sync::Arc;
use std::time::Duration;

use nestrs_core::dispatch::BoxFuture;
use nestrs_core::request_id::RequestIds;
use nestrs_core::{Dispatch, StartError, Wildcards};
use redis::RedisError;
use redis::aio::MultiplexedConnection;
use tokio_util::task::AbortOnDropHandle;

use crate::broker::Broker;
use crate::durable::entry::Delivered;
use crate::durable::stream::{self, Entry, InHand, Stream};
use crate::failure::Failure;
use crate::handling::Handling;
use crate::options::{RedisDurableOptions, RedisMicroserviceOptions};
use crate::persist::persist;

/// How many events of a stream are read at a time.
const COUNT: usize = 64;
/// How long Redis waits for events before it says that there are none.
const WAIT: Duration = Duration::from_secs(1);
/// How long it may take to say so.
const ANSWER: Duration = Duration::from_secs(10);

pub(crate) struct Consumer {
    pub(crate) streams: Vec<Arc<Stream>>,
    pub(crate) options: RedisDurableOptions,
}

impl Consumer {
    pub(crate) fn new(
        options: &RedisMicroserviceOptions,
        dispatch: &dyn Dispatch,
    ) -> Result<Self, StartError> {
        let durable = options.durable_options.clone();
        let routes = dispatch.routes();
        check(options, &routes)?;
        let group: Arc<str> = match &durable.group {
            Some(group) => group.as_str().into(),
            None => dispatch.service().map_or_else(program, Arc::from),
        };
        let member: Arc<str> = RequestIds::new().id(u64::from(std::process::id())).into();
        let stream = |route: &String| Arc::new(Stream::new(route, &group, &member));
        Ok(Self {
            streams: routes.iter().map(stream).collect(),
            options: durable,
        })
    }

    /// Makes the groups that are not there yet: they get what is sent from now
    /// on.
    pub(crate) async fn join(&self, commands: &MultiplexedConnection) -> Result<(), Failure> {
        for stream in &self.streams {
            stream.join(commands, "$").await?;
        }
        Ok(())
    }

    /// Takes events in until the server stops, and leaves when it has drained.
    pub(crate) async fn run(self, broker: Broker, handling: Handling) {
        let drained = async {
            tokio::join!(self.consume(&broker, &handling), self.retry(&handling));
            handling.intake.drained().await;
        };
        tokio::select! {
            () = drained => {}
            () = self.speak(&handling) => {}
        }
        let Some(pipe) = handling.outlet.pipe_now() else {
            return;
        };
        for stream in &self.streams {
            if let Err(error) = stream.leave(&pipe).await {
                tracing::debug!(stream = stream.key, %error, "cannot leave the group");
            }
        }
    }

    async fn consume(&self, broker: &Broker, handling: &Handling) {
        let shutdown = &handling.shutdown;
        while !shutdown.is_stopping() {
            let connected = tokio::select! {
                biased;
                () = shutdown.stopping() => return,
                connected = persist(broker, || connect(broker), |_| true) => connected,
            };
            let Ok((commands, driver)) = connected else {
                return;
            };
            let _driving = AbortOnDropHandle::new(tokio::spawn(driver));
            self.read(&commands, handling).await;
        }
    }

    /// Reads until the server stops or the connection is lost.
    async fn read(&self, commands: &MultiplexedConnection, handling: &Handling) {
        let shutdown = &handling.shutdown;
        if let Some(pipe) = handling.outlet.pipe_now() {
            for stream in &self.streams {
                if let Err(error) = self.fetch_missed(stream, &pipe, handling).await {
                    tracing::debug!(stream = stream.key, %error, "what was missed rests");
                }
            }
        }
        while !shutdown.is_stopping() {
            let read = stream::read(&self.streams, COUNT, WAIT, commands);
            let read = tokio::select! {
                biased;
                () = shutdown.stopping() => return,
                read = tokio::time::timeout(ANSWER, read) => read,
            };
            match read {
                Ok(Ok(read)) => {
                    for (key, entries) in read {
                        self.take(&key, entries, handling).await;
                    }
                }
                Ok(Err(error)) if is_missing(&error) => self.join_again(commands).await,
                Ok(Err(error)) if error.is_connection_dropped() || error.is_io_error() => return,
                Ok(Err(error)) => {
                    tracing::warn!(%error, "cannot read events from their streams");
                    tokio::time::sleep(WAIT).await;
                }
                Err(_) => return,
            }
        }
    }

    async fn take(&self, key: &str, entries: Vec<Entry>, handling: &Handling) {
        let Some(stream) = self.streams.iter().find(|stream| stream.key == key) else {
            return;
        };
        if let Some((last, _)) = entries.last() {
            stream.was_read(last);
        }
        let held = entries
            .into_iter()
            .map(|entry| (stream.hold(&entry.0), entry));
        let waiting = held.collect::<Vec<_>>();
        for (in_hand, entry) in waiting {
            match handling.admit_of_stream().await {
                Some(admission) => {
                    self.delivered(stream, entry, 1, in_hand)
                        .run(handling, admission);
                }
                None => {
                    let Some(pipe) = handling.outlet.pipe_now() else {
                        return;
                    };
                    let (id, idle) = (&entry.0, self.options.retry_after);
                    if let Err(error) = stream.give_back(id, idle, &pipe).await {
                        tracing::debug!(id, %error, "an event that was not begun rests");
                    }
                }
            }
        }
    }

    pub(crate) fn delivered(
        &self,
        stream: &Arc<Stream>,
        entry: Entry,
        attempt: usize,
        in_hand: InHand,
    ) -> Delivered {
        Delivered {
            stream: stream.clone(),
            entry,
            attempt,
            max_attempts: self.options.max_attempts,
            _in_hand: in_hand,
        }
    }

    /// The groups are gone, and the streams with them: whatever is there now
    /// came after that.
    async fn join_again(&self, commands: &MultiplexedConnection) {
        for stream in &self.streams {
            if let Err(error) = stream.join(commands, "0").await {
                tracing::warn!(stream = stream.key, %error, "cannot make the group again");
                tokio::time::sleep(WAIT).await;
            }
        }
    }
}

async fn connect(
    broker: &Broker,
) -> Result<(MultiplexedConnection, BoxFuture<'static, ()>), Failure> {
    let address = broker.locate().await?;
    broker.commands(&address).await
}

fn is_missing(error: &RedisError) -> bool {
    error.code() == Some("NOGROUP")
}

/// What all copies of this program have in common.
fn program() -> Arc<str> {
    let program = std::env::current_exe().ok();
    let name = program.as_deref().and_then(|path| path.file_stem());
    let name = name.map(|name| name.to_string_lossy().into_owned());
    name.unwrap_or_else(|| "nestrs".to_owned()).into()
}

fn check(options: &RedisMicroserviceOptions, routes: &[String]) -> Result<(), StartError> {
    let durable = &options.durable_options;
    let invalid = |message: String| Err(StartError::Options { message });
    if durable.group.as_deref() == Some("") {
        return invalid("`durable_options.group` is empty: name the service".to_owned());
    }
    if durable.max_attempts == 0 {
        return invalid(
            "`durable_options.max_attempts` is 0: events are handled once at least".to_owned(),
        );
    }
    if durable.retry_after < Duration::from_millis(1) {
        return invalid("`durable_options.retry_after` is too short: 1 ms is the least".to_owned());
    }
    let open = routes.iter().find(|route| Wildcards::Glob.are_in(route));
    match open.filter(|_| options.wildcards) {
        Some(open) => invalid(format!(
            "{open:?} has wildcards, and the server is `durable`: a stream has one pattern; \
             turn off one of the two, or give these handlers a server of their own"
        )),
        None => Ok(()),
    }
}
