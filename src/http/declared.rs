//! Routes before anything is constructed.

use nestrs_microservices::HandlerName;

use super::Controller;
use super::route::{Verb, Versions};

/// One path of one method of a controller.
#[derive(Debug, Clone)]
pub(super) struct Declared {
    pub(super) name: HandlerName,
    pub(super) verb: Verb,
    /// Behind the global prefix and the version.
    pub(super) path: String,
    pub(super) versions: Versions,
}

impl Declared {
    pub(super) fn all_of<T: Controller>() -> Vec<Self> {
        let controller = T::ROUTES;
        let mut all = Vec::new();
        for route in controller.routes {
            let name = HandlerName::of::<T>(route.method, route.at);
            for pattern in route.patterns {
                let versions = match pattern.versions {
                    Versions::Unsaid => controller.versions,
                    said => said,
                };
                all.extend(pattern.paths.iter().map(|path| Self {
                    name,
                    verb: pattern.verb,
                    path: joined(&[controller.path, path]),
                    versions,
                }));
            }
        }
        all
    }

    /// The path as axum tells paths apart: whatever parameters are called.
    pub(super) fn shape(&self) -> String {
        shape(&self.path)
    }

    /// Whether there can be a request that both answer.
    pub(super) fn meets(&self, other: &Self) -> bool {
        self.verb == other.verb
            && self.shape() == other.shape()
            && match (self.versions, other.versions) {
                (Versions::Only(ours), Versions::Only(theirs)) => {
                    ours.iter().any(|version| theirs.contains(version))
                }
                (ours, theirs) => ours == theirs,
            }
    }
}

/// Parts of a path with one slash before each.
pub(super) fn joined(parts: &[&str]) -> String {
    let parts = parts.iter().map(|part| part.trim_matches('/'));
    let path: String = parts
        .filter(|part| !part.is_empty())
        .flat_map(|part| ["/", part])
        .collect();
    match path.is_empty() {
        true => "/".to_owned(),
        false => path,
    }
}

fn shape(path: &str) -> String {
    let mut shape = String::new();
    let mut rest = path;
    while let Some((before, after)) = rest.split_once('{') {
        shape.push_str(before);
        shape.push_str(if after.starts_with('*') { "{*" } else { "{" });
        rest = after.split_once('}').map_or("", |(_, rest)| rest);
    }
    shape + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_join_with_and_without_slashes() {
        for (parts, path) in [
            (&["", "/"][..], "/"),
            (&["/orders", ""], "/orders"),
            (&["orders/", "/{id}/"], "/orders/{id}"),
            (&["/api/v1/", "", "x"], "/api/v1/x"),
        ] {
            assert_eq!(joined(parts), path);
        }
    }

    #[test]
    fn what_parameters_are_called_makes_no_other_path() {
        assert_eq!(shape("/a/{id}/b"), shape("/a/{name}/b"));
        assert_ne!(shape("/a/{*id}"), shape("/a/{id}"));
        assert_eq!(shape("/plain"), "/plain");
    }
}
