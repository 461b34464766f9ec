//! The examples, run as the processes their readers run.
#![deny(warnings)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../tests/common/mod.rs"]
mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use common::http::{Response, ask, post};
use common::{Socket, free_addr, until_accepting};
use serde_json::{Value, json};

/// An example that runs, until the test is over at the latest.
struct Example {
    process: Child,
    output: Receiver<String>,
}

impl Example {
    /// The example of that name, which cargo builds with the tests and puts
    /// beside them.
    fn start(name: &str, variables: &[(&str, String)]) -> Self {
        let tests = std::env::current_exe().unwrap();
        let built = tests.parent().and_then(|tests| tests.parent()).unwrap();
        let path = built.join("examples").join(name);
        let mut command = Command::new(&path);
        command.envs(variables.iter().map(|(name, value)| (name, value)));
        let mut process = command
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let (sender, output) = channel();
        let lines = BufReader::new(process.stdout.take().unwrap()).lines();
        std::thread::spawn(move || lines.map_while(Result::ok).try_for_each(|l| sender.send(l)));
        Self { process, output }
    }

    /// The next line it prints that has `part` in it.
    fn line_with(&self, part: &str) -> String {
        loop {
            match self.output.recv_timeout(Duration::from_secs(20)) {
                Ok(line) if line.contains(part) => return line,
                Ok(_) => {}
                Err(error) => panic!("it does not say {part:?}: {error}"),
            }
        }
    }

    /// Interrupts it as Ctrl-C does, and waits for its end.
    fn interrupt(mut self) -> Option<i32> {
        let pid = self.process.id().to_string();
        let kill = Command::new("kill").args(["-INT", &pid]).status();
        assert!(kill.unwrap().success());
        self.process.wait().unwrap().code()
    }
}

