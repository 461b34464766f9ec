use crate::{brokers, compare, conformance, error::Error, interop, setup, test};

const HELP: &str = "\
Usage: cargo xtask <task>

  help                   this list
  setup                  install what the tests need: Node.js, the NestJS packages, the brokers
  test [cargo test args] set up, then run every test of the workspace
  interop [filter]       set up, then run the tests with NestJS peers, one line a case
  conformance [filter]   what every transport promises, one line a case: `tcp`, `nats::cut`
  brokers [up|down]      start a broker of each kind to work with by hand, end them, or show them
  compare [--quick] [path] measure beside others, and write testing/compare/RESULTS.md; `--build-only` does neither
  cost                   count what messages cost, and fail if that is more than is committed
";

/// What the command line asks for.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum Task {
    Help,
    Setup,
    Test(Vec<String>),
    Interop(Vec<String>),
    Conformance(Vec<String>),
    Brokers(String),
    Compare(Vec<String>),
    Cost,
}

impl Task {
    pub(crate) fn parse(args: impl IntoIterator<Item = String>) -> Result<Self, Error> {
        let mut args = args.into_iter();
        let name = args.next();
        let rest: Vec<_> = args.collect();
        let task = match name.as_deref() {
            None | Some("help" | "-h" | "--help") => Self::Help,
            Some("setup") => Self::Setup,
            Some("test") => return Ok(Self::Test(rest)),
            Some("interop") => return Ok(Self::Interop(rest)),
            Some("conformance") => return Ok(Self::Conformance(rest)),
            Some("brokers") => return brokers(&rest),
            Some("compare") => return Ok(Self::Compare(rest)),
            Some("cost") => Self::Cost,
            Some(other) => return Err(Error::Usage(format!("there is no task `{other}`"))),
        };
        match rest.first() {
            Some(extra) if task != Self::Help => {
                Err(Error::Usage(format!("`{extra}` is one argument too many")))
            }
            _ => Ok(task),
        }
    }

    pub(crate) fn run(self) -> Result<(), Error> {
        match self {
            Self::Help => {
                print!("{HELP}");
                Ok(())
            }
            Self::Setup => setup::run(),
            Self::Test(args) => test::run(args),
            Self::Interop(filters) => interop::run(filters),
            Self::Conformance(filters) => conformance::run(filters),
            Self::Brokers(what) => brokers::run(&what),
            Self::Compare(args) => compare::run(args),
            Self::Cost => compare::check(),
        }
    }
}

fn brokers(args: &[String]) -> Result<Task, Error> {
    match args {
        [] => Ok(Task::Brokers("status".to_owned())),
        [what] if ["down", "status", "up"].contains(&what.as_str()) => {
            Ok(Task::Brokers(what.clone()))
        }
        _ => Err(Error::Usage(
            "`brokers` is `up`, `down` or `status`".to_owned(),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Task, String> {
        let args = line.split_whitespace().map(str::to_owned);
        Task::parse(args).map_err(|error| error.to_string())
    }

    #[test]
    fn every_task_of_the_help_exists() {
        let tasks = HELP.lines().filter_map(|line| line.strip_prefix("  "));
        let names: Vec<_> = tasks
            .filter_map(|line| line.split_whitespace().next())
            .collect();
        assert_eq!(names.len(), 8);
        for name in names {
            assert!(parse(name).is_ok(), "{name}");
        }
    }

    #[test]
    fn no_argument_asks_for_help() {
        assert_eq!(parse(""), Ok(Task::Help));
        assert_eq!(parse("--help test"), Ok(Task::Help));
    }

    #[test]
    fn test_hands_its_arguments_on() {
        let args = ["-p", "nestrs", "--", "--nocapture"].map(str::to_owned);
        assert_eq!(
            parse("test -p nestrs -- --nocapture"),
            Ok(Task::Test(args.into()))
        );
        assert_eq!(parse("interop tcp"), Ok(Task::Interop(vec!["tcp".into()])));
        assert_eq!(
            parse("conformance tcp"),
            Ok(Task::Conformance(vec!["tcp".into()]))
        );
        assert_eq!(parse("brokers up"), Ok(Task::Brokers("up".into())));
        assert_eq!(parse("compare tcp"), Ok(Task::Compare(vec!["tcp".into()])));
    }

    #[test]
    fn a_task_that_does_not_exist_is_named_with_where_to_look() {
        let error = parse("tset").unwrap_err();
        assert!(
            error.contains("`tset`") && error.contains("cargo xtask help"),
            "{error}"
        );
        assert!(parse("setup twice").unwrap_err().contains("`twice`"));
        assert!(parse("brokers pu").unwrap_err().contains("`up`"));
    }
}
