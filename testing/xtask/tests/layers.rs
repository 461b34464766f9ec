//! Dependencies between the crates of this workspace point one way, those of tests and build
//! scripts included.
#![expect(
    clippy::expect_used,
    reason = "what cargo prints is taken apart outside of the tests"
)]

use std::{collections::BTreeMap, process::Command};

use serde_json::Value;

/// Every crate of the workspace and which others it may depend on, lowest first.
///
/// A new transport may depend on `nestrs-core`; `nestrs-microservices`, `nestrs` and what is
/// above them may depend on it.
const ALLOWED: &[(&str, &[&str])] = &[
    ("nestrs-core", &[]),
    // Brokers know nothing of us.
    ("nestrs-brokers", &[]),
    ("nestrs-di-macros", &[]),
    ("nestrs-di", &["nestrs-di-macros"]),
    ("nestrs-transport-grpc", &["nestrs-core"]),
    ("nestrs-transport-kafka", &["nestrs-brokers", "nestrs-core"]),
    ("nestrs-transport-memory", &["nestrs-core"]),
    ("nestrs-transport-mqtt", &["nestrs-brokers", "nestrs-core"]),
    ("nestrs-transport-nats", &["nestrs-core", "nestrs-brokers"]),
    ("nestrs-transport-redis", &["nestrs-brokers", "nestrs-core"]),
    (
        "nestrs-transport-rabbitmq",
        &["nestrs-brokers", "nestrs-core"],
    ),
    ("nestrs-transport-tcp", &["nestrs-core"]),
    ("nestrs-microservices-macros", &[]),
    (
        "nestrs-microservices",
        &[
            "nestrs-core",
            "nestrs-di",
            "nestrs-microservices-macros",
            "nestrs-transport-grpc",
            "nestrs-transport-kafka",
            "nestrs-transport-memory",
            "nestrs-transport-mqtt",
            "nestrs-transport-nats",
            "nestrs-transport-redis",
            "nestrs-transport-rabbitmq",
            "nestrs-transport-tcp",
        ],
    ),
    (
        "nestrs",
        &[
            "nestrs-core",
            "nestrs-di",
            "nestrs-microservices",
            "nestrs-transport-grpc",
            "nestrs-transport-kafka",
            "nestrs-transport-memory",
            "nestrs-transport-mqtt",
            "nestrs-transport-nats",
            "nestrs-transport-redis",
            "nestrs-transport-rabbitmq",
            "nestrs-transport-tcp",
        ],
    ),
    (
        "nestrs-testing",
        &[
            "nestrs",
            "nestrs-core",
            "nestrs-di",
            "nestrs-microservices",
            "nestrs-transport-grpc",
            "nestrs-transport-kafka",
            "nestrs-transport-memory",
            "nestrs-transport-mqtt",
            "nestrs-transport-nats",
            "nestrs-transport-redis",
            "nestrs-transport-rabbitmq",
            "nestrs-transport-tcp",
        ],
    ),
    (
        "nestrs-interop",
        &[
            "nestrs",
            "nestrs-brokers",
            "nestrs-core",
            "nestrs-microservices",
            "nestrs-testing",
            "nestrs-transport-grpc",
            "nestrs-transport-kafka",
            "nestrs-transport-memory",
            "nestrs-transport-mqtt",
            "nestrs-transport-nats",
            "nestrs-transport-redis",
            "nestrs-transport-rabbitmq",
            "nestrs-transport-tcp",
        ],
    ),
    (
        "nestrs-examples",
        &["nestrs", "nestrs-brokers", "nestrs-testing"],
    ),
    (
        "nestrs-conformance",
        &[
            "nestrs",
            "nestrs-brokers",
            "nestrs-core",
            "nestrs-microservices",
        ],
    ),
    // An application as a user writes it sees the facade alone.
    ("nestrs-seed", &["nestrs"]),
    ("xtask", &[]),
];

/// Where the table above is, for the people who have to change it.
const TABLE: &str = "ALLOWED in testing/xtask/tests/layers.rs";

/// The crates of a workspace, each with those of them that it depends on.
type Graph = BTreeMap<String, Vec<String>>;

#[test]
fn every_dependency_points_down() {
    let faults = faults(&workspace());
    assert!(faults.is_empty(), "\n{}", faults.join("\n"));
}

#[test]
fn the_table_names_no_crate_that_is_gone() {
    let crates = workspace();
    for (name, _) in ALLOWED {
        assert!(crates.contains_key(*name), "remove `{name}` from {TABLE}");
    }
}

#[test]
fn the_table_itself_is_in_order() {
    for (index, (name, below)) in ALLOWED.iter().enumerate() {
        for lower in *below {
            let is_lower = ALLOWED[..index].iter().any(|(name, _)| name == lower);
            assert!(
                is_lower,
                "{TABLE}: `{lower}` has to stand above the line of `{name}`"
            );
        }
    }
}

#[test]
fn an_arrow_that_points_up_is_found() {
    let up = graph([("nestrs-core", &["nestrs-di"]), ("nestrs-di", &[])]);
    assert!(faults(&up)[0].contains("`nestrs-core` depends on `nestrs-di`"));
}

#[test]
fn a_crate_without_a_place_is_found() {
    let new = graph([("nestrs-transport-pigeon", &["nestrs-core"])]);
    assert!(faults(&new)[0].contains(TABLE));
}

fn faults(crates: &Graph) -> Vec<String> {
    let mut faults = Vec::new();
    for (name, dependencies) in crates {
        let Some((_, below)) = ALLOWED.iter().find(|(known, _)| known == name) else {
            faults.push(format!(
                "`{name}` has no layer yet: give it a line in {TABLE}"
            ));
            continue;
        };
        for dependency in dependencies
            .iter()
            // A crate may ask for more of its own features in its tests.
            .filter(|one| *one != name && !below.contains(&one.as_str()))
        {
            faults.push(format!(
                "`{name}` depends on `{dependency}`, which is no layer below it \
                 (if it is meant to be, change {TABLE} and ARCHITECTURE.md)"
            ));
        }
    }
    faults
}

fn graph<const N: usize>(crates: [(&str, &[&str]); N]) -> Graph {
    let own = |names: &[&str]| names.iter().map(ToString::to_string).collect();
    crates
        .into_iter()
        .map(|(name, below)| (name.to_owned(), own(below)))
        .collect()
}

/// What `cargo metadata` says: dependencies of every kind, whether optional or not.
fn workspace() -> Graph {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("metadata is JSON");

    let packages = metadata["packages"].as_array().expect("there are packages");
    let name = |package: &Value| {
        package["name"]
            .as_str()
            .expect("a package has a name")
            .to_owned()
    };
    let ours = |dependency: &&Value| packages.iter().any(|one| one["name"] == dependency["name"]);
    let below = |package: &Value| -> Vec<String> {
        let dependencies = package["dependencies"]
            .as_array()
            .expect("there are dependencies");
        dependencies.iter().filter(ours).map(name).collect()
    };
    packages
        .iter()
        .map(|package| (name(package), below(package)))
        .collect()
}
