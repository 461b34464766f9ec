//! Transients, requests, and who may hold whom.

#![allow(
    clippy::unwrap_used,
    reason = "a wiring that fails here is a failed test"
)]

mod common;

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use common::container;
use nestrs_di::*;

#[derive(Default)]
struct Count(AtomicUsize);

impl Count {
    fn next(&self) -> usize {
        self.0.fetch_add(1, Ordering::SeqCst)
    }
}

struct Job(usize);
#[injectable(scope = "transient")]
impl Job {
    #[constructor]
    async fn new(count: Arc<Count>) -> Self {
        tokio::task::yield_now().await;
        Self(count.next())
    }
}

#[injectable]
struct Left(Arc<Job>);
#[injectable]
struct Right(Arc<Job>, Arc<Job>);

#[module(providers = [Left, Right, Job, Provider::value(Count::default())])]
struct Jobs;

#[tokio::test]
async fn everyone_who_asks_gets_a_transient_of_their_own() {
    let app = container::<Jobs>().await;
    let (left, right) = (app.get::<Left>().unwrap(), app.get::<Right>().unwrap());
    let mut ids = [left.0.0, right.0.0, right.1.0];
    ids.sort_unstable();
    assert_eq!(ids, [0, 1, 2]);
    assert!(app.get::<Job>().is_none());

    let root = app.module_ref(app.root());
    assert!(matches!(
        root.get::<Job>(),
        Err(ResolveError::NoSingleton(_, Scope::Transient))
    ));
    assert_eq!(root.resolve::<Job>().await.unwrap().0, 3);
    let scope = app.scope();
    assert_ne!(
        scope.get::<Job>().await.unwrap().0,
        scope.get::<Job>().await.unwrap().0
    );
}

struct User(usize);
#[injectable(scope = "request")]
impl User {
    #[constructor]
    async fn new(count: Arc<Count>) -> Self {
        let id = count.next();
        tokio::task::yield_now().await;
        Self(id)
    }
}

#[injectable(scope = "inherit")]
struct Orders {
    user: Arc<User>,
    count: Arc<Count>,
}

