//! [`ClientsService`]: clients by name.

use futures_util::future::join_all;

use crate::client::{ClientConfig, ClientProxy};

/// The clients of a [`ClientsModule`](crate::ClientsModule), by name.
///
/// ```no_run
/// use nestrs_di::injectable;
/// use nestrs_microservices::{ClientsService, TransportError};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct Checkout {
///     clients: Arc<ClientsService>,
/// }
///
/// impl Checkout {
///     async fn charge(&self, cents: u64) -> Result<(), TransportError> {
///         self.clients.expect("billing").send("billing.charge", &cents).await
///     }
/// }
/// ```
#[derive(Debug, Clone, Default)]
pub struct ClientsService {
    /// A handful at most: looking through them is as fast as hashing.
    clients: Vec<(&'static str, ClientProxy)>,
}

impl ClientsService {
    pub(super) fn of(configs: &[ClientConfig]) -> Self {
        let client = |config: &ClientConfig| ClientProxy::new(config.transport.clone());
        let clients = configs.iter().map(|config| (config.name, client(config)));
        Self {
            clients: clients.collect(),
        }
    }

    pub(super) async fn close(&self) {
        join_all(self.clients.iter().map(|(_, client)| client.close())).await;
    }

    /// The names of the clients, in the order they were registered.
    ///
    /// ```
    /// # use nestrs_microservices::ClientsService;
    /// assert_eq!(ClientsService::default().names().count(), 0);
    /// ```
    pub fn names(&self) -> impl Iterator<Item = &'static str> {
        self.clients.iter().map(|(name, _)| *name)
    }

    /// The same clients, with something else in the place of the one of that
    /// name, if there is one.
    ///
    /// ```
    /// # use nestrs_microservices::{ClientsService, Transport};
    /// # use std::sync::Arc;
    /// fn without_billing(clients: &ClientsService, mock: Arc<dyn Transport>) -> ClientsService {
    ///     clients.replace("billing", |billing| billing.over(mock))
    /// }
    /// ```
    #[must_use]
    pub fn replace(&self, name: &str, by: impl FnOnce(&ClientProxy) -> ClientProxy) -> Self {
        let mut clients = self.clients.clone();
        if let Some((_, client)) = clients.iter_mut().find(|(known, _)| *known == name) {
            *client = by(client);
        }
        Self { clients }
    }

    /// The client of that name.
    ///
    /// ```
    /// # use nestrs_microservices::ClientsService;
    /// let clients = ClientsService::default();
    /// assert!(clients.get("billing").is_none());
    /// ```
    pub fn get(&self, name: &str) -> Option<ClientProxy> {
        let named = |(known, _): &&(&'static str, _)| *known == name;
        let found = self.clients.iter().find(named);
        found.map(|(_, client)| client.clone())
    }

    /// The client of that name, which is known to be registered.
    ///
    /// ```should_panic
    /// # use nestrs_microservices::ClientsService;
    /// let clients = ClientsService::default();
    /// clients.expect("billing");
    /// ```
    ///
    /// # Panics
    ///
    /// When it is not; the message lists those that are.
    #[track_caller]
    pub fn expect(&self, name: &str) -> ClientProxy {
        match self.get(name) {
            Some(client) => client,
            None => panic!("{}", self.missing(name)),
        }
    }

    pub(crate) fn missing(&self, name: &str) -> String {
        let mut known: Vec<&str> = self.clients.iter().map(|(name, _)| *name).collect();
        known.sort_by_key(|known| distance(known, name));
        match &known[..] {
            [] => format!(
                "no client is called `{name}`: `ClientsModule::register` was given no clients"
            ),
            [nearest, others @ ..] => {
                let others: String = others.iter().map(|name| format!(", `{name}`")).collect();
                format!(
                    "no client is called `{name}`; there are `{nearest}`{others}: \
                     correct the name, or add it to `ClientsModule::register`"
                )
            }
        }
    }
}

/// How many letters must be added, removed or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, a) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, b) in b.iter().enumerate() {
            let changed = diagonal + usize::from(a != *b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_letters() {
        for (a, b, expected) in [
            ("", "abc", 3),
            ("billing", "biling", 1),
            ("kitten", "sitting", 3),
            ("é", "é", 0),
        ] {
            assert_eq!(distance(a, b), expected, "{a} {b}");
        }
    }
}
