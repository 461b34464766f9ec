//! However much comes in, no more is in hand than a server allows.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::served::{construct, listen, module_of};
use futures_util::future::join_all;
use nestrs_di::injectable;
use nestrs_microservices::{Dispatcher, micro_routes};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

const EVENTS: usize = 20_000;
const LIMIT: usize = 50;

/// Handlers that wait at a gate.
#[injectable]
struct Slow {
    #[inject(default)]
    begun: AtomicUsize,
    #[inject(default)]
    now: AtomicUsize,
    #[inject(default)]
    most: AtomicUsize,
    #[inject(default)]
    gate: Gate,
}

struct Gate(Semaphore);

impl Default for Gate {
    fn default() -> Self {
        Self(Semaphore::new(0))
    }
}

#[micro_routes]
impl Slow {
    #[event_pattern("slow")]
    async fn slow(&self) {
        self.begun.fetch_add(1, Ordering::SeqCst);
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        self.gate.0.acquire().await.unwrap().forget();
        self.now.fetch_sub(1, Ordering::SeqCst);
    }
}

module_of!(SlowModule: Slow);

#[tokio::test]
async fn a_flood_of_slow_events_waits_at_its_senders() {
    let container = construct::<SlowModule>().await;
    let dispatcher = Arc::new(Dispatcher::of(&container).unwrap());
    let app = listen(container, dispatcher, LIMIT).await;
    let slow = app.container.get::<Slow>().unwrap();
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();

    let client = app.client.clone();
    let flood =
        tokio::spawn(async move { join_all((0..EVENTS).map(|_| client.emit("slow", &()))).await });
    // Everything that can run has run.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    // As many as there is room for, no fewer and no more; the flood is a task too.
    assert_eq!(slow.begun.load(Ordering::SeqCst), LIMIT);
    assert_eq!(tasks() - before, LIMIT + 1);
    let mut most = 0;
    while slow.begun.load(Ordering::SeqCst) < EVENTS {
        slow.gate.0.add_permits(LIMIT);
        tokio::task::yield_now().await;
        most = most.max(tasks() - before);
    }
    slow.gate.0.add_permits(LIMIT);
    assert!(flood.await.unwrap().into_iter().all(|sent| sent.is_ok()));
    assert!(most <= LIMIT + 1, "{most} tasks");
    assert_eq!(slow.most.load(Ordering::SeqCst), LIMIT);
    app.drain().await;
    assert_eq!(slow.now.load(Ordering::SeqCst), 0);
}
