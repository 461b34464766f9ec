use std::{
    io,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{ReadHalf, WriteHalf},
    },
    sync::{broadcast, mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep, sleep_until},
};

use crate::{Error, ports};

/// A way to a broker that can be broken while the broker runs.
///
/// ```
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// use std::time::Duration;
///
/// use nestrs_brokers::Proxy;
///
/// let upstream = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
/// let proxy = Proxy::start(upstream.local_addr()?).await?;
/// let _client = tokio::net::TcpStream::connect(proxy.address()).await?;
/// let _broker = upstream.accept().await?;
/// assert_eq!(proxy.opened(), 1);
///
/// proxy.delay(Duration::from_millis(5));
/// proxy.refuse().await;
/// assert!(tokio::net::TcpStream::connect(proxy.address()).await.is_err());
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Proxy {
    shared: Arc<Shared>,
    accepting: watch::Sender<bool>,
    listening: watch::Receiver<bool>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Shared {
    address: SocketAddr,
    upstream: SocketAddr,
    /// In microseconds, and one way.
    delay: AtomicU64,
    opened: AtomicUsize,
    open: AtomicUsize,
    faults: broadcast::Sender<Fault>,
}

/// What happens to every connection that is open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Fault {
    /// It ends, as when a program closes it.
    Cut,
    /// It ends with a reset.
    Reset,
    /// Half of the next bytes come through, then it ends.
    Halve,
}

impl Proxy {
    /// Listens on a loopback port, and connects to `upstream` for each connection it takes.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if it cannot listen.
    ///
    /// # Cancel safety
    ///
    /// Nothing was started.
    pub async fn start(upstream: SocketAddr) -> Result<Self, Error> {
        let (address, listener) = loop {
            let address = (Ipv4Addr::LOCALHOST, ports::free_port()).into();
            match TcpListener::bind(address).await {
                // Someone else was quicker to take the port.
                Err(error) if error.kind() == io::ErrorKind::AddrInUse => {}
                bound => break (address, bound.map_err(Error::io("listen as a proxy"))?),
            }
        };
        let shared = Arc::new(Shared {
            address,
            upstream,
            delay: AtomicU64::new(0),
            opened: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            faults: broadcast::Sender::new(16),
        });
        let (accepting, wanted) = watch::channel(true);
        let (is, listening) = watch::channel(true);
        let task = tokio::spawn(listen(shared.clone(), listener, wanted, is));
        Ok(Self {
            shared,
            accepting,
            listening,
            task,
        })
    }

    /// Where to connect instead of `upstream`.
    pub fn address(&self) -> SocketAddr {
        self.shared.address
    }

    /// Ends every connection that is open. New ones are taken.
    pub fn cut(&self) {
        self.inflict(Fault::Cut);
    }

    /// Ends every connection that is open with a reset (`RST`).
    pub fn reset(&self) {
        self.inflict(Fault::Reset);
    }

    /// Lets half of the next bytes of every open connection through, in either direction, and
    /// then ends it: a message stops in its middle.
    pub fn halve(&self) {
        self.inflict(Fault::Halve);
    }

    /// Takes no new connections: they are refused as if nobody was there.
    ///
    /// # Cancel safety
    ///
    /// It will refuse, from some time on.
    pub async fn refuse(&self) {
        self.listen(false).await;
    }

    /// Takes connections again after [`refuse`](Self::refuse).
    ///
    /// # Cancel safety
    ///
    /// It will accept, from some time on.
    pub async fn accept(&self) {
        self.listen(true).await;
    }

    /// Has every byte come so much later from now on, in each direction. Throughput stays.
    pub fn delay(&self, one_way: Duration) {
        let micros = u64::try_from(one_way.as_micros()).unwrap_or(u64::MAX);
        self.shared.delay.store(micros, Ordering::Relaxed);
    }

    /// How many connections were taken so far.
    pub fn opened(&self) -> usize {
        self.shared.opened.load(Ordering::SeqCst)
    }

    /// How many of them are open.
    pub fn open(&self) -> usize {
        self.shared.open.load(Ordering::SeqCst)
    }

