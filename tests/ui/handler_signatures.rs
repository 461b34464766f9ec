//! Methods that cannot be handlers.
use nestrs::prelude::*;

#[injectable]
struct Orders;

#[micro_routes]
impl Orders {
    #[message_pattern("not.async")]
    fn not_async(&self) {}

    #[message_pattern("by.value")]
    async fn by_value(self) {}

    #[message_pattern("mutable")]
    async fn mutable(&mut self) {}

    #[message_pattern("no.self")]
    async fn no_self(order: u32) {}

    #[message_pattern("two")]
    async fn two(&self, id: u32, name: String) {}

    #[message_pattern("generic")]
    async fn generic<T>(&self, payload: T) {}

    #[message_pattern("borrowed")]
    async fn borrowed(&self, name: &str) {}
}

#[module(microservices = [Orders])]
struct AppModule;

fn main() {}
