use std::sync::Arc;

use futures_util::{Stream, stream};
use load::{Ask, Caller, Failure, Note, Number, Seen};
use nestrs::Microservice;
use nestrs::microservices::{
    GrpcMicroserviceOptions, KafkaMicroserviceOptions, KafkaTopics, MqttMicroserviceOptions,
    NatsMicroserviceOptions, RabbitMqMicroserviceOptions, RabbitMqRouting,
    RedisMicroserviceOptions, TcpMicroserviceOptions,
};
use nestrs::prelude::*;

use crate::client;

#[injectable]
struct Notes {
    seen: Arc<Seen>,
}

#[micro_routes]
impl Notes {
    #[message_pattern("echo")]
    async fn echo(&self, note: Note) -> Note {
        note
    }

    #[message_pattern("stream")]
    async fn stream(&self, Ask { numbers }: Ask) -> impl Stream<Item = Number> + use<> {
        stream::iter((0..numbers).map(|number| Number { number }))
    }

    #[message_pattern("seen")]
    async fn seen(&self) -> Number {
        let number = self.seen.count();
        Number { number }
    }

    #[event_pattern("note")]
    async fn note(&self, _note: Note) {
        self.seen.one_more();
    }
}

#[module(providers = [Provider::value(Seen::default())], microservices = [Notes])]
struct NotesModule;

pub(crate) async fn run(transport: &str, address: &str) -> Result<(), Failure> {
    let server = microservice(transport, address)?;
    let app = NestFactory::create_microservice::<NotesModule>(server)
        .start()
        .await?;
    let bound = app.local_addr();
    load::serve(bound.map_or(address.to_owned(), |bound| bound.to_string())).await?;
    app.shutdown().await;
    Ok(())
}

/// An application with a server of every transport and a client of each; `addresses` are `tcp=127.0.0.1:0,nats=nats://…`.
pub(crate) async fn run_all(addresses: &str) -> Result<(), Failure> {
    let addresses = addresses.split(',').filter_map(|each| each.split_once('='));
    let addresses: Vec<_> = addresses.collect();
    let mut servers = Vec::new();
    for (transport, address) in &addresses {
        servers.push(microservice(transport, address)?.named(known(transport)));
    }
    let mut servers = servers.into_iter();
    let Some(first) = servers.next() else {
        return Err(Failure::new("there is no server among these addresses"));
    };
    let app = NestFactory::create_microservice::<NotesModule>(first);
    let app = servers.fold(app, |app, server| app.connect_microservice(server));
    let app = app.start().await?;
    let mut clients = Vec::new();
    for (transport, address) in addresses {
        let bound = app.local_addr_of(transport).map(|bound| bound.to_string());
        let client = client::connect(transport, bound.as_deref().unwrap_or(address)).await?;
        client.call(&Note::of(128)).await?;
        clients.push(client);
    }
    load::serve("").await?;
    app.shutdown().await;
    Ok(())
}

fn known(transport: &str) -> &'static str {
    const ALL: [&str; 7] = ["tcp", "grpc", "nats", "redis", "rabbitmq", "mqtt", "kafka"];
    ALL.into_iter()
        .find(|known| *known == transport)
        .unwrap_or_default()
}

fn microservice(transport: &str, address: &str) -> Result<Microservice, Failure> {
    let (url, name) = address.split_once('#').unwrap_or((address, ""));
    Ok(match transport {
        "tcp" => TcpMicroserviceOptions::new(url).into(),
        "grpc" => GrpcMicroserviceOptions::new(url).into(),
        "kafka" => KafkaMicroserviceOptions::new(url)
            .create_topics(KafkaTopics::default())
            .into(),
        "nats" => NatsMicroserviceOptions::new(url).into(),
        "redis" => RedisMicroserviceOptions::new(url).into(),
        "mqtt" => MqttMicroserviceOptions::new(url).into(),
        "rabbitmq" => {
            let options = RabbitMqMicroserviceOptions::new(url);
            options.routing(RabbitMqRouting::queue(name)).into()
        }
        _ => return Err(Failure::new(format!("it has no {transport}"))),
    })
}