    fn inflict(&self, fault: Fault) {
        // An error says that there is no connection.
        let _ = self.shared.faults.send(fault);
    }

    async fn listen(&self, wanted: bool) {
        self.accepting.send_replace(wanted);
        let mut listening = self.listening.clone();
        // The other end is gone only when the runtime is.
        let _ = listening.wait_for(|is| *is == wanted).await;
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
        self.cut();
    }
}

async fn listen(
    shared: Arc<Shared>,
    listener: TcpListener,
    mut wanted: watch::Receiver<bool>,
    is: watch::Sender<bool>,
) {
    let mut listener = Some(listener);
    loop {
        let accept = async {
            match &listener {
                Some(listener) => listener.accept().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            accepted = accept => if let Ok((client, _)) = accepted {
                // Here, so that a fault from now on reaches it.
                let faults = shared.faults.subscribe();
                shared.opened.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(forward(shared.clone(), client, faults));
            },
            changed = wanted.changed() => {
                if changed.is_err() {
                    return;
                }
                if !*wanted.borrow_and_update() {
                    listener = None;
                } else if listener.is_none() {
                    listener = Some(bind(shared.address).await);
                }
                is.send_replace(listener.is_some());
            }
        }
    }
}

/// The port is ours by choice only while we do not listen.
async fn bind(address: SocketAddr) -> TcpListener {
    loop {
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(_) => sleep(Duration::from_millis(10)).await,
        }
    }
}

async fn forward(shared: Arc<Shared>, client: TcpStream, faults: broadcast::Receiver<Fault>) {
    // A client that was accepted and that nobody answers is closed: there is no other way here
    // to say that the broker is not there.
    let Ok(server) = TcpStream::connect(shared.upstream).await else {
        return;
    };
    shared.open.fetch_add(1, Ordering::SeqCst);
    // What goes wrong on a connection ends it, as it should.
    let _ = until_it_ends(&shared, client, server, faults).await;
    shared.open.fetch_sub(1, Ordering::SeqCst);
}

async fn until_it_ends(
    shared: &Shared,
    mut client: TcpStream,
    mut server: TcpStream,
    mut faults: broadcast::Receiver<Fault>,
) -> io::Result<()> {
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    let fault = {
        let (from_client, to_client) = client.split();
        let (from_server, to_server) = server.split();
        let halve = AtomicBool::new(false);
        let both = async {
            tokio::try_join!(
                one_way(shared, from_client, to_server, &halve),
                one_way(shared, from_server, to_client, &halve),
            )
        };
        tokio::pin!(both);
        loop {
            tokio::select! {
                _ = &mut both => break Fault::Cut,
                fault = faults.recv() => match fault {
                    Ok(Fault::Halve) => halve.store(true, Ordering::Relaxed),
                    Ok(fault) => break fault,
                    Err(_) => break Fault::Cut,
                }
            }
        }
    };
    if fault == Fault::Reset {
        client.set_zero_linger()?;
        server.set_zero_linger()?;
    }
    Ok(())
}

/// Reading goes on while what was read waits for its time.
async fn one_way(
    shared: &Shared,
    mut from: ReadHalf<'_>,
    mut to: WriteHalf<'_>,
    halve: &AtomicBool,
) -> io::Result<()> {
    let (read, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(4_096);
    let reading = async move {
        let mut buffer = vec![0; 64 * 1024];
        loop {
            let count = from.read(&mut buffer).await?;
            let half = halve.load(Ordering::Relaxed);
            let bytes = &buffer[..if half { count / 2 } else { count }];
            let delay = Duration::from_micros(shared.delay.load(Ordering::Relaxed));
            if count == 0
                || read
                    .send((Instant::now() + delay, bytes.to_vec()))
                    .await
                    .is_err()
            {
                return Ok(());
            }
            if half {
                return Ok(());
            }
        }
    };
    let writing = async move {
        while let Some((when, bytes)) = due.recv().await {
            sleep_until(when).await;
            to.write_all(&bytes).await?;
        }
        if halve.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        to.shutdown().await
    };
    tokio::try_join!(reading, writing).map(|_| ())
}
