//! Over gRPC: a service of a proto file in the place of patterns, the one that plain tonic and NestJS have.

use std::sync::Arc;

use futures_util::{Stream, stream};
use load::{Caller, Failure, Note, Seen};
use nestrs::microservices::{GrpcChannel, GrpcMicroserviceOptions, GrpcTransportOptions};
use nestrs::prelude::*;

mod proto {
    tonic::include_proto!("notes");
}

use proto::notes_client::NotesClient;

const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/notes.bin"));

#[injectable]
struct Methods {
    seen: Arc<Seen>,
}

#[grpc_service(notes.Notes)]
impl Methods {
    async fn echo(&self, note: proto::Note) -> proto::Note {
        note
    }

    async fn stream(
        &self,
        proto::Ask { numbers }: proto::Ask,
    ) -> impl Stream<Item = proto::Number> + use<> {
        stream::iter((0..numbers).map(|number| proto::Number { number }))
    }

    async fn seen(&self, _ask: proto::Ask) -> proto::Number {
        let number = self.seen.count();
        proto::Number { number }
    }

    async fn event(&self, _note: proto::Note) -> proto::Nothing {
        self.seen.one_more();
        proto::Nothing {}
    }
}

#[module(providers = [Provider::value(Seen::default())], microservices = [Methods])]
struct MethodsModule;

pub(crate) async fn serve(address: &str) -> Result<(), Failure> {
    let options = GrpcMicroserviceOptions::new(address).proto(DESCRIPTORS);
    let app = NestFactory::create_microservice_grpc::<MethodsModule>(options);
    let app = app.start().await?;
    let bound = app.local_addr();
    load::serve(bound.map_or(address.to_owned(), |bound| bound.to_string())).await?;
    app.shutdown().await;
    Ok(())
}

pub(crate) struct Client {
    channel: GrpcChannel,
    methods: NotesClient<GrpcChannel>,
}

pub(crate) async fn connect(address: &str) -> Result<Client, Failure> {
    let channel = GrpcChannel::new(GrpcTransportOptions::new(address));
    let methods = NotesClient::new(channel.clone());
    let client = Client { channel, methods };
    // It connects with its first call.
    client.seen().await?;
    Ok(client)
}

impl Client {
    /// Clones share the connection.
    fn methods(&self) -> NotesClient<GrpcChannel> {
        self.methods.clone()
    }
}

fn of(note: &Note) -> proto::Note {
    proto::Note {
        id: note.id,
        text: note.text.clone(),
    }
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        let proto::Note { id, text } = self.methods().echo(of(note)).await?.into_inner();
        Ok(Note { id, text })
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        self.methods().event(of(note)).await?;
        Ok(())
    }

    async fn seen(&self) -> Result<u64, Failure> {
        let seen = self.methods().seen(proto::Ask { numbers: 0 }).await?;
        Ok(seen.into_inner().number)
    }

    async fn stream(&self, numbers: u64) -> Result<u64, Failure> {
        let stream = self.methods().stream(proto::Ask { numbers }).await?;
        let mut stream = stream.into_inner();
        let mut came = 0;
        while stream.message().await?.is_some() {
            came += 1;
        }
        Ok(came)
    }

    async fn close(&self) {
        self.channel.close();
    }
}
