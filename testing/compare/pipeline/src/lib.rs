//! An application whose handlers all do the same, each with something else around it, and messages for them.

extern crate nestrs_microservices as nestrs;

pub mod cases;
mod enhancers;
pub mod messages;

use std::sync::Arc;

use garde::Validate;
use nestrs_di::{Container, Graph, Module, ModuleDefinition, injectable};
use nestrs_microservices::{Ctx, Dispatcher, ValidationPipe, micro_routes, microservice};
use serde::{Deserialize, Serialize};

use enhancers::{Headers, Passing, Same};

/// What handlers take.
#[derive(Deserialize, Serialize, Validate)]
pub struct Order {
    #[garde(range(min = 1))]
    pub id: u64,
    #[garde(range(min = 1, max = 100))]
    pub quantity: u32,
}

/// And what they answer.
#[derive(Deserialize, Serialize)]
pub struct Receipt {
    pub id: u64,
}

impl Order {
    fn receipt(self) -> Receipt {
        Receipt { id: self.id }
    }
}

/// One for each message.
#[injectable(scope = "request")]
pub struct Tenant {
    _ctx: Arc<Ctx>,
}

#[injectable]
pub struct Orders;

#[micro_routes]
impl Orders {
    #[message_pattern("bare")]
    async fn bare(&self, order: Order) -> Receipt {
        order.receipt()
    }

    #[message_pattern("guard")]
    #[use_micro_guards(Headers)]
    async fn guard(&self, order: Order) -> Receipt {
        order.receipt()
    }

    #[message_pattern("pipe")]
    #[use_micro_pipes(Same)]
    async fn pipe(&self, order: Order) -> Receipt {
        order.receipt()
    }

    #[message_pattern("validation")]
    #[use_micro_pipes(ValidationPipe)]
    async fn validation(&self, order: Order) -> Receipt {
        order.receipt()
    }

    #[message_pattern("interceptor")]
    #[use_micro_interceptors(Passing)]
    async fn interceptor(&self, order: Order) -> Receipt {
        order.receipt()
    }

    #[message_pattern("all three")]
    #[use_micro_guards(Headers)]
    #[use_micro_pipes(Same)]
    #[use_micro_interceptors(Passing)]
    async fn all_three(&self, order: Order) -> Receipt {
        order.receipt()
    }

    #[message_pattern("request scope")]
    async fn request_scope(&self, _tenant: Arc<Tenant>, order: Order) -> Receipt {
        order.receipt()
    }

    #[event_pattern("event")]
    async fn event(&self, order: Order) {
        std::hint::black_box(order);
    }
}

struct OrdersModule;

impl Module for OrdersModule {
    fn definition() -> ModuleDefinition {
        microservice::<Orders>(ModuleDefinition::of::<Self>().provide_type::<Tenant>())
    }
}

/// The application's container.
///
/// # Panics
///
/// If something of it is missing.
pub async fn container() -> Container {
    let graph = Graph::of::<OrdersModule>().expect("everything is provided");
    graph.construct().await.expect("nothing fails")
}

/// What a server calls.
///
/// # Panics
///
/// As [`container`].
pub fn dispatcher(container: &Container) -> Dispatcher {
    Dispatcher::of(container).expect("everything is provided")
}
