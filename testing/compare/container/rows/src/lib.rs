//! What is measured of a container: the same rows for all of them, with criterion.
//!
//! Each container is a program of its own, so that none inherits another's heap or its registrations at link time. A round runs them one
//! after another; criterion leaves its figures in `$CRITERION_HOME/<row>/<container>/`.

mod threads;

use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use criterion::Criterion;

/// The rows of one container.
pub struct Rows {
    container: &'static str,
    providers: usize,
    criterion: Criterion,
}

impl Rows {
    /// For a container with so many providers.
    pub fn of(container: &'static str, providers: usize) -> Self {
        let criterion = Criterion::default()
            .without_plots()
            .sample_size(20)
            .warm_up_time(Duration::from_millis(300))
            .measurement_time(Duration::from_millis(1_000))
            .configure_from_args();
        Self {
            container,
            providers,
            criterion,
        }
    }

    /// From nothing to a container with every instance in it. Dropping it is not counted.
    pub fn build<A>(&mut self, build: impl FnMut() -> A) {
        self.prepared("build", || (), with_nothing(build));
    }

    /// What a container does before it calls the first constructor.
    pub fn check<G>(&mut self, check: impl FnMut() -> G) {
        self.prepared("check", || (), with_nothing(check));
    }

    /// What it does from then on.
    pub fn construct<G, A>(&mut self, check: impl FnMut() -> G, construct: impl FnMut(G) -> A) {
        self.prepared("construct", check, construct);
    }

    /// The same singleton over and over.
    pub fn resolve<T>(&mut self, mut resolve: impl FnMut() -> T) {
        self.row("resolve", |bencher| bencher.iter(&mut resolve));
    }

    /// Every singleton in turn: what one finds in the cache when an application does other things in between. `resolve_each` has as many
    /// calls as there are providers; the figure is one of them.
    pub fn resolve_each(&mut self, mut resolve_each: impl FnMut()) {
        let providers = self.providers as u32;
        self.row("resolve each", |bencher| {
            bencher.iter_custom(|rounds| {
                let start = Instant::now();
                (0..rounds).for_each(|_| resolve_each());
                start.elapsed() / providers
            });
        });
    }

    /// Two threads at once, each its own singleton: the container is all that they share.
    pub fn resolve_apart<T>(
        &mut self,
        first: impl Fn() -> T + Sync,
        second: impl Fn() -> T + Sync,
    ) {
        self.row("resolve, 2 threads", |bencher| {
            bencher.iter_custom(|rounds| threads::both(rounds, &first, &second));
        });
    }

    /// Two threads at once, both the same singleton: they share its reference count too.
    pub fn resolve_together<T>(&mut self, resolve: impl Fn() -> T + Sync) {
        self.row("resolve, 2 threads, the same", |bencher| {
            bencher.iter_custom(|rounds| threads::both(rounds, &resolve, &resolve));
        });
    }

    fn prepared<P, T>(
        &mut self,
        row: &str,
        mut prepare: impl FnMut() -> P,
        mut measured: impl FnMut(P) -> T,
    ) {
        self.row(row, |bencher| {
            bencher.iter_custom(|rounds| {
                let mut total = Duration::ZERO;
                for _ in 0..rounds {
                    let prepared = prepare();
                    let start = Instant::now();
                    let made = black_box(measured(prepared));
                    total += start.elapsed();
                    drop(made);
                }
                total
            });
        });
    }

    fn row(&mut self, row: &str, measure: impl FnMut(&mut criterion::Bencher<'_>)) {
        let mut group = self
            .criterion
            .benchmark_group(format!("{row} {}", self.providers));
        group.bench_function(self.container, measure);
        group.finish();
    }
}

fn with_nothing<T>(mut function: impl FnMut() -> T) -> impl FnMut(()) -> T {
    move |()| function()
}

/// Runs a future that never waits.
///
/// # Panics
/// If it waits.
pub fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => panic!("nothing here waits"),
    }
}
