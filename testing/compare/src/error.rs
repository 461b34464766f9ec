use std::process::ExitStatus;
use std::{fmt, io};

/// Why there are no figures.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum Error {
    /// There is nothing of this name to measure, or the options make no sense.
    Unknown(String),
    Usage(String),
    /// What everybody needs does not start.
    Broker(nestrs_brokers::Error),
    /// A program ended with a failure, having printed why.
    Failed {
        program: String,
        status: ExitStatus,
    },
    /// A measurement is not among the figures.
    Missing {
        row: String,
        column: String,
    },
    /// Messages cost more than is committed.
    Dearer {
        slack: u64,
        messages: Vec<String>,
    },
    /// The system refused something.
    Io {
        doing: String,
        source: io::Error,
    },
    /// A file of figures is not as expected.
    Json {
        file: String,
        source: serde_json::Error,
    },
}

impl Error {
    pub(crate) fn io(doing: impl fmt::Display) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io {
            doing: doing.to_string(),
            source,
        }
    }

    pub(crate) fn json(file: impl fmt::Display) -> impl FnOnce(serde_json::Error) -> Self {
        move |source| Self::Json {
            file: file.to_string(),
            source,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(name) => {
                let known: Vec<_> = crate::Path::all().map(crate::Path::name).collect();
                write!(
                    f,
                    "there is no `{name}` to measure, only {}",
                    known.join(", ")
                )
            }
            Self::Usage(what) => {
                write!(
                    f,
                    "{what}: [--quick] [--build-only] [--rounds <n>] [--seconds <s>] [path…]"
                )
            }
            Self::Broker(error) => write!(f, "no broker: {error}"),
            Self::Failed { program, status } => write!(f, "`{program}` failed: {status}"),
            Self::Missing { row, column } => write!(f, "`{column}` left no figure for `{row}`"),
            Self::Dearer { slack, messages } => write!(
                f,
                "more allocations than `pipeline/cost.json` says, or over {slack} % more instructions:\n  {}\n\
                 Find out where by `valgrind --tool=callgrind`, or commit what `cargo xtask compare pipeline` writes there.",
                messages.join("\n  ")
            ),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
            Self::Json { file, source } => write!(f, "{file}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::Json { source, .. } => Some(source),
            Self::Broker(error) => Some(error),
            _ => None,
        }
    }
}
