use std::{
    hash::{BuildHasher, RandomState},
    net::{Ipv4Addr, TcpListener},
    sync::{
        LazyLock,
        atomic::{AtomicU16, Ordering},
    },
};

/// Below the ports that the system gives to outgoing connections: while a broker is down, none
/// of those can take its port.
const FIRST: u16 = 20_000;
const COUNT: u16 = 12_000;

/// Other processes on this machine look for ports as well, from somewhere else.
static NEXT: LazyLock<AtomicU16> = LazyLock::new(|| {
    let anything = RandomState::new().hash_one(std::process::id());
    AtomicU16::new((anything % u64::from(COUNT)) as u16)
});

/// A loopback port that nobody listens on, and that this process was not given before.
///
/// ```
/// let port = nestrs_brokers::free_port();
/// std::net::TcpListener::bind(("127.0.0.1", port))?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn free_port() -> u16 {
    loop {
        let port = FIRST + NEXT.fetch_add(1, Ordering::Relaxed) % COUNT;
        if is_free(port) {
            return port;
        }
    }
}

pub(crate) fn is_free(port: u16) -> bool {
    TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok()
}
