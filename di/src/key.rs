//! What a provider is asked for by: a type, and a name where one type has several instances.

use std::any::{TypeId, type_name};
use std::fmt;
use std::hash::{Hash, Hasher};

/// Identifies a provider: a type and, optionally, a name.
///
/// ```
/// use nestrs_di::Key;
///
/// struct Client;
/// const AUDIT: Key = Key::of::<Client>().named("audit");
///
/// assert_ne!(AUDIT, Key::of::<Client>());
/// assert_eq!(AUDIT.to_string(), "Client \"audit\"");
/// ```
#[derive(Clone, Copy)]
pub struct Key {
    type_id: TypeId,
    name: Option<&'static str>,
    // A function, because `type_name` is no constant.
    type_name: fn() -> &'static str,
}

impl Key {
    /// The key of `T` without a name.
    pub const fn of<T: ?Sized + 'static>() -> Self {
        Self {
            type_id: TypeId::of::<T>(),
            name: None,
            type_name: type_name::<T>,
        }
    }

    /// The same type under a name.
    ///
    /// ```
    /// use nestrs_di::Key;
    /// assert_eq!(Key::of::<u8>().named("low").name(), Some("low"));
    /// ```
    #[must_use]
    pub const fn named(self, name: &'static str) -> Self {
        Self {
            name: Some(name),
            ..self
        }
    }

    /// The type asked for.
    pub fn type_id(&self) -> TypeId {
        self.type_id
    }

    /// The full path of the type, as [`std::any::type_name`] spells it.
    ///
    /// ```
    /// use nestrs_di::Key;
    /// assert_eq!(Key::of::<String>().type_name(), "alloc::string::String");
    /// ```
    pub fn type_name(&self) -> &'static str {
        (self.type_name)()
    }

    /// The name, where there is one.
    pub fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// The type without the modules it lives in: `Repository<User>`.
    ///
    /// ```
    /// use nestrs_di::Key;
    /// assert_eq!(Key::of::<Option<String>>().short_name(), "Option<String>");
    /// ```
    pub fn short_name(&self) -> String {
        short(self.type_name())
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.type_id == other.type_id && self.name == other.name
    }
}

impl Eq for Key {}

impl Hash for Key {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.type_id.hash(state);
        self.name.hash(state);
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.short_name())?;
        match self.name {
            Some(name) => write!(f, " {name:?}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({}, {:?})", self.type_name(), self.name)
    }
}

/// Drops `path::to::` in front of every name in a type's path.
pub(crate) fn short(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    let mut word = 0;
    for character in path.chars() {
        out.push(character);
        if out.ends_with("::") {
            out.truncate(word);
        } else if !(character.is_alphanumeric() || "_:{}#".contains(character)) {
            word = out.len();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_shortened_inside_generics_too() {
        assert_eq!(
            short("app::repo::Repository<app::User, [u8]>"),
            "Repository<User, [u8]>"
        );
        assert_eq!(
            short("dyn app::Payments + core::marker::Send"),
            "dyn Payments + Send"
        );
        assert_eq!(short("app::main::{{closure}}::Local"), "Local");
        assert_eq!(short("u8"), "u8");
    }

    #[test]
    fn a_name_makes_another_key() {
        assert_eq!(Key::of::<u8>(), Key::of::<u8>());
        assert_ne!(Key::of::<u8>(), Key::of::<u16>());
        assert_ne!(Key::of::<u8>().named("a"), Key::of::<u8>().named("b"));
        assert_ne!(Key::of::<dyn Send>(), Key::of::<dyn Send + Sync>());
    }
}
