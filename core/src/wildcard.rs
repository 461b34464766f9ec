//! [`Wildcards`]: what a route may leave open, which every broker writes in
//! its own way.
//!
//! Back to the path of a message: [`crate::route_table`].

/// How a transport writes wildcards.
///
/// ```
/// use nestrs_core::Wildcards;
///
/// assert!(Wildcards::MQTT.matches("sensors/+/temperature", "sensors/7/temperature"));
/// assert!(Wildcards::NATS.matches("orders.>", "orders.eu.created"));
/// assert!(!Wildcards::NATS.matches("orders.*", "orders.eu.created"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Wildcards {
    /// Words between separators; a wildcard stands for whole words.
    Words {
        /// What is between words.
        separator: char,
        /// Stands for one word.
        one: &'static str,
        /// Stands for any number of words.
        many: &'static str,
        /// How many words that number is at least.
        least: usize,
    },
    /// As file names in a shell: `*` for any characters, `?` for one,
    /// `[a-c]` for one of these, `\` before a character that means itself.
    Glob,
}

impl Wildcards {
    /// `+` and `#` between `/`.
    pub const MQTT: Self = Self::words('/', "+", "#", 0);
    /// `*` and `>` between `.`; `>` is one word or more.
    pub const NATS: Self = Self::words('.', "*", ">", 1);
    /// `*` and `#` between `.`, as the topic exchanges of RabbitMQ have it.
    pub const AMQP: Self = Self::words('.', "*", "#", 0);
    /// `*` and `**` between `.`, for events within a process.
    pub const EVENTS: Self = Self::words('.', "*", "**", 0);

    const fn words(separator: char, one: &'static str, many: &'static str, least: usize) -> Self {
        Self::Words {
            separator,
            one,
            many,
            least,
        }
    }

    /// Whether `route` has wildcards.
    ///
    /// ```
    /// # use nestrs_core::Wildcards;
    /// assert!(Wildcards::AMQP.are_in("orders.*"));
    /// assert!(!Wildcards::AMQP.are_in("orders.a*"));
    /// ```
    pub fn are_in(self, route: &str) -> bool {
        match self {
            Self::Words {
                separator,
                one,
                many,
                ..
            } => route
                .split(separator)
                .any(|word| word == one || word == many),
            Self::Glob => route.contains(['*', '?', '[']),
        }
    }

    /// Whether `subject` is one that `route` stands for.
    pub fn matches(self, route: &str, subject: &str) -> bool {
        match self {
            Self::Words {
                separator,
                one,
                many,
                least,
            } => {
                let mut parts = Vec::new();
                for word in route.split(separator) {
                    if word == many {
                        parts.extend(std::iter::repeat_with(|| Part::Any).take(least));
                        parts.push(Part::Many);
                    } else if word == one {
                        parts.push(Part::Any);
                    } else {
                        parts.push(Part::This(word));
                    }
                }
                let words: Vec<_> = subject.split(separator).collect();
                covers(&parts, &words, |expected, word| expected == word)
            }
            Self::Glob => {
                let chars: Vec<_> = subject.chars().collect();
                covers(&glob(route), &chars, Class::has)
            }
        }
    }
}

/// What stands for words, or for characters.
#[derive(Debug)]
enum Part<T> {
    This(T),
    Any,
    Many,
}

/// Whether the parts cover all items. Goes back to the last [`Part::Many`] only,
/// so the time is at worst that of a table of both.
fn covers<P, I>(parts: &[Part<P>], items: &[I], is: impl Fn(&P, &I) -> bool) -> bool {
    let (mut part, mut item) = (0, 0);
    // Where to go on if what follows does not fit: one item more for the many.
    let mut retry = None;
    loop {
        let fits = match (parts.get(part), items.get(item)) {
            (None, None) => return true,
            (Some(Part::Many), _) => {
                retry = Some((part + 1, item));
                part += 1;
                continue;
            }
            (Some(Part::Any), Some(_)) => true,
            (Some(Part::This(expected)), Some(item)) => is(expected, item),
            _ => false,
        };
        if fits {
            (part, item) = (part + 1, item + 1);
        } else if let Some((after, from)) = retry
            && from < items.len()
        {
            (part, item) = (after, from + 1);
            retry = Some((after, from + 1));
        } else {
            return false;
        }
    }
}

