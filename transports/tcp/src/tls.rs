//! TLS for both sides, through rustls with ring.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use nestrs_core::StartError;
pub use nestrs_core::tls::TlsClientOptions;
use nestrs_core::tls::{certificates, private_key, roots};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;

use crate::socket::{self, Halves};

pub(crate) use nestrs_core::tls::HANDSHAKE_TIMEOUT;

/// What a TLS server shows, and whom it lets in.
///
/// ```no_run
/// use nestrs_transport_tcp::{TcpMicroserviceOptions, TlsServerOptions};
///
/// # fn main() -> std::io::Result<()> {
/// let options = TcpMicroserviceOptions {
///     tls: Some(TlsServerOptions {
///         cert_pem: std::fs::read("server.crt")?,
///         key_pem: std::fs::read("server.key")?,
///         ..TlsServerOptions::default()
///     }),
///     ..TcpMicroserviceOptions::default()
/// };
/// # let _ = options;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Default)]
pub struct TlsServerOptions {
    /// The certificate chain, the server's own first, as PEM.
    pub cert_pem: Vec<u8>,
    /// Its private key, as PEM.
    pub key_pem: Vec<u8>,
    /// Let in only clients with a certificate signed by one of these, as PEM.
    pub client_ca_pem: Option<Vec<u8>>,
}

impl fmt::Debug for TlsServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServerOptions")
            .field("client_ca", &self.client_ca_pem.is_some())
            .finish_non_exhaustive()
    }
}

pub(crate) fn acceptor(options: &TlsServerOptions) -> Result<TlsAcceptor, StartError> {
    let config = server_config(options).map_err(|why| StartError::Options {
        message: format!("the `tls` options of the TCP server do not work: {why}"),
    })?;
    Ok(TlsAcceptor::from(Arc::new(config)))
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

fn server_config(options: &TlsServerOptions) -> Result<ServerConfig, String> {
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?;
    let builder = match &options.client_ca_pem {
        None => builder.with_no_client_auth(),
        Some(pem) => {
            let roots = Arc::new(roots(pem, "client_ca_pem")?);
            let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider)
                .build()
                .map_err(|error| format!("`client_ca_pem`: {error}"))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    builder
        .with_single_cert(
            certificates(&options.cert_pem, "cert_pem")?,
            private_key(&options.key_pem, "key_pem")?,
        )
        .map_err(|error| format!("`cert_pem` and `key_pem`: {error}"))
}
