//! Attributes of methods with something wrong in them, or in the wrong place.
use nestrs::prelude::*;

#[injectable]
struct Orders;

#[micro_routes]
impl Orders {
    #[message_pattern]
    async fn no_pattern(&self) {}

    #[message_pattern(ORDERS)]
    async fn constant(&self) {}

    #[message_pattern({ cmd: "sum" })]
    async fn key_without_quotes(&self) {}

    #[event_pattern("order", transport = Tcp)]
    async fn argument(&self) {}

    #[use_micro_guards(Guard)]
    async fn no_handler(&self) {}

    #[message_pattern("empty")]
    #[use_micro_pipes()]
    async fn empty(&self) {}

    #[on_event("order.created")]
    async fn listener(&self) {}
}

#[injectable]
struct Audit;

#[event_routes]
impl Audit {
    #[event_pattern("order.created")]
    async fn handler(&self) {}

    #[on_event(OrderCreated)]
    async fn no_text(&self) {}
}

impl Audit {
    #[message_pattern("outside")]
    async fn outside(&self) {}

    #[on_event("outside")]
    async fn outside_too(&self) {}
}

fn main() {}
