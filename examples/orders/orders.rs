//! The orders microservice: takes orders, has them paid, keeps them.

use std::sync::Arc;

use nestrs::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Mutex;

/// What an order is placed with.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct NewOrder {
    pub(crate) customer: String,
    pub(crate) item: String,
    pub(crate) quantity: u32,
}

/// An order that was placed.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Order {
    pub(crate) id: usize,
    pub(crate) customer: String,
    pub(crate) item: String,
    pub(crate) quantity: u32,
    /// In cents.
    pub(crate) total: u64,
}

#[injectable]
pub(crate) struct OrdersService {
    clients: Arc<ClientsService>,
    bus: Arc<EventBus>,
    #[inject(default)]
    orders: Mutex<Vec<Order>>,
}

#[micro_routes]
impl OrdersService {
    #[message_pattern("orders.create")]
    #[use_micro_guards(KnownCustomer)]
    #[use_micro_pipes(TidyItem)]
    async fn create(&self, order: NewOrder) -> Result<Order, TransportError> {
        let billing = self.clients.expect("billing");
        let total: u64 = billing.send("billing.charge", &order).await?;
        let order = self.keep(order, total).await;
        self.bus.publish("order.created", json!(order)).await;
        Ok(order)
    }

    #[message_pattern("orders.find")]
    async fn find(&self, id: usize) -> Result<Order, TransportError> {
        let orders = self.orders.lock().await;
        let found = orders.iter().find(|order| order.id == id).cloned();
        found.ok_or_else(|| {
            TransportError::new(format!("no order {id}"))
                .with_details(json!({ "code": "NOT_FOUND" }))
        })
    }
}

impl OrdersService {
    async fn keep(
        &self,
        NewOrder {
            customer,
            item,
            quantity,
        }: NewOrder,
        total: u64,
    ) -> Order {
        let mut orders = self.orders.lock().await;
        let order = Order {
            id: orders.len() + 1,
            customer,
            item,
            quantity,
            total,
        };
        orders.push(order.clone());
        order
    }
}

/// Lets only those order whom we know by name.
#[derive(Default)]
struct KnownCustomer;

#[async_trait]
impl MicroCanActivate for KnownCustomer {
    async fn can_activate_micro(&self, _: &str, payload: &Value) -> Result<(), TransportError> {
        match payload["customer"].as_str() {
            Some(name) if !name.trim().is_empty() => Ok(()),
            _ => Err(TransportError::new("who orders? `customer` is missing")
                .with_details(json!({ "code": "FORBIDDEN" }))),
        }
    }
}

/// `" Book "` is a book.
#[derive(Default)]
struct TidyItem;

#[async_trait]
impl MicroPipeTransform for TidyItem {
    async fn transform_micro(&self, _: &str, mut payload: Value) -> Result<Value, TransportError> {
        if let Some(item) = payload["item"].as_str() {
            payload["item"] = item.trim().to_lowercase().into();
        }
        Ok(payload)
    }
}
