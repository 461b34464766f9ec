//! tarpc over TCP, with JSON. It has neither events nor streams: what stands for an event is a call whose answer is nothing.

use std::sync::Arc;

use futures_util::StreamExt;
use load::{Caller, Failure, Note, Seen};
use tarpc::server::{BaseChannel, Channel};
use tarpc::tokio_serde::formats::Json;
use tarpc::{client, context, serde_transport::tcp};

#[tarpc::service]
trait Notes {
    async fn echo(note: Note) -> Note;
    async fn seen() -> u64;
    async fn note(note: Note);
}

#[derive(Clone)]
struct Server(Arc<Seen>);

impl Notes for Server {
    async fn echo(self, _: context::Context, note: Note) -> Note {
        note
    }

    async fn seen(self, _: context::Context) -> u64 {
        self.0.count()
    }

    async fn note(self, _: context::Context, _note: Note) {
        self.0.one_more();
    }
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let (side, _, address) = load::arguments()?;
    match side.as_str() {
        "server" => serve(&address).await,
        _ => load::run(|| connect(&address)).await,
    }
}

async fn serve(address: &str) -> Result<(), Failure> {
    let mut connections = tcp::listen(address, Json::default).await?;
    let address = connections.local_addr();
    let seen = Arc::<Seen>::default();
    tokio::spawn(async move {
        while let Some(Ok(transport)) = connections.next().await {
            let requests = BaseChannel::with_defaults(transport);
            let requests = requests.execute(Server(seen.clone()).serve());
            tokio::spawn(requests.for_each(async |request| drop(tokio::spawn(request))));
        }
    });
    load::serve(address).await
}

struct Client(NotesClient);

async fn connect(address: &str) -> Result<Client, Failure> {
    let transport = tcp::connect(address, Json::default).await?;
    Ok(Client(
        NotesClient::new(client::Config::default(), transport).spawn(),
    ))
}

impl Caller for Client {
    async fn call(&self, note: &Note) -> Result<Note, Failure> {
        Ok(self.0.echo(context::current(), note.clone()).await?)
    }

    async fn emit(&self, note: &Note) -> Result<(), Failure> {
        Ok(self.0.note(context::current(), note.clone()).await?)
    }

    async fn seen(&self) -> Result<u64, Failure> {
        Ok(self.0.seen(context::current()).await?)
    }
}
