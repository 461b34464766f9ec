//! What stands before the path of every route but those that are excluded.

use super::declared::joined;

#[derive(Debug, Clone, Default)]
pub(super) struct Prefix {
    pub(super) prefix: String,
    pub(super) excluded: Vec<String>,
}

impl Prefix {
    /// What stands before `path`.
    pub(super) fn of(&self, path: &str) -> &str {
        let is_excluded = |excluded: &String| {
            let excluded = joined(&[excluded]);
            match excluded.split_once("/{*") {
                Some((start, _)) => path
                    .strip_prefix(start)
                    .is_some_and(|rest| rest.starts_with('/')),
                None => path == excluded,
            }
        };
        match self.excluded.iter().any(is_excluded) {
            true => "",
            false => &self.prefix,
        }
    }

    /// `path`, as it is served.
    pub(super) fn before(&self, path: &str) -> String {
        let path = joined(&[path]);
        joined(&[self.of(&path), &path])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_excluded_has_no_prefix() {
        let prefix = Prefix {
            prefix: "/api/".to_owned(),
            excluded: vec!["health".to_owned(), "/hooks/{*rest}".to_owned()],
        };
        for (path, served) in [
            ("orders", "/api/orders"),
            ("/health", "/health"),
            ("/health/deep", "/api/health/deep"),
            ("/hooks/a/b", "/hooks/a/b"),
            ("/hooks", "/api/hooks"),
            ("/", "/api"),
        ] {
            assert_eq!(prefix.before(path), served);
        }
        assert_eq!(Prefix::default().before("/"), "/");
    }
}
