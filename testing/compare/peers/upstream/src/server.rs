use std::future::pending;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use load::{Failure, Note, Number};
use nestrs::core::ProviderRegistry;
use nestrs::microservices::{
    GrpcMicroserviceOptions, MicroserviceHandler, MicroserviceServer, NatsMicroserviceOptions,
    RedisMicroserviceOptions, TcpMicroserviceOptions, handler_factory,
};
use nestrs::prelude::*;

use crate::client::{host_and_port, to_failure};

static SEEN: AtomicU64 = AtomicU64::new(0);

#[derive(Default)]
#[injectable]
struct Notes;

#[micro_routes]
impl Notes {
    #[message_pattern("echo")]
    async fn echo(&self, note: Note) -> Note {
        note
    }

    #[message_pattern("seen")]
    async fn seen(&self) -> Number {
        let number = SEEN.load(Ordering::Relaxed);
        Number { number }
    }

    #[event_pattern("note")]
    async fn note(&self, _note: Note) {
        SEEN.fetch_add(1, Ordering::Relaxed);
    }
}

#[module(providers = [Notes], microservices = [Notes])]
struct NotesModule;

/// It does not say when it is ready: clients find out.
pub(crate) async fn run(transport: &str, address: &str) -> Result<(), Failure> {
    let (url, name) = address.split_once('#').unwrap_or((address, ""));
    let app = match transport {
        "tcp" => {
            let address = free_port()?;
            let options = TcpMicroserviceOptions::new(address);
            tokio::spawn(NestFactory::create_microservice::<NotesModule>(options).listen());
            return load::serve(address).await;
        }
        "grpc" => {
            let address = free_port()?;
            let options = GrpcMicroserviceOptions::new(address);
            tokio::spawn(NestFactory::create_microservice_grpc::<NotesModule>(options).listen());
            return load::serve(address).await;
        }
        "nats" => {
            NestFactory::create_microservice_nats::<NotesModule>(NatsMicroserviceOptions::new(url))
        }
        "redis" => NestFactory::create_microservice_redis::<NotesModule>(
            RedisMicroserviceOptions::new(url),
        ),
        "rabbitmq" => {
            let options = RabbitMqMicroserviceOptions::new(url).with_work_queue(name);
            NestFactory::create_microservice_rabbitmq::<NotesModule>(options)
        }
        // Its factory has neither of these.
        "kafka" => {
            let options = KafkaMicroserviceOptions::new(vec![url.to_owned()]);
            let (registry, handlers) = handlers();
            let server = KafkaMicroserviceServer::new(options, handlers);
            return alone(registry, server, address).await;
        }
        "mqtt" => {
            let (host, port) = host_and_port(url)?;
            let options = MqttMicroserviceOptions::new(host, port);
            let (registry, handlers) = handlers();
            let server = MqttMicroserviceServer::new(options, handlers);
            return alone(registry, server, address).await;
        }
        _ => return Err(Failure::new(format!("it has no {transport}"))),
    };
    tokio::spawn(app.listen());
    load::serve(address).await
}

type Handlers = Vec<Arc<dyn MicroserviceHandler>>;

fn handlers() -> (ProviderRegistry, Handlers) {
    let mut registry = ProviderRegistry::new();
    registry.register::<Notes>();
    let handlers = vec![handler_factory::<Notes>(&registry)];
    (registry, handlers)
}

/// A server without an application around it.
async fn alone(
    registry: ProviderRegistry,
    server: impl MicroserviceServer,
    address: &str,
) -> Result<(), Failure> {
    tokio::spawn(async move {
        let _registry = Arc::new(registry);
        if let Err(error) = Box::new(server)
            .listen_with_shutdown(Box::pin(pending()))
            .await
        {
            eprintln!("{}", to_failure(error));
        }
    });
    load::serve(address).await
}

fn free_port() -> Result<SocketAddr, Failure> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?)
}
