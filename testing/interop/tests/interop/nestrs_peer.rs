//! Our own client as a peer: what it sees, told as a NestJS client tells it.

use std::time::Instant;

use futures_util::StreamExt;
use nestrs::microservices::Pattern;
use nestrs::prelude::*;
use nestrs_interop::{Caller, Command, Error, Operation, Seen};
use serde_json::Value;

pub(crate) struct NestrsClient(pub(crate) ClientProxy);

impl Caller for NestrsClient {
    async fn call(&self, command: &Command) -> Result<Seen, Error> {
        let start = Instant::now();
        let mut values = Vec::new();
        let done = tokio::time::timeout(command.timeout, self.carry_out(command, &mut values));
        let error = match done.await {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(error.to_wire()),
            Err(_) => Some("no end in time".into()),
        };
        let ms = u64::try_from(start.elapsed().as_millis()).unwrap_or(u64::MAX);
        Ok(Seen {
            completed: error.is_none(),
            values,
            error,
            ms,
        })
    }
}

impl NestrsClient {
    async fn carry_out(
        &self,
        Command {
            op, pattern, data, ..
        }: &Command,
        values: &mut Vec<Value>,
    ) -> Result<(), TransportError> {
        let pattern = Pattern::from(pattern);
        if *op == Operation::Emit {
            return self.0.emit(&pattern, data).await;
        }
        let mut replies = self.0.send_stream(&pattern, data).await?;
        while let Some(reply) = replies.next().await {
            values.push(reply?);
        }
        Ok(())
    }
}
