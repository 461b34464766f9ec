//! [`GrpcChannel`]: the connection that all calls to one server share, made
//! when it is needed and made again after it broke.
//!
//! The next file on a call's path is `link.rs`.

use std::error::Error;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Request, Response, Uri, header};
use http_body::{Frame, SizeHint};
use hyper::body::Incoming;
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::shared_connection::SharedConnection;
use nestrs_core::{ErrorKind, StatusStream, TransportError};
use tonic::Status;
use tonic::body::Body;
use tonic::metadata::MetadataMap;
use tower_service::Service;

use crate::address::Address;
use crate::client::GrpcTransportOptions;
use crate::link::{self, Failure, Link};
use crate::status;

/// How many connections a request is tried on that never left.
const ATTEMPTS: usize = 2;
const STATUS_DETAILS: &str = "grpc-status-details-bin";
const USER_AGENT: HeaderValue =
    HeaderValue::from_static(concat!("grpc-rust-nestrs/", env!("CARGO_PKG_VERSION")));

/// A channel to one server, for the clients that `tonic` generates. Clones share
/// its connection, which is closed with the last.
///
/// A call waits for a connection as long as the options say; one that may have
/// been received is never sent again.
///
/// ```
/// use nestrs_transport_grpc::{GrpcChannel, GrpcTransportOptions};
///
/// let channel = GrpcChannel::new(GrpcTransportOptions::new("localhost:5000"));
/// // let mut greeter = GreeterClient::new(channel.clone());
/// # let client = tonic::client::Grpc::new(channel);
/// ```
#[derive(Clone)]
pub struct GrpcChannel {
    shared: Arc<Shared>,
}

struct Shared {
    options: GrpcTransportOptions,
    address: Result<Address, String>,
    connection: Arc<SharedConnection<Link>>,
}

impl GrpcChannel {
    /// A channel that connects when it is first used. Needs no runtime yet.
    pub fn new(options: GrpcTransportOptions) -> Self {
        let connection = SharedConnection::new(&options.addr, options.connect_timeout);
        let address = Address::parse(&options.addr);
        Self {
            shared: Arc::new(Shared {
                options,
                address,
                connection: Arc::new(connection),
            }),
        }
    }

    /// Connects now instead of with the first call.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Connect`] when no connection could be made in time, or the
    /// options cannot work.
    ///
    /// # Cancel safety
    ///
    /// May be dropped and called again at any time.
    pub async fn connect(&self) -> Result<(), TransportError> {
        self.link().await.map(drop)
    }

    /// Ends the connection: calls that wait fail. The next call makes a new one.
    pub fn close(&self) {
        if let Some(link) = self.shared.connection.current() {
            link.close();
            self.shared.connection.disconnected(&link);
        }
    }

    /// What the connection is doing, now and from now on.
    pub fn status(&self) -> StatusStream {
        self.shared.connection.status()
    }

    pub(crate) fn options(&self) -> &GrpcTransportOptions {
        &self.shared.options
    }

    fn address(&self) -> Result<&Address, TransportError> {
        let address = self.shared.address.as_ref();
        address.map_err(|why| TransportError::of_kind(ErrorKind::Connect, why.as_str()))
    }

    async fn link(&self) -> Result<Arc<Link>, TransportError> {
        let address = self.address()?;
        let shared = &self.shared;
        let open = || Link::open(address, &shared.options, Arc::downgrade(&shared.connection));
        shared.connection.get(open).await
    }

    async fn send(&self, request: Request<Body>) -> Result<Response<Incoming>, ChannelError> {
        let mut request = self.addressed(request).map_err(ChannelError::new)?;
        // Of a connection that ended just now a request may come back unsent.
        for _ in 0..ATTEMPTS {
            let link = self.link().await.map_err(ChannelError::new)?;
            match link.send(request).await {
                Ok(response) => return Ok(response),
                Err(Failure::Unsent(unsent)) => request = unsent,
                Err(Failure::Lost(error)) => return Err(error),
            }
        }
        Err(ChannelError::new(TransportError::connection_closed()))
    }

    /// The request, with what `tonic` leaves to the channel.
    fn addressed(&self, mut request: Request<Body>) -> Result<Request<Body>, TransportError> {
        let Address { scheme, authority } = self.address()?;
        let path = request.uri().path_and_query().cloned();
        let uri = Uri::builder()
            .scheme(scheme.clone())
            .authority(authority.clone())
            .path_and_query(path.unwrap_or(PathAndQuery::from_static("/")));
        if let Ok(uri) = uri.build() {
            *request.uri_mut() = uri;
        }
        request.headers_mut().insert(header::USER_AGENT, USER_AGENT);
        Ok(request)
    }
}

impl Service<Request<Body>> for GrpcChannel {
    type Response = Response<ChannelBody>;
    type Error = ChannelError;
    type Future = BoxFuture<'static, Result<Self::Response, ChannelError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), ChannelError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let channel = self.clone();
        Box::pin(async move {
            let mut response = channel.send(request).await?;
            keep_readable(response.headers_mut());
            Ok(response.map(|body| ChannelBody { body }))
        })
    }
}

impl fmt::Debug for GrpcChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GrpcChannel")
            .field("options", &self.shared.options)
            .field("connection", &self.shared.connection)
            .finish()
    }
}

/// The body of a response, which fails as the channel does.
#[derive(Debug)]
pub struct ChannelBody {
    body: Incoming,
}

impl http_body::Body for ChannelBody {
    type Data = Bytes;
    type Error = ChannelError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ChannelError>>> {
        let mut frame = Pin::new(&mut self.body).poll_frame(cx);
        if let Poll::Ready(Some(Ok(frame))) = &mut frame
            && let Some(trailers) = frame.trailers_mut()
        {
            keep_readable(trailers);
        }
        frame.map_err(|error| link::lost(&error))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// `tonic` panics at a status whose details are no base64: a server that says
/// such a thing has no details.
fn keep_readable(headers: &mut HeaderMap) {
    let Some(details) = headers.get(STATUS_DETAILS) else {
        return;
    };
    let name = HeaderName::from_static(STATUS_DETAILS);
    let alone = MetadataMap::from_headers(HeaderMap::from_iter([(name, details.clone())]));
    let details = alone.get_bin(STATUS_DETAILS).map(|value| value.to_bytes());
    if !matches!(details, Some(Ok(_))) {
        headers.remove(STATUS_DETAILS);
    }
}

/// Why a call did not come to an answer: `tonic` finds the [`Status`] in it.
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
