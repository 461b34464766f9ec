//! A server that is stopped.

use nestrs_core::Transport;
use nestrs_transport_rabbitmq::RabbitMqQueueOptions;
use serde_json::json;

use crate::common::{Raw, Server, pair, server_options, soon, unique};
use nestrs_transport_rabbitmq::RabbitMqRouting;

#[tokio::test]
async fn what_is_in_hand_is_answered_and_the_rest_is_left_to_others() {
    let dead = unique("dead");
    let of_queue = RabbitMqQueueOptions::default().dead_letter_queue(&dead);
    let (server, client, queue) = pair(
        |options| options.queue(of_queue.clone()).prefetch(50),
        &["gated"],
    )
    .await;
    let calls: Vec<_> = (0..200)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { (n, client.send_json("gated", json!(n)).await) })
        })
        .collect();
    let begun = server.journal.until_begun(50).await;
    server.shutdown.stop();
    server.journal.gate.add_permits(50);
    soon("the server stops", server.done).await.unwrap();
    assert_eq!(server.journal.begun.borrow().len(), 50);

    // Another instance takes the rest.
    let options = server_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let next = Server::start(options.queue(of_queue), &["gated"]).await;
    next.journal.gate.add_permits(150);
    for call in calls {
        let (n, reply) = soon("a reply", call).await.unwrap();
        assert_eq!(reply.unwrap(), n);
    }
    let rest = next.journal.begun.borrow().clone();
    assert_eq!(rest.len(), 150);
    assert!(rest.iter().all(|n| !begun.contains(n)));
    next.stop().await;
    let raw = Raw::connect().await;
    assert_eq!((raw.count(&queue).await, raw.count(&dead).await), (0, 0));
}

#[tokio::test]
async fn what_is_aborted_is_delivered_again() {
    let (server, client, queue) = pair(|options| options, &["gated"]).await;
    client.emit_json("gated", json!(1)).await.unwrap();
    server.journal.until_begun(1).await;
    server.shutdown.stop();
    server.shutdown.abort();
    soon("the server stops", server.done).await.unwrap();
    let options = server_options()
        .await
        .routing(RabbitMqRouting::queue(&queue));
    let next = Server::start(options, &["gated"]).await;
    next.journal.gate.add_permits(1);
    assert_eq!(next.journal.until_begun(1).await, [1]);
    next.stop().await;
    assert_eq!(Raw::connect().await.count(&queue).await, 0);
}
