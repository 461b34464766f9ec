//! What is wrong with an application's wiring, for people and for tools.

use std::fmt;
use std::panic::Location;

/// One thing wrong with the wiring.
///
/// ```
/// use nestrs_di::{Code, Graph, injectable, module};
/// use std::sync::Arc;
///
/// struct Missing;
///
/// #[injectable]
/// struct Orders { missing: Arc<Missing> }
///
/// #[module(providers = [Orders])]
/// struct AppModule;
///
/// let error = Graph::of::<AppModule>().unwrap_err();
/// let finding = &error.findings()[0];
/// assert_eq!(finding.code, Code::Missing);
/// assert_eq!(finding.path, ["AppModule", "Orders", "Missing"]);
/// assert!(finding.sites[0].at.file().ends_with(".rs"));
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Finding {
    /// What kind of thing; stable.
    pub code: Code,
    /// Whether it keeps the application from starting.
    pub severity: Severity,
    /// One sentence.
    pub message: String,
    /// The places in the source that have to do with it, the one to look at first.
    pub sites: Vec<Site>,
    /// From the root module to it.
    pub path: Vec<String>,
    /// The change that mends it.
    pub fix: String,
}

/// The kinds of findings. Displayed as the number by which they are documented.
///
/// ```
/// assert_eq!(nestrs_di::Code::Missing.to_string(), "DI001");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Code {
    /// DI001: nothing provides what is asked for where it is asked for.
    Missing,
    /// DI002: a provider depends on itself.
    Cycle,
    /// DI003: a module provides the same thing twice.
    Duplicate,
    /// DI004: a scope does not fit: a singleton would hold on to something of a request. A warning: what is no singleton has hooks.
    Scope,
    /// DI005: another module has it and keeps it to itself.
    NotExported,
    /// DI006: nobody asks for it. A warning.
    Unused,
    /// DI007: a trait's objects are asked for as another type than they are provided as.
    WrongObject,
    /// DI008: a constructor failed, panicked or took too long. In a [`Failure`](crate::Failure), never in a finding.
    Constructor,
    /// DI009: a module exports what it does not have.
    UnknownExport,
    /// DI010: one is asked for, and there are several.
    Ambiguous,
    /// DI011: a hook failed, panicked or took too long. In a [`Failure`](crate::Failure), never in a finding.
    Hook,
    /// DI012: something that is not there was to be replaced.
    UnknownReplacement,
    /// DI013: two things of a layer above the container are in each other's way, as two handlers of one message.
    Conflict,
}

/// How bad a [`Finding`] is.
///
/// ```
/// assert_eq!(nestrs_di::Severity::Error.to_string(), "error");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Severity {
    /// The application cannot start.
    Error,
    /// It can; something looks wrong.
    Warning,
}

/// A place in the source, and what is there.
///
/// ```
/// # fn print(site: &nestrs_di::Site) {
/// println!("{}: {}", site.at, site.label);
/// # }
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Site {
    /// File, line and column.
    pub at: &'static Location<'static>,
    /// What is to be seen there.
    pub label: String,
}

