//! Plain tonic, with a service of its own instead of patterns, and protobuf instead of JSON.

use std::sync::Arc;

use futures_util::{Stream, StreamExt, stream};
use load::{Caller, Failure, Note, Seen};
use tokio::net::TcpListener;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::{Channel, Endpoint, Server};
use tonic::{Request, Response, Status};

mod proto {
    tonic::include_proto!("notes");
}

use proto::notes_client::NotesClient;
use proto::notes_server::{Notes, NotesServer};

struct Service(Arc<Seen>);

#[tonic::async_trait]
impl Notes for Service {
    type StreamStream = std::pin::Pin<Box<dyn Stream<Item = Result<proto::Number, Status>> + Send>>;

    async fn echo(&self, note: Request<proto::Note>) -> Result<Response<proto::Note>, Status> {
        Ok(Response::new(note.into_inner()))
    }

    async fn stream(
        &self,
        ask: Request<proto::Ask>,
    ) -> Result<Response<Self::StreamStream>, Status> {
        let numbers = 0..ask.into_inner().numbers;
        let numbers = stream::iter(numbers.map(|number| Ok(proto::Number { number })));
        Ok(Response::new(Box::pin(numbers)))
    }

    async fn seen(&self, _: Request<proto::Ask>) -> Result<Response<proto::Number>, Status> {
        let number = self.0.count();
        Ok(Response::new(proto::Number { number }))
    }

    async fn event(&self, _: Request<proto::Note>) -> Result<Response<proto::Nothing>, Status> {
        self.0.one_more();
        Ok(Response::new(proto::Nothing {}))
    }
}

pub(crate) async fn serve(address: &str) -> Result<(), Failure> {
    let listener = TcpListener::bind(address).await?;
    let address = listener.local_addr()?;
    let service = NotesServer::new(Service(Arc::default()));
    let connections = TcpListenerStream::new(listener)
        .map(|connection| connection.and_then(|stream| stream.set_nodelay(true).map(|()| stream)));
    let server = Server::builder().add_service(service);
    tokio::spawn(server.serve_with_incoming(connections));
    load::serve(address).await
}

pub(crate) struct Client(NotesClient<Channel>);

pub(crate) async fn connect(address: &str) -> Result<Client, Failure> {
    let endpoint = Endpoint::from_shared(format!("http://{address}"))?.tcp_nodelay(true);
    Ok(Client(NotesClient::new(endpoint.connect().await?)))
}

impl Client {
    /// Clones share the connection.
    fn driver(&self) -> NotesClient<Channel> {
        self.0.clone()
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
        let proto::Note { id, text } = self.driver().echo(of(note)).await?.into_inner();
        Ok(Note { id, text })
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        self.driver().event(of(note)).await?;
        Ok(())
    }

    async fn seen(&self) -> Result<u64, Failure> {
        let seen = self.driver().seen(proto::Ask { numbers: 0 }).await?;
        Ok(seen.into_inner().number)
    }

    async fn stream(&self, numbers: u64) -> Result<u64, Failure> {
        let stream = self.driver().stream(proto::Ask { numbers }).await?;
        let mut stream = stream.into_inner();
        let mut came = 0;
        while stream.message().await?.is_some() {
            came += 1;
        }
        Ok(came)
    }
}
