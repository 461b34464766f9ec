//! A process that is told to stop under load answers all that it has taken in.
#![deny(warnings)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use nestrs::prelude::*;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const CONNECTIONS: usize = 64;
/// How many answers there are before it is told to stop.
const BEFORE: usize = 2_000;
/// Tells this binary that it is the server.
const SERVE: &str = "NESTRS_TEST_SERVES";

#[derive(Default)]
struct Handled(AtomicUsize);

#[controller("/work")]
struct Work {
    handled: Arc<Handled>,
}

#[routes]
impl Work {
    #[get]
    async fn work(&self) -> &'static str {
        self.handled.0.fetch_add(1, Ordering::SeqCst);
        // Long enough for others to come in.
        tokio::time::sleep(Duration::from_millis(2)).await;
        "done"
    }
}

#[module(controllers = [Work], providers = [Provider::value(Handled::default())])]
struct AppModule;

/// What the other process does; as a test of its own, nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn server() {
    let Ok(port) = std::env::var(SERVE) else {
        return;
    };
    let app = NestFactory::create::<AppModule>();
    let handled = Arc::new(Handled::default());
    let shared = Arc::clone(&handled);
    let app = app.configure_graph(|graph| graph.replace(Provider::shared(shared)));
    app.try_listen(port.parse().unwrap()).await.unwrap();
    println!("\nhandled {}", handled.0.load(Ordering::SeqCst));
}

/// How one connection ended.
#[derive(Debug, PartialEq)]
enum End {
    /// The server said that it is the last answer, or closed between two.
    Told,
    /// It was closed, or reset, before anything of an answer came.
    Unanswered { is_first: bool },
    /// In the middle of an answer.
    Torn,
}

async fn load(addr: SocketAddr, answered: Arc<AtomicUsize>) -> Vec<End> {
    let mut ends = Vec::new();
    // Until nobody listens any more.
    while let Ok(mut stream) = TcpStream::connect(addr).await {
        let mut is_first = true;
        let end = loop {
            match exchange(&mut stream).await {
                Ok(closes) => {
                    answered.fetch_add(1, Ordering::SeqCst);
                    if closes {
                        break End::Told;
                    }
                }
                Err(0) => break End::Unanswered { is_first },
                Err(_) => break End::Torn,
            }
            is_first = false;
        };
        ends.push(end);
    }
    ends
}

/// Whether the answer is the connection's last; or how much of it came.
async fn exchange(stream: &mut TcpStream) -> Result<bool, usize> {
    let request = b"GET /work HTTP/1.1\r\nhost: localhost\r\n\r\n";
    if stream.write_all(request).await.is_err() {
        return Err(0);
    }
    let (mut answer, mut part) = (Vec::new(), [0; 1024]);
    while !answer.ends_with(b"\r\n\r\ndone") {
        match stream.read(&mut part).await {
            Ok(count @ 1..) => answer.extend_from_slice(&part[..count]),
            _ => return Err(answer.len()),
        }
    }
    let text = String::from_utf8(answer).unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    Ok(text.contains("connection: close"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_request_that_was_taken_in_is_lost_when_a_process_is_told_to_stop() {
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut process = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "server", "--nocapture"])
        .env(SERVE, port.to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let addr = SocketAddr::from(([127, 0, 0, 1], port));
    let accepts = async {
        while TcpStream::connect(addr).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), accepts)
        .await
        .expect("it listens");

    let answered = Arc::new(AtomicUsize::new(0));
    let loads: Vec<_> = (0..CONNECTIONS)
        .map(|_| tokio::spawn(load(addr, Arc::clone(&answered))))
        .collect();
    while answered.load(Ordering::SeqCst) < BEFORE {
        tokio::task::yield_now().await;
    }
    let pid = process.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-TERM", &pid])
            .status()
            .unwrap()
            .success()
    );

    let mut ends = Vec::new();
    for load in loads {
        let ended = tokio::time::timeout(Duration::from_secs(20), load).await;
        ends.extend(ended.expect("the load ends with the process").unwrap());
    }
    let output = BufReader::new(process.stdout.take().unwrap()).lines();
    // All of them: it must have somewhere to write to.
    let lines: Vec<_> = output.map_while(Result::ok).collect();
    let handled = lines.iter().find_map(|line| {
        let count = line.strip_prefix("handled ")?;
        count.parse::<usize>().ok()
    });
    assert!(process.wait().unwrap().success());

    // All that a handler began was answered, and whole.
    assert_eq!(handled, Some(answered.load(Ordering::SeqCst)));
    assert!(!ends.contains(&End::Torn), "{ends:?}");
    // Nobody was cut off in the middle of using a connection.
    let cut_off = End::Unanswered { is_first: false };
    assert!(!ends.contains(&cut_off), "{ends:?}");
}
