//! Two applications and 64 parallel tests in one process share nothing.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex};

use common::container;
use nestrs_di::*;

/// Every application has one without listing it: if anything were shared, this would be.
#[injectable(provided_in = "root")]
struct Everywhere(#[inject(default)] AtomicUsize);

#[injectable]
struct Counter(#[inject(default)] AtomicUsize);

#[injectable(scope = "request")]
struct OfRequest {
    everywhere: Arc<Everywhere>,
    lazy: Arc<Circle>,
}

#[injectable]
struct Circle {
    counter: Arc<Counter>,
    other: Lazy<Service>,
}

/// What its hooks were called with, by the number of its application.
#[injectable]
struct Service {
    number: Arc<usize>,
    circle: Arc<Circle>,
    module: ModuleRef,
    #[inject(default)]
    hooks: Mutex<Vec<(Hook, usize)>>,
}

impl Service {
    fn called(&self, hook: Hook) -> Result<(), HookError> {
        self.hooks.lock().unwrap().push((hook, *self.number));
        self.circle.counter.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

impl OnModuleInit for Service {
    async fn on_module_init(&self) -> Result<(), HookError> {
        self.called(Hook::Init)
    }
}

impl OnApplicationShutdown for Service {
    async fn on_application_shutdown(&self, _: Option<&str>) -> Result<(), HookError> {
        self.called(Hook::Shutdown)
    }
}

// A module that is imported twice is one in each application.
#[module(providers = [Counter, Circle, Service, OfRequest, Provider::value(0_usize)], exports = [Service, OfRequest])]
struct Feature;
#[module(imports = [Feature])]
struct Between;
#[module(imports = [Feature, Between])]
struct App;

/// Where an application's instances are, so that they can be told from another's. Each is held, so no address is used again.
type Instances = [Arc<dyn Send + Sync>; 4];

/// Builds an application of its own, uses it with all others, and ends it.
async fn live(number: usize, all: &Barrier) -> Instances {
    let replaced = Graph::builder::<App>().replace(Provider::value(number));
    let app = replaced.build().unwrap().construct().await.unwrap();
    app.init().await.unwrap();
    all.wait();

    let service = app.get::<Service>().unwrap();
    assert_eq!(*service.number, number);
    assert!(Arc::ptr_eq(&service, &service.circle.other.get()));
    assert!(Arc::ptr_eq(
        &service,
        &service.module.get::<Service>().unwrap()
    ));

    let everywhere = app.get::<Everywhere>().unwrap();
    for uses in 0..10 {
        assert_eq!(everywhere.0.fetch_add(1, Ordering::SeqCst), uses);
        let scope = app.scope();
        let of_request = scope.get::<OfRequest>().await.unwrap();
        assert!(Arc::ptr_eq(&of_request.everywhere, &everywhere));
        assert!(Arc::ptr_eq(&of_request.lazy, &service.circle));
    }

    all.wait();
    app.shutdown(None).await.unwrap();
    let hooks = service.hooks.lock().unwrap().clone();
    assert_eq!(hooks, [(Hook::Init, number), (Hook::Shutdown, number)]);
    assert_eq!(service.circle.counter.0.load(Ordering::SeqCst), 2);
    [
        everywhere,
        service.circle.counter.clone(),
        service.circle.clone(),
        service,
    ]
}

fn assert_apart(all: &[Instances]) {
    let mut addresses: Vec<_> = all
        .iter()
        .flatten()
        .map(|it| Arc::as_ptr(it).addr())
        .collect();
    let count = addresses.len();
    addresses.sort_unstable();
    addresses.dedup();
    assert_eq!(
        addresses.len(),
        count,
        "an instance belongs to two applications"
    );
}

#[tokio::test]
async fn two_applications_in_one_process_share_nothing() {
    let (one, other) = (container::<App>().await, container::<App>().await);
    let instances = |app: &Container| -> Instances {
        let service = app.get::<Service>().unwrap();
        [
            app.get::<Everywhere>().unwrap(),
            service.circle.counter.clone(),
            service.circle.clone(),
            service,
        ]
    };
    assert_apart(&[instances(&one), instances(&other)]);

    // One ends, and the other does not notice.
    one.init().await.unwrap();
    one.shutdown(None).await.unwrap();
    drop(one);
    let service = other.get::<Service>().unwrap();
    assert!(service.hooks.lock().unwrap().is_empty());
    assert!(service.module.get::<Service>().is_ok());
}

#[test]
fn sixty_four_parallel_tests_in_one_process_share_nothing() {
    const TESTS: usize = 64;
    let all = Barrier::new(TESTS);
    let all: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..TESTS)
            .map(|number| {
                let all = &all;
                // As `#[tokio::test]` does: a thread and a runtime of its own.
                scope.spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().build();
                    runtime.unwrap().block_on(live(number, all))
                })
            })
            .collect();
        threads.into_iter().map(|it| it.join().unwrap()).collect()
    });
    assert_apart(&all);
}
