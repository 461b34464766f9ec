use crate::error::Error;

/// How thoroughly is measured.
#[derive(Clone, Copy)]
pub(crate) struct Settings {
    /// How often each contender has its turn at each row.
    pub(crate) rounds: usize,
    /// How long a turn takes.
    pub(crate) seconds: f64,
    /// Whether everything is built, and nothing measured.
    pub(crate) only_build: bool,
}

impl Settings {
    const FULL: Self = Self {
        rounds: 3,
        seconds: 0.4,
        only_build: false,
    };
    /// To see that everything works: nothing of it goes to RESULTS.md.
    const QUICK: Self = Self {
        rounds: 1,
        seconds: 0.2,
        only_build: false,
    };

    /// Of the command line, `[--quick] [--build-only] [--rounds <n>] [--seconds <s>] [path…]`, with the paths that are left.
    pub(crate) fn parse(
        args: impl IntoIterator<Item = String>,
    ) -> Result<(Self, Vec<String>), Error> {
        let (mut settings, mut paths) = (Self::FULL, Vec::new());
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--quick" => settings = Self::QUICK,
                "--build-only" => settings.only_build = true,
                "--rounds" => settings.rounds = number(&arg, args.next())?,
                "--seconds" => settings.seconds = number(&arg, args.next())?,
                _ if arg.starts_with("--") => {
                    return Err(Error::Usage(format!("there is no `{arg}`")));
                }
                _ => paths.push(arg),
            }
        }
        match settings.rounds > 0 && settings.seconds > 0.0 {
            true => Ok((settings, paths)),
            false => Err(Error::Usage("nothing takes no time".to_owned())),
        }
    }

    pub(crate) fn is_quick(&self) -> bool {
        self.seconds <= Self::QUICK.seconds
    }

    /// The same for the command line.
    pub(crate) fn arguments(&self) -> String {
        let (full, mut text) = (Self::FULL, String::new());
        if self.rounds != full.rounds {
            text += &format!(" --rounds {}", self.rounds);
        }
        if self.seconds != full.seconds {
            text += &format!(" --seconds {}", self.seconds);
        }
        text
    }
}

fn number<T: std::str::FromStr>(option: &str, value: Option<String>) -> Result<T, Error> {
    let number = value.as_deref().and_then(|value| value.parse().ok());
    number.ok_or_else(|| Error::Usage(format!("`{option}` wants a number")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_option_is_a_path() {
        let line = "tcp --rounds 5 nats --seconds 0.5";
        let (settings, paths) = Settings::parse(line.split(' ').map(str::to_owned)).unwrap();
        assert_eq!(paths, ["tcp", "nats"]);
        assert_eq!(settings.arguments(), " --rounds 5 --seconds 0.5");
        assert!(Settings::parse(["--rounds".to_owned(), "0".to_owned()]).is_err());
        for wrong in ["--seconds", "--slow"] {
            assert!(Settings::parse([wrong.to_owned()]).is_err());
        }
    }
}
