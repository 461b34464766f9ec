//! `impl` blocks that cannot have handlers or listeners.
use nestrs::prelude::*;

struct Audit<T>(T);

#[event_routes]
impl<T: Send + Sync + 'static> Audit<T> {
    #[on_event("order.created")]
    async fn created(&self) {}
}

struct Orders;

#[micro_routes("orders")]
impl Orders {
    #[message_pattern("create")]
    async fn create(&self) {}
}

#[micro_routes]
impl Drop for Orders {
    fn drop(&mut self) {}
}

#[micro_routes]
struct NoBlock;

fn main() {}
