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
    match kind {
        // It speaks first.
        Kind::Nats => begins(stream, b"", &[b"INFO"]).await,
        // It wants to know who asks: then it is there too.
        Kind::Redis => begins(stream, b"PING\r\n", &[b"+PONG", b"-NOAU"]).await,
        // A frame with the first method on channel 0.
        Kind::RabbitMq => begins(stream, b"AMQP\0\0\x09\x01", &[b"\x01\0\0"]).await,
        // A connection without a name; welcome (0) or not, an answer is an answer.
        Kind::Mosquitto => {
            let connect = b"\x10\x0c\0\x04MQTT\x04\x02\0\x0a\0\0";
            begins(stream, connect, &[b"\x20\x02"]).await
        }
        // A metadata request, version 1, for no topics. Its answer counts when it names a broker:
        // it listens before it is one.
        Kind::Kafka => {
            let request = b"\0\0\0\x0e\0\x03\0\x01\0\0\0\0\xff\xff\0\0\0\0";
            stream.write_all(request).await?;
            let mut answer = [0; 12];
            stream.read_exact(&mut answer).await?;
            let brokers = &answer[8..];
            Ok(brokers == [0, 0, 0, 1])
        }
    }
}

async fn begins<const N: usize>(
    mut stream: TcpStream,
    question: &[u8],
    answers: &[&[u8; N]],
) -> io::Result<bool> {
    stream.write_all(question).await?;
    let mut start = [0; N];
    stream.read_exact(&mut start).await?;
    Ok(answers.contains(&&start))
}
