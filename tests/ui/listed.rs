//! Types that are listed in a module and do not belong there.
use nestrs::prelude::*;

struct Plain;

#[injectable]
struct NoHandlers;

#[injectable]
struct NoRoutes;

struct NotInjectable;

#[micro_routes]
impl NotInjectable {
    #[message_pattern("a")]
    async fn a(&self) {}
}

#[module(providers = [Plain])]
struct Providers;

#[module(microservices = [NoHandlers])]
struct Microservices;

#[module(microservices = [NotInjectable])]
struct MicroservicesToo;

#[module(controllers = [NoRoutes])]
struct Controllers;

#[module(imports = [Plain])]
struct Imports;

fn main() {
    NestFactory::create_microservice::<Plain>(
        nestrs::microservices::TcpMicroserviceOptions::default(),
    );
}
