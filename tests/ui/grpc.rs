//! Handlers of gRPC that are of no method, or of too many.
use nestrs::prelude::*;

#[derive(Clone, PartialEq, prost::Message)]
pub struct Number {
    #[prost(int32, tag = "1")]
    value: i32,
}

#[injectable]
struct Names;

#[micro_routes]
impl Names {
    #[grpc_method]
    async fn no_service(&self, number: Number) -> Number {
        number
    }

    #[grpc_method("math/Math", "Add")]
    async fn no_name(&self, number: Number) -> Number {
        number
    }

    #[grpc_method("math.Math", "Add", "Sub")]
    async fn two_names(&self, number: Number) -> Number {
        number
    }

    #[grpc_method("math.Math")]
    #[grpc_method("math.Other")]
    async fn two_services(&self, number: Number) -> Number {
        number
    }

    #[grpc_method("math.Math")]
    #[message_pattern("math.add")]
    async fn also_a_pattern(&self, number: Number) -> Number {
        number
    }
}

#[injectable]
struct Blocks;

#[grpc_service]
impl Blocks {}

#[injectable]
struct Paths;

#[grpc_service(math::Math)]
impl Paths {}

#[injectable]
struct Patterns;

#[grpc_service(math.Math)]
impl Patterns {
    #[message_pattern("math.add")]
    async fn add(&self, number: Number) -> Number {
        number
    }

    fn helper(&self) {}
}

trait Adds {}

#[injectable]
struct Traits;

#[grpc_service(math.Math)]
impl Adds for Traits {}

#[grpc_method("math.Math", "Add")]
async fn lost() {}

fn main() {}
