use std::{
    fmt, io,
    process::{ExitCode, ExitStatus},
};

/// Why a task did not succeed.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum Error {
    /// The command line asks for something there is not.
    Usage(String),
    /// The machine lacks something, and it could not be installed.
    Missing { what: String, by_hand: String },
    /// A program ended with a failure, having printed why.
    Failed { command: String, status: ExitStatus },
    /// The system refused something.
    Io { doing: String, source: io::Error },
}

impl Error {
    pub(crate) fn io(doing: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let doing = doing.into();
        |source| Self::Io { doing, source }
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            // A failing test run keeps cargo's own code.
            Self::Failed { status, .. } => {
                let code = status.code().and_then(|code| u8::try_from(code).ok());
                ExitCode::from(code.unwrap_or(1))
            }
            Self::Missing { .. } | Self::Io { .. } => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(what) => write!(f, "{what}; `cargo xtask help` lists the tasks"),
            Self::Missing { what, by_hand } => write!(f, "{what}\nby hand: {by_hand}"),
            Self::Failed { command, status } => write!(f, "`{command}` failed: {status}"),
            Self::Io { doing, source } => write!(f, "{doing}: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
