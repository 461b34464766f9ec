//! A handler has no more messages in hand than it says.
#![allow(clippy::unwrap_used)]

extern crate nestrs_microservices as nestrs;

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use common::served::{module_of, serve};
use futures_util::future::join_all;
use futures_util::{Stream, StreamExt, stream};
use nestrs_di::injectable;
use nestrs_microservices::micro_routes;

#[injectable]
struct Busy {
    #[inject(default)]
    now: Arc<AtomicUsize>,
    #[inject(default)]
    most: Arc<AtomicUsize>,
}

#[micro_routes]
impl Busy {
    #[message_pattern("work", max_in_flight = 3)]
    async fn work(&self) {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.now.fetch_sub(1, Ordering::SeqCst);
    }

    #[message_pattern("stream", max_in_flight = 1)]
    async fn stream(&self) -> impl Stream<Item = u8> + use<> {
        stream::iter([1]).chain(stream::pending())
    }

    #[message_pattern("other")]
    async fn other(&self) {}
}

module_of!(BusyModule: Busy);

#[tokio::test]
async fn a_handler_has_no_more_in_hand_than_it_says() {
    let app = serve::<BusyModule>().await;
    let calls = (0..100).map(|_| app.client.send::<_, ()>("work", &()));
    assert!(join_all(calls).await.into_iter().all(|call| call.is_ok()));
    let busy = app.container.get::<Busy>().unwrap();
    assert_eq!(busy.most.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_stream_is_in_hand_until_its_end_and_others_do_not_wait_for_it() {
    let app = serve::<BusyModule>().await;
    let start = || async {
        app.client
            .send_stream::<_, u8>("stream", &())
            .await
            .unwrap()
    };
    let mut first = start().await;
    assert_eq!(first.next().await, Some(Ok(1)));

    let mut second = start().await;
    let mut waiting = second.next();
    app.client.send::<_, ()>("other", &()).await.unwrap();
    assert!(futures_util::poll!(&mut waiting).is_pending());
    drop(first);
    assert_eq!(waiting.await, Some(Ok(1)));
}
