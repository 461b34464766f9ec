//! Provides what is missing, as a test says.

use super::link::Unresolved;
use super::replace::Replacements;
use super::{Code, Finding, Graph};
use crate::key::Key;

impl Graph {
    /// Links, leaves out what nobody wants any more, and has what is missing then mocked, until nothing is left that can be.
    pub(super) fn link_wanted(
        &mut self,
        replacements: &mut Replacements,
        findings: &mut Vec<Finding>,
    ) -> Vec<Unresolved> {
        let mut asked = Vec::new();
        loop {
            let mut unresolved = self.link();
            self.prune(replacements);
            unresolved.retain(|it| !self.provider(it.by).pruned);
            let missing = unresolved
                .iter()
                .filter(|it| it.finding.code == Code::Missing);
            let missing: Vec<_> = missing.map(|it| it.key).collect();
            if !self.mock(&missing, &mut asked, replacements, findings) {
                return unresolved;
            }
            self.prefer();
        }
    }

    /// Whether anything was provided.
    fn mock(
        &mut self,
        missing: &[Key],
        asked: &mut Vec<Key>,
        replacements: &mut Replacements,
        findings: &mut Vec<Finding>,
    ) -> bool {
        let Some(mocker) = replacements.mocker.clone() else {
            return false;
        };
        let mut any = false;
        for &key in missing {
            if asked.contains(&key) {
                continue;
            }
            asked.push(key);
            let Some(mock) = mocker(key) else { continue };
            if mock.key().type_id() != key.type_id() {
                let message = format!("for `{key}` the mocker provides `{}`", mock.key());
                findings.push(
                    Finding::error(Code::WrongObject, message)
                        .site(mock.listed(), "the mock")
                        .path(self.path_to(self.root()))
                        .fix(format!("provide a `{}`, or `None`", key.short_name())),
                );
                continue;
            }
            let mock = mock.called(key.name()).everywhere();
            any |= self.add_with_source(mock, self.root(), findings).is_some();
        }
        any
    }
}
