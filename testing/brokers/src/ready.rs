use std::{io, net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Instant, sleep, timeout},
};

use crate::{Kind, process::Process};

/// A RabbitMQ that starts beside five other processes has taken 26 s.
const PATIENCE: Duration = Duration::from_secs(90);

pub(crate) enum Ready {
    Yes,
    Ended,
    Silent,
}

/// Asks until the broker answers in its own protocol; through TLS a connection is all we see.
pub(crate) async fn wait(
    kind: Kind,
    address: SocketAddr,
    plain: bool,
    processes: &mut [Process],
) -> Ready {
    let end = Instant::now() + PATIENCE;
    while Instant::now() < end {
        if processes.iter_mut().any(Process::has_ended) {
            return Ready::Ended;
        }
        let asked = timeout(Duration::from_secs(2), answers(kind, address, plain)).await;
        if matches!(asked, Ok(Ok(true))) {
            return Ready::Yes;
        }
        sleep(Duration::from_millis(10)).await;
    }
    Ready::Silent
}

async fn answers(kind: Kind, address: SocketAddr, plain: bool) -> io::Result<bool> {
    let mut stream = TcpStream::connect(address).await?;
    if !plain {
        return Ok(true);
    }
    let (question, answer): (&[u8], &[&[u8]]) = match kind {
        // It speaks first.
        Kind::Nats => (b"", &[b"INFO"]),
        // It wants to know who asks: then it is there too.
        Kind::Redis => (b"PING\r\n", &[b"+PON", b"-NOA"]),
        // A frame of the first method.
        Kind::RabbitMq => (b"AMQP\0\0\x09\x01", &[b"\x01\0\0\0"]),
        // A connection without a name; welcome (0) or not, an answer is an answer.
        Kind::Mosquitto => (
            b"\x10\x0c\0\x04MQTT\x04\x02\0\x0a\0\0",
            &[b"\x20\x02\0\0", b"\x20\x02\0\x05", b"\x20\x02\0\x04"],
        ),
    };
    stream.write_all(question).await?;
    let mut start = [0; 4];
    stream.read_exact(&mut start).await?;
    Ok(answer.contains(&&start[..]))
}
