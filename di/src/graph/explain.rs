//! Why a dependency has no provider, and what would give it one.

use super::{Code, Finding, Graph, ProviderId, ProviderNode};
use crate::inject::Dependency;
use crate::injectable::Registered;
use crate::key::Key;

impl Graph {
    /// The finding for a dependency without a provider: facts first, then what its name resembles.
    pub(super) fn missing(&self, id: ProviderId, dependency: &Dependency) -> Finding {
        let consumer = self.provider(id);
        let key = dependency.request.key;
        let mut path = self.path_to(consumer.module);
        path.extend([consumer.key().to_string(), key.to_string()]);

        let hidden = self
            .of_type(key.type_id())
            .find(|(_, node)| node.key() == key);
        let finding = match hidden {
            Some((_, hidden)) if !hidden.exported => self.private(consumer, dependency, hidden),
            Some((_, hidden)) => self.not_imported(consumer, dependency, hidden),
            None => self.unknown(consumer, dependency),
        };
        finding.path(path)
    }

    fn private(
        &self,
        consumer: &ProviderNode,
        dependency: &Dependency,
        hidden: &ProviderNode,
    ) -> Finding {
        let (needs, key) = (needs(consumer, dependency), dependency.request.key);
        let (owner, user) = (self.name(hidden), self.module_of(consumer));
        let import = match self
            .module(consumer.module)
            .reach
            .binary_search(&hidden.module)
        {
            Ok(_) => String::new(),
            Err(_) => format!(", and `imports = [{owner}]` to {user}"),
        };
        Finding::error(
            Code::NotExported,
            format!("{needs}, which is private to `{owner}`"),
        )
        .site(dependency.at, dependency.written)
        .site(
            hidden.provider.listed(),
            format!("provided by `{owner}`, not in its `exports`"),
        )
        .fix(format!(
            "add `exports = [{}]` to {}{import}",
            key.short_name(),
            self.module_of(hidden)
        ))
    }

    fn not_imported(
        &self,
        consumer: &ProviderNode,
        dependency: &Dependency,
        hidden: &ProviderNode,
    ) -> Finding {
        let (owner, user) = (self.name(hidden), self.module_of(consumer));
        let needs = needs(consumer, dependency);
        Finding::error(
            Code::Missing,
            format!(
                "{needs} of `{owner}`, which `{}` does not import",
                self.name(consumer)
            ),
        )
        .site(dependency.at, dependency.written)
        .site(hidden.provider.listed(), format!("exported by `{owner}`"))
        .fix(format!("add `imports = [{owner}]` to {user}"))
    }

    fn unknown(&self, consumer: &ProviderNode, dependency: &Dependency) -> Finding {
        let key = dependency.request.key;
        let (needs, short, user) = (
            needs(consumer, dependency),
            key.short_name(),
            self.module_of(consumer),
        );
        let finding =
            |code, message| Finding::error(code, message).site(dependency.at, dependency.written);
        let missing = || finding(Code::Missing, format!("{needs}, which nothing provides"));

        if let Some(other) = self.under_another_name(&key) {
            let listed = other.provider.listed();
            return missing()
                .site(listed, format!("`{}` is provided", other.key()))
                .fix(format!("{}, or provide `{key}` in {user}", other.ask(&key)));
        }
        if let Some(unlisted) =
            Registered::all().find(|descriptor| descriptor.key.type_id() == key.type_id())
        {
            return missing()
                .site(unlisted.at, "`#[injectable]`, but no module lists it")
                .fix(format!("add `{short}` to the providers of {user}"));
        }
        if let Some(near) = self
            .providers
            .iter()
            .find(|node| is_same_trait(&node.key(), &key))
        {
            let provided = near.key();
            return finding(
                Code::WrongObject,
                format!("{needs}, and `{provided}` is provided: two types to the compiler"),
            )
            .site(
                near.provider.listed(),
                format!("`{provided}` is provided here"),
            )
            .fix(format!(
                "write the same on both sides; with `trait …: Send + Sync`, plain `dyn {}` will do",
                bare(&short)
            ));
        }
        if let Some(unlisted) =
            Registered::all().find(|it| it.views.iter().any(|view| view.key == key))
        {
            let implementor = unlisted.key.short_name();
            return missing()
                .site(
                    unlisted.at,
                    format!("`{implementor}` is bound to it, but no module lists it"),
                )
                .fix(format!("add `{implementor}` to the providers of {user}"));
        }
        if short.starts_with("dyn ") {
            return missing().fix(format!(
                "bind what implements it: `#[injectable(bind = {short})]` on the type, or `Provider::bind::<{short}, …>()` in {user}"
            ));
        }
        match self.nearest(key) {
            Some(near) if near.key().short_name() == short => missing()
                .site(near.provider.listed(), format!("another type of that name: `{}`", near.key().type_name()))
                .fix(match near.key().type_name() == key.type_name() {
                    true => format!("two versions of one crate have a `{short}`, see `cargo tree -d`: make them one"),
                    false => format!("use `{}` on both sides", near.key().type_name()),
                }),
            Some(near) => missing()
                .site(near.provider.listed(), format!("`{}` has a similar name", near.key()))
                .fix(format!("ask for `{}`, or provide `{key}` in {user}", near.key())),
            None => missing().fix(format!(
                "put `#[injectable]` on `{short}` and add it to the providers of {user}, or provide an instance: `Provider::value(…)`"
            )),
        }
    }

