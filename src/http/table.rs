//! From bound routes to an axum router: each at its path behind the global
//! prefix and the version, and those of one path told apart by version where
//! the path does not say it.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use axum::routing::{any, on};
use nestrs_core::StartError;

use super::bind::{BoundRoute, Handler};
use super::check::problem;
use super::declared::{Declared, joined};
use super::prefix::Prefix;
use super::route::Verb;
use super::{HttpException, Versioning};
use crate::BootstrapError;

/// What answers one method of one path.
#[derive(Clone)]
struct Endpoint {
    versioning: Option<Arc<Versioning>>,
    handlers: Vec<Versioned>,
}

#[derive(Clone)]
struct Versioned {
    /// None for all of them.
    versions: Vec<String>,
    handler: Arc<Handler>,
}

/// An endpoint in its place.
struct Entry {
    declared: Declared,
    verb: Verb,
    path: String,
    endpoint: Endpoint,
}

pub(super) fn router(
    routes: Vec<BoundRoute>,
    prefix: &Prefix,
    versioning: Option<&Arc<Versioning>>,
) -> Result<Router, BootstrapError> {
    let mut entries: Vec<Entry> = Vec::new();
    for BoundRoute { declared, handler } in routes {
        let versions = versioning.map(|versioning| versioning.versions(declared.versions));
        let versions = versions.unwrap_or_default();
        let segments: Option<Vec<_>> = versioning.and_then(|versioning| {
            let segments = versions.iter().map(|version| versioning.segment(version));
            segments.collect()
        });
        let in_path = segments.filter(|segments| !segments.is_empty());
        let versions = match in_path {
            Some(_) => Vec::new(),
            None => versions,
        };
        for segment in in_path.unwrap_or_else(|| vec![String::new()]) {
            let global = prefix.of(&declared.path);
            let path = joined(&[global, &segment, &declared.path]);
            let versioned = Versioned {
                versions: versions.clone(),
                handler: Arc::clone(&handler),
            };
            add(&mut entries, &declared, path, versioned, versioning)?;
        }
    }
    Ok(entries.into_iter().fold(Router::new(), |router, entry| {
        let Entry {
            verb,
            path,
            endpoint,
            ..
        } = entry;
        let answer = move |request: Request| endpoint.clone().answer(request);
        router.route(
            &path,
            match verb.filter() {
                Some(filter) => on(filter, answer),
                None => any(answer),
            },
        )
    }))
}

fn add(
    entries: &mut Vec<Entry>,
    declared: &Declared,
    path: String,
    versioned: Versioned,
    versioning: Option<&Arc<Versioning>>,
) -> Result<(), BootstrapError> {
    let same = |entry: &&mut Entry| entry.verb == declared.verb && entry.path == path;
    let Some(entry) = entries.iter_mut().find(same) else {
        entries.push(Entry {
            declared: declared.clone(),
            verb: declared.verb,
            path,
            endpoint: Endpoint {
                versioning: versioning.cloned(),
                handlers: vec![versioned],
            },
        });
        return Ok(());
    };
    let handlers = &mut entry.endpoint.handlers;
    let meets = |other: &Versioned| match &versioned.versions[..] {
        [] => other.versions.is_empty(),
        ours => ours.iter().any(|version| other.versions.contains(version)),
    };
    if handlers.iter().any(meets) {
        let problem = problem(&entry.declared, declared);
        let message = format!(
            "{problem}: change the path or the method of one, or tell them apart by \
             `version` and say `enable_versioning(…)`"
        );
        return Err(BootstrapError::Http(StartError::Options { message }));
    }
    handlers.push(versioned);
    Ok(())
}

impl Endpoint {
    async fn answer(self, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let asked = self.versioning.as_ref();
        let asked = asked.and_then(|versioning| versioning.asked(&parts));
        let of_version = |handler: &&Versioned| {
            asked.is_some_and(|asked| handler.versions.iter().any(|version| version == asked))
        };
        let mut handlers = self.handlers.iter();
        let neutral = || self.handlers.iter().find(|one| one.versions.is_empty());
        match handlers.find(of_version).or_else(neutral) {
            Some(one) => {
                let handler = Arc::clone(&one.handler);
                handler.run(Request::from_parts(parts, body)).await
            }
            None => {
                let path = parts.uri.path();
                let why = match asked {
                    Some(version) => format!("there is no version {version:?} of {path}"),
                    None => format!("{path} has versions, and the request says none"),
                };
                HttpException::not_found(why).into_response()
            }
        }
    }
}
