//! The set of brokers that many tests share; `cargo xtask brokers` and `cargo xtask test` run
//! this.

use std::{env, process::ExitCode};

mod set;
mod standing;

use set::Set;

const USAGE: &str = "usage: nestrs-brokers up | down | status | exec <command> [argument...]";

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let args: Vec<_> = env::args().skip(1).collect();
    let args: Vec<_> = args.iter().map(String::as_str).collect();
    let done = match &args[..] {
        ["up"] => standing::up(),
        ["serve"] => standing::serve().await,
        ["down"] => standing::down(),
        ["status"] => standing::status(),
        ["exec", program, args @ ..] => Set::start().await.and_then(|set| set.exec(program, args)),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    done.unwrap_or_else(|error| {
        eprintln!("nestrs-brokers: {error}");
        ExitCode::FAILURE
    })
}
