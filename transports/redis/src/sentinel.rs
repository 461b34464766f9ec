//! Asks the sentinels where the master is. The driver has this too, but not
//! with the TLS that we have.

use redis::Value;

use crate::address::{Address, Endpoint};
use crate::broker::Broker;
use crate::failure::Failure;

/// The host and port of the master of that name, as the first sentinel says
/// that knows.
pub(crate) async fn master(
    broker: &Broker,
    sentinels: &[Address],
    name: &str,
) -> Result<(String, u16), Failure> {
    let mut failures = Vec::new();
    for sentinel in sentinels {
        match ask(broker, sentinel, name).await {
            Ok(found) => return Ok(found),
            Err(failure) => failures.push(format!("{sentinel}: {failure}")),
        }
    }
    // They may be started later, or learn of the master later.
    Err(Failure::passing(format!(
        "no sentinel knows the master {name:?}: {}",
        failures.join("; ")
    )))
}

async fn ask(broker: &Broker, sentinel: &Address, name: &str) -> Result<(String, u16), Failure> {
    let default_port = matches!(&sentinel.endpoint, Endpoint::Tcp { port: 6379, .. });
    let hint = if default_port {
        " (sentinels listen on port 26379 unless told otherwise)"
    } else {
        ""
    };
    let asked = async {
        let (mut commands, driver) = broker.commands(sentinel).await?;
        let mut question = redis::cmd("SENTINEL");
        question.arg("GET-MASTER-ADDR-BY-NAME").arg(name);
        let answer = tokio::select! {
            answer = question.query_async::<Value>(&mut commands) => answer?,
            () = driver => return Err(Failure::passing("Connection closed")),
        };
        let found: Option<(String, u16)> =
            redis::from_redis_value(answer).map_err(|error| Failure::passing(error.to_string()))?;
        found.ok_or_else(|| Failure::passing("it does not know that name"))
    };
    asked
        .await
        .map_err(|failure: Failure| Failure::passing(format!("{failure}{hint}")))
}
