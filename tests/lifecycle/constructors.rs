//! A constructor that errs, panics or hangs is named with its path, and the
//! process ends cleanly: what had been built is dropped, and the exit code is 1.

use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use nestrs::prelude::*;

use crate::common::create;

/// Is there before the others fail.
#[injectable]
struct Pool;

impl Drop for Pool {
    fn drop(&mut self) {
        eprintln!("the pool is closed");
    }
}

macro_rules! broken {
    ($name:ident in $module:ident: $body:expr) => {
        struct $name;
        #[injectable]
        impl $name {
            #[constructor]
            async fn new(_pool: Arc<Pool>) -> Result<Self, std::io::Error> {
                $body
            }
        }
        #[module(providers = [Pool, $name])]
        struct $module;
    };
}

broken!(Errs in ErrsModule: Err(std::io::Error::other("no such host")));
broken!(Panics in PanicsModule: panic!("no luck"));
broken!(Hangs in HangsModule: std::future::pending().await);

/// What [`start_in_a_process_of_its_own`] starts. Nothing without that.
#[tokio::test]
async fn process() {
    let limit = Duration::from_millis(100);
    match std::env::var("START").as_deref() {
        Ok("errs") => create::<ErrsModule>().listen().await,
        Ok("panics") => create::<PanicsModule>().listen().await,
        Ok("hangs") => {
            let app = create::<HangsModule>().provider_timeout(limit);
            app.listen().await;
        }
        Ok("hangs over HTTP") => {
            let app = NestFactory::create::<HangsModule>().provider_timeout(limit);
            app.listen(0).await;
        }
        _ => {}
    }
}

fn start_in_a_process_of_its_own(what: &str) -> Output {
    let mut tests = Command::new(std::env::current_exe().unwrap());
    tests.args(["--exact", "constructors::process", "--nocapture"]);
    tests.env("START", what).output().unwrap()
}

#[test]
fn one_that_errs_panics_or_hangs_is_named_with_its_path_and_the_process_ends_cleanly() {
    for (what, message, path) in [
        (
            "errs",
            "the constructor of `Errs` failed: no such host",
            "path: ErrsModule > Errs",
        ),
        (
            "panics",
            "the constructor of `Panics` panicked: no luck",
            "path: PanicsModule > Panics",
        ),
        (
            "hangs",
            "the constructor of `Hangs` did not finish within 100ms",
            "path: HangsModule > Hangs",
        ),
        (
            "hangs over HTTP",
            "the constructor of `Hangs` did not finish within 100ms",
            "path: HangsModule > Hangs",
        ),
    ] {
        let Output { status, stderr, .. } = start_in_a_process_of_its_own(what);
        let stderr = String::from_utf8_lossy(&stderr);
        assert_eq!(status.code(), Some(1), "{what}: {stderr}");
        for part in [message, path, "the pool is closed"] {
            assert!(stderr.contains(part), "{what}: no {part} in\n{stderr}");
        }
    }
}
