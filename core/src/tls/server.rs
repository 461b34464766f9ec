//! [`TlsServerOptions`]: what a TLS server shows, and whom it lets in.

use std::fmt;
use std::sync::Arc;

use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::server::WebPkiClientVerifier;

use super::{certificates, private_key, roots};
use crate::server::StartError;

/// What a TLS server shows, and whom it lets in.
///
/// ```no_run
/// use nestrs_core::tls::TlsServerOptions;
///
/// # fn main() -> std::io::Result<()> {
/// let options = TlsServerOptions {
///     cert_pem: std::fs::read("server.crt")?,
///     key_pem: std::fs::read("server.key")?,
///     ..TlsServerOptions::default()
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

impl TlsServerOptions {
    /// These options as rustls wants them, with ring for its provider whatever
    /// the process has for its default.
    ///
    /// ```
    /// use nestrs_core::tls::TlsServerOptions;
    ///
    /// let error = TlsServerOptions::default().config().unwrap_err();
    /// assert_eq!(
    ///     error.to_string(),
    ///     "the `tls` options of the server do not work: `cert_pem` holds no certificate"
    /// );
    /// ```
    ///
    /// # Errors
    ///
    /// [`StartError::Options`], naming the option that cannot work.
    pub fn config(&self) -> Result<ServerConfig, StartError> {
        self.try_config().map_err(|why| StartError::Options {
            message: format!("the `tls` options of the server do not work: {why}"),
        })
    }

    fn try_config(&self) -> Result<ServerConfig, String> {
        let provider = Arc::new(ring::default_provider());
        let builder = ServerConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?;
        let builder = match &self.client_ca_pem {
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
                certificates(&self.cert_pem, "cert_pem")?,
                private_key(&self.key_pem, "key_pem")?,
            )
            .map_err(|error| format!("`cert_pem` and `key_pem`: {error}"))
    }
}