impl Drop for Example {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn json_of(response: &Response) -> Value {
    serde_json::from_str(&response.body).unwrap()
}

#[tokio::test]
async fn hello_answers_what_its_banner_says_to_send() {
    let addr = free_addr();
    let example = Example::start("hello", &[("PORT", addr.port().to_string())]);
    let line = example.line_with(&format!("nc -w1 localhost {}", addr.port()));
    let frame = line.split('\'').nth(1).unwrap();
    let (length, packet) = frame.split_once('#').unwrap();
    assert_eq!(length, packet.len().to_string());
    until_accepting(addr).await;

    let mut socket = Socket::connect(addr).await;
    socket.send(packet).await;
    let reply = json!({ "response": "Hello, Ada!", "isDisposed": true, "id": "1" });
    assert_eq!(socket.receive().await, Some(reply));
    assert_eq!(example.interrupt(), Some(0));
}

#[tokio::test]
async fn orders_does_what_its_banner_says() {
    let http = free_addr();
    let example = Example::start(
        "orders",
        &[
            ("PORT", http.port().to_string()),
            ("ORDERS_ADDR", free_addr().to_string()),
            ("BILLING_ADDR", free_addr().to_string()),
        ],
    );
    // What it tells its readers to type.
    let url = format!("curl -i localhost:{}/api", http.port());
    example.line_with(&format!("{url}/health"));
    example.line_with(&format!("{url}/orders -H 'content-type: application/json'"));
    let line = example.line_with("-d '");
    let order = line.split('\'').nth(1).unwrap();
    example.line_with(&format!("{url}/orders/1"));
    until_accepting(http).await;

    let response = ask(http, "GET /api/health", &[]).await;
    assert_eq!(
        (response.status, json_of(&response)),
        (200, json!({ "status": "ok" }))
    );

    let placed = post(http, "/api/orders", order).await;
    let expected = json!({
        "id": 1, "customer": "ada", "item": "book", "quantity": 2, "total": 1998,
    });
    assert_eq!((placed.status, json_of(&placed)), (201, expected.clone()));
    assert_eq!(
        example.line_with("audit:"),
        "audit: order 1 of book for ada"
    );

    let found = ask(http, "GET /api/orders/1", &[]).await;
    assert_eq!((found.status, json_of(&found)), (200, expected));

    // And what they will try next.
    let missing = ask(http, "GET /api/orders/2", &[]).await;
    let problem = json!({
        "title": "Not Found", "status": 404, "detail": "no order 2", "code": "NOT_FOUND",
    });
    assert_eq!((missing.status, json_of(&missing)), (404, problem));
    let ready = ask(http, "GET /api/ready", &[]).await;
    assert_eq!(
        (ready.status, &json_of(&ready)["status"]),
        (200, &json!("ok"))
    );
    let nobody = post(http, "/api/orders", r#"{"item":"x","quantity":1}"#).await;
    assert_eq!(nobody.status, 403, "{}", nobody.body);
    let wrong = post(
        http,
        "/api/orders",
        r#"{"customer":"ada","item":"x","quantity":"many"}"#,
    )
    .await;
    assert_eq!(wrong.status, 400);
    let message = json_of(&wrong)["detail"].to_string();
    assert!(message.contains("at `quantity`: invalid type"), "{message}");

    assert_eq!(example.interrupt(), Some(0));
}

#[tokio::test]
async fn mqtt_answers_with_what_a_sensor_published() {
    use nestrs::microservices::{MqttTransport, MqttTransportOptions, Transport};

    let broker = nestrs_brokers::Broker::mosquitto().start().await.unwrap();
    let example = Example::start("mqtt", &[("NESTRS_MQTT_URL", broker.url())]);
    example.line_with("mosquitto_pub -p");
    let client = MqttTransport::new(MqttTransportOptions::new(broker.url()));
    // Until it has subscribed nobody answers.
    let ask = || {
        let message = nestrs::core::Outgoing::new("temperature", "{}");
        client.send(message.timeout(Duration::from_millis(200)))
    };
    while ask().await.is_err() {}
    let event = json!(21.5);
    client
        .emit_json("sensors/roof/temperature", event)
        .await
        .unwrap();
    let line = example.line_with("sensors/roof");
    assert_eq!(line, "sensors/roof/temperature: 21.5 °C");
    let celsius = client.send_json("temperature", json!({})).await.unwrap();
    assert_eq!(celsius, 21.5);
    assert_eq!(example.interrupt(), Some(0));
}

#[tokio::test]
async fn grpc_and_http_answer_on_one_port() {
    use nestrs::microservices::{GrpcTransport, GrpcTransportOptions, Transport};

    let addr = free_addr();
    let example = Example::start("grpc", &[("NESTRS_GRPC_URL", addr.to_string())]);
    example.line_with(&format!("curl http://{addr}/prices/tea"));
    until_accepting(addr).await;
    let client = GrpcTransport::new(GrpcTransportOptions::new(addr));
    assert_eq!(
        client.send_json("prices.of", json!("cake")).await,
        Ok(json!(480))
    );
    let error = client.send_json("prices.of", json!("?")).await.unwrap_err();
    assert_eq!(error.details.unwrap()["code"], 5);
    assert_eq!(ask(addr, "GET /prices/tea", &[]).await.body, "350");
    assert_eq!(example.interrupt(), Some(0));
}

#[tokio::test]
async fn nats_counts_what_is_paid() {
    use nestrs::microservices::{NatsTransport, NatsTransportOptions, Transport};

    let broker = nestrs_brokers::Broker::nats().start().await.unwrap();
    let example = Example::start("nats", &[("NESTRS_NATS_URL", broker.url())]);
    let hint = example.line_with("PUB till.total");
    let client = NatsTransport::new(NatsTransportOptions::new(broker.url()));
    // Until it has subscribed nobody answers.
    while client.send_json("till.total", json!({})).await.is_err() {}
    client.emit_json("orders.7.paid", json!(995)).await.unwrap();
    let line = example.line_with("orders.7");
    assert_eq!(line, "orders.7.paid: 995 cents");
    let cents = client.send_json("till.total", json!({})).await.unwrap();
    assert_eq!(cents, 995);

    // What it says to try does what it says.
    let (command, _) = hint.rsplit_once(" | nc").unwrap();
    let lines = Command::new("sh")
        .args(["-c", command])
        .output()
        .unwrap()
        .stdout;
    let mut stream = std::net::TcpStream::connect(broker.address()).unwrap();
    std::io::Write::write_all(&mut stream, &lines).unwrap();
    let mut answers = BufReader::new(stream).lines().map(Result::unwrap);
    let answer = r#"{"response":995,"isDisposed":true,"id":"1"}"#;
    assert!(answers.any(|line| line == answer));
    assert_eq!(example.interrupt(), Some(0));
}

#[test]
fn testing_says_that_it_needs_what_its_tests_do_without() {
    let example = Example::start("testing", &[]);
    example.line_with("there is no database on this machine");
    example.line_with("Its tests do: cargo test");
}

#[tokio::test]
async fn redis_sends_a_mail_for_each_order() {
    use nestrs::microservices::{RedisTransport, RedisTransportOptions, Transport};

    let broker = nestrs_brokers::Broker::redis().start().await.unwrap();
    let example = Example::start("redis", &[("NESTRS_REDIS_URL", broker.url())]);
    example.line_with("redis-cli -u");
    let client = RedisTransport::new(RedisTransportOptions::new(broker.url()));
    // Until it has subscribed nobody answers.
    let place = || client.send_json("orders.place", json!({ "lamp": 2 }));
    let placed = loop {
        match place().await {
            Ok(placed) => break placed,
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    };
    assert_eq!(placed, json!({ "placed": { "lamp": 2 } }));
    let line = example.line_with("a mail");
    assert_eq!(line, r#"a mail for {"lamp":2}, attempt 1"#);
    assert_eq!(example.interrupt(), Some(0));
}

#[tokio::test]
async fn rabbitmq_tries_again_what_failed() {
    use nestrs::microservices::{RabbitMqTransport, RabbitMqTransportOptions, Transport};

    let broker = nestrs_brokers::Broker::rabbitmq().start().await.unwrap();
    let example = Example::start("rabbitmq", &[("NESTRS_RABBITMQ_URL", broker.url())]);
    let options = RabbitMqTransportOptions::new(broker.url());
    let client = RabbitMqTransport::new(options);
    example.line_with("wildcards: true");
    example.line_with("listening");
    let order = client.send_json("orders.create", json!("tea")).await;
    assert_eq!(order.unwrap(), json!({ "id": 1, "item": "tea" }));
    let line = example.line_with("mail:");
    assert_eq!(line, "mail: orders.created: \"tea\"");
    assert_eq!(example.interrupt(), Some(0));
}

#[tokio::test]
async fn the_service_of_a_proto_file_answers_its_own_client() {
    let example = Example::start("grpc-proto", &[("ADDR", free_addr().to_string())]);
    example.line_with("30 pieces delivered");
    example.line_with("shop.Stock/Take");
    assert_eq!(example.interrupt(), Some(0));
}

#[tokio::test]
async fn kafka_books_what_was_ordered() {
    use nestrs::microservices::{KafkaTransport, KafkaTransportOptions, Transport};

    let broker = nestrs_brokers::Broker::kafka().start().await.unwrap();
    let example = Example::start("kafka", &[("NESTRS_KAFKA_URL", broker.url())]);
    let client = KafkaTransport::new(KafkaTransportOptions::new(broker.url()));
    example.line_with("subscribeToResponseOf('orders.create')");
    example.line_with("listening");
    let order = json!({ "id": 1, "item": "tea" });
    let placed = client.send_json("orders.create", order.clone()).await;
    assert_eq!(placed.unwrap(), order);
    let line = example.line_with("booked:");
    assert_eq!(line, "booked: order 1, tea");
    assert_eq!(example.interrupt(), Some(0));
}
