//! A server of known handlers, and a channel to speak to it by hand.

mod handlers;
mod journal;
mod raw;
mod server;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use nestrs_core::{ClientStatus, StatusStream};

pub(crate) use raw::{Raw, next, text};
pub(crate) use server::{Server, client_options, pair, server_options};

/// How long anything may take that has to happen.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// A name that no other test has, nor another run of this one.
pub(crate) fn unique(what: &str) -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let count = COUNT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap()
        .as_nanos();
    format!("{what}-{}-{count}-{now}", std::process::id())
}

pub(crate) async fn url() -> &'static str {
    nestrs_brokers::shared::rabbitmq().await.unwrap()
}

pub(crate) async fn soon<T>(what: &str, wanted: impl Future<Output = T>) -> T {
    let wanted = tokio::time::timeout(SOON, wanted).await;
    wanted.unwrap_or_else(|_| panic!("{what} within {SOON:?}"))
}

/// Waits for a status.
pub(crate) async fn until(status: &mut StatusStream, wanted: ClientStatus) {
    let until = async {
        while let Some(now) = status.next().await {
            if now == wanted {
                return;
            }
        }
        panic!("it ended before it was {wanted}");
    };
    soon(&format!("it is {wanted}"), until).await;
}
