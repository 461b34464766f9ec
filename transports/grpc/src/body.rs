//! The body of a call's response, which has what the call holds until its end.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http::HeaderMap;
use http_body::{Frame, SizeHint};
use nestrs_core::dispatch::BoxFuture;
use nestrs_core::intake::Admission;
use tokio::time::{Instant, sleep_until};
use tokio_util::task::task_tracker::TaskTrackerToken;
use tonic::Status;
use tonic::body::Body;

use crate::calls::{CancelOnDrop, stopping, too_late};

/// What a call holds until the last byte of its response.
struct Held {
    /// That its connection has it in hand.
    _token: TaskTrackerToken,
    _place: Option<Admission>,
    _cancelled: Option<CancelOnDrop>,
}

/// A body that ends with a status when its time is up.
pub(crate) struct CallBody {
    /// Until it has ended.
    body: Option<Body>,
    held: Option<Held>,
    time: Option<BoxFuture<'static, Status>>,
}

impl CallBody {
    pub(crate) fn new(body: Body, token: TaskTrackerToken) -> Self {
        let held = Held {
            _token: token,
            _place: None,
            _cancelled: None,
        };
        Self {
            body: Some(body),
            held: Some(held),
            time: None,
        }
    }

    /// One that holds these, too.
    pub(crate) fn held(mut self, place: Option<Admission>, cancelled: CancelOnDrop) -> Self {
        if let Some(held) = &mut self.held {
            held._place = place;
            held._cancelled = Some(cancelled);
        }
        self
    }

    /// One that is over at the deadline.
    pub(crate) fn within(mut self, deadline: Option<Instant>) -> Self {
        // What is there whole needs no clock.
        let deadline = deadline.filter(|_| !http_body::Body::is_end_stream(&self));
        self.time = deadline.map(|deadline| {
            let over = async move {
                sleep_until(deadline).await;
                too_late()
            };
            Box::pin(over) as BoxFuture<'static, Status>
        });
        self
    }

    /// One that is over when the server stops.
    pub(crate) fn until(mut self, stopped: BoxFuture<'static, ()>) -> Self {
        self.time = Some(Box::pin(async move {
            stopped.await;
            stopping()
        }));
        self
    }

    fn end(&mut self) {
        self.body = None;
        self.time = None;
        self.held = None;
    }
}

impl http_body::Body for CallBody {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let this = &mut *self;
        let Some(body) = &mut this.body else {
            return Poll::Ready(None);
        };
        if let Poll::Ready(frame) = Pin::new(body).poll_frame(cx) {
            if frame
                .as_ref()
                .is_none_or(|frame| frame.as_ref().map_or(true, Frame::is_trailers))
            {
                this.end();
            }
            return Poll::Ready(frame);
        }
        let Some(time) = &mut this.time else {
            return Poll::Pending;
        };
        let status = ready!(time.as_mut().poll(cx));
        this.end();
        let mut trailers = HeaderMap::new();
        // Its text is ASCII.
        Poll::Ready(Some(match status.add_header(&mut trailers) {
            Ok(()) => Ok(Frame::trailers(trailers)),
            Err(status) => Err(status),
        }))
    }

    fn is_end_stream(&self) -> bool {
        self.body
            .as_ref()
            .is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        match &self.body {
            Some(body) => http_body::Body::size_hint(body),
            None => SizeHint::with_exact(0),
        }
    }
}
