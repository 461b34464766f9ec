//! The time of one request: without anything around its handler, and with one thing more.

use std::hint::black_box;
use std::time::Duration;

use criterion::Criterion;
use pipeline::cases::{HANDLERS, runtime};

fn main() {
    let container = runtime().block_on(pipeline::container());
    let dispatcher = pipeline::dispatcher(&container);
    let mut criterion = Criterion::default()
        .without_plots()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_millis(1_000))
        .configure_from_args();
    let mut group = criterion.benchmark_group("time");
    for (column, pattern) in HANDLERS {
        group.bench_function(column, |bencher| {
            bencher.iter(|| black_box(pipeline::messages::request(&dispatcher, pattern)));
        });
    }
    group.finish();
}
