//! What peers should not send, and what comes of it: never more than the end of
//! their own call or connection.
#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use bytes::{BufMut, Bytes, BytesMut};
use common::{Server, call, foreign};
use http::uri::PathAndQuery;
use http::{HeaderMap, Request, Response};
use http_body::Frame;
use hyper_util::rt::{TokioExecutor, TokioIo};
use nestrs_core::{ErrorKind, Transport};
use nestrs_transport_grpc::{GrpcTransport, GrpcTransportOptions};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tonic::Code;
use tonic::body::Body;
use tonic::codegen::Service;

/// A message as gRPC frames it.
fn framed(flag: u8, announced: usize, message: &[u8]) -> Bytes {
    let mut frame = BytesMut::new();
    frame.put_u8(flag);
    frame.put_u32(u32::try_from(announced).unwrap());
    frame.put_slice(message);
    frame.freeze()
}

/// A body of these bytes.
struct Raw(Option<Bytes>);

impl http_body::Body for Raw {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        std::task::Poll::Ready(self.0.take().map(|bytes| Ok(Frame::data(bytes))))
    }
}

/// The status that a request of these bytes has.
async fn posted(server: &Server, path: &str, kind: &str, body: Bytes) -> (u16, Option<Code>) {
    let request = Request::post(path)
        .header("content-type", kind)
        .header("te", "trailers")
        .body(Body::new(Raw(Some(body))))
        .unwrap();
    let response = server.channel().call(request).await.unwrap();
    let (head, mut body) = response.into_parts();
    let mut trailers = head.headers.clone();
    while let Some(frame) =
        std::future::poll_fn(|cx| http_body::Body::poll_frame(std::pin::Pin::new(&mut body), cx))
            .await
    {
        if let Ok(last) = frame.unwrap().into_trailers() {
            trailers.extend(last);
        }
    }
    let status = tonic::Status::from_header_map(&trailers);
    (head.status.as_u16(), status.map(|status| status.code()))
}

#[tokio::test]
async fn messages_that_make_no_sense_end_their_own_call() {
    let server = Server::start().await;
    let grpc = "application/grpc";
    let send = "/nestrs.v1.Patterns/Send";
    for (path, kind, body, answer) in [
        (
            send,
            grpc,
            framed(0, 3, b"\xff\xff\xff"),
            (200, Some(Code::Internal)),
        ),
        // A pattern that is no UTF-8.
        (
            send,
            grpc,
            framed(0, 3, b"\x0a\x01\xff"),
            (200, Some(Code::Internal)),
        ),
        // Announced, and never sent.
        (
            send,
            grpc,
            framed(0, 10, b"\x0a"),
            (200, Some(Code::Internal)),
        ),
        (
            send,
            grpc,
            framed(0, 1 << 31, b"\x0a"),
            (200, Some(Code::OutOfRange)),
        ),
        // Packed in a way that nobody announced, and in none there is.
        (
            send,
            grpc,
            framed(1, 1, b"\x0a"),
            (200, Some(Code::Internal)),
        ),
        (
            send,
            grpc,
            framed(7, 1, b"\x0a"),
            (200, Some(Code::Internal)),
        ),
        (send, grpc, Bytes::new(), (200, Some(Code::Internal))),
        (
            "/nestrs.v1.Patterns/Nothing",
            grpc,
            Bytes::new(),
            (200, Some(Code::Unimplemented)),
        ),
        (
            "/nobody.Here/Send",
            grpc,
            Bytes::new(),
            (200, Some(Code::Unimplemented)),
        ),
        ("/", grpc, Bytes::new(), (200, Some(Code::Unimplemented))),
        (send, "application/json", Bytes::from("{}"), (415, None)),
    ] {
        let shown = format!("{path} {body:?}");
        let posted =
            tokio::time::timeout(Duration::from_secs(5), posted(&server, path, kind, body));
        assert_eq!(posted.await.unwrap(), answer, "{shown}");
    }
    assert_eq!(
        server.client().send_json("echo", json!(1)).await,
        Ok(json!(1))
    );
    server.stop().await;
}

#[tokio::test]
async fn payloads_and_patterns_that_are_no_json_are_the_handlers_to_judge() {
    let server = Server::start().await;
    let mut client = server.foreign();
    for pattern in ["", "\0", "\"", "{\"cmd\":", "é\n"] {
        let status = client.send(call(pattern, "1")).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented, "{pattern:?}");
    }
    let reply = client
        .send(call("echo", "{no json"))
        .await
        .unwrap()
        .into_inner();
    assert_eq!(reply.payload.unwrap(), "{no json");
    // What cannot be a deadline is none.
    let mut request = call("echo", "1");
    request
        .metadata_mut()
        .insert("grpc-timeout", "soon".parse().unwrap());
    assert!(client.send(request).await.is_ok());
}

