//! [`TransportServer`]: the listening side of a transport.
//!
//! The next file on a message's path is a transport's `server.rs`, for TCP
//! that of `nestrs-transport-tcp`.

use std::any::Any;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;

use crate::dispatch::{BoxFuture, Dispatch};
use crate::error::TransportError;
use crate::shutdown::Shutdown;
use crate::status::StatusStream;
use crate::wildcard::Wildcards;

/// What can listen for messages: a transport's server options. They are
/// [`Any`], so that an application can find those of a transport it has more to
/// tell.
#[async_trait]
pub trait TransportServer: Any + Send {
    /// The transport's name in logs, as `tcp`.
    fn transport(&self) -> &'static str;

    /// The wildcards that handlers' patterns may have here; none unless the
    /// transport says otherwise.
    fn wildcards(&self) -> Option<Wildcards> {
        None
    }

    /// Starts to listen. *Ready means ready*: returns only once a message sent
    /// now would be received.
    ///
    /// The server takes messages in until `shutdown` stops it, then finishes
    /// what it has in hand, sends its replies, and is done.
    ///
    /// # Errors
    ///
    /// When it cannot listen; nothing of it is left behind then.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future leaves nothing listening.
    async fn start(
        self: Box<Self>,
        dispatch: Arc<dyn Dispatch>,
        shutdown: Shutdown,
    ) -> Result<RunningServer, StartError>;
}

/// A server that listens.
pub struct RunningServer {
    /// Where it is reached, as clients would write it.
    pub address: String,
    /// The socket it is bound to, if it has one of its own.
    pub local_addr: Option<SocketAddr>,
    /// What its connection to a broker is doing; [`StatusStream::always`]
    /// connected where there is no broker.
    pub status: StatusStream,
    /// Ends when the server has drained after a shutdown.
    pub done: BoxFuture<'static, ()>,
}

impl fmt::Debug for RunningServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunningServer")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

/// Why a server could not start.
#[derive(Debug)]
#[non_exhaustive]
pub enum StartError {
    /// The address could not be listened on.
    Bind {
        /// As it was given in the options.
        address: String,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// The broker could not be reached in time, or turned the server away.
    Connect {
        /// Of the broker, without credentials.
        address: String,
        /// What the last attempt said.
        source: TransportError,
    },
    /// An option has a value that cannot work.
    Options {
        /// Which, and what it should be.
        message: String,
    },
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bind { address, source } => {
                write!(f, "cannot listen on {address}: {source}")?;
                if source.kind() == std::io::ErrorKind::AddrInUse {
                    f.write_str(" (another process, or another server of this one, has it: choose another port, or 0 for a free one)")?;
                }
                Ok(())
            }
            Self::Connect { address, source } => {
                write!(f, "cannot connect to the broker at {address}: {source}")
            }
            Self::Options { message } => f.write_str(message),
        }
    }
}

impl std::error::Error for StartError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Bind { source, .. } => Some(source),
            Self::Connect { source, .. } => Some(source),
            Self::Options { .. } => None,
        }
    }
}
