//! [`On`]: what a mock answers, as the test says it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use nestrs::microservices::{Pattern, TransportError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::ClientMock;
use super::answer::{Answer, What};

/// A pattern that a mock is told the answer to. See [`ClientMock::on`].
#[derive(Debug)]
#[must_use = "say what is answered: `.reply(…)`, `.error(…)`, `.call(…)`, `.stream(…)` or `.never()`"]
pub struct On<C> {
    mock: ClientMock<C>,
    pattern: Pattern,
    after: Duration,
}

impl<C> On<C> {
    pub(super) fn new(mock: ClientMock<C>, pattern: Pattern) -> Self {
        let after = Duration::ZERO;
        Self {
            mock,
            pattern,
            after,
        }
    }

    /// The answer takes this long: on tokio's paused clock no time at all, and
    /// the caller's timeout still runs out.
    ///
    /// ```
    /// use nestrs::microservices::ErrorKind;
    /// use nestrs::prelude::*;
    /// use nestrs_testing::client_mock;
    /// use std::time::Duration;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() {
    /// let slow = client_mock::<ClientProxy>("billing")
    ///     .on("billing.charge")
    ///     .after(Duration::from_secs(60))
    ///     .reply(1998);
    /// let charged = slow.client().send::<_, u64>("billing.charge", &1).await;
    /// assert_eq!(charged.unwrap_err().kind(), ErrorKind::Timeout);
    /// # }
    /// ```
    pub fn after(self, after: Duration) -> Self {
        Self { after, ..self }
    }

    /// A value.
    ///
    /// # Panics
    ///
    /// When it is no JSON.
    #[track_caller]
    pub fn reply(self, value: impl Serialize) -> ClientMock<C> {
        let json = json(&value);
        self.answer(What::One(Arc::new(move |_| Ok(json.clone()))))
    }

    /// An error.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::client_mock;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), TransportError> {
    /// let flaky = client_mock::<ClientProxy>("billing")
    ///     .on("billing.charge").error(TransportError::new("try again"))
    ///     .on("billing.charge").reply(1998);
    /// let charge = async || flaky.client().send::<_, u64>("billing.charge", &1).await;
    /// assert_eq!(charge().await.unwrap_err().message, "try again");
    /// assert_eq!(charge().await?, 1998);
    /// # Ok(())
    /// # }
    /// ```
    pub fn error(self, error: TransportError) -> ClientMock<C> {
        self.answer(What::One(Arc::new(move |_| Err(error.clone()))))
    }

    /// What a function makes of the payload.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::client_mock;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), TransportError> {
    /// let math = client_mock::<ClientProxy>("math")
    ///     .on("math.double")
    ///     .call(|n: i64| Ok(2 * n));
    /// assert_eq!(math.client().send::<_, i64>("math.double", &21).await?, 42);
    /// # Ok(())
    /// # }
    /// ```
    pub fn call<P, R>(
        self,
        answer: impl Fn(P) -> Result<R, TransportError> + Send + Sync + 'static,
    ) -> ClientMock<C>
    where
        P: DeserializeOwned,
        R: Serialize,
    {
        let invalid = |error: serde_json::Error| TransportError::new(error.to_string());
        let answer = move |payload: &[u8]| {
            let payload = serde_json::from_slice(payload).map_err(invalid)?;
            let json = serde_json::to_vec(&answer(payload)?).map_err(invalid)?;
            Ok(json.into())
        };
        self.answer(What::One(Arc::new(answer)))
    }

    /// Several replies, as `send_stream` gets them; `send` gets the first.
    ///
    /// ```
    /// # use nestrs::prelude::*;
    /// # use nestrs_testing::client_mock;
    /// # use futures_util::TryStreamExt;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), TransportError> {
    /// let prices = client_mock::<ClientProxy>("prices").on("prices.watch").stream([1.5, 2.5]);
    /// let replies = prices.client().send_stream::<_, f64>("prices.watch", "BTC").await?;
    /// assert_eq!(replies.try_collect::<Vec<_>>().await?, [1.5, 2.5]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Panics
    ///
    /// When a reply is no JSON.
    #[track_caller]
    pub fn stream<T: Serialize>(self, replies: impl IntoIterator<Item = T>) -> ClientMock<C> {
        let mut all = Vec::new();
        for reply in replies {
            all.push(json(&reply));
        }
        self.answer(What::Many(all))
    }

    /// Nothing, until the caller does not wait any more.
    pub fn never(self) -> ClientMock<C> {
        self.answer(What::Never)
    }

    fn answer(self, what: What) -> ClientMock<C> {
        let Self {
            mock,
            pattern,
            after,
        } = self;
        let answer = Answer { after, what };
        mock.mock.state().answers.add(pattern.into_string(), answer);
        mock
    }
}

#[track_caller]
fn json(value: &impl Serialize) -> Bytes {
    match serde_json::to_vec(value) {
        Ok(json) => json.into(),
        Err(error) => panic!("the reply is no JSON: {error}"),
    }
}
