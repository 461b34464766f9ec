//! HTTP, as far as asking once goes.

use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub(crate) struct Response {
    pub(crate) status: u16,
    /// In lower case, a line each.
    pub(crate) headers: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let of = |line| str::strip_prefix(line, name)?.strip_prefix(": ");
        self.headers.lines().find_map(of)
    }
}

/// Asks `GET /cats`, or whatever `request` says, with more headers.
pub(crate) async fn ask(addr: SocketAddr, request: &str, headers: &[&str]) -> Response {
    let answer = tokio::time::timeout(Duration::from_secs(5), try_ask(addr, request, headers));
    let answer = answer.await.expect("an answer").unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect("a whole response");
    let (status, headers) = head.split_once("\r\n").expect("headers");
    Response {
        status: status[9..12].parse().unwrap(),
        headers: headers.to_lowercase(),
        body: body.to_owned(),
    }
}

/// All that comes back, to the end of the connection.
pub(crate) async fn try_ask(
    addr: SocketAddr,
    request: &str,
    headers: &[&str],
) -> std::io::Result<String> {
    let mut stream = TcpStream::connect(addr).await?;
    let headers: String = headers
        .iter()
        .map(|header| format!("{header}\r\n"))
        .collect();
    let request =
        format!("{request} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n{headers}\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}
