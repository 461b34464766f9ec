//! Parameters are axum's extractors.

use nestrs::axum::body::Bytes;
use nestrs::axum::extract::{FromRequestParts, Path, Query, Request};
use nestrs::axum::http::request::Parts;
use nestrs::axum::http::{HeaderMap, Method};
use nestrs::axum::response::{IntoResponse, Redirect};
use nestrs::axum::{Form, Json};
use nestrs::prelude::*;
use serde::{Deserialize, Serialize};

use crate::asked::App;

#[derive(Deserialize, Serialize)]
struct Order {
    item: String,
    quantity: u32,
}

#[derive(Deserialize)]
struct Page {
    limit: Option<u8>,
}

/// An extractor of the application's own.
struct Tenant(String);

impl<S: Sync> FromRequestParts<S> for Tenant {
    type Rejection = HttpException;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, HttpException> {
        match parts.headers.get("tenant") {
            Some(tenant) => Ok(Self(tenant.to_str()?.to_owned())),
            None => Err(HttpException::unauthorized("who are you?").with("tenant", false)),
        }
    }
}

#[controller("orders")]
struct Orders;

#[routes]
impl Orders {
    #[post("/{shop}")]
    async fn create(
        &self,
        method: Method,
        Path(shop): Path<String>,
        Query(page): Query<Page>,
        Tenant(tenant): Tenant,
        headers: HeaderMap,
        Json(order): Json<Order>,
    ) -> String {
        let Order { item, quantity } = order;
        let count = headers.len();
        assert!(count > 0);
        format!(
            "{method} {shop} {:?} {tenant} {item} {quantity}",
            page.limit
        )
    }

    #[post]
    async fn echo(&self, Json(order): Json<Order>) -> Json<Order> {
        Json(order)
    }

    #[put]
    async fn form(&self, Form(order): Form<Order>) -> String {
        order.item
    }

    #[patch]
    async fn bytes(&self, bytes: Bytes) -> String {
        bytes.len().to_string()
    }

    #[get]
    async fn whole(&self, request: Request) -> impl IntoResponse {
        Redirect::to(&format!("{}?seen", request.uri()))
    }

    #[get("/headers")]
    async fn only_parts(&self, Tenant(tenant): Tenant) -> String {
        tenant
    }
}

#[module(controllers = [Orders])]
struct AppModule;

#[tokio::test]
async fn all_of_axums_extractors_and_ones_own_are_parameters() {
    let app = App::start::<AppModule>().await;
    let json = r#"{"item":"book","quantity":2}"#;
    let headers = ["content-type: application/json", "tenant: acme"];
    let answer = app.ask("POST /orders/main?limit=5", &headers, json).await;
    assert_eq!(answer.told(), (200, "POST main Some(5) acme book 2"));
    assert_eq!(app.post_json("/orders", json).await.told(), (200, json));
    let headers = ["content-type: application/x-www-form-urlencoded"];
    let answer = app
        .ask("PUT /orders", &headers, "item=book&quantity=2")
        .await;
    assert_eq!(answer.told(), (200, "book"));
    assert_eq!(
        app.ask("PATCH /orders", &[], "12345").await.told(),
        (200, "5")
    );
    assert_eq!(app.get("/orders?a=1").await.status, 303);
    let answer = app.ask("GET /orders/headers", &["tenant: acme"], "").await;
    assert_eq!(answer.told(), (200, "acme"));
}

#[tokio::test]
async fn what_axum_rejects_is_a_problem() {
    let app = App::start::<AppModule>().await;
    let json = r#"{"item":"book","quantity":"many"}"#;
    let (status, detail) = app.post_json("/orders", json).await.detail();
    assert_eq!(status, 422);
    assert!(detail.contains("quantity: invalid type"), "{detail}");
    let (status, detail) = app.post_json("/orders", "{").await.detail();
    assert_eq!(status, 400);
    assert!(detail.contains("EOF while parsing"), "{detail}");
    let (status, detail) = app.ask("POST /orders", &[], "{}").await.detail();
    assert_eq!(status, 415);
    assert!(detail.contains("application/json"), "{detail}");
    let headers = ["tenant: acme"];
    let (status, detail) = app
        .ask("POST /orders/x?limit=many", &headers, "")
        .await
        .detail();
    assert_eq!(status, 400);
    assert!(detail.contains("limit: invalid digit"), "{detail}");
    // What is a problem already stays what it is.
    let (status, problem) = app.get("/orders/headers").await.problem();
    assert_eq!((status, &problem["detail"]), (401, &"who are you?".into()));
    assert_eq!(problem["tenant"], false);
}
