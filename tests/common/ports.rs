//! Ports, and whether somebody listens on them.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use tokio::net::TcpStream;

/// A port nobody listens on, for what cannot say which one it was given.
pub(crate) fn free_addr() -> SocketAddr {
    taken_addr().1
}

/// A port that is taken for as long as the listener lives.
pub(crate) fn taken_addr() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    (listener, addr)
}

/// Waits until connections are accepted.
pub(crate) async fn until_accepting(addr: SocketAddr) {
    until(addr, true).await;
}

/// Waits until connections are refused.
pub(crate) async fn until_refusing(addr: SocketAddr) {
    until(addr, false).await;
}

async fn until(addr: SocketAddr, accepts: bool) {
    let reached = async {
        while TcpStream::connect(addr).await.is_ok() != accepts {
            tokio::task::yield_now().await;
        }
    };
    let reached = tokio::time::timeout(Duration::from_secs(10), reached).await;
    reached.unwrap_or_else(|_| panic!("{addr} does not come to accept: {accepts}"));
}
