//! [`ClientMock`]: a client that answers what a test says, and remembers what
//! it was sent.
//!
//! | file | holds |
//! |---|---|
//! | `on.rs` | what is answered, as the test says it |
//! | `answer.rs` | what is answered, as it is given |
//! | `sent.rs` | what was sent, and assertions about it |
//! | `transport.rs` | the mock as the transport of a client |

mod answer;
mod on;
mod sent;
mod transport;

use std::fmt;
use std::marker::PhantomData;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use nestrs::microservices::{ClientProxy, Pattern, Transport};

pub use on::On;
pub use sent::SentMessage;

use answer::Answers;
use transport::MockTransport;

/// A mock of the client of that name, to be put in its place by
/// [`override_client`](crate::TestingModuleBuilder::override_client).
///
/// `C` is what [`client`](ClientMock::client) gives: a `ClientProxy`, or the
/// client of a `#[message_contract]`.
///
/// ```
/// use nestrs::microservices::TcpTransportOptions;
/// use nestrs::prelude::*;
/// use nestrs_testing::{Test, client_mock};
/// use std::sync::Arc;
///
/// #[injectable]
/// struct OrdersService {
///     clients: Arc<ClientsService>,
/// }
///
/// #[micro_routes]
/// impl OrdersService {
///     #[message_pattern("orders.create")]
///     async fn create(&self, item: String) -> Result<u64, TransportError> {
///         let billing = self.clients.expect("billing");
///         billing.send("billing.charge", &item).await
///     }
/// }
///
/// #[module(
///     imports = [ClientsModule::register(&[
///         ClientConfig::tcp("billing", TcpTransportOptions::default()),
///     ])],
///     microservices = [OrdersService],
/// )]
/// struct AppModule;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let billing = client_mock::<ClientProxy>("billing").on("billing.charge").reply(1998);
/// let module = Test::create_testing_module::<AppModule>()
///     .override_client(&billing)
///     .compile()
///     .await?;
/// let total: u64 = module.client().send("orders.create", "book").await?;
/// assert_eq!(total, 1998);
/// billing.assert_sent("billing.charge", "book");
/// # Ok(())
/// # }
/// ```
pub fn client_mock<C: From<ClientProxy>>(name: &'static str) -> ClientMock<C> {
    ClientMock::of(Some(name))
}

/// As [`client_mock()`], of the client that is injected without a name: the
/// only one.
///
/// ```
/// use nestrs::prelude::*;
/// use nestrs_testing::default_client_mock;
///
/// let mock = default_client_mock::<ClientProxy>();
/// ```
pub fn default_client_mock<C: From<ClientProxy>>() -> ClientMock<C> {
    ClientMock::of(None)
}

/// A client that answers what the test says with [`on`](Self::on), and
/// remembers what it was sent. Clones are the same mock. See
/// [`client_mock()`].
///
/// A request it was told no answer for fails, with a message that says how to
/// tell it. Events need no answer.
#[must_use = "a mock does nothing unless it is put in place: `.override_client(&mock)`"]
pub struct ClientMock<C = ClientProxy> {
    mock: Arc<Mock>,
    client: PhantomData<fn() -> C>,
}

struct Mock {
    name: Option<&'static str>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    answers: Answers,
    sent: Vec<SentMessage>,
}

impl<C> ClientMock<C> {
    fn of(name: Option<&'static str>) -> Self {
        let state = Mutex::default();
        Self {
            mock: Arc::new(Mock { name, state }),
            client: PhantomData,
        }
    }

    /// What is answered to messages of `pattern`: `.on("billing.charge").reply(1998)`.
    /// Of several answers to one pattern each is given once, in this order;
    /// the last is given again and again.
    pub fn on(&self, pattern: impl Into<Pattern>) -> On<C> {
        On::new(self.clone(), pattern.into())
    }

    /// Everything that was sent so far, in this order.
    pub fn messages(&self) -> Vec<SentMessage> {
        self.mock.state().sent.clone()
    }

    pub(crate) fn name(&self) -> Option<&'static str> {
        self.mock.name
    }

    pub(crate) fn transport(&self) -> Arc<dyn Transport> {
        Arc::new(MockTransport(Arc::clone(&self.mock)))
    }
}

impl<C: From<ClientProxy>> ClientMock<C> {
    /// A client that sends to the mock, for what is tested without modules.
    ///
    /// ```
    /// use nestrs::prelude::*;
    /// use nestrs_testing::client_mock;
    ///
    /// #[message_contract]
    /// trait Math {
    ///     #[message_pattern("math.double")]
    ///     async fn double(&self, n: i64) -> i64;
    /// }
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), TransportError> {
    /// let math = client_mock::<MathClient>("math").on("math.double").reply(42);
    /// assert_eq!(math.client().double(&21).await?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn client(&self) -> C {
        C::from(ClientProxy::new(self.transport()))
    }
}

impl Mock {
    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing of a test's runs under the lock.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// As it is called in messages.
impl fmt::Display for Mock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "the client mock `{name}`"),
            None => f.write_str("the default client's mock"),
        }
    }
}

impl<C> Clone for ClientMock<C> {
    fn clone(&self) -> Self {
        Self {
            mock: Arc::clone(&self.mock),
            client: PhantomData,
        }
    }
}

impl<C> fmt::Debug for ClientMock<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientMock")
            .field("name", &self.mock.name)
            .field("sent", &self.mock.state().sent)
            .finish_non_exhaustive()
    }
}
