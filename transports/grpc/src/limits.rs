//! What a connection may cost, and how it is kept: the same on both sides.

use std::time::Duration;

/// What a message may cost.
///
/// ```
/// use nestrs_transport_grpc::{GrpcLimits, GrpcMicroserviceOptions};
///
/// let limits = GrpcLimits { max_receive_message_size: 64 << 20, ..GrpcLimits::default() };
/// let options = GrpcMicroserviceOptions { limits, ..GrpcMicroserviceOptions::default() };
/// # let _ = options;
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcLimits {
    /// The largest message that is taken, in bytes, unpacked; 4 MiB unless told
    /// otherwise, as everywhere in gRPC.
    pub max_receive_message_size: usize,
    /// The largest message that is sent, in bytes; as large as it likes unless
    /// told otherwise.
    pub max_send_message_size: usize,
    /// How much metadata a peer may send with a call, in bytes; 64 KiB unless
    /// told otherwise.
    pub max_metadata_size: u32,
}

impl Default for GrpcLimits {
    fn default() -> Self {
        Self {
            max_receive_message_size: 4 << 20,
            max_send_message_size: usize::MAX,
            max_metadata_size: 64 << 10,
        }
    }
}

/// How a peer that is gone without a word is found out: by pings.
///
/// ```
/// use nestrs_transport_grpc::GrpcKeepAlive;
/// use std::time::Duration;
///
/// let often = GrpcKeepAlive { interval: Duration::from_secs(10), ..GrpcKeepAlive::default() };
/// assert_eq!(often.timeout, Duration::from_secs(20));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrpcKeepAlive {
    /// How often to ping; every 60 s unless told otherwise.
    pub interval: Duration,
    /// How long the answer may take; 20 s unless told otherwise.
    pub timeout: Duration,
}

impl Default for GrpcKeepAlive {
    fn default() -> Self {
        Self {
            interval: Duration::from_secs(60),
            timeout: Duration::from_secs(20),
        }
    }
}
