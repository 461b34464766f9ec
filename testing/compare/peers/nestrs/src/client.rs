use std::sync::Arc;

use futures_util::StreamExt;
use load::{Ask, Caller, Failure, Note, Number};
use nestrs::microservices::{
    GrpcTransport, GrpcTransportOptions, KafkaTopics, KafkaTransport, KafkaTransportOptions,
    MqttTransport, MqttTransportOptions, NatsTransport, NatsTransportOptions, RabbitMqRouting,
    RabbitMqTransport, RabbitMqTransportOptions, RedisTransport, RedisTransportOptions,
    TcpTransport, TcpTransportOptions,
};
use nestrs::prelude::*;

pub(crate) struct Client(ClientProxy);

pub(crate) async fn connect(transport: &str, address: &str) -> Result<Client, Failure> {
    let (url, name) = address.split_once('#').unwrap_or((address, ""));
    let transport: Arc<dyn Transport> = match transport {
        "tcp" => Arc::new(TcpTransport::new(TcpTransportOptions::new(url))),
        "grpc" => Arc::new(GrpcTransport::new(GrpcTransportOptions::new(url))),
        "kafka" => {
            let options = KafkaTransportOptions::new(url).create_topics(KafkaTopics::default());
            Arc::new(KafkaTransport::new(options))
        }
        "nats" => Arc::new(NatsTransport::new(NatsTransportOptions::new(url))),
        "redis" => Arc::new(RedisTransport::new(RedisTransportOptions::new(url))),
        "mqtt" => Arc::new(MqttTransport::new(MqttTransportOptions::new(url))),
        "rabbitmq" => {
            let options = RabbitMqTransportOptions::new(url).routing(RabbitMqRouting::queue(name));
            Arc::new(RabbitMqTransport::new(options))
        }
        _ => return Err(Failure::new(format!("it has no {transport}"))),
    };
    let client = ClientProxy::new(transport);
    client.connect().await?;
    Ok(Client(client))
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        Ok(self.0.send("echo", note).await?)
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        Ok(self.0.emit("note", note).await?)
    }

    async fn seen(&self) -> Result<u64, Failure> {
        let seen: Number = self.0.send("seen", &Ask { numbers: 0 }).await?;
        Ok(seen.number)
    }

    async fn stream(&self, numbers: u64) -> Result<u64, Failure> {
        let mut stream = self
            .0
            .send_stream::<_, Number>("stream", &Ask { numbers })
            .await?;
        let mut came = 0;
        while let Some(number) = stream.next().await {
            number?;
            came += 1;
        }
        Ok(came)
    }

    async fn close(&self) {
        self.0.close().await;
    }
}
