#[injectable]
struct MyService {
    clients: std::sync::Arc<ClientsService>,
}

impl MyService {
    pub async fn send_billing(&self) -> Result<(), TransportError> {
        let proxy = self.clients.expect("billing");
        proxy.emit("billing.event", &serde_json::json!({})).await
    }
}
