//! A peer that speaks bytes.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

/// How long an answer may take before a test gives up.
const PATIENCE: Duration = Duration::from_secs(5);

pub(crate) struct Socket(BufReader<TcpStream>);

impl Socket {
    pub(crate) async fn connect(addr: SocketAddr) -> Self {
        Self(BufReader::new(TcpStream::connect(addr).await.unwrap()))
    }

    /// Sends a packet, which has no letters beyond ASCII.
    pub(crate) async fn send(&mut self, packet: impl ToString) {
        let json = packet.to_string();
        assert!(json.is_ascii());
        let frame = format!("{}#{json}", json.len());
        self.0.write_all(frame.as_bytes()).await.unwrap();
    }

    /// The next packet; `None` once the server has closed.
    pub(crate) async fn receive(&mut self) -> Option<Value> {
        let packet = tokio::time::timeout(PATIENCE, self.read_packet());
        packet.await.expect("the server answers or closes")
    }

    /// Sends a request and waits for the first reply, whosever it is.
    pub(crate) async fn ask(&mut self, pattern: Value, data: Value) -> Value {
        let packet = json!({ "pattern": pattern, "data": data, "id": "a" });
        self.send(packet).await;
        self.receive().await.expect("the connection lives")
    }

    async fn read_packet(&mut self) -> Option<Value> {
        let mut length = Vec::new();
        if self.0.read_until(b'#', &mut length).await.unwrap() == 0 {
            return None;
        }
        length.pop();
        let length = String::from_utf8(length).unwrap().parse().unwrap();
        let mut json = vec![0; length];
        self.0.read_exact(&mut json).await.unwrap();
        Some(serde_json::from_slice(&json).unwrap())
    }
}
