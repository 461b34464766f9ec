//! [`Readiness`]: whether an application is ready for work, and what keeps it.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use nestrs_core::status::StatusStream;
use nestrs_core::{ClientStatus, Shutdown};
use nestrs_di::Container;

/// How long a part of the application may take to say how it is.
const PATIENCE: Duration = Duration::from_secs(2);

/// Whether an application is ready for work. See
/// [`RunningApplication::readiness`](crate::RunningApplication::readiness).
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Readiness {
    /// Whether it has been told to stop.
    pub is_stopping: bool,
    /// Its servers, clients and health indicators by name, each with what is
    /// wrong with it, if anything is.
    pub parts: Vec<(String, Result<(), String>)>,
}

impl Readiness {
    /// Whether it is: nothing is wrong with any part, and it goes on.
    pub fn is_ready(&self) -> bool {
        !self.is_stopping && self.parts.iter().all(|(_, health)| health.is_ok())
    }
}

/// Where the readiness of one application is known.
pub(crate) struct ReadinessOf {
    container: Container,
    /// Told before it stops, so that whoever sends work here sees it first.
    stopping: Shutdown,
    servers: Mutex<Vec<Server>>,
}

struct Server {
    name: &'static str,
    changes: StatusStream,
    status: ClientStatus,
}

impl ReadinessOf {
    pub(crate) fn new(container: Container) -> Self {
        Self {
            container,
            stopping: Shutdown::new(),
            servers: Mutex::default(),
        }
    }

    #[cfg(feature = "http")]
    pub(crate) fn container(&self) -> &Container {
        &self.container
    }

    /// From now on it is not ready.
    pub(crate) fn stop(&self) {
        self.stopping.stop();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.is_stopping()
    }

    #[cfg(feature = "microservices")]
    pub(crate) fn add_server(&self, name: &'static str, changes: StatusStream) {
        self.servers().push(Server {
            name,
            changes,
            status: ClientStatus::Disconnected,
        });
    }

    pub(crate) async fn ask(&self) -> Readiness {
        let mut parts: Vec<_> = self.servers().iter_mut().map(Server::ask).collect();
        #[cfg(feature = "microservices")]
        parts.extend(clients(&self.container).await);
        let indicators = tokio::time::timeout(PATIENCE, self.container.health()).await;
        match indicators {
            Ok(indicators) => {
                parts.extend(indicators.into_iter().map(|(key, health)| {
                    let health = health.map_err(|error| error.to_string());
                    (key.to_string(), health)
                }));
            }
            Err(_) => {
                let slow = format!("not all of them answered within {PATIENCE:?}");
                parts.push(("health indicators".to_owned(), Err(slow)));
            }
        }
        Readiness {
            is_stopping: self.is_stopping(),
            parts,
        }
    }

    fn servers(&self) -> std::sync::MutexGuard<'_, Vec<Server>> {
        self.servers.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Server {
    fn ask(&mut self) -> (String, Result<(), String>) {
        // After the last change, it stays what it was.
        while let Some(Some(status)) = now(self.changes.next()) {
            self.status = status;
        }
        let health = match self.status {
            ClientStatus::Connected => Ok(()),
            other => Err(other.to_string()),
        };
        (self.name.to_owned(), health)
    }
}

/// What a future has to say without waiting.
fn now<T>(future: impl Future<Output = T>) -> Option<T> {
    let mut cx = std::task::Context::from_waker(std::task::Waker::noop());
    match std::pin::pin!(future).poll(&mut cx) {
        std::task::Poll::Ready(value) => Some(value),
        std::task::Poll::Pending => None,
    }
}

/// A client that has no connection yet need not be in trouble: it is told to
/// make one.
#[cfg(feature = "microservices")]
async fn clients(container: &Container) -> Vec<(String, Result<(), String>)> {
    use nestrs_microservices::ClientsService;

    let mut asked = tokio::task::JoinSet::new();
    for instance in container.instances(std::any::TypeId::of::<ClientsService>()) {
        let Ok(clients) = instance.downcast::<ClientsService>() else {
            continue;
        };
        for name in clients.names() {
            let client = clients.get(name);
            asked.spawn(async move {
                let connect = async {
                    match client {
                        Some(client) => client.connect().await.map_err(|error| error.message),
                        None => Ok(()),
                    }
                };
                let connected = tokio::time::timeout(PATIENCE, connect).await;
                let slow = |_| Err(format!("no connection within {PATIENCE:?}"));
                (name.to_owned(), connected.unwrap_or_else(slow))
            });
        }
    }
    let mut parts = asked.join_all().await;
    parts.sort();
    parts
}

impl std::fmt::Debug for ReadinessOf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ReadinessOf").finish_non_exhaustive()
    }
}
