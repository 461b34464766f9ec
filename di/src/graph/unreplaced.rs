//! Replacements of what is not there.

use super::explain::nearest_names;
use super::replace::{Module, Replacements};
use super::{Code, Finding, Graph};
use crate::key::Key;

/// How many names an error suggests.
const SUGGESTIONS: usize = 3;

impl Graph {
    pub(super) fn unused_replacements(
        &self,
        replacements: &Replacements,
        findings: &mut Vec<Finding>,
    ) {
        for replacement in replacements.providers.iter().filter(|it| !it.used) {
            let key = replacement.of;
            let message = format!("nothing provides `{key}`, so nothing is replaced");
            let fix = "replace a type and name that a module provides";
            findings.push(
                Finding::error(Code::UnknownReplacement, message)
                    .site(replacement.at, "the replacement")
                    .path(self.path_to(self.root()))
                    .fix(format!("{fix}{}", suggestion(&self.similar(key)))),
            );
        }
    }

    pub(super) fn unused_modules(&self, replacements: &Replacements, findings: &mut Vec<Finding>) {
        let unused = replacements.modules.values().filter(|it| !it.used);
        for Module { name, at, .. } in unused {
            let names = self.modules.iter().map(|node| node.definition.name.clone());
            let names = nearest_names(name, names, SUGGESTIONS);
            let message = format!("nothing imports `{name}`, so nothing is replaced");
            findings.push(
                Finding::error(Code::UnknownReplacement, message)
                    .site(at, "the replacement")
                    .path(self.path_to(self.root()))
                    .fix(format!(
                        "replace a module that is imported{}",
                        suggestion(&names)
                    )),
            );
        }
    }

    /// What is provided, or made by a layer above, under a similar name.
    fn similar(&self, key: Key) -> Vec<String> {
        let provided = self.providers.iter().map(|node| node.key());
        let mentioned = self
            .modules
            .iter()
            .flat_map(|node| &node.definition.mentions);
        let all: Vec<_> = provided.chain(mentioned.copied()).collect();
        let same_type = all.iter().filter(|near| near.type_id() == key.type_id());
        let mut names: Vec<_> = same_type.map(Key::to_string).collect();
        names.sort_unstable();
        names.dedup();
        match names.is_empty() {
            false => names,
            true => nearest_names(
                &key.short_name(),
                all.iter().map(Key::short_name),
                SUGGESTIONS,
            ),
        }
    }
}

fn suggestion(names: &[String]) -> String {
    match names {
        [] => String::new(),
        names => format!("; did you mean `{}`?", names.join("` or `")),
    }
}
