//! TLS to a broker: the driver's stream, with our options.

use lapin::tcp::RustlsConnector;
use lapin::uri::AMQPUri;
use lapin::{AsyncTcpStream, Connection, ConnectionProperties, Error, runtime};
use nestrs_core::tls::TlsClientOptions;

use crate::address::Address;

/// What a connection through TLS is made with, if any broker wants that.
pub(crate) struct Tls(Option<(RustlsConnector, Option<String>)>);

impl Tls {
    pub(crate) fn new(
        addresses: &[Address],
        options: Option<&TlsClientOptions>,
    ) -> Result<Self, String> {
        if !addresses.iter().any(Address::is_tls) {
            return Ok(Self(None));
        }
        let options = options.cloned().unwrap_or_default();
        let config = options.config().map_err(|error| error.to_string())?;
        Ok(Self(Some((config.into(), options.server_name))))
    }

    pub(crate) async fn open(
        &self,
        uri: AMQPUri,
        properties: ConnectionProperties,
    ) -> lapin::Result<Connection> {
        let tls = self.0.clone();
        let connect = async move |uri: AMQPUri, reactor| {
            let host = uri.authority.host;
            let resolved = tokio::net::lookup_host((host.as_str(), uri.authority.port)).await?;
            let resolved: Vec<_> = resolved.collect();
            let stream = AsyncTcpStream::connect(&reactor, resolved).await?;
            match &tls {
                Some((connector, name)) => {
                    let name = name.as_deref().unwrap_or(&host);
                    Ok(stream.into_rustls(connector, name).await?)
                }
                None => Ok::<_, Error>(stream),
            }
        };
        Connection::connector(uri, runtime::default_runtime()?, connect, properties).await
    }
}
