use std::future::Future;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::serving::say;
use crate::{Caller, Failure, Outcome, calls, connections, events, paced, streams};

/// `{"do":"calls","bytes":128,"at_once":64,"seconds":1.0}`
#[derive(Clone, Deserialize, Serialize)]
#[serde(tag = "do", rename_all = "snake_case")]
pub enum Order {
    /// As many calls as get through with so many under way.
    Calls {
        bytes: usize,
        at_once: usize,
        seconds: f64,
    },
    /// So many calls a second, however long they take: in bursts, a millisecond apart or more.
    Paced {
        bytes: usize,
        rate: f64,
        seconds: f64,
    },
    /// As many events as the server gets.
    Events { bytes: usize, seconds: f64 },
    /// Streams of so many numbers each.
    Streams {
        numbers: u64,
        at_once: usize,
        seconds: f64,
    },
    /// Connects, calls once and closes, over and over.
    Connections { times: u64 },
    /// A number of calls, 64 at once.
    Times { bytes: usize, times: u64 },
}

/// A client's life: connects, says so, and carries out orders until there are no more.
pub async fn run<C, F, Connecting>(connect: F) -> Result<(), Failure>
where
    C: Caller,
    F: Fn() -> Connecting,
    Connecting: Future<Output = Result<C, Failure>>,
{
    let caller = Arc::new(connect().await?);
    say(&serde_json::json!({ "ready": "" }))?;
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let outcome = match serde_json::from_str(&line)? {
            Order::Calls {
                bytes,
                at_once,
                seconds,
            } => calls::until(&caller, bytes, at_once, seconds).await,
            Order::Paced {
                bytes,
                rate,
                seconds,
            } => paced::run(&caller, bytes, rate, seconds).await,
            Order::Events { bytes, seconds } => events::run(&caller, bytes, seconds).await,
            Order::Streams {
                numbers,
                at_once,
                seconds,
            } => streams::run(&caller, numbers, at_once, seconds).await,
            Order::Connections { times } => connections::run(&connect, times).await,
            Order::Times { bytes, times } => calls::times(&caller, bytes, times).await,
        };
        say(&outcome)?;
    }
    caller.close().await;
    Ok(())
}

impl Outcome {
    /// What several tasks did.
    pub(crate) async fn of_all(mut tasks: tokio::task::JoinSet<Self>) -> Self {
        let mut all = Self::default();
        while let Some(outcome) = tasks.join_next().await {
            match outcome {
                Ok(outcome) => all.add(outcome),
                Err(panic) => all.fails(Failure::from(panic)),
            }
        }
        all
    }
}
