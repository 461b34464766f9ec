//! A service behind an MQTT broker: it answers requests and listens to sensors.
//!
//! ```text
//! mosquitto &                  # or any other broker
//! cargo run --example mqtt     # NESTRS_MQTT_URL=mqtt://host:port for another address
//! ```

use std::sync::Mutex;

use nestrs::microservices::{MqttContext, MqttMicroserviceOptions};
use nestrs::prelude::*;

#[injectable]
struct Thermometers {
    #[inject(default)]
    last: Mutex<Option<f64>>,
}

#[micro_routes]
impl Thermometers {
    /// Every sensor publishes what it measures, in whatever form: a number will do.
    #[event_pattern("sensors/+/temperature")]
    async fn measured(&self, celsius: f64, ctx: Ctx) {
        let topic = ctx.native::<MqttContext>().map(|mqtt| mqtt.topic.clone());
        println!("{}: {celsius} °C", topic.unwrap_or_default());
        if let Ok(mut last) = self.last.lock() {
            *last = Some(celsius);
        }
    }

    #[message_pattern("temperature")]
    async fn temperature(&self) -> Option<f64> {
        *self.last.lock().ok()?
    }
}

#[module(microservices = [Thermometers])]
struct AppModule;

#[tokio::main]
async fn main() {
    let url = std::env::var("NESTRS_MQTT_URL");
    let url = url.unwrap_or_else(|_| "mqtt://127.0.0.1:1883".to_owned());
    let port = url.rsplit(':').next().unwrap_or("1883").to_owned();
    println!("Try:");
    println!("  mosquitto_pub -p {port} -t sensors/roof/temperature -m 21.5");
    println!(
        r#"  mosquitto_rr -p {port} -t temperature -e temperature/reply -m '{{"pattern":"temperature","data":{{}},"id":"1"}}'"#
    );
    NestFactory::create_microservice_mqtt::<AppModule>(MqttMicroserviceOptions::new(url))
        .listen()
        .await;
}
