//! [`NatsAuth`]: who we are to the broker.

use std::fmt;
use std::path::PathBuf;

use async_nats::ConnectOptions;

/// Who we are to the broker. Neither logs nor errors show what is secret.
///
/// ```
/// use nestrs_transport_nats::{NatsAuth, NatsBroker};
///
/// let auth = NatsAuth::Token("s3cr3t".to_owned());
/// assert_eq!(format!("{auth:?}"), "Token(..)");
/// let broker = NatsBroker::new("nats://nats.internal").auth(auth);
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum NatsAuth {
    /// What the servers' addresses say, as `nats://user:password@host` or
    /// `nats://token@host`; else nobody in particular.
    #[default]
    FromAddress,
    /// A user with a password.
    User {
        /// The user's name.
        name: String,
        /// The password.
        password: String,
    },
    /// A token that all clients share.
    Token(String),
    /// The seed of an NKey, `SU…`.
    NKey(String),
    /// A user's JWT and the seed of its NKey.
    Jwt {
        /// The JWT, `ey…`.
        jwt: String,
        /// The seed, `SU…`.
        seed: String,
    },
    /// The text of a credentials file, which has both of these.
    Credentials(String),
    /// Where such a file is; read whenever a connection is made for the first
    /// time.
    CredentialsFile(PathBuf),
}

impl NatsAuth {
    /// Adds it to the driver's options; the error says what is wrong with it.
    pub(crate) async fn apply(&self, options: ConnectOptions) -> Result<ConnectOptions, String> {
        let applied = match self {
            Self::FromAddress => Ok(options),
            Self::User { name, password } => {
                Ok(options.user_and_password(name.clone(), password.clone()))
            }
            Self::Token(token) => Ok(options.token(token.clone())),
            Self::NKey(seed) => Ok(options.nkey(seed.clone())),
            Self::Jwt { jwt, seed } => options.credentials(&credentials(jwt, seed)),
            Self::Credentials(text) => options.credentials(text),
            Self::CredentialsFile(path) => options.credentials_file(path).await,
        };
        applied.map_err(|error| format!("the `auth` of the NATS broker does not work: {error}"))
    }
}

/// A credentials file, which is how the driver takes a JWT with its seed.
fn credentials(jwt: &str, seed: &str) -> String {
    format!(
        "-----BEGIN NATS USER JWT-----\n{jwt}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    )
}

impl fmt::Debug for NatsAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::FromAddress => f.write_str("FromAddress"),
            Self::User { name, .. } => f
                .debug_struct("User")
                .field("name", name)
                .finish_non_exhaustive(),
            Self::Token(_) => f.write_str("Token(..)"),
            Self::NKey(_) => f.write_str("NKey(..)"),
            Self::Jwt { .. } => f.write_str("Jwt { .. }"),
            Self::Credentials(_) => f.write_str("Credentials(..)"),
            Self::CredentialsFile(path) => f.debug_tuple("CredentialsFile").field(path).finish(),
        }
    }
}
