//! The bytes to and from Redis: TCP, a Unix socket, TLS.

use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::address::{Address, Endpoint};
use crate::options::RedisAccess;

/// A connection of any kind.
pub(crate) trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<S: AsyncRead + AsyncWrite + Send + Unpin> Stream for S {}

pub(crate) type Socket = Box<dyn Stream>;

pub(crate) async fn connect(address: &Address, access: &RedisAccess) -> io::Result<Socket> {
    match &address.endpoint {
        Endpoint::Tcp { host, port } => {
            let stream = TcpStream::connect((host.as_str(), *port)).await?;
            // Without it small messages wait for each other.
            stream.set_nodelay(true)?;
            encrypted(address, access, host, stream).await
        }
        #[cfg(unix)]
        Endpoint::Unix(path) => Ok(Box::new(tokio::net::UnixStream::connect(path).await?)),
        #[cfg(not(unix))]
        Endpoint::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
    }
}

#[cfg(feature = "tls")]
async fn encrypted(
    address: &Address,
    access: &RedisAccess,
    host: &str,
    stream: TcpStream,
) -> io::Result<Socket> {
    match &access.tls {
        None if !address.tls => Ok(Box::new(stream)),
        tls => {
            let tls = tls.clone().unwrap_or_default();
            Ok(Box::new(tls.connect(host, stream).await?))
        }
    }
}

#[cfg(not(feature = "tls"))]
async fn encrypted(
    address: &Address,
    _: &RedisAccess,
    _: &str,
    stream: TcpStream,
) -> io::Result<Socket> {
    match address.tls {
        false => Ok(Box::new(stream)),
        true => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "`rediss://` needs the feature `tls`: turn it on",
        )),
    }
}
