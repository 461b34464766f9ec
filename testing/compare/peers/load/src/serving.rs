use std::io::Write;
use std::sync::atomic::{AtomicU64, Ordering};

use serde::Serialize;
use tokio::io::AsyncReadExt;

use crate::Failure;

/// How many events came.
#[derive(Default)]
pub struct Seen(AtomicU64);

impl Seen {
    pub fn one_more(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    pub fn count(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// A server's life: says where it is, and waits for the end.
pub async fn serve(address: impl ToString) -> Result<(), Failure> {
    say(&serde_json::json!({ "ready": address.to_string() }))?;
    let mut rest = Vec::new();
    tokio::io::stdin().read_to_end(&mut rest).await?;
    Ok(())
}

pub(crate) fn say(line: &impl Serialize) -> Result<(), Failure> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    Ok(std::io::stdout().lock().write_all(&line)?)
}