impl Finding {
    /// One that keeps the application from starting.
    ///
    /// ```
    /// use nestrs_di::{Code, Finding};
    /// use std::panic::Location;
    ///
    /// let finding = Finding::error(Code::Conflict, "two handlers for `users.find`")
    ///     .site(Location::caller(), "handled here")
    ///     .fix("change the pattern of one");
    /// assert!(finding.to_string().starts_with("error[DI013]: two handlers for `users.find`"));
    /// ```
    pub fn error(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Error, message.into())
    }

    /// One that does not.
    ///
    /// ```
    /// use nestrs_di::{Code, Finding};
    ///
    /// let finding = Finding::warning(Code::Unused, "nobody sends `users.find`");
    /// assert!(finding.to_string().starts_with("warning[DI006]: nobody sends"));
    /// ```
    pub fn warning(code: Code, message: impl Into<String>) -> Self {
        Self::new(code, Severity::Warning, message.into())
    }

    fn new(code: Code, severity: Severity, message: String) -> Self {
        let (sites, path, fix) = (Vec::new(), Vec::new(), String::new());
        Self {
            code,
            severity,
            message,
            sites,
            path,
            fix,
        }
    }

    /// Adds a place in the source and what is to be seen there.
    ///
    /// ```
    /// use nestrs_di::{Code, Finding};
    /// use std::panic::Location;
    ///
    /// let finding = Finding::error(Code::Conflict, "twice").site(Location::caller(), "handled here");
    /// assert_eq!(finding.sites[0].label, "handled here");
    /// ```
    #[must_use]
    pub fn site(mut self, at: &'static Location<'static>, label: impl Into<String>) -> Self {
        self.sites.push(Site {
            at,
            label: label.into(),
        });
        self
    }

    /// Sets the way from the root module to it, see [`Graph::path_to`](crate::Graph::path_to).
    ///
    /// ```
    /// use nestrs_di::{Code, Finding};
    ///
    /// let finding = Finding::error(Code::Conflict, "twice").path(vec!["AppModule".into(), "Users".into()]);
    /// assert!(finding.to_string().contains("AppModule > Users"));
    /// ```
    #[must_use]
    pub fn path(self, path: Vec<String>) -> Self {
        Self { path, ..self }
    }

    /// Sets the change that mends it.
    ///
    /// ```
    /// use nestrs_di::{Code, Finding};
    ///
    /// let finding = Finding::error(Code::Conflict, "twice").fix("remove one");
    /// assert!(finding.to_string().contains("remove one"));
    /// ```
    #[must_use]
    pub fn fix(self, fix: impl Into<String>) -> Self {
        Self {
            fix: fix.into(),
            ..self
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}[{}]: {}", self.severity, self.code, self.message)?;
        for (index, site) in self.sites.iter().enumerate() {
            let arrow = if index == 0 { " -->" } else { "note:" };
            write!(f, "\n  {arrow} {}  {}", site.at, site.label)?;
        }
        write!(
            f,
            "\n  path: {}\n  fix:  {}",
            self.path.join(" > "),
            self.fix
        )
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "DI001",
            Self::Cycle => "DI002",
            Self::Duplicate => "DI003",
            Self::Scope => "DI004",
            Self::NotExported => "DI005",
            Self::Unused => "DI006",
            Self::WrongObject => "DI007",
            Self::Constructor => "DI008",
            Self::UnknownExport => "DI009",
            Self::Ambiguous => "DI010",
            Self::Hook => "DI011",
            Self::UnknownReplacement => "DI012",
            Self::Conflict => "DI013",
        })
    }
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Error => "error",
            Self::Warning => "warning",
        })
    }
}

/// Everything wrong with an application's wiring. Nothing has been constructed.
///
/// ```
/// use nestrs_di::{GraphError, Module, module};
///
/// #[module(exports = [String])]
/// struct AppModule;
///
/// let error: GraphError = AppModule::verify().unwrap_err();
/// assert_eq!(error.findings().len(), 1);
/// assert!(error.to_string().contains("DI009"));
/// ```
#[derive(Clone)]
pub struct GraphError {
    findings: Vec<Finding>,
}

impl GraphError {
    pub(super) fn new(findings: Vec<Finding>) -> Self {
        Self { findings }
    }

    /// Each thing that is wrong.
    ///
    /// ```
    /// use nestrs_di::{Code, Module, module};
    ///
    /// #[module(exports = [String])]
    /// struct AppModule;
    ///
    /// let error = AppModule::verify().unwrap_err();
    /// assert_eq!(error.findings()[0].code, Code::UnknownExport);
    /// ```
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }
}

impl fmt::Display for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.findings.iter().enumerate() {
            let gap = if index == 0 { "" } else { "\n\n" };
            write!(f, "{gap}{finding}")?;
        }
        Ok(())
    }
}

/// As `Display`: this is what a failing test prints.
impl fmt::Debug for GraphError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\n{self}\n")
    }
}

impl std::error::Error for GraphError {}
