use std::{
    env, fs,
    hash::{BuildHasher, RandomState},
    io::{ErrorKind, Write},
    os::unix::{fs::DirBuilderExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use crate::Error;

/// A private folder, and the one who clears up.
///
/// That is a shell which waits for the end of its input: it comes when the folder is dropped and
/// when this process ends in any way, `SIGKILL` and statics that nobody drops included. Then it
/// kills the process groups it was told of and removes the folder.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    sweeper: Child,
}

/// A number that was one of ours may be someone else's by now: ours work in the folder.
const SWEEP: &str = r#"
while read -r word rest; do
    case $word in
        keep) keep=1 ;;
        *) groups="$groups $word" ;;
    esac
done
for group in $groups; do
    at=$(readlink "/proc/$group/cwd" 2>/dev/null)
    if [ -z "$at" ] || [ "$at" = "$1" ]; then
        kill -s KILL -- "-$group" 2>/dev/null && sleep 0.1
    fi
done
[ "$keep" ] || rm -rf "$1"
"#;

impl Folder {
    pub(crate) fn new(name: &str) -> Result<Self, Error> {
        let path = fresh(name)?;
        let sweeper = Command::new("sh")
            .args(["-c", SWEEP, "sweep"])
            .arg(&path)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // Ctrl-C at the terminal is for us, not for who clears up after us.
            .process_group(0)
            .spawn()
            .map_err(Error::io("run `sh`"))?;
        Ok(Self { path, sweeper })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Has this process group killed at the end.
    pub(crate) fn owns(&mut self, group: u32) {
        self.tell(&group.to_string());
    }

    /// Leaves the files for someone to look at.
    pub(crate) fn keep(&mut self) {
        self.tell("keep");
    }

    fn tell(&mut self, line: &str) {
        if let Some(pipe) = &mut self.sweeper.stdin {
            // If it is gone there is no one to tell, and nothing more to be done.
            let _ = writeln!(pipe, "{line}");
        }
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        drop(self.sweeper.stdin.take());
        let _ = self.sweeper.wait();
    }
}

fn fresh(name: &str) -> Result<PathBuf, Error> {
    // The real path, which is what a process has for its working directory.
    let parent = fs::canonicalize(env::temp_dir())
        .map_err(Error::io("find the folder for temporary files"))?;
    loop {
        let anything = RandomState::new().hash_one(name) as u32;
        let path = parent.join(format!(
            "nestrs-{name}-{}-{anything:08x}",
            std::process::id()
        ));
        match fs::DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => return Ok(path),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Error::io(format!("make {}", path.display()))(error)),
        }
    }
}
