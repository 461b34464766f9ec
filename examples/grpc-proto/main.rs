//! A service of a proto file, and a client of it that is injected.
//!
//! ```text
//! cargo run --example grpc-proto     # ADDR=host:port for another address
//! grpcurl -plaintext -d '{"item":"screws","count":7}' localhost:5000 shop.Stock/Take
//! ```

use std::collections::HashMap;
use std::sync::Arc;

use nestrs::microservices::{GrpcChannel, GrpcMicroserviceOptions, GrpcTransportOptions};
use nestrs::prelude::*;
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt, wrappers::WatchStream};
use tonic::Status;

use shop::stock_client::StockClient;
use shop::{Delivered, Item, Pieces};

#[allow(clippy::all, missing_docs, unreachable_pub)]
mod shop {
    include!(concat!(env!("OUT_DIR"), "/shop.rs"));
}

const DESCRIPTORS: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/stock.bin"));

#[injectable]
struct Stock {
    #[inject(default)]
    items: watch::Sender<HashMap<String, u32>>,
}

#[grpc_service(shop.Stock)]
impl Stock {
    async fn take(&self, wanted: Pieces) -> Result<Pieces, Status> {
        let taken = self.items.send_if_modified(|items| {
            let count = items.entry(wanted.item.clone()).or_default();
            match count.checked_sub(wanted.count) {
                Some(left) => *count = left,
                None => return false,
            }
            true
        });
        match taken {
            true => Ok(wanted),
            false => Err(Status::out_of_range(format!("not so many {}", wanted.item))),
        }
    }

    async fn watch(&self, item: Item) -> impl Stream<Item = Pieces> + use<> {
        WatchStream::new(self.items.subscribe()).map(move |items| Pieces {
            count: items.get(&item.name).copied().unwrap_or_default(),
            item: item.name.clone(),
        })
    }

    async fn unload(&self, mut pieces: GrpcStream<Pieces>) -> Result<Delivered, TransportError> {
        let mut delivered = Delivered::default();
        while let Some(Pieces { item, count }) = pieces.message().await? {
            delivered.count += count;
            self.items
                .send_modify(|items| *items.entry(item).or_default() += count);
        }
        Ok(delivered)
    }
}

/// Another service would have it.
#[injectable]
struct Supplier {
    stock: Arc<StockClient<GrpcChannel>>,
}

impl Supplier {
    async fn deliver(&self) -> Result<u32, Status> {
        let pieces = ["screws", "nuts", "screws"].map(|item| Pieces {
            item: item.to_owned(),
            count: 10,
        });
        let mut stock = StockClient::clone(&self.stock);
        let delivered = stock.unload(tokio_stream::iter(pieces)).await?;
        Ok(delivered.into_inner().count)
    }
}

#[module(
    imports = [ClientsModule::register(&[
        ClientConfig::grpc("stock", GrpcTransportOptions::new(addr())),
    ])],
    providers = [grpc_client("stock", StockClient::new), Supplier],
    microservices = [Stock],
)]
struct AppModule;

fn addr() -> String {
    std::env::var("ADDR").unwrap_or_else(|_| "127.0.0.1:5000".to_owned())
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut options = GrpcMicroserviceOptions::new(addr()).proto(DESCRIPTORS);
    options.reflection = true;
    let app = NestFactory::create_microservice_grpc::<AppModule>(options)
        .start()
        .await?;
    let supplier = app.get::<Supplier>().ok_or("`AppModule` provides it")?;
    println!("{} pieces delivered. Try:", supplier.deliver().await?);
    let wanted = r#"{"item":"screws","count":7}"#;
    println!(
        "  grpcurl -plaintext -d '{wanted}' {} shop.Stock/Take",
        addr()
    );
    tokio::signal::ctrl_c().await?;
    app.shutdown().await;
    Ok(())
}