/// Characters of which one stands in a place.
#[derive(Debug)]
struct Class {
    ranges: Vec<(char, char)>,
    negated: bool,
}

impl Class {
    fn has(&self, c: &char) -> bool {
        self.ranges
            .iter()
            .any(|(from, to)| (from..=to).contains(&c))
            != self.negated
    }
}

fn glob(pattern: &str) -> Vec<Part<Class>> {
    let mut parts = Vec::new();
    let mut chars = pattern.chars().peekable();
    while let Some(c) = chars.next() {
        let (mut ranges, mut negated) = (Vec::new(), false);
        match c {
            '*' => {
                parts.push(Part::Many);
                continue;
            }
            '?' => {
                parts.push(Part::Any);
                continue;
            }
            '[' => {
                negated = chars.next_if_eq(&'^').is_some();
                while let Some(from) = chars.next().filter(|c| *c != ']') {
                    let to = chars.next_if_eq(&'-').and_then(|_| chars.next());
                    ranges.push((from, to.unwrap_or(from)));
                }
            }
            '\\' => {
                let c = chars.next().unwrap_or(c);
                ranges.push((c, c));
            }
            c => ranges.push((c, c)),
        }
        parts.push(Part::This(Class { ranges, negated }));
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_broker_has_its_own() {
        for (wildcards, route, subject, matches) in [
            (Wildcards::MQTT, "a/+/c", "a/b/c", true),
            (Wildcards::MQTT, "a/+/c", "a/b/b/c", false),
            (Wildcards::MQTT, "a/#", "a", true),
            (Wildcards::MQTT, "a/#", "a/b/c", true),
            (Wildcards::MQTT, "a/+", "a", false),
            (Wildcards::NATS, "a.>", "a", false),
            (Wildcards::NATS, "a.>", "a.b.c", true),
            (Wildcards::NATS, "*.b", "a.b", true),
            (Wildcards::AMQP, "#.error", "error", true),
            (Wildcards::AMQP, "#.error", "a.b.error", true),
            (Wildcards::AMQP, "a.#.b.#.c", "a.b.x.b.c", true),
            (Wildcards::AMQP, "a.#.b.#.c", "a.x.c", false),
            (Wildcards::EVENTS, "user.*", "user.created", true),
            (Wildcards::EVENTS, "user.*", "user.name.changed", false),
            (Wildcards::EVENTS, "**", "user.name.changed", true),
            (Wildcards::EVENTS, "us*", "user", false),
            (Wildcards::Glob, "user.*", "user.name.changed", true),
            (Wildcards::Glob, "h?llo", "hello", true),
            (Wildcards::Glob, "h?llo", "hllo", false),
            (Wildcards::Glob, "h[a-eu]llo", "hullo", true),
            (Wildcards::Glob, "h[^e]llo", "hello", false),
            (Wildcards::Glob, "h\\*llo", "h*llo", true),
            (Wildcards::Glob, "h\\*llo", "hello", false),
        ] {
            assert_eq!(
                wildcards.matches(route, subject),
                matches,
                "{route} {subject}"
            );
        }
    }

    #[test]
    fn many_wildcards_take_no_more_time_than_few() {
        let route = "*a".repeat(60);
        assert!(!Wildcards::Glob.matches(&route, &"a".repeat(59)));
        assert!(!Wildcards::Glob.matches(&format!("{route}b"), &"a".repeat(5_000)));
    }

    #[test]
    fn most_routes_have_none() {
        assert!(!Wildcards::MQTT.are_in(r#"{"cmd":"sum"}"#));
        assert!(!Wildcards::EVENTS.are_in("user.created"));
        assert!(Wildcards::EVENTS.are_in("**.created"));
    }
}
