//! TLS through rustls with ring, towards a server or a broker, and of a server:
//! the same for every transport. Needs the feature `tls`.
//!
//! Back to the path of a message: [`crate::client`].

mod server;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

pub use server::TlsServerOptions;

use crate::server::StartError;

/// How long a handshake may take.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// Whom a TLS client trusts, and what it shows.
///
/// ```
/// use nestrs_core::tls::TlsClientOptions;
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

impl fmt::Debug for TlsClientOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsClientOptions")
            .field("server_name", &self.server_name)
            .field("own_ca", &self.ca_pem.is_some())
            .field("identity", &self.identity_pem.is_some())
            .finish_non_exhaustive()
    }
}

impl TlsClientOptions {
    /// These options as rustls wants them, with ring for its provider whatever
    /// the process has for its default.
    ///
    /// ```
    /// use nestrs_core::tls::TlsClientOptions;
    ///
    /// let ca_pem = Some(b"no PEM".to_vec());
    /// let options = TlsClientOptions { ca_pem, ..TlsClientOptions::default() };
    /// let error = options.config().unwrap_err();
    /// assert_eq!(error.to_string(), "the `tls` options do not work: `ca_pem` holds no certificate");
    /// ```
    ///
    /// # Errors
    ///
    /// [`StartError::Options`], naming the option that cannot work.
    pub fn config(&self) -> Result<ClientConfig, StartError> {
        self.try_config().map_err(|why| StartError::Options {
            message: format!("the `tls` options do not work: {why}"),
        })
    }

    /// Shakes hands over `stream` with `host`, a name or an address.
    ///
    /// ```no_run
    /// use nestrs_core::tls::TlsClientOptions;
    ///
    /// # async fn example() -> std::io::Result<()> {
    /// let stream = tokio::net::TcpStream::connect("broker.internal:6380").await?;
    /// let stream = TlsClientOptions::default().connect("broker.internal", stream).await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`InvalidInput`](io::ErrorKind::InvalidInput) when the options cannot
    /// work, [`TimedOut`](io::ErrorKind::TimedOut) after
    /// [`HANDSHAKE_TIMEOUT`], else what the handshake failed of.
    ///
    /// # Cancel safety
    ///
    /// A dropped handshake takes its stream along.
    pub async fn connect<S>(&self, host: &str, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connect_for(&[], host, stream).await
    }

    /// [`connect`](Self::connect), to speak one of these protocols (ALPN), the
    /// first one best.
    ///
    /// # Errors
    ///
    /// As of [`connect`](Self::connect).
    ///
    /// # Cancel safety
    ///
    /// As of [`connect`](Self::connect).
    pub async fn connect_for<S>(
        &self,
        protocols: &[&str],
        host: &str,
        stream: S,
    ) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let invalid = |why| io::Error::new(io::ErrorKind::InvalidInput, why);
        let mut config = self.config().map_err(|error| invalid(error.to_string()))?;
        config.alpn_protocols = protocols.iter().map(|name| (*name).into()).collect();
        let name = self.server_name.as_deref().unwrap_or(host);
        let name = ServerName::try_from(name.trim_matches(['[', ']']).to_owned())
            .map_err(|error| invalid(format!("{name:?} is no server name: {error}")))?;
        let connecting = TlsConnector::from(Arc::new(config)).connect(name, stream);
        tokio::time::timeout(HANDSHAKE_TIMEOUT, connecting)
            .await
            .map_err(io::Error::from)?
    }

    fn try_config(&self) -> Result<ClientConfig, String> {
        let roots = match &self.ca_pem {
            Some(pem) => roots(pem, "ca_pem")?,
            None => webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect(),
        };
        let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots);
        match &self.identity_pem {
            None => Ok(builder.with_no_client_auth()),
            Some((chain, key)) => builder
                .with_client_auth_cert(
                    certificates(chain, "identity_pem")?,
                    private_key(key, "identity_pem")?,
                )
                .map_err(|error| format!("`identity_pem`: {error}")),
        }
    }
}

/// The authorities in the PEM of that option.
///
/// ```
/// let error = nestrs_core::tls::roots(b"", "ca_pem").unwrap_err();
/// assert_eq!(error, "`ca_pem` holds no certificate");
/// ```
///
/// # Errors
///
/// What is wrong with which option, in words.
pub fn roots(pem: &[u8], option: &str) -> Result<RootCertStore, String> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates(pem, option)? {
        roots
            .add(certificate)
            .map_err(|error| format!("`{option}`: {error}"))?;
    }
    Ok(roots)
}

/// The certificates in the PEM of that option: one at least.
///
/// ```
/// let error = nestrs_core::tls::certificates(b"", "cert_pem").unwrap_err();
/// assert_eq!(error, "`cert_pem` holds no certificate");
/// ```
///
/// # Errors
///
/// As [`roots`].
pub fn certificates(pem: &[u8], option: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(pem).collect();
    match certificates {
        Ok(found) if found.is_empty() => Err(format!("`{option}` holds no certificate")),
        Ok(found) => Ok(found),
        Err(error) => Err(format!("`{option}` is no PEM: {error}")),
    }
}

/// The private key in the PEM of that option.
///
/// ```
/// assert!(nestrs_core::tls::private_key(b"", "key_pem").unwrap_err().starts_with("`key_pem`: "));
/// ```
///
/// # Errors
///
/// As [`roots`].
pub fn private_key(pem: &[u8], option: &str) -> Result<PrivateKeyDer<'static>, String> {
    PrivateKeyDer::from_pem_slice(pem).map_err(|error| format!("`{option}`: {error}"))
}
