//! Every transport through every case. Arguments choose among them: `tcp`, `tcp::cut`.

use std::process::ExitCode;

#[tokio::main]
async fn main() -> ExitCode {
    // Other flags are for the usual test programs, which `cargo test` hands them to as well.
    let (flags, filters): (Vec<_>, _) = std::env::args()
        .skip(1)
        .partition(|arg| arg.starts_with('-'));
    let candidates = nestrs_conformance::candidates::all();
    let summary = nestrs_conformance::run(&candidates, &filters).await;
    // `cargo test some_name` means a test of any crate, but a task's argument is for us.
    if summary.passed + summary.failed == 0 && flags.iter().any(|flag| flag == "--must-match") {
        eprintln!("no case's name contains one of {filters:?}; the transports:");
        candidates
            .iter()
            .for_each(|one| eprintln!("  {}", one.name()));
        return ExitCode::FAILURE;
    }
    ExitCode::from(u8::from(summary.failed > 0))
}
