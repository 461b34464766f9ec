//! A raw MQTT client, to speak to a server by hand.

use rumqttc_v4::{AsyncClient, Event, MqttOptions, Packet, PublishOptions, QoS};
use tokio::sync::mpsc;

use crate::common::{LIMIT, unique};

/// A client that knows nothing of packets.
pub(crate) struct Raw {
    client: AsyncClient,
    arrived: mpsc::UnboundedReceiver<(String, String)>,
}

impl Raw {
    pub(crate) async fn connect(url: &str, filters: &[&str]) -> Self {
        let (host, port) = url.trim_start_matches("mqtt://").split_once(':').unwrap();
        let options = MqttOptions::new(unique("raw"), (host, port.parse().unwrap()));
        let (client, mut events) = AsyncClient::builder(options).capacity(100).build();
        let (sender, arrived) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok(event) = events.poll().await {
                if let Event::Incoming(Packet::Publish(publish)) = event {
                    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                    let _ = sender.send((text(&publish.topic), text(&publish.payload)));
                }
            }
        });
        for filter in filters {
            let notice = client
                .subscribe_tracked(*filter, QoS::AtMostOnce)
                .await
                .unwrap();
            notice.wait_completion_async().await.unwrap();
        }
        Self { client, arrived }
    }

    pub(crate) async fn publish(&self, topic: &str, payload: &str) {
        let options = PublishOptions::at_most_once();
        self.client
            .publish(topic, payload.to_owned(), options)
            .await
            .unwrap();
    }

    pub(crate) async fn next(&mut self) -> (String, String) {
        let next = tokio::time::timeout(LIMIT, self.arrived.recv()).await;
        next.expect("nothing came").unwrap()
    }
}
