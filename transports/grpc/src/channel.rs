//! [`GrpcChannel`]: the connection that all calls to one server share.

use std::error::Error;
use std::fmt;

use nestrs_core::TransportError;
use tonic::Status;

use crate::status;

/// Why a call did not come to an answer: `tonic` finds the status in it.
#[derive(Debug, Clone)]
pub struct ChannelError {
    error: TransportError,
    status: Status,
}

impl ChannelError {
    pub(crate) fn new(error: TransportError) -> Self {
        let status = status::from_error(&error);
        Self { error, status }
    }

    /// The same as the error of transports.
    pub fn to_error(&self) -> TransportError {
        self.error.clone()
    }
}

impl fmt::Display for ChannelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl Error for ChannelError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.status)
    }
}
