use std::{
    ffi::OsStr,
    path::Path,
    process::{Command, Stdio},
};

use crate::error::Error;

/// Shows a command, runs it with its output on the terminal, and holds that it succeeded.
pub(crate) fn run(command: &mut Command) -> Result<(), Error> {
    let shown = shown(command);
    eprintln!("$ {shown}");
    let status = command
        .status()
        .map_err(Error::io(format!("cannot run `{shown}`")))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::Failed {
            command: shown,
            status,
        })
    }
}

/// What a program prints, if it is there and succeeds.
pub(crate) fn output(program: impl AsRef<OsStr>, args: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(args)
        .stderr(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    output.status.success().then_some(text)
}

fn shown(command: &Command) -> String {
    let program = Path::new(command.get_program());
    let words = program.file_name().into_iter().chain(command.get_args());
    let words = words.map(OsStr::to_string_lossy);
    // Scripts are for who reads the source.
    let words = words.map(|word| {
        if word.contains('\n') {
            "...".into()
        } else {
            word
        }
    });
    words.collect::<Vec<_>>().join(" ")
}
