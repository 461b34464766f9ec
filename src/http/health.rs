//! Health and readiness, over HTTP: in the shape of NestJS's Terminus.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::routing::get;
use axum::{Json, Router};
use serde_json::{Map, Value, json};

use super::settings::Settings;
use crate::readiness::{Readiness, ReadinessOf};

pub(super) fn routes(
    mut routes: Router,
    settings: &Settings,
    readiness: Arc<ReadinessOf>,
) -> Router {
    if let Some(path) = &settings.health_check {
        let ok = async || Json(json!({ "status": "ok" }));
        routes = routes.route(&settings.prefix.before(path), get(ok));
    }
    if let Some(path) = &settings.readiness_check {
        let ask = async move || {
            let readiness = readiness.ask().await;
            let status = match readiness.is_ready() {
                true => StatusCode::OK,
                false => StatusCode::SERVICE_UNAVAILABLE,
            };
            (status, Json(told(&readiness)))
        };
        routes = routes.route(&settings.prefix.before(path), get(ask));
    }
    routes
}

fn told(readiness: &Readiness) -> Value {
    let status = match (readiness.is_stopping, readiness.is_ready()) {
        (true, _) => "shutting_down",
        (_, true) => "ok",
        (_, false) => "error",
    };
    let (mut info, mut error, mut details) = (Map::new(), Map::new(), Map::new());
    for (name, health) in &readiness.parts {
        let (told, of_kind) = match health {
            Ok(()) => (json!({ "status": "up" }), &mut info),
            Err(why) => (json!({ "status": "down", "message": why }), &mut error),
        };
        of_kind.insert(name.clone(), told.clone());
        details.insert(name.clone(), told);
    }
    json!({ "status": status, "info": info, "error": error, "details": details })
}
