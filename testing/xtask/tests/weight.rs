//! A service that speaks TCP and no HTTP stays light.

use std::{collections::BTreeSet, process::Command};

const LIMIT: usize = 60;

#[test]
fn a_tcp_service_pulls_in_few_crates() {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "nestrs",
            "--edges",
            "normal",
            "--prefix",
            "none",
        ])
        .args(["--no-default-features", "--features", "microservices"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );

    let tree = String::from_utf8(output.stdout).expect("cargo prints UTF-8");
    let lines: BTreeSet<_> = tree.lines().collect();
    assert!(tree.starts_with("nestrs v"), "{tree}");
    assert!(
        lines.len() < LIMIT,
        "{} lines, not fewer than {LIMIT}:\n{tree}",
        lines.len()
    );
}
