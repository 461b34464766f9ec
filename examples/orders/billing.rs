//! The billing microservice. It could be anybody's, a NestJS one for example:
//! whatever answers `billing.charge` over TCP.

use nestrs::prelude::*;

use super::orders::NewOrder;

#[injectable]
pub(crate) struct BillingService;

#[micro_routes]
impl BillingService {
    #[message_pattern("billing.charge")]
    async fn charge(&self, order: NewOrder) -> u64 {
        u64::from(order.quantity) * 999
    }
}

#[module(microservices = [BillingService])]
pub(crate) struct BillingModule;
