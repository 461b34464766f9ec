use nestrs::prelude::*;

#[injectable]
struct OrdersService {
    client: std::sync::Arc<ClientProxy>,
}

impl OrdersService {
    pub async fn notify_billing(&self, order_id: &str) -> Result<(), TransportError> {
        self.client.emit("billing.order_created", &serde_json::json!({
            "order_id": order_id
        })).await
    }
}