#[tokio::test]
async fn bytes_that_are_no_http_end_their_own_connection() {
    let server = Server::start().await;
    for bytes in [
        &b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff\xff\xff\xff\xff\xff"[..],
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"GET / HTTP/9.9\r\n\r\n",
        b"5#{\"a\"",
    ] {
        let mut stream = TcpStream::connect(server.addr).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream.shutdown().await.unwrap();
        // To its end, or to a reset.
        let _ = stream.read_to_end(&mut Vec::new()).await;
    }
    assert_eq!(
        server.client().send_json("echo", json!(1)).await,
        Ok(json!(1))
    );
    server.stop().await;
}

/// A server that answers every call with these trailers, and messages before.
async fn strange(trailers: &'static [(&'static str, &'static str)], body: Bytes) -> GrpcTransport {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let addr = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let service = hyper::service::service_fn(move |_| {
            let body = body.clone();
            async move {
                let mut response = Response::new(Strange(Some(body), Some(trailers)));
                let kind = http::HeaderValue::from_static("application/grpc");
                response.headers_mut().insert("content-type", kind);
                Ok::<_, std::convert::Infallible>(response)
            }
        });
        let http2 = hyper::server::conn::http2::Builder::new(TokioExecutor::new());
        let _ = http2.serve_connection(TokioIo::new(stream), service).await;
    });
    GrpcTransport::new(GrpcTransportOptions::new(addr))
}

struct Strange(
    Option<Bytes>,
    Option<&'static [(&'static str, &'static str)]>,
);

impl http_body::Body for Strange {
    type Data = Bytes;
    type Error = std::convert::Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        if let Some(body) = self.0.take() {
            return std::task::Poll::Ready(Some(Ok(Frame::data(body))));
        }
        let trailers = self.1.take().map(|all| {
            let entry = |(name, value): &(&'static str, &'static str)| {
                (
                    http::HeaderName::from_static(name),
                    http::HeaderValue::from_static(value),
                )
            };
            Ok(Frame::trailers(HeaderMap::from_iter(all.iter().map(entry))))
        });
        std::task::Poll::Ready(trailers)
    }
}

#[tokio::test]
async fn a_client_lives_with_whatever_a_server_says() {
    let item = || {
        let reply = foreign::Reply {
            payload: Some("1".into()),
        };
        let message = prost::Message::encode_to_vec(&reply);
        framed(0, message.len(), &message)
    };
    // Details that are no base64, or nothing that was promised.
    for details in ["!!!", "AAAA", "CAUSAWE"] {
        let trailers = Box::leak(Box::new([
            ("grpc-status", "5"),
            ("grpc-message", "no"),
            ("grpc-status-details-bin", details),
        ]));
        let client = strange(trailers, Bytes::new()).await;
        let error = client.send_json("x", json!(1)).await.unwrap_err();
        assert_eq!(
            error.to_wire(),
            json!({ "code": 5, "message": "no" }),
            "{details}"
        );
    }
    // A code there is not, an answer without a status, one without a message.
    let client = strange(&[("grpc-status", "99")], Bytes::new()).await;
    assert!(client.send_json("x", json!(1)).await.is_err());
    let client = strange(&[], Bytes::new()).await;
    assert!(client.send_json("x", json!(1)).await.is_err());
    let client = strange(&[("grpc-status", "0")], Bytes::new()).await;
    assert!(client.send_json("x", json!(1)).await.is_err());
    // A reply that is no reply.
    let client = strange(&[("grpc-status", "0")], framed(0, 2, b"\xff\xff")).await;
    assert!(client.send_json("x", json!(1)).await.is_err());
    // An item, then a status of an error.
    let client = strange(&[("grpc-status", "14"), ("grpc-message", "gone")], item()).await;
    let error = client.send_json("x", json!(1)).await.unwrap_err();
    assert_eq!(
        (error.kind(), &*error.message),
        (ErrorKind::Unavailable, "gone")
    );
}

#[tokio::test]
async fn a_server_that_is_no_grpc_server_is_an_error_not_a_hang() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = GrpcTransport::new(GrpcTransportOptions::new(listener.local_addr().unwrap()));
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"220 mail.example ESMTP\r\n").await;
        }
    });
    let error = client.send_json("x", json!(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionClosed, "{error}");
}

#[tokio::test]
async fn calls_of_generated_clients_have_a_status_of_their_connection() {
    let client = GrpcTransport::new(GrpcTransportOptions {
        connect_timeout: Duration::from_millis(50),
        ..GrpcTransportOptions::new("127.0.0.1:1")
    });
    let mut grpc = tonic::client::Grpc::new(client.channel().clone());
    let codec = tonic_prost::ProstCodec::<foreign::Message, foreign::Reply>::default();
    let path = PathAndQuery::from_static("/nestrs.v1.Patterns/Send");
    let status = grpc.unary(call("x", ""), path, codec).await.unwrap_err();
    assert_eq!(status.code(), Code::Unavailable);
    let error = nestrs_transport_grpc::status::to_error(&status);
    assert_eq!(error.kind(), ErrorKind::Connect);
}
