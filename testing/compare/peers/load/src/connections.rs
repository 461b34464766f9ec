use std::future::Future;
use std::time::Instant;

use crate::{Caller, Failure, Note, Outcome, calls};

pub(crate) async fn run<C, F, Connecting>(connect: &F, times: u64) -> Outcome
where
    C: Caller,
    F: Fn() -> Connecting,
    Connecting: Future<Output = Result<C, Failure>>,
{
    let mut outcome = Outcome::default();
    let start = Instant::now();
    let note = Note::of(128);
    for _ in 0..times {
        let before = Instant::now();
        let once = async {
            let caller = connect().await?;
            calls::once(&caller, &note).await?;
            caller.close().await;
            Ok(())
        };
        match once.await {
            Ok(()) => outcome.took(before.elapsed()),
            Err(failure) => {
                outcome.fails(failure);
                break;
            }
        }
    }
    outcome.since(start)
}
