//! TLS of a server, through rustls with ring.

use std::net::SocketAddr;
use std::sync::Arc;

use nestrs_core::tls::{HANDSHAKE_TIMEOUT, TlsServerOptions};
use nestrs_core::{Shutdown, StartError};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// What clients may speak, the best first.
const PROTOCOLS: [&str; 2] = ["h2", "http/1.1"];

pub(crate) fn acceptor(options: &TlsServerOptions) -> Result<TlsAcceptor, StartError> {
    let mut config = options.config()?;
    config.alpn_protocols = PROTOCOLS.map(Into::into).into();
    Ok(TlsAcceptor::from(Arc::new(config)))
}

/// Shakes hands, unless the server stops first: nothing is in hand yet, so
/// nothing has to be waited for.
pub(crate) async fn accept(
    acceptor: &TlsAcceptor,
    stream: TcpStream,
    peer: SocketAddr,
    shutdown: &Shutdown,
) -> Option<TlsStream<TcpStream>> {
    let handshake = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
    let shaken = tokio::select! {
        biased;
        () = shutdown.stopping() => return None,
        shaken = handshake => shaken.map_err(std::io::Error::from),
    };
    match shaken {
        Ok(Ok(stream)) => Some(stream),
        Ok(Err(error)) | Err(error) => {
            tracing::warn!(%peer, %error, "TLS handshake failed");
            None
        }
    }
}
