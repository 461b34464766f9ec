use std::{fmt, io, path::PathBuf};

/// Why there is no broker.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// A program or a file is not on this machine.
    Missing {
        /// What was looked for.
        what: String,
    },
    /// What was asked for does not go together.
    Options(String),
    /// A broker ended by itself.
    Exited {
        /// Which one.
        broker: &'static str,
        /// Where it wrote why; the file is kept.
        log: PathBuf,
        /// The last lines of that.
        tail: String,
    },
    /// A broker runs and does not answer.
    NotReady {
        /// Which one.
        broker: &'static str,
        /// Where it wrote what it does; the file is kept.
        log: PathBuf,
        /// The last lines of that.
        tail: String,
    },
    /// A certificate could not be made.
    Certificate(rcgen::Error),
    /// The system refused something.
    Io {
        /// What was to be done.
        doing: String,
        /// What the system said.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { what } => write!(
                f,
                "{what} is not there: `cargo xtask setup` installs what the tests need"
            ),
            Self::Options(what) => f.write_str(what),
            Self::Exited { broker, log, tail } => {
                write!(f, "{broker} ended; see {}\n{tail}", log.display())
            }
            Self::NotReady { broker, log, tail } => {
                write!(f, "{broker} does not answer; see {}\n{tail}", log.display())
            }
            Self::Certificate(source) => write!(f, "no certificate could be made: {source}"),
            Self::Io { doing, source } => write!(f, "cannot {doing}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Certificate(source) => Some(source),
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
