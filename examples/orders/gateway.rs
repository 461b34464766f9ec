//! The HTTP side: turns requests into messages and back.

use std::sync::Arc;

use nestrs::axum::extract::{Path, State};
use nestrs::axum::http::StatusCode;
use nestrs::axum::response::{IntoResponse, Response};
use nestrs::axum::routing::{get, post};
use nestrs::axum::{Json, Router};
use nestrs::prelude::*;
use serde_json::{Value, json};

use super::orders::Order;

#[injectable]
pub(crate) struct OrdersController {
    clients: Arc<ClientsService>,
}

impl Controller for OrdersController {
    fn router(self: Arc<Self>) -> Router {
        Router::new()
            .route("/orders", post(Self::create))
            .route("/orders/{id}", get(Self::find))
            .with_state(self)
    }
}

impl OrdersController {
    async fn create(
        State(this): State<Arc<Self>>,
        Json(order): Json<Value>,
    ) -> Result<(StatusCode, Json<Order>), Refused> {
        let order = this
            .clients
            .expect("orders")
            .send("orders.create", &order)
            .await?;
        Ok((StatusCode::CREATED, Json(order)))
    }

    async fn find(
        State(this): State<Arc<Self>>,
        Path(id): Path<usize>,
    ) -> Result<Json<Order>, Refused> {
        Ok(Json(
            this.clients
                .expect("orders")
                .send("orders.find", &id)
                .await?,
        ))
    }
}

/// A message's error as an HTTP response.
struct Refused(TransportError);

impl From<TransportError> for Refused {
    fn from(error: TransportError) -> Self {
        Self(error)
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let code = self
            .0
            .details
            .as_ref()
            .and_then(|details| details["code"].as_str());
        let status = match code {
            Some("NOT_FOUND") => StatusCode::NOT_FOUND,
            Some("FORBIDDEN") => StatusCode::FORBIDDEN,
            Some("INVALID_PAYLOAD") => StatusCode::BAD_REQUEST,
            _ => StatusCode::BAD_GATEWAY,
        };
        (status, Json(json!({ "message": self.0.message }))).into_response()
    }
}
