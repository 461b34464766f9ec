use std::sync::Arc;
use std::time::{Duration, Instant};

use load::{Caller, Failure, Note, Number};
use nestrs::microservices::{
    GrpcTransport, GrpcTransportOptions, NatsTransport, NatsTransportOptions, RedisTransport,
    RedisTransportOptions, TcpTransport, TcpTransportOptions,
};
use nestrs::prelude::*;

/// How long a server may take to be ready.
const PATIENCE: Duration = Duration::from_secs(20);

pub(crate) struct Client(ClientProxy);

pub(crate) async fn connect(transport: &str, address: &str) -> Result<Client, Failure> {
    let (url, name) = address.split_once('#').unwrap_or((address, ""));
    let transport: Arc<dyn Transport> = match transport {
        "tcp" => Arc::new(TcpTransport::new(TcpTransportOptions::new(url.parse()?))),
        "grpc" => {
            let options = GrpcTransportOptions::new(format!("http://{url}"));
            Arc::new(GrpcTransport::new(options))
        }
        "kafka" => {
            let options = KafkaTransportOptions::new(vec![url.to_owned()]);
            Arc::new(KafkaTransport::new(options))
        }
        "nats" => Arc::new(NatsTransport::new(NatsTransportOptions::new(url))),
        "redis" => Arc::new(RedisTransport::new(RedisTransportOptions::new(url))),
        "mqtt" => {
            let (host, port) = host_and_port(url)?;
            Arc::new(MqttTransport::new(MqttTransportOptions::new(host, port)))
        }
        "rabbitmq" => {
            let options = RabbitMqTransportOptions::new(url).with_work_queue(name);
            Arc::new(RabbitMqTransport::new(options))
        }
        _ => return Err(Failure::new(format!("it has no {transport}"))),
    };
    let client = Client(ClientProxy::new(transport));
    let start = Instant::now();
    loop {
        let answered = tokio::time::timeout(Duration::from_millis(500), client.seen()).await;
        match answered {
            Ok(Ok(_)) => return Ok(client),
            Ok(Err(failure)) if start.elapsed() > PATIENCE => return Err(failure),
            Err(error) if start.elapsed() > PATIENCE => return Err(error.into()),
            _ => tokio::time::sleep(Duration::from_millis(1)).await,
        }
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        self.0.send("echo", note).await.map_err(to_failure)
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        self.0.emit("note", note).await.map_err(to_failure)
    }

    async fn seen(&self) -> Result<u64, Failure> {
        let seen: Result<Number, _> = self.0.send("seen", &()).await;
        Ok(seen.map_err(to_failure)?.number)
    }
}

/// Its error is none of the standard library's.
pub(crate) fn to_failure(error: TransportError) -> Failure {
    Failure::new(error.message)
}

/// Of `mqtt://127.0.0.1:1883`.
pub(crate) fn host_and_port(url: &str) -> Result<(String, u16), Failure> {
    let address = url.split_once("://").map_or(url, |(_, address)| address);
    let Some((host, port)) = address.split_once(':') else {
        return Err(Failure::new(format!("`{url}` names no port")));
    };
    Ok((host.to_owned(), port.parse()?))
}
