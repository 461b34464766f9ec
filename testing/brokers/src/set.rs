use std::{
    env,
    process::{Command, ExitCode},
};

use nestrs_brokers::{Broker, BrokerOptions, Error, Kind};
use tokio::task::JoinSet;

/// One broker of each kind, but for those that the environment names already.
pub(crate) struct Set {
    brokers: Vec<Broker>,
}

impl Set {
    /// Starts them beside each other.
    pub(crate) async fn start() -> Result<Self, Error> {
        let wanted = Kind::ALL.into_iter();
        let mut starting: JoinSet<_> = wanted
            .filter(|kind| env::var_os(kind.variable()).is_none())
            .map(|kind| BrokerOptions::new(kind).start())
            .collect();
        let mut brokers = Vec::new();
        while let Some(started) = starting.join_next().await {
            let doing = "start the brokers".to_owned();
            let source = std::io::Error::from;
            brokers.push(started.map_err(|error| Error::Io {
                doing,
                source: source(error),
            })??);
        }
        brokers.sort_by_key(|broker| broker.kind().name());
        Ok(Self { brokers })
    }

    /// Names of environment variables and what they say.
    pub(crate) fn variables(&self) -> impl Iterator<Item = (String, String)> {
        let brokers = self.brokers.iter();
        brokers.map(|broker| (broker.kind().variable(), broker.url()))
    }

    /// Runs a program that finds the brokers in its environment. Their logs stay if it fails.
    pub(crate) fn exec(mut self, program: &str, args: &[&str]) -> Result<ExitCode, Error> {
        let status = Command::new(program)
            .args(args)
            .envs(self.variables())
            .status()
            .map_err(|source| Error::Io {
                doing: format!("run `{program}`"),
                source,
            })?;
        if status.success() {
            return Ok(ExitCode::SUCCESS);
        }
        for broker in &mut self.brokers {
            broker.keep_log();
        }
        let code = status.code().and_then(|code| u8::try_from(code).ok());
        Ok(ExitCode::from(code.unwrap_or(1)))
    }
}
