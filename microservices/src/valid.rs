//! [`Valid`] and [`ValidationPipe`]: payloads whose fields are checked as well
//! as their shape.

use std::ops::Deref;

use async_trait::async_trait;
use garde::{Report, Validate};
use nestrs_core::{ErrorKind, TransportError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::enhancer::Pipe;
use crate::incoming::Incoming;
use crate::payload::{FromMessage, ViaMessage, take_payload};

/// The payload as a `T`, of which `garde` found nothing wrong: NestJS's
/// `ValidationPipe`, for one handler.
///
/// A payload with violations is answered with all of them, under `violations`
/// in the error's details, and the handler does not run.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use garde::Validate;
/// use nestrs_microservices::{Valid, micro_routes};
/// use serde::Deserialize;
///
/// #[derive(Deserialize, Validate)]
/// struct NewUser {
///     #[garde(length(min = 2))]
///     name: String,
///     #[garde(range(min = 18))]
///     age: u8,
/// }
///
/// struct Users;
///
/// #[micro_routes]
/// impl Users {
///     #[message_pattern("users.create")]
///     async fn create(&self, Valid(user): Valid<NewUser>) -> String {
///         format!("welcome, {}", user.name)
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Valid<T>(pub T);

impl<T> FromMessage<ViaMessage> for Valid<T>
where
    T: DeserializeOwned + Validate<Context: Default> + 'static,
{
    const PAYLOAD: bool = true;

    async fn from_message(message: &mut Incoming) -> Result<Self, TransportError> {
        let payload: T = take_payload(message)?;
        check(&payload, message)?;
        Ok(Self(payload))
    }
}

impl<T> Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// NestJS's `ValidationPipe`: has every parameter checked that `garde` can
/// check, in whatever place it stands, as around all handlers of an
/// application. What is wrong is answered as by [`Valid`], and the handler does
/// not run. A parameter whose type does not implement `garde::Validate` is not
/// checked, nor one of a generic type that is only known to the caller.
///
/// ```
/// # extern crate nestrs_microservices as nestrs;
/// use garde::Validate;
/// use nestrs_microservices::{ValidationPipe, micro_routes};
/// use serde::Deserialize;
///
/// #[derive(Deserialize, Validate)]
/// struct NewUser {
///     #[garde(length(min = 2))]
///     name: String,
/// }
///
/// struct Users;
///
/// #[micro_routes]
/// #[use_micro_pipes(ValidationPipe)]
/// impl Users {
///     #[message_pattern("users.create")]
///     async fn create(&self, user: NewUser) -> String {
///         format!("welcome, {}", user.name)
///     }
/// }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct ValidationPipe;

#[async_trait]
impl Pipe for ValidationPipe {
    async fn transform(&self, payload: Value, _: &Incoming) -> Result<Value, TransportError> {
        Ok(payload)
    }

    fn validates(&self) -> bool {
        true
    }
}

/// All that is wrong with what was made of a message's payload.
pub(crate) fn check<T>(payload: &T, message: &Incoming) -> Result<(), TransportError>
where
    T: Validate<Context: Default>,
{
    let report = payload.validate();
    report.map_err(|report| violations(message.ctx().pattern(), &report))
}

fn violations(pattern: &str, report: &Report) -> TransportError {
    let violations = report.iter().map(|(path, error)| {
        let (field, message) = (path.to_string(), error.message());
        json!({ "field": field, "message": message })
    });
    let violations: Vec<Value> = violations.collect();
    let fields = report
        .iter()
        .map(|(path, error)| format!("at `{path}`: {error}"));
    let fields: Vec<String> = fields.collect();
    let message = format!(
        "the payload of `{pattern}` is not valid: {}",
        fields.join("; ")
    );
    let mut error = TransportError::of_kind(ErrorKind::InvalidPayload, message);
    if let Some(details) = &mut error.details {
        details["violations"] = violations.into();
    }
    error
}
