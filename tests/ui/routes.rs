//! `#[controller]`, `#[routes]` and the attributes of their methods.
#![allow(unused_variables)]
use nestrs::axum::extract::Path;
use nestrs::prelude::*;

struct Order;

#[controller("/a", verison = "1")]
struct Misspelt;

#[controller("/orders/:id")]
struct Colon;

#[controller(version = 1)]
struct Number;

#[controller("/b")]
enum NoStruct {}

#[injectable]
struct Pathless;

#[routes]
impl Pathless {
    #[get]
    async fn a(&self) {}
}

#[controller("/c")]
struct Mistakes;

#[routes]
impl Mistakes {
    #[get("/{id")]
    async fn braces(&self) {}

    #[get(5)]
    async fn number(&self) {}

    #[get("/x", verison = "1")]
    async fn misspelt(&self) {}

    #[post]
    fn no_async(&self) {}

    #[post]
    async fn no_self() {}

    #[put]
    async fn borrowed(&self, name: &str) {}

    #[use_guards(Whoever)]
    async fn no_route(&self) {}

    #[get]
    #[use_micro_guards(Whoever)]
    async fn of_messages(&self) {}
}

#[controller("/d")]
struct Types;

#[routes]
impl Types {
    #[get]
    async fn no_extractor(&self, order: Order, Path(id): Path<u32>) {}

    #[post]
    async fn no_last_extractor(&self, Path(id): Path<u32>, order: Order) {}

    #[put]
    async fn no_response(&self) -> Order {
        Order
    }

    #[patch]
    #[use_guards(Order)]
    async fn no_guard(&self) {}

    #[delete]
    async fn not_send(&self) {
        let count = std::rc::Rc::new(1);
        std::future::ready(()).await;
        drop(count);
    }
}

struct Outside;

impl Outside {
    #[get("/")]
    async fn outside(&self) {}
}

fn main() {}
