//! From a path to a method.

use nestrs::axum::Router;
use nestrs::axum::extract::Path;
use nestrs::axum::http::StatusCode;
use nestrs::axum::routing;
use nestrs::prelude::*;

use crate::asked::{App, report};

#[controller("/cats")]
struct Cats;

#[routes]
impl Cats {
    #[get]
    async fn all(&self) -> &'static str {
        "all"
    }

    #[get("/{id}", "by-id/{id}/")]
    async fn find(&self, Path(id): Path<u32>) -> String {
        format!("cat {id}")
    }

    #[post]
    async fn create(&self) -> (StatusCode, &'static str) {
        (StatusCode::CREATED, "made")
    }

    #[put("/{id}")]
    #[patch("/{id}")]
    async fn change(&self, Path(id): Path<u32>) -> String {
        format!("changed {id}")
    }

    #[delete("/{id}")]
    async fn remove(&self) -> StatusCode {
        StatusCode::NO_CONTENT
    }

    #[nestrs::all("/echo/{*rest}")]
    async fn echo(&self, Path(rest): Path<String>) -> String {
        rest
    }
}

#[controller]
struct Root;

#[routes]
impl Root {
    #[get]
    async fn index(&self) -> &'static str {
        "index"
    }
}

#[module(controllers = [Cats])]
struct CatsModule;

#[module(imports = [CatsModule], controllers = [Root])]
struct AppModule;

#[tokio::test]
async fn methods_answer_at_their_paths() {
    let app = App::start::<AppModule>().await;
    for (request, expected) in [
        ("GET /", (200, "index")),
        ("GET /cats", (200, "all")),
        ("GET /cats/7", (200, "cat 7")),
        ("GET /cats/by-id/7", (200, "cat 7")),
        ("HEAD /cats", (200, "")),
        ("POST /cats", (201, "made")),
        ("PUT /cats/7", (200, "changed 7")),
        ("PATCH /cats/7", (200, "changed 7")),
        ("DELETE /cats/7", (204, "")),
        ("OPTIONS /cats/echo/a/b", (200, "a/b")),
        ("PUT /cats/echo/c", (200, "c")),
    ] {
        assert_eq!(
            app.ask(request, &[], "").await.told(),
            expected,
            "{request}"
        );
    }
}

#[tokio::test]
async fn the_prefix_is_before_all_that_is_not_excluded() {
    let app = App::set_up::<AppModule>(|http| {
        http.set_global_prefix("/api/")
            .exclude_from_global_prefix(["/", "cats/echo/{*rest}", "/health"])
            .enable_health_check("health")
            .merge(Router::new().route("/own", routing::get(async || "own")))
            .nest(
                "/more",
                Router::new().route("/own", routing::get(async || "more")),
            )
    });
    let app = app.await;
    for (path, status) in [
        ("/api/cats/7", 200),
        ("/cats/7", 404),
        ("/", 200),
        ("/api", 404),
        ("/cats/echo/x", 200),
        ("/health", 200),
        ("/api/own", 200),
        ("/own", 404),
        ("/api/more/own", 200),
    ] {
        assert_eq!(app.get(path).await.status, status, "{path}");
    }
}

#[controller("/cats")]
struct OtherCats;

#[routes]
impl OtherCats {
    #[get("/{name}")]
    async fn by_name(&self) {}
}

#[module(controllers = [OtherCats], imports = [CatsModule])]
struct TwoOfACat;

#[tokio::test]
async fn two_handlers_for_one_request_are_found_before_anything_is_built() {
    let report = report::<TwoOfACat>(|http| http).await;
    assert!(
        report.contains("error[DI013]: `GET /cats/{name}` has two handlers, "),
        "{report}"
    );
    assert!(
        report.contains("Cats::find (tests/http/routing.rs:"),
        "{report}"
    );
    assert!(
        report.contains("fix:  change the path or the method of one"),
        "{report}"
    );
}

#[tokio::test]
async fn routes_of_ones_own_in_the_way_of_a_controllers_are_a_reason_not_to_start() {
    let own = || Router::new().route("/cats", routing::get(async || "mine"));
    let report = report::<AppModule>(|http| http.merge(own())).await;
    assert!(report.contains("`GET /cats` already exists"), "{report}");
}

#[tokio::test]
async fn responses_are_compressed_for_those_who_accept_it_once_that_is_on() {
    let long = || Router::new().route("/long", routing::get(async || "x".repeat(1_000)));
    let gzip = ("accept-encoding", "gzip");
    let app = App::set_up::<AppModule>(|http| http.merge(long()).enable_compression()).await;
    let encoding = app.header_of("/long", gzip, "content-encoding").await;
    assert_eq!(encoding.as_deref(), Some("gzip"));
    let plain = ("accept-encoding", "identity");
    assert_eq!(
        app.header_of("/long", plain, "content-encoding").await,
        None
    );
    let app = App::set_up::<AppModule>(|http| http.merge(long())).await;
    assert_eq!(app.header_of("/long", gzip, "content-encoding").await, None);
}
