use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use crate::{BrokerOptions, Error};

/// What a recipe is made for.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'a> {
    pub(crate) folder: &'a Path,
    pub(crate) options: &'a BrokerOptions,
    pub(crate) ports: Ports,
    /// The port that the broker tells its clients to connect to.
    pub(crate) advertised: u16,
}

impl Setting<'_> {
    /// The path of a file in the folder.
    pub(crate) fn path(&self, name: &str) -> String {
        self.folder.join(name).display().to_string()
    }
}

#[derive(Clone, Copy, Debug)]
pub(crate) struct Ports {
    /// Clients connect here.
    pub(crate) clients: u16,
    /// We ask here whether the broker is ready, where clients need TLS.
    pub(crate) probe: u16,
    /// Whatever else a broker listens on.
    pub(crate) extra: [u16; 2],
}

/// How a broker is started.
pub(crate) struct Recipe {
    pub(crate) files: Vec<(&'static str, String)>,
    /// What has to run, to its end, on fresh data.
    pub(crate) prepare: Vec<Step>,
    /// What then runs beside each other. The last one is the broker.
    pub(crate) run: Vec<Step>,
    /// The port of the broker that shows whether it is ready.
    pub(crate) probe: u16,
}

#[derive(Default)]
pub(crate) struct Step {
    pub(crate) program: PathBuf,
    pub(crate) args: Vec<String>,
    pub(crate) env: Vec<(&'static str, String)>,
}

impl Step {
    pub(crate) fn new<const N: usize>(program: PathBuf, args: [&str; N]) -> Self {
        Self {
            program,
            args: args.map(str::to_owned).into(),
            env: Vec::new(),
        }
    }
}

impl Recipe {
    pub(crate) fn write_files(&self, folder: &Path) -> Result<(), Error> {
        for (name, text) in &self.files {
            let path = folder.join(name);
            let doing = || format!("write {}", path.display());
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent).map_err(Error::io(doing()))?;
            }
            fs::write(&path, text).map_err(Error::io(doing()))?;
            // Passwords and keys are in there, and brokers complain if others may read them.
            let private = fs::Permissions::from_mode(0o600);
            fs::set_permissions(&path, private).map_err(Error::io(doing()))?;
        }
        Ok(())
    }
}
