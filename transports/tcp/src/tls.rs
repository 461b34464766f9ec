//! TLS for both sides, through rustls with ring.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use nestrs_core::StartError;
use tokio::net::TcpStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::server::WebPkiClientVerifier;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, ServerConfig};
use tokio_rustls::{TlsAcceptor, TlsConnector};

use crate::socket::{self, Halves};

pub(crate) const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

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

/// Whom a TLS client trusts, and what it shows.
///
/// ```
/// use nestrs_transport_tcp::TlsClientOptions;
///
/// // Trusts the public authorities, and expects the host it connects to.
/// let options = TlsClientOptions::default();
/// # let _ = options;
/// ```
#[derive(Clone, Default)]
pub struct TlsClientOptions {
    /// Trust these authorities, as PEM, instead of the public ones.
    pub ca_pem: Option<Vec<u8>>,
    /// The name the server's certificate must have, if not the host of the
    /// address.
    pub server_name: Option<String>,
    /// The client's own certificate chain and private key, as PEM, for servers
    /// that ask for one.
    pub identity_pem: Option<(Vec<u8>, Vec<u8>)>,
}

impl fmt::Debug for TlsServerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsServerOptions")
            .field("client_ca", &self.client_ca_pem.is_some())
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for TlsClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClientOptions")
            .field("server_name", &self.server_name)
            .field("own_ca", &self.ca_pem.is_some())
            .field("identity", &self.identity_pem.is_some())
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
    let invalid = |why: String| {
        let why = format!("the `tls` options of the TCP client do not work: {why}");
        io::Error::new(io::ErrorKind::InvalidInput, why)
    };
    let config = client_config(options).map_err(invalid)?;
    let host = addr.rsplit_once(':').map_or(addr, |(host, _)| host);
    let name = options
        .server_name
        .as_deref()
        .unwrap_or(host.trim_matches(['[', ']']))
        .to_owned();
    let name = ServerName::try_from(name.clone())
        .map_err(|error| invalid(format!("{name:?} is no server name: {error}")))?;
    let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
    Ok(socket::encrypted(
        within(HANDSHAKE_TIMEOUT, connecting).await?,
    ))
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
            key(&options.key_pem, "key_pem")?,
        )
        .map_err(|error| format!("`cert_pem` and `key_pem`: {error}"))
}

fn client_config(options: &TlsClientOptions) -> Result<ClientConfig, String> {
    let roots = match &options.ca_pem {
        Some(pem) => roots(pem, "ca_pem")?,
        None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_root_certificates(roots);
    match &options.identity_pem {
        None => Ok(builder.with_no_client_auth()),
        Some((certs, key_pem)) => builder
            .with_client_auth_cert(
                certificates(certs, "identity_pem")?,
                key(key_pem, "identity_pem")?,
            )
            .map_err(|error| format!("`identity_pem`: {error}")),
    }
}

fn roots(pem: &[u8], option: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, option)? {
        roots
            .add(certificate)
            .map_err(|error| format!("`{option}`: {error}"))?;
    }
    Ok(roots)
}

fn certificates(pem: &[u8], option: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(found) if found.is_empty() => Err(format!("`{option}` holds no certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("`{option}` is no PEM: {error}")),
    }
}

fn key(pem: &[u8], option: &str) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| format!("`{option}`: {error}"))
}
