//! Handlers whose types do not do.
use std::rc::Rc;

use nestrs::prelude::*;

struct Order;
struct Trouble;

#[injectable]
struct Orders;

#[micro_routes]
impl Orders {
    #[message_pattern("payload")]
    async fn payload(&self, order: Order) {}

    #[message_pattern("returned")]
    async fn returned(&self) -> Order {
        Order
    }

    #[message_pattern("in.result")]
    async fn in_result(&self) -> Result<Order, TransportError> {
        Ok(Order)
    }

    #[message_pattern("error")]
    async fn error(&self) -> Result<u32, Trouble> {
        Err(Trouble)
    }
}

#[injectable]
struct Local;

#[micro_routes]
impl Local {
    #[message_pattern("not.send")]
    async fn not_send(&self) {
        let count = Rc::new(1);
        std::future::ready(()).await;
        drop(count);
    }
}

#[injectable]
struct Audit;

#[event_routes]
impl Audit {
    #[on_event("order.created")]
    async fn created(&self, order: Order) {}
}

fn main() {}
