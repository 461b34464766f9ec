//! What a server subscribes to for its routes.

use std::sync::Arc;

use nestrs_core::Dispatch;
use nestrs_core::wildcard::Wildcards;
use serde_json::Value;

use crate::message::MqttQos;

/// What a route looks like that names its group itself, as NestJS's do.
const SHARE: &str = "$share/";

/// The subscriptions of a server.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Filters {
    /// What is subscribed, and the highest quality it is delivered with.
    pub(crate) wanted: Vec<(String, MqttQos)>,
    /// The routes that name their group, and what they are subscribed to in it.
    shared: Vec<(Arc<str>, String)>,
}

impl Filters {
    /// One subscription for each route, but none for a route that a wildcard of
    /// another covers: the broker would deliver twice what the dispatcher
    /// handles once.
    ///
    /// # Errors
    ///
    /// A route that is no filter: a broker would end the connection over it, time
    /// and again.
    pub(crate) fn of(
        dispatch: &dyn Dispatch,
        group: Option<&str>,
        qos: MqttQos,
    ) -> Result<Self, String> {
        let mut filters = Self::default();
        let routes = dispatch.routes();
        for route in &routes {
            let extras = dispatch.extras(route);
            let qos = quality(&extras).unwrap_or(qos);
            if !is_filter(without_share(route).unwrap_or(route)) {
                return Err(format!(
                    "the pattern {route:?} is no filter of MQTT: write `+` for a whole level between slashes, and `#` for all that follow, at the end"
                ));
            }
            if let Some(filter) = without_share(route) {
                filters
                    .shared
                    .push((route.as_str().into(), filter.to_owned()));
                filters.wanted.push((route.clone(), qos));
                continue;
            }
            let covers = |other: &&String| {
                *other != route
                    && Wildcards::MQTT.are_in(other)
                    && Wildcards::MQTT.matches(other, route)
            };
            if routes.iter().any(|other| covers(&other)) {
                continue;
            }
            let group = extras.get("group").and_then(Value::as_str).or(group);
            let filter = match group {
                Some(group) => format!("{SHARE}{}/{route}", group_name(group)),
                None => route.clone(),
            };
            filters.wanted.push((filter, qos));
        }
        Ok(filters)
    }

    /// The route of what was published to `topic`, where the topic alone does
    /// not say: a route names its group itself.
    pub(crate) fn route(&self, topic: &str) -> Option<Arc<str>> {
        let matches = |(_, filter): &&(Arc<str>, String)| {
            filter == topic || Wildcards::MQTT.matches(filter, topic)
        };
        let (route, _) = self.shared.iter().find(matches)?;
        Some(route.clone())
    }
}

fn is_filter(filter: &str) -> bool {
    let last = filter.matches('/').count();
    let is_level = |(at, level): (usize, &str)| match level {
        "+" => true,
        "#" => at == last,
        _ => !level.contains(['+', '#', '\0']),
    };
    !filter.is_empty() && filter.split('/').enumerate().all(is_level)
}

/// What stands behind `$share/<group>/`.
fn without_share(route: &str) -> Option<&str> {
    let (_, filter) = route.strip_prefix(SHARE)?.split_once('/')?;
    Some(filter)
}

/// A group's name may hold no `/`, `+` or `#`.
fn group_name(group: &str) -> String {
    group.replace(['/', '+', '#'], "_")
}

/// NestJS's `extras: { qos: 1 }`.
fn quality(extras: &Value) -> Option<MqttQos> {
    match extras.get("qos")?.as_u64()? {
        0 => Some(MqttQos::AtMostOnce),
        1 => Some(MqttQos::AtLeastOnce),
        2 => Some(MqttQos::ExactlyOnce),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use nestrs_core::dispatch::BoxFuture;
    use nestrs_core::{Answer, Message};
    use serde_json::json;

    use super::*;

    struct Routes(&'static [&'static str]);

    impl Dispatch for Routes {
        fn dispatch(&self, _: Message) -> BoxFuture<'static, Answer> {
            Box::pin(async { Answer::Silent })
        }
        fn routes(&self) -> Vec<String> {
            self.0.iter().map(|route| (*route).to_owned()).collect()
        }
        fn extras(&self, route: &str) -> Value {
            match route {
                "sure" => json!({ "qos": 2, "group": "own" }),
                _ => Value::Null,
            }
        }
    }

    fn wanted(routes: &'static [&'static str], group: Option<&str>) -> Vec<String> {
        let filters = Filters::of(&Routes(routes), group, MqttQos::AtLeastOnce);
        filters
            .unwrap()
            .wanted
            .into_iter()
            .map(|(filter, _)| filter)
            .collect()
    }

    #[test]
    fn a_covered_route_is_not_subscribed_again() {
        assert_eq!(wanted(&["a/+", "a/b", "c"], None), ["a/+", "c"]);
        assert_eq!(wanted(&["#", "a/+", "c"], None), ["#"]);
        assert_eq!(wanted(&["a/+", "+/b"], None), ["a/+", "+/b"]);
    }

    #[test]
    fn groups_are_shared_subscriptions() {
        assert_eq!(
            wanted(&["a", "sure", "$share/x/b"], Some("orders::App")),
            ["$share/orders::App/a", "$share/own/sure", "$share/x/b"]
        );
        assert_eq!(wanted(&["a"], Some("a/b+c#")), ["$share/a_b_c_/a"]);
    }

    #[test]
    fn a_handler_may_say_how_sure() {
        let filters = Filters::of(&Routes(&["sure", "a"]), None, MqttQos::AtLeastOnce).unwrap();
        let qualities: Vec<_> = filters.wanted.into_iter().map(|(_, qos)| qos).collect();
        assert_eq!(qualities, [MqttQos::ExactlyOnce, MqttQos::AtLeastOnce]);
    }

    #[test]
    fn a_route_with_its_own_group_is_found_by_topic() {
        let routes = Routes(&["$share/x/a/+", "b"]);
        let filters = Filters::of(&routes, None, MqttQos::AtMostOnce).unwrap();
        assert_eq!(filters.route("a/c").as_deref(), Some("$share/x/a/+"));
        assert_eq!(filters.route("b"), None);
    }

    #[test]
    fn what_is_no_filter_is_named() {
        for route in ["", "a/#/b", "a+", "a/b#", "$share/x/#/b", "a\0"] {
            let routes = Routes(Box::leak(Box::new([route])));
            let error = Filters::of(&routes, None, MqttQos::AtMostOnce).unwrap_err();
            assert!(error.contains(&format!("{route:?}")), "{error}");
        }
        let good = ["#", "+", "/", "a//b", "+/+/#", r#"{"cmd":"sum"}"#];
        assert!(good.iter().all(|filter| is_filter(filter)));
    }
}
