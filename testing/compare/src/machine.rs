//! Where it was measured, and with what.

use std::fmt::Write;
use std::process::Command;
use std::{fs, thread};

use crate::places;

/// A list in Markdown: processor, kernel, compiler, and the versions of `crates` as the lock file has them.
pub(crate) fn description(crates: &[&str]) -> String {
    let mut text = String::new();
    let processors = thread::available_parallelism().map_or(1, usize::from);
    let _ = writeln!(text, "- {} × {}", processors, processor());
    let _ = writeln!(
        text,
        "- Linux {}",
        read("/proc/sys/kernel/osrelease").trim()
    );
    let _ = writeln!(text, "- {}", output("rustc", &["--version"]));
    let versions: Vec<_> = crates.iter().filter_map(|name| version(name)).collect();
    let _ = writeln!(text, "- {}", versions.join(", "));
    text
}

/// As [`description`] for the peers of a transport: what is not a crate.
pub(crate) fn peers() -> String {
    let node = std::env::var("NESTRS_NODE").unwrap_or_else(|_| "node".to_owned());
    let nest = places::workspace().join("../interop/node/nest12/package.json");
    let nest = read(&nest.to_string_lossy());
    let version = nest.split("\"@nestjs/microservices\": \"").nth(1);
    let version = version.and_then(|rest| rest.split('"').next());
    format!(
        "- Node.js {} with @nestjs/microservices {}\n",
        output(&node, &["--version"]),
        version.unwrap_or("of some version")
    )
}

/// As [`peers`] for a broker, by its Debian package or, as Kafka has none, by what Maven is asked for.
pub(crate) fn broker(package: &str) -> String {
    let version = match package {
        "kafka" => {
            let pom = places::workspace().join("../brokers/kafka/pom.xml");
            let pom = read(&pom.to_string_lossy());
            let behind = pom.split("<artifactId>kafka_").nth(1).unwrap_or_default();
            let version = behind.split("<version>").nth(1).unwrap_or_default();
            version.split('<').next().unwrap_or_default().to_owned()
        }
        _ => output(
            "dpkg-query",
            &["--show", "--showformat=${Version}", package],
        ),
    };
    format!("- {package} {version}\n")
}

fn processor() -> String {
    let info = read("/proc/cpuinfo");
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        Some(line.split_once(':')?.1.trim().to_owned())
    };
    let name = field("model name").unwrap_or_else(|| "unknown processor".to_owned());
    match (field("cpu family"), field("model\t")) {
        (Some(family), Some(model)) => format!("{name} (family {family}, model {model})"),
        _ => name,
    }
}

/// `dill 0.17.2`; of several, the one of this project, which comes from no registry, or else the newest.
fn version(name: &str) -> Option<String> {
    let lock = read(&places::workspace().join("Cargo.lock").to_string_lossy());
    let start = format!("name = \"{name}\"\nversion = \"");
    let found = lock.split("[[package]]\n").filter_map(|package| {
        let version = package.strip_prefix(&start)?.split('"').next()?;
        Some((!package.contains("\nsource = "), version))
    });
    let found: Vec<_> = found.collect();
    let own = found.iter().find(|(is_own, _)| *is_own);
    let (_, version) = own.or(found.last())?;
    Some(format!("{name} {version}"))
}

fn read(file: &str) -> String {
    fs::read_to_string(file).unwrap_or_default()
}

pub(crate) fn output(program: &str, args: &[&str]) -> String {
    let output = Command::new(program).args(args).output();
    output.map_or_else(
        |_| format!("no {program}"),
        |output| String::from_utf8_lossy(&output.stdout).trim().to_owned(),
    )
}
