//! HTTP, as far as asking once goes.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Response {
    pub(crate) status: u16,
    /// In lower case, a line each.
    headers: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn parse(text: &str) -> Self {
        let (head, body) = text.split_once("\r\n\r\n").expect("a whole response");
        let (status, headers) = head.split_once("\r\n").expect("headers");
        Self {
            status: status[9..12].parse().unwrap(),
            headers: headers.to_lowercase(),
            body: body.to_owned(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let of = |line| str::strip_prefix(line, name)?.strip_prefix(": ");
        self.headers.lines().find_map(of)
    }
}

/// Asks for `GET /cats`, or whatever `request` says.
pub(crate) async fn ask(addr: SocketAddr, request: &str, headers: &[&str]) -> Response {
    send(addr, request, headers, "").await
}

/// Posts JSON.
pub(crate) async fn post(addr: SocketAddr, path: &str, json: &str) -> Response {
    let headers = [
        "content-type: application/json",
        &format!("content-length: {}", json.len()),
    ];
    send(addr, &format!("POST {path}"), &headers, json).await
}

/// Asks with headers and a body.
pub(crate) async fn send(
    addr: SocketAddr,
    request: &str,
    headers: &[&str],
    body: &str,
) -> Response {
    Response::parse(&exchange(addr, request, headers, body).await.unwrap())
}

/// All that comes back, to the end of the connection.
pub(crate) async fn exchange(
    addr: SocketAddr,
    request: &str,
    headers: &[&str],
    body: &str,
) -> io::Result<String> {
    let mut text = format!("{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for header in headers {
        text.push_str(&format!("{header}\r\n"));
    }
    text.push_str("\r\n");
    text.push_str(body);
    let answer = async {
        let mut stream = TcpStream::connect(addr).await?;
        stream.write_all(text.as_bytes()).await?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await?;
        Ok(answer)
    };
    let answer = tokio::time::timeout(Duration::from_secs(10), answer);
    answer.await.expect("an answer in time")
}
