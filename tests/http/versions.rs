//! Versions of an API, side by side.

use nestrs::prelude::*;

use crate::asked::{App, report};

#[controller("/cats", version = "1")]
struct Cats;

#[routes]
impl Cats {
    #[get]
    async fn first(&self) -> &'static str {
        "1"
    }

    #[get(version = ["2", "3"])]
    async fn later(&self) -> &'static str {
        "2 or 3"
    }

    #[get("/about", version = neutral)]
    async fn about(&self) -> &'static str {
        "cats"
    }
}

#[controller("/dogs")]
struct Dogs;

#[routes]
impl Dogs {
    #[get]
    async fn all(&self) -> &'static str {
        "dogs"
    }
}

#[module(controllers = [Cats, Dogs])]
struct AppModule;

#[tokio::test]
async fn the_path_says_the_version() {
    let app = App::set_up::<AppModule>(|http| {
        http.set_global_prefix("api")
            .enable_versioning(Versioning::uri())
    });
    let app = app.await;
    for (path, expected) in [
        ("/api/v1/cats", Some("1")),
        ("/api/v2/cats", Some("2 or 3")),
        ("/api/v3/cats", Some("2 or 3")),
        ("/api/v4/cats", None),
        ("/api/cats", None),
        ("/api/cats/about", Some("cats")),
        ("/api/dogs", Some("dogs")),
    ] {
        let answer = app.get(path).await;
        let told = (answer.status == 200).then_some(&*answer.body);
        assert_eq!(told, expected, "{path}");
    }
}

#[tokio::test]
async fn what_says_nothing_has_the_default_version() {
    let versioning = Versioning::uri_with_prefix("version-").default_version(["1", "2"]);
    let app = App::set_up::<AppModule>(|http| http.enable_versioning(versioning.clone())).await;
    for (path, status) in [
        ("/version-1/dogs", 200),
        ("/version-2/dogs", 200),
        ("/dogs", 404),
        ("/version-1/cats", 200),
        ("/cats/about", 200),
    ] {
        assert_eq!(app.get(path).await.status, status, "{path}");
    }
}

#[tokio::test]
async fn a_header_or_the_media_type_says_it() {
    for (versioning, name, before) in [
        (Versioning::header("x-api-version"), "X-Api-Version", ""),
        (
            Versioning::media_type("v"),
            "accept",
            "application/json; v=",
        ),
    ] {
        let app = App::set_up::<AppModule>(|http| http.enable_versioning(versioning.clone())).await;
        for (version, expected) in [("1", "1"), ("2", "2 or 3"), ("3", "2 or 3")] {
            let header = format!("{name}: {before}{version}");
            let answer = app.ask("GET /cats", &[&header], "").await;
            assert_eq!(answer.told(), (200, expected));
            // Whoever is neutral does not care.
            assert_eq!(
                app.ask("GET /dogs", &[&header], "").await.told(),
                (200, "dogs")
            );
        }
        let header = format!("{name}: {before}4");
        let (status, detail) = app.ask("GET /cats", &[&header], "").await.detail();
        assert_eq!(
            (status, &*detail),
            (404, "there is no version \"4\" of /cats")
        );
        let (status, detail) = app.get("/cats").await.detail();
        assert_eq!(
            (status, &*detail),
            (404, "/cats has versions, and the request says none")
        );
    }
}

#[tokio::test]
async fn versions_that_nobody_tells_apart_are_a_reason_not_to_start() {
    let report = report::<AppModule>(|http| http).await;
    assert!(report.contains("`GET /cats` has two handlers"), "{report}");
    assert!(report.contains("say `enable_versioning(…)`"), "{report}");
}
