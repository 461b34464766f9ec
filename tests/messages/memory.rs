//! Two applications that meet in memory, held together by a contract.

use std::convert::Infallible;
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use nestrs::RunningApplication;
use nestrs::core::ClientStatus;
use nestrs::microservices::{
    ErrorKind, MemoryHub, MemoryMicroserviceOptions, MemoryTransportOptions,
};
use nestrs::prelude::*;
use tokio::sync::Semaphore;

#[message_contract]
trait Stock {
    /// Takes one off the shelf.
    #[message_pattern("stock.take")]
    async fn take(&self, item: String) -> Result<u32, TransportError>;

    #[message_pattern("stock.wait")]
    async fn wait(&self);
}

#[injectable]
struct StockService {
    ends: Arc<Semaphore>,
}

/// Held by a handler while it runs.
struct Running(Arc<Semaphore>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.add_permits(1);
    }
}

#[micro_routes]
impl Stock for StockService {
    async fn take(&self, item: String) -> Result<u32, TransportError> {
        match item.as_str() {
            "tea" => Ok(3),
            other => Err(TransportError::new(format!("no {other} left"))),
        }
    }

    async fn wait(&self) {
        let _running = Running(self.ends.clone());
        std::future::pending().await
    }
}

#[module(providers = [Provider::value(Semaphore::new(0))], microservices = [StockService])]
struct StockModule;

static HUB: LazyLock<MemoryHub> = LazyLock::new(MemoryHub::new);

#[module(providers = [Provider::value(HUB.clone())], exports = [MemoryHub])]
struct HubModule;

#[injectable]
struct Shop {
    client: Arc<ClientProxy>,
}

#[module(
    imports = [
        ClientsModule::register_async(["stock"], |hub: Arc<MemoryHub>| async move {
            let options = MemoryTransportOptions::new(&hub);
            let patient = ClientConfig::memory("stock", options);
            Ok::<_, Infallible>(vec![patient.timeout(Duration::MAX)])
        })
        .import(HubModule),
    ],
    providers = [Shop],
)]
struct ShopModule;

async fn start<M: Module>(hub: &MemoryHub) -> RunningApplication {
    let options = MemoryMicroserviceOptions::new(hub);
    let app = NestFactory::create_microservice::<M>(options).start().await;
    app.unwrap()
}

#[tokio::test]
async fn a_shop_asks_its_stock_and_closes() {
    let stock = start::<StockModule>(&HUB).await;
    let shop = start::<ShopModule>(&MemoryHub::new()).await;
    let ends = stock.get::<Semaphore>().unwrap();
    let client = shop.get::<Shop>().unwrap().client.clone();
    let shelves = StockClient::new(ClientProxy::clone(&client));

    assert_eq!(shelves.take(&"tea".to_owned()).await, Ok(3));
    let error = shelves.take(&"milk".to_owned()).await.unwrap_err();
    assert_eq!(error.message, "no milk left");

    // Its handler ends with the call.
    let message = client.message("stock.wait", &());
    let waited = message.timeout(Duration::from_millis(20)).send::<()>();
    assert_eq!(waited.await.unwrap_err().kind(), ErrorKind::Timeout);
    ends.acquire().await.unwrap().forget();

    let waits = shelves.wait();
    let (waited, ()) = tokio::join!(waits, shop.shutdown());
    assert_eq!(waited.unwrap_err().kind(), ErrorKind::ConnectionClosed);

    let mut status = client.status();
    assert_eq!(status.next().await, Some(ClientStatus::Connected));
}
