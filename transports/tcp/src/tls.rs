//! TLS for both sides, through rustls with ring.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use nestrs_core::StartError;
pub use nestrs_core::tls::{TlsClientOptions, TlsServerOptions};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;

use crate::socket::{self, Halves};

pub(crate) use nestrs_core::tls::HANDSHAKE_TIMEOUT;

pub(crate) fn acceptor(options: &TlsServerOptions) -> Result<TlsAcceptor, StartError> {
    Ok(TlsAcceptor::from(Arc::new(options.config()?)))
}

pub(crate) async fn connect(
    options: &TlsClientOptions,
    addr: &str,
    stream: TcpStream,
) -> io::Result<Halves> {
    let host = addr.rsplit_once(':').map_or(addr, |(host, _)| host);
    Ok(socket::encrypted(options.connect(host, stream).await?))
}

pub(crate) async fn within<T>(
    limit: Duration,
    handshake: impl Future<Output = io::Result<T>>,
) -> io::Result<T> {
    tokio::time::timeout(limit, handshake)
        .await
        .map_err(io::Error::from)?
}
