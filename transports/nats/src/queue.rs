//! [`NatsQueue`]: which of several servers gets a message.

use nestrs_core::{Dispatch, Wildcards};
use serde_json::Value;

/// Which of the servers that handle a pattern get a message.
///
/// ```
/// use nestrs_transport_nats::{NatsMicroserviceOptions, NatsQueue};
///
/// let options = NatsMicroserviceOptions::default();
/// assert_eq!(options.queue, NatsQueue::Service);
/// assert_eq!(options.queue("billing").queue, NatsQueue::Group("billing".to_owned()));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum NatsQueue {
    /// One replica of this service, and likewise one of each other service: a
    /// queue group that is called as the path of the application's root module,
    /// `orders::AppModule`. A pattern with wildcards has a group of its own, so
    /// that all handlers that stand for a subject get its messages.
    #[default]
    Service,
    /// One of all servers that name the same group, NestJS's `queue`. Of the
    /// patterns in it that stand for a subject the broker chooses one.
    Group(String),
    /// Every server, as with NestJS where no `queue` is set. A request is then
    /// handled by all of them, and the first answer counts.
    Broadcast,
}

impl NatsQueue {
    /// The group of a route, if it has one: what the extras of its handler say
    /// (`extras = { "queue": "audit" }`, or `false` for none), else this.
    pub(crate) fn of(
        &self,
        dispatch: &dyn Dispatch,
        route: &str,
    ) -> Result<Option<String>, String> {
        let group = match dispatch.extras(route).get("queue") {
            Some(Value::String(group)) => Some(group.clone()),
            Some(Value::Bool(false)) => None,
            None | Some(Value::Null) => match self {
                // The broker chooses one among all subscriptions of a group that
                // a subject matches, of whatever handlers those are.
                Self::Service if Wildcards::NATS.are_in(route) => {
                    Some(format!("{}/{route}", service(dispatch)))
                }
                Self::Service => Some(service(dispatch)),
                Self::Group(group) => Some(group.clone()),
                Self::Broadcast => None,
            },
            Some(other) => {
                return Err(format!(
                    "the extras of the handler of {route:?} have the `queue` {other}: write the name of a group, or `false` for none"
                ));
            }
        };
        match group {
            Some(name) if name.is_empty() || name.contains(char::is_whitespace) => Err(format!(
                "{name:?} cannot be the `queue` of {route:?}: write a name without blanks"
            )),
            group => Ok(group),
        }
    }
}

/// What the service is called, and if it has no name, what it handles.
pub(crate) fn service(dispatch: &dyn Dispatch) -> String {
    match dispatch.service() {
        // A generic type's name has blanks.
        Some(name) => name.split_whitespace().collect(),
        None => {
            let mut routes = dispatch.routes();
            routes.sort();
            format!("nestrs-{:016x}", hash(&routes.join("\n")))
        }
    }
}

/// FNV-1a: the same in every build and on every machine, as hashers need not be.
fn hash(text: &str) -> u64 {
    let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use nestrs_core::dispatch::BoxFuture;
    use nestrs_core::{Answer, Message};
    use serde_json::json;

    struct Service(Option<&'static str>, Value, &'static [&'static str]);

    impl Dispatch for Service {
        fn dispatch(&self, _: Message) -> BoxFuture<'static, Answer> {
            Box::pin(async { Answer::Silent })
        }
        fn routes(&self) -> Vec<String> {
            self.2.iter().map(ToString::to_string).collect()
        }
        fn service(&self) -> Option<&str> {
            self.0
        }
        fn extras(&self, _: &str) -> Value {
            self.1.clone()
        }
    }

    #[test]
    fn what_the_handler_says_comes_before_what_the_server_says() {
        let ours = || Some("app::Of<App>".to_owned());
        for (queue, extras, group) in [
            (NatsQueue::Service, json!(null), ours()),
            (NatsQueue::Service, json!({ "qos": 1 }), ours()),
            (NatsQueue::Service, json!({ "queue": null }), ours()),
            (
                NatsQueue::Service,
                json!({ "queue": "audit" }),
                Some("audit".to_owned()),
            ),
            (NatsQueue::Service, json!({ "queue": false }), None),
            (NatsQueue::Broadcast, json!(null), None),
            (
                NatsQueue::Broadcast,
                json!({ "queue": "audit" }),
                Some("audit".to_owned()),
            ),
            (
                NatsQueue::Group("g".to_owned()),
                json!(null),
                Some("g".to_owned()),
            ),
        ] {
            let service = Service(Some("app::Of< App>"), extras.clone(), &[]);
            assert_eq!(queue.of(&service, "p"), Ok(group), "{queue:?} {extras}");
        }
    }

    #[test]
    fn patterns_that_may_overlap_have_groups_of_their_own() {
        let service = Service(Some("app::App"), Value::Null, &[]);
        let group = |queue: NatsQueue, route| queue.of(&service, route).unwrap().unwrap();
        assert_eq!(group(NatsQueue::Service, "a.b"), "app::App");
        assert_eq!(group(NatsQueue::Service, "a.*"), "app::App/a.*");
        assert_eq!(group(NatsQueue::Group("g".to_owned()), "a.*"), "g");
    }

    #[test]
    fn what_cannot_be_a_group_is_an_error_that_says_so() {
        for extras in [
            json!({ "queue": 7 }),
            json!({ "queue": "" }),
            json!({ "queue": "a b" }),
        ] {
            let service = Service(None, extras, &[]);
            let error = NatsQueue::Service.of(&service, "p").unwrap_err();
            assert!(
                error.contains("`queue`") && error.contains("\"p\""),
                "{error}"
            );
        }
    }

    #[test]
    fn a_service_without_a_name_is_what_it_handles() {
        let name = |routes| service(&Service(None, Value::Null, routes));
        assert_eq!(name(&["a", "b"]), name(&["b", "a"]));
        assert_ne!(name(&["a", "b"]), name(&["a"]));
        assert_eq!(name(&["a"]), "nestrs-af63dc4c8601ec8c");
    }
}
