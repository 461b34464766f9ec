//! [`Socket`]: the connection itself, which the driver closes as soon as it has
//! written its good-bye. Closed while more arrives, a socket is reset, and what the
//! broker had not read by then is lost to it: acknowledgements of what was handled,
//! events, the good-bye itself. So we hold on to it until the broker has closed it.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, lookup_host};

/// How long one of a host's addresses may take, so that another has its turn in
/// the five seconds that the drivers give all of them.
const EACH: Duration = Duration::from_secs(2);

/// A second hold on the socket that the driver has.
#[derive(Clone, Default)]
pub(crate) struct Socket(Arc<Mutex<Option<std::net::TcpStream>>>);

impl Socket {
    /// A new one, for the driver.
    pub(super) async fn connect(self, host: String) -> io::Result<TcpStream> {
        let stream = reached(&host).await?;
        stream.set_nodelay(true)?;
        let stream = stream.into_std()?;
        let held = stream.try_clone()?;
        self.hold(Some(held));
        TcpStream::from_std(stream)
    }

    /// Says that nothing more comes from here, and waits for the broker to end it
    /// too. Only once the driver is gone.
    pub(crate) async fn closed(self) -> io::Result<()> {
        let Some(held) = self.hold(None) else {
            return Ok(());
        };
        let mut stream = TcpStream::from_std(held)?;
        stream.shutdown().await?;
        let mut unread = [0; 4096];
        while stream.read(&mut unread).await? > 0 {}
        Ok(())
    }

    fn hold(&self, socket: Option<std::net::TcpStream>) -> Option<std::net::TcpStream> {
        // No code that can panic runs under the lock.
        let mut held = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut held, socket)
    }
}

async fn reached(host: &str) -> io::Result<TcpStream> {
    let mut failed = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
    for address in lookup_host(host).await? {
        match tokio::time::timeout(EACH, TcpStream::connect(address)).await {
            Ok(Ok(stream)) => return Ok(stream),
            Ok(Err(error)) => failed = error,
            Err(_) => failed = io::ErrorKind::TimedOut.into(),
        }
    }
    Err(failed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::net::TcpListener;

    #[tokio::test]
    async fn a_message_does_not_wait_for_others_to_fill_a_segment() {
        let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = broker.local_addr().unwrap();
        let stream = Socket::default().connect(address.to_string()).await;
        assert!(stream.unwrap().nodelay().unwrap());
    }

    #[tokio::test]
    async fn what_is_written_arrives_though_more_comes_meanwhile() {
        let broker = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = broker.local_addr().unwrap();
        let socket = Socket::default();
        let mut driver = socket.clone().connect(address.to_string()).await.unwrap();
        let (mut peer, _) = broker.accept().await.unwrap();
        driver.write_all(b"good-bye").await.unwrap();
        drop(driver);
        let closed = tokio::spawn(socket.closed());
        peer.write_all(&[0; 10_000]).await.unwrap();
        let mut read = Vec::new();
        peer.read_to_end(&mut read).await.unwrap();
        assert_eq!(read, b"good-bye");
        drop(peer);
        closed.await.unwrap().unwrap();
    }
}