#[injectable(scope = "inherit")]
struct Prices(#[expect(dead_code)] Arc<Count>);

#[injectable(scope = "request")]
struct Handler {
    orders: Arc<Orders>,
    user: Arc<User>,
}

#[module(providers = [Handler, Orders, Prices, User, Provider::value(Count::default())])]
struct Requests;

#[tokio::test]
async fn a_request_has_one_instance_and_the_next_another() {
    let app = container::<Requests>().await;
    let (one, two) = (app.scope(), app.scope());
    let handler = one.get::<Handler>().await.unwrap();
    assert!(Arc::ptr_eq(&handler.user, &handler.orders.user));
    assert!(Arc::ptr_eq(&handler, &one.get::<Handler>().await.unwrap()));
    assert!(
        Arc::ptr_eq(&handler.orders.count, &app.get::<Count>().unwrap()),
        "singletons are the application's"
    );
    assert_ne!(two.get::<Handler>().await.unwrap().user.0, handler.user.0);
}

#[tokio::test]
async fn who_needs_a_request_is_known_from_the_start() {
    let app = container::<Requests>().await;
    let needs = |key| app.needs_scope(app.root(), key);
    assert!(needs(Key::of::<Handler>()) && needs(Key::of::<Orders>()) && needs(Key::of::<User>()));
    assert!(!needs(Key::of::<Prices>()) && !needs(Key::of::<Count>()));
    assert!(
        app.get::<Prices>().is_some(),
        "inherits nothing: a singleton"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_requests_at_once_each_build_one_chain() {
    let app = container::<Requests>().await;
    let tasks: Vec<_> = (0..1_000)
        .map(|_| {
            let scope = app.scope();
            let other = scope.clone();
            let second = tokio::spawn(async move { other.get::<User>().await.unwrap() });
            tokio::spawn(async move {
                let handler = scope.get::<Handler>().await.unwrap();
                assert!(Arc::ptr_eq(&handler.user, &second.await.unwrap()));
                handler.user.0
            })
        })
        .collect();
    let mut ids = Vec::new();
    for task in tasks {
        ids.push(task.await.unwrap());
    }
    ids.sort_unstable();
    assert_eq!(ids, (0..1_000).collect::<Vec<_>>());
}

#[test]
fn a_singleton_cannot_hold_something_of_a_request() {
    #[injectable(scope = "request")]
    struct User;
    #[injectable(scope = "transient")]
    struct Between(#[expect(dead_code)] Arc<User>);
    #[injectable]
    struct Direct(#[expect(dead_code)] Arc<User>);
    #[injectable]
    struct Indirect(#[expect(dead_code)] Arc<Between>);
    #[injectable]
    struct Innocent(#[expect(dead_code)] Arc<Indirect>);
    #[injectable]
    struct Later(#[expect(dead_code)] Lazy<User>);

    #[module(providers = [User, Between, Direct, Indirect, Innocent, Later])]
    struct App;
    let error = App::verify().unwrap_err();
    let found: Vec<_> = error
        .findings()
        .iter()
        .map(|finding| (finding.code, finding.path.join(" > ")))
        .collect();
    assert_eq!(
        found,
        [
            (Code::Scope, "App > Direct > User".to_owned()),
            (Code::Scope, "App > Indirect > Between > User".to_owned()),
            (Code::Scope, "App > Later > User".to_owned()),
        ],
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("`#[injectable(scope = \"inherit\")]` on `Direct`"),
        "{error}"
    );
}

struct Flaky;
#[injectable(scope = "request")]
impl Flaky {
    #[constructor]
    fn new(count: Arc<Count>) -> Result<Self, &'static str> {
        if count.next() == 0 {
            Err("not yet")
        } else {
            Ok(Self)
        }
    }
}

#[tokio::test]
async fn a_failure_is_not_remembered_and_names_the_provider() {
    #[module(providers = [Flaky, Provider::value(Count::default())])]
    struct App;
    let scope = container::<App>().await.scope();
    let error = scope.get::<Flaky>().await.err().unwrap();
    assert!(
        error
            .to_string()
            .contains("the constructor of `Flaky` failed: not yet"),
        "{error}"
    );
    assert!(scope.get::<Flaky>().await.is_ok());
}

#[tokio::test]
async fn what_a_scope_brings_along() {
    struct Id(u32);
    #[injectable(scope = "request")]
    struct Greeting(Arc<Id>);
    #[module(providers = [Greeting, Provider::supplied::<Id>()])]
    struct App;
    let app = container::<App>().await;
    assert_eq!(
        app.scope()
            .supply(Id(7))
            .get::<Greeting>()
            .await
            .unwrap()
            .0
            .0,
        7
    );
    let error = app
        .scope()
        .get::<Greeting>()
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(
        error.contains("`Id` comes with a request scope, and nobody has supplied it"),
        "{error}"
    );
}

#[derive(Default)]
struct Log(Mutex<Vec<&'static str>>);

macro_rules! logged {
    ($name:ident, $scope:literal, $($dependency:ty),*) => {
        #[injectable(scope = $scope)]
        struct $name(Arc<Log>, $(#[expect(dead_code)] Arc<$dependency>),*);
        impl Drop for $name {
            fn drop(&mut self) {
                self.0.0.lock().unwrap().push(stringify!($name));
            }
        }
    };
}
logged!(Root, "singleton",);
logged!(Own, "transient",);
logged!(Inner, "request", Root);
logged!(Outer, "request", Inner, Own);

#[tokio::test]
async fn a_scope_drops_what_is_its_own_in_reverse() {
    #[module(providers = [Outer, Inner, Own, Root, Provider::value(Log::default())])]
    struct App;
    let app = container::<App>().await;
    let log = app.get::<Log>().unwrap();
    let scope = app.scope();
    scope.get::<Outer>().await.unwrap();
    drop(scope);
    assert_eq!(*log.0.lock().unwrap(), ["Outer", "Own", "Inner"]);
    drop(app);
    assert_eq!(*log.0.lock().unwrap(), ["Outer", "Own", "Inner", "Root"]);
}

#[tokio::test]
async fn a_view_lives_as_long_as_what_it_shows() {
    #[injectable]
    trait Numbered: Send + Sync {
        fn number(&self) -> usize;
    }
    impl Numbered for Job {
        fn number(&self) -> usize {
            self.0
        }
    }
    #[injectable]
    struct Two(Arc<dyn Numbered>, Arc<dyn Numbered>);
    #[module(providers = [Two, Job, Provider::bind::<dyn Numbered, Job>(), Provider::value(Count::default())])]
    struct App;
    let two = container::<App>().await.get::<Two>().unwrap();
    assert_ne!(two.0.number(), two.1.number());
}

#[tokio::test]
async fn a_transient_knows_who_asked() {
    #[injectable(scope = "transient")]
    struct Logger(Caller);
    #[injectable(scope = "transient")]
    struct Middle(Arc<Logger>);
    #[injectable]
    struct Service(Arc<Middle>, Arc<Logger>);
    #[module(providers = [Logger, Middle, Service])]
    struct App;
    let service = container::<App>().await.get::<Service>().unwrap();
    assert_eq!(service.1.0.key(), Some(Key::of::<Service>()));
    assert_eq!(service.0.0.0.key(), Some(Key::of::<Middle>()));
}
