use std::{fmt, io, path::PathBuf};

/// What can go wrong around a peer, with what the peer printed on stderr where it ran.
#[non_exhaustive]
pub enum Error {
    /// The packages of a peer are not installed, or not those its lock file names.
    NotSetUp {
        /// The folder of the peer's version.
        folder: PathBuf,
    },
    /// Node could not be started.
    Spawn {
        /// The program that was tried.
        program: PathBuf,
        /// Why it did not start.
        source: io::Error,
    },
    /// A pipe to or from the peer broke.
    Pipe {
        /// The peer's stderr so far.
        stderr: String,
        /// Why.
        source: io::Error,
    },
    /// The peer did not do in time what it was waited for.
    Silent {
        /// What was waited for.
        awaited: String,
        /// The peer's stderr so far.
        stderr: String,
    },
    /// The peer ended while something was expected of it, or ended badly.
    Ended {
        /// What was waited for.
        awaited: String,
        /// The peer's whole stderr.
        stderr: String,
    },
    /// The peer printed a line that is not of the protocol.
    Protocol {
        /// The line.
        line: String,
        /// What is wrong with it.
        source: serde_json::Error,
    },
    /// Cases did not go as expected; one line each.
    Cases(Vec<String>),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSetUp { folder } => write!(
                f,
                "the packages of {} are missing or out of date: run `cargo xtask setup`",
                folder.display()
            ),
            Self::Spawn { program, source } => write!(
                f,
                "cannot start {}: {source}; run `cargo xtask setup`, \
                 or set NESTRS_NODE to a Node.js of version 20 or newer",
                program.display()
            ),
            Self::Pipe { stderr, source } => {
                write!(
                    f,
                    "the pipe to the peer broke: {source}\n{}",
                    Printed(stderr)
                )
            }
            Self::Silent { awaited, stderr } => {
                write!(f, "the peer gave no {awaited} in time\n{}", Printed(stderr))
            }
            Self::Ended { awaited, stderr } => {
                write!(f, "the peer ended without {awaited}\n{}", Printed(stderr))
            }
            Self::Protocol { line, source } => {
                write!(
                    f,
                    "the peer printed `{line}`, which is not of the protocol: {source}"
                )
            }
            Self::Cases(failed) => {
                write!(f, "{} case(s) failed:\n{}", failed.len(), failed.join("\n"))
            }
        }
    }
}

/// A test that returns an error shows it by `Debug`, and a person reads it.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Spawn { source, .. } | Self::Pipe { source, .. } => Some(source),
            Self::Protocol { source, .. } => Some(source),
            _ => None,
        }
    }
}

struct Printed<'a>(&'a str);

impl fmt::Display for Printed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.trim_end() {
            "" => write!(f, "(it printed nothing on stderr)"),
            text => write!(f, "its stderr:\n{text}"),
        }
    }
}
