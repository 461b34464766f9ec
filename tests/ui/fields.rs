//! Fields the container cannot fill.
use std::sync::Arc;

use nestrs::prelude::*;

#[injectable]
struct Orders {
    clients: ClientsService,
    count: u32,
    name: Option<String>,
    bus: Arc<EventBus>,
}

#[injectable]
struct Tuple(Box<Orders>);

fn main() {}
