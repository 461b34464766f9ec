//! What the container brings to controllers and their routes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use nestrs::axum::{Router, routing};
use nestrs::http::HttpCtx;
use nestrs::prelude::*;

use crate::asked::{App, report};
use crate::common::{Journal, written};

#[injectable]
trait Greeter: Send + Sync {
    fn greet(&self, name: &str) -> String;
}

#[injectable(bind = dyn Greeter)]
struct English;

impl Greeter for English {
    fn greet(&self, name: &str) -> String {
        format!("hello, {name}")
    }
}

/// How many were made.
#[derive(Default)]
struct Count(AtomicUsize);

struct Visitor {
    request: Arc<HttpCtx>,
    number: usize,
}

#[injectable(scope = "request")]
impl Visitor {
    #[constructor]
    fn new(request: Arc<HttpCtx>, count: Arc<Count>) -> Self {
        let number = count.0.fetch_add(1, Ordering::SeqCst);
        Self { request, number }
    }

    fn name(&self) -> &str {
        self.request.header("name").unwrap_or("nobody")
    }
}

#[derive(Default)]
struct Unused;

#[injectable(scope = "request")]
struct KnowsVisitor {
    visitor: Arc<Visitor>,
}

#[async_trait]
impl Guard<Http> for KnowsVisitor {
    async fn can_activate(&self, _: &HttpRequest) -> Result<(), HttpException> {
        Journal::write(format!("guard sees {}", self.visitor.number));
        Ok(())
    }
}

#[controller("/hello")]
struct Hello {
    greeter: Arc<dyn Greeter>,
}

impl OnModuleInit for Hello {
    async fn on_module_init(&self) -> Result<(), HookError> {
        Journal::write("hook");
        Ok(())
    }
}

#[routes]
impl Hello {
    #[get]
    async fn hello(&self) -> String {
        self.greeter.greet("world")
    }

    #[get("/me")]
    #[use_guards(KnowsVisitor)]
    async fn me(
        &self,
        first: Inject<Visitor>,
        Inject(again): Inject<Visitor>,
        greeter: Inject<dyn Greeter>,
    ) -> String {
        assert!(Arc::ptr_eq(&first.0, &again), "one for each request");
        format!("{} ({})", greeter.greet(first.name()), first.number)
    }
}

#[controller("/of-request", scope = "request")]
struct OfRequest {
    visitor: Arc<Visitor>,
}

#[routes]
impl OfRequest {
    #[get]
    async fn hello(&self, visitor: Inject<Visitor>) -> String {
        assert!(Arc::ptr_eq(&self.visitor, &visitor.0));
        format!("{} {}", self.visitor.name(), self.visitor.number)
    }
}

#[module(
    controllers = [Hello, OfRequest],
    providers = [English, Visitor, Provider::value(Count::default())],
)]
struct AppModule;

#[tokio::test]
async fn controllers_have_dependencies_and_hooks() {
    let app = App::start::<AppModule>().await;
    assert_eq!(written(), ["hook", "hook"], "one of each application");
    assert_eq!(app.get("/hello").await.told(), (200, "hello, world"));
}

#[tokio::test]
async fn each_request_has_one_scope() {
    let app = App::start::<AppModule>().await;
    written();
    let headers = ["name: ada"];
    for number in 0..2 {
        let answer = app.ask("GET /hello/me", &headers, "").await;
        let expected = format!("hello, ada ({number})");
        assert_eq!(answer.told(), (200, &*expected));
        let seen = format!("guard sees {number}");
        assert_eq!(written(), [&*seen, &*seen]);
    }
    let answer = app.ask("GET /of-request", &headers, "").await;
    assert_eq!(answer.told(), (200, "ada 2"));
}

#[tokio::test]
async fn routes_of_ones_own_inject_what_the_root_module_sees() {
    let own = async |visitor: Inject<Visitor>, again: Inject<Visitor>| {
        assert!(Arc::ptr_eq(&visitor.0, &again.0));
        visitor.name().to_owned()
    };
    let app = App::set_up::<AppModule>(|http| {
        let nothing = async |_: Inject<Unused>| "never";
        http.merge(
            Router::new()
                .route("/own", routing::get(own))
                .route("/nothing", routing::get(nothing)),
        )
    });
    let app = app.await;
    let answer = app.ask("GET /own", &["name: bob"], "").await;
    assert_eq!(answer.told(), (200, "bob"));
    assert_eq!(app.get("/nothing").await.problem().0, 500);
}

#[controller("/broken")]
struct Broken {
    unused: Arc<Unused>,
}

#[routes]
impl Broken {
    #[get]
    async fn broken(&self, count: Inject<Count>) -> usize_text::Text {
        let _ = &self.unused;
        usize_text::Text(count.0.0.load(Ordering::SeqCst))
    }
}

/// A response of the application's own.
mod usize_text {
    use nestrs::axum::response::{IntoResponse, Response};

    pub(super) struct Text(pub(super) usize);

    impl IntoResponse for Text {
        fn into_response(self) -> Response {
            self.0.to_string().into_response()
        }
    }
}

#[module(controllers = [Broken])]
struct BrokenModule;

#[tokio::test]
async fn what_nothing_provides_is_found_before_anything_is_built() {
    let report = report::<BrokenModule>(|http| http).await;
    assert!(report.contains("`Broken` needs `Unused`"), "{report}");
    assert!(report.contains("`Broken` needs `Count`"), "{report}");
    let route = "tests/http/injection.rs";
    assert!(report.matches(route).count() >= 2, "{report}");
}
