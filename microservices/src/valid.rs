//! [`Valid`]: a payload whose fields are checked as well as its shape.

use std::ops::Deref;

use garde::{Report, Validate};
use nestrs_core::{ErrorKind, TransportError};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

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
        match payload.validate() {
            Ok(()) => Ok(Self(payload)),
            Err(report) => Err(violations(message.ctx().pattern(), &report)),
        }
    }
}

impl<T> Deref for Valid<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
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
