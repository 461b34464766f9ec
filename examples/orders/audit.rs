//! Hears of every order that is placed in this process.

use nestrs::prelude::*;

use super::orders::Order;

#[injectable]
pub(crate) struct AuditLog;

#[event_routes]
impl AuditLog {
    #[on_event("order.created")]
    async fn order_created(&self, order: Order) {
        println!(
            "audit: order {} of {} for {}",
            order.id, order.item, order.customer
        );
    }
}