    /// The provider whose type's name is the least different, if it is near at all.
    pub(super) fn nearest(&self, key: Key) -> Option<&ProviderNode> {
        let wanted = key.short_name();
        let limit = wanted.chars().count().div_ceil(4);
        self.providers
            .iter()
            .map(|node| (distance(&wanted, &node.key().short_name()), node))
            .filter(|(distance, _)| *distance <= limit)
            .min_by_key(|(distance, _)| *distance)
            .map(|(_, node)| node)
    }

    /// A provider of the type with another name, or with none.
    pub(super) fn under_another_name(&self, key: &Key) -> Option<&ProviderNode> {
        // What is listed for another provider alone has a name that is nobody's to ask for.
        let is_for_one_alone = |id| {
            let mut users = self.providers.iter().filter(|node| node.source == Some(id));
            users.any(|node| node.provider.source().is_some())
        };
        let mut others = self
            .of_type(key.type_id())
            .filter(|(_, node)| node.provider.name() != key.name());
        others
            .find(|(id, _)| !is_for_one_alone(*id))
            .map(|(_, node)| node)
    }

    /// A provider's module and where it is written: the place a fix goes to.
    fn module_of(&self, node: &ProviderNode) -> String {
        let definition = &self.module(node.module).definition;
        format!("`{}` ({})", definition.name, definition.at)
    }

    fn name(&self, node: &ProviderNode) -> &str {
        &self.module(node.module).definition.name
    }
}

impl ProviderNode {
    /// What to write to get this one instead of `key`, which is of the same type.
    pub(super) fn ask(&self, key: &Key) -> String {
        match (self.provider.name(), key.name()) {
            (Some(name), None) => format!("write `#[inject({name:?})]` in front of it"),
            (Some(name), Some(_)) => format!("write `#[inject({name:?})]`"),
            (None, _) => "leave the name out".to_owned(),
        }
    }
}

fn needs(consumer: &ProviderNode, dependency: &Dependency) -> String {
    format!("`{}` needs `{}`", consumer.key(), dependency.request.key)
}

/// Whether two trait objects differ in `Send` and `Sync` alone.
fn is_same_trait(a: &Key, b: &Key) -> bool {
    let (one, other) = (a.type_name(), b.type_name());
    a != b && a.name() == b.name() && one.starts_with("dyn ") && bare(one) == bare(other)
}

/// The trait's name alone.
fn bare(object: &str) -> &str {
    object
        .split(" + ")
        .next()
        .unwrap_or_default()
        .trim_start_matches("dyn ")
}

/// The names that are the least different from `wanted`, the nearest first, if they are near at all.
pub(super) fn nearest_names(
    wanted: &str,
    names: impl Iterator<Item = String>,
    count: usize,
) -> Vec<String> {
    let limit = wanted.chars().count().div_ceil(4);
    let mut near: Vec<_> = names
        .map(|name| (distance(wanted, &name), name))
        .filter(|(distance, _)| *distance <= limit)
        .collect();
    near.sort_unstable();
    near.dedup();
    near.truncate(count);
    near.into_iter().map(|(_, name)| name).collect()
}

/// How many characters to insert, remove or change to make one the other.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, to) in b.iter().enumerate() {
            let change = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = change.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distance_counts_edits() {
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "ab"), 2);
        assert_eq!(distance("same", "same"), 0);
    }
}
