//! The signals that end an application. They go to the whole process, so this
//! file is one, and its tests run one after the other.
#![deny(warnings)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod common;

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use common::{Gate, free_addr, until_accepting, until_refusing};
use nestrs::MicroserviceApplication;
use nestrs::microservices::{ErrorKind, TcpMicroserviceOptions, TcpTransport, TcpTransportOptions};
use nestrs::prelude::*;
use tokio::sync::Mutex;

static ONE_AT_A_TIME: Mutex<()> = Mutex::const_new(());

#[injectable]
struct Slow {
    gate: Arc<Gate>,
}

#[micro_routes]
impl Slow {
    #[message_pattern("wait")]
    async fn wait(&self, n: u8) -> u8 {
        self.gate.pass().await;
        n
    }
}

thread_local! {
    /// The gate of the test that runs on this thread.
    static GATE: Arc<Gate> = Arc::default();
}

fn gate() -> Arc<Gate> {
    GATE.with(Arc::clone)
}

#[module(providers = [Provider::shared(gate())], microservices = [Slow])]
struct AppModule;

fn app(addr: SocketAddr) -> MicroserviceApplication {
    NestFactory::create_microservice::<AppModule>(TcpMicroserviceOptions::new(addr))
}

fn client(addr: SocketAddr) -> ClientProxy {
    ClientProxy::new(Arc::new(TcpTransport::new(TcpTransportOptions::new(addr))))
}

fn raise(signal: &str) {
    let pid = std::process::id().to_string();
    let kill = Command::new("kill").args([signal, &pid]).status();
    assert!(kill.unwrap().success());
}

#[tokio::test]
async fn sigterm_ends_an_application_that_finishes_what_is_in_hand() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let (gate, addr) = (gate(), free_addr());
    let calls = async {
        until_accepting(addr).await;
        let client = client(addr);
        let end = async {
            gate.until_arrived(1).await;
            raise("-TERM");
            until_refusing(addr).await;
            gate.open();
        };
        tokio::join!(client.send::<_, u8>("wait", &7), end).0
    };
    let (ended, answer) = tokio::join!(app(addr).try_listen(), calls);
    ended.unwrap();
    assert_eq!(answer, Ok(7));
}

#[tokio::test]
async fn a_second_signal_ends_it_at_once() {
    let _alone = ONE_AT_A_TIME.lock().await;
    let (gate, addr) = (gate(), free_addr());
    let calls = async {
        until_accepting(addr).await;
        let client = client(addr);
        let end = async {
            gate.until_arrived(1).await;
            raise("-INT");
            until_refusing(addr).await;
            raise("-INT");
            Instant::now()
        };
        tokio::join!(client.send::<_, u8>("wait", &7), end)
    };
    let (ended, (answer, asked)) = tokio::join!(app(addr).try_listen(), calls);
    ended.unwrap();
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::ConnectionClosed);
    assert!(
        asked.elapsed() < Duration::from_secs(5),
        "{:?}",
        asked.elapsed()
    );
}
