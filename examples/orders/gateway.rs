//! The HTTP side: turns requests into messages and back. What the messages'
//! errors say of themselves, `NOT_FOUND` or `FORBIDDEN`, is the status.

use std::sync::Arc;

use nestrs::axum::Json;
use nestrs::axum::extract::Path;
use nestrs::axum::http::StatusCode;
use nestrs::prelude::*;
use serde_json::Value;

use super::orders::Order;

#[controller("/orders")]
pub(crate) struct OrdersController {
    clients: Arc<ClientsService>,
}

#[routes]
impl OrdersController {
    #[post]
    async fn create(
        &self,
        Json(order): Json<Value>,
    ) -> Result<(StatusCode, Json<Order>), HttpException> {
        let orders = self.clients.expect("orders");
        let order = orders.send("orders.create", &order).await?;
        Ok((StatusCode::CREATED, Json(order)))
    }

    #[get("/{id}")]
    async fn find(&self, Path(id): Path<usize>) -> Result<Json<Order>, HttpException> {
        let orders = self.clients.expect("orders");
        Ok(Json(orders.send("orders.find", &id).await?))
    }
}
