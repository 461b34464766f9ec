use futures_util::{StreamExt, stream::FuturesUnordered};
use serde_json::Value;

use crate::{Caller, Command, Error, Seen};

/// An exchange between a client and a server, and what the client must see of it.
pub struct Case {
    /// What a line of the report calls it.
    pub name: &'static str,
    /// How its steps follow each other.
    pub flow: Flow,
    /// At least one.
    pub steps: Vec<Step>,
}

/// How the steps of a case follow each other.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Flow {
    /// Each waits for the answers of the one before it.
    InTurn,
    /// All are under way together, and may be answered in any order.
    AtOnce,
    /// All are under way together, and must be answered last one first.
    Overtaking,
}

/// One command and what must come of it.
pub struct Step {
    /// The command.
    pub command: Command,
    /// What must come of it.
    pub expect: Expect,
}

/// What a client must see.
#[derive(Clone, Debug, PartialEq)]
pub enum Expect {
    /// These values and then the end. Of an event: none.
    Values(Vec<Value>),
    /// These values and then this error.
    Error(Vec<Value>, Value),
}

impl Case {
    /// A case without steps yet, which will be taken in turn.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            flow: Flow::InTurn,
            steps: Vec::new(),
        }
    }

    /// The same, with its steps following each other as `flow` says.
    #[must_use]
    pub fn flow(self, flow: Flow) -> Self {
        Self { flow, ..self }
    }

    /// Adds a request that is answered with one value.
    #[must_use]
    pub fn answers(self, pattern: impl Into<Value>, data: Value, value: impl Into<Value>) -> Self {
        self.step(
            Command::send(pattern, data),
            Expect::Values(vec![value.into()]),
        )
    }

    /// Adds a request that is answered with an error and nothing before it.
    #[must_use]
    pub fn fails(self, pattern: impl Into<Value>, data: Value, error: Value) -> Self {
        self.step(
            Command::send(pattern, data),
            Expect::Error(Vec::new(), error),
        )
    }

    /// Adds a request that is answered with a stream of values; an empty one is an end alone.
    #[must_use]
    pub fn streams(self, pattern: impl Into<Value>, data: Value, values: Vec<Value>) -> Self {
        self.step(Command::send(pattern, data), Expect::Values(values))
    }

    /// Adds an event.
    #[must_use]
    pub fn emits(self, pattern: impl Into<Value>, data: Value) -> Self {
        self.step(Command::emit(pattern, data), Expect::Values(Vec::new()))
    }

    /// Adds a step.
    #[must_use]
    pub fn step(mut self, command: Command, expect: Expect) -> Self {
        self.steps.push(Step { command, expect });
        self
    }

    /// Goes through the steps; `Some` says what was not as expected.
    pub(crate) async fn fault(&self, caller: &impl Caller) -> Result<Option<String>, Error> {
        let take = async |(index, step): (usize, &Step)| {
            caller
                .call(&step.command)
                .await
                .map(|seen| (index, step.fault(&seen)))
        };
        let mut answered = Vec::new();
        if self.flow == Flow::InTurn {
            for step in self.steps.iter().enumerate() {
                answered.push(take(step).await?);
            }
        } else {
            let mut running: FuturesUnordered<_> =
                self.steps.iter().enumerate().map(take).collect();
            while let Some(outcome) = running.next().await {
                answered.push(outcome?);
            }
        }
        let order: Vec<_> = answered.iter().map(|(index, _)| *index).collect();
        if let Some(fault) = answered.into_iter().find_map(|(_, fault)| fault) {
            return Ok(Some(fault));
        }
        let out_of_order = self.flow == Flow::Overtaking && !order.is_sorted_by(|a, b| a > b);
        Ok(out_of_order.then(|| format!("answered in the order {order:?}, wanted last one first")))
    }
}

impl Step {
    fn fault(&self, seen: &Seen) -> Option<String> {
        let Seen {
            values,
            error,
            completed,
            ..
        } = seen;
        let as_expected = match &self.expect {
            Expect::Values(wanted) => *completed && error.is_none() && values == wanted,
            Expect::Error(before, wanted) => error.as_ref() == Some(wanted) && values == before,
        };
        (!as_expected).then(|| {
            let Command {
                op, pattern, data, ..
            } = &self.command;
            shortened(format!(
                "{op:?} {pattern} {data}: wanted {:?}, saw {seen:?}",
                self.expect
            ))
        })
    }
}

/// Some payloads are a megabyte.
fn shortened(text: String) -> String {
    match text.char_indices().nth(2_000) {
        Some((end, _)) => format!("{} … ({} bytes)", &text[..end], text.len()),
        None => text,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// Answers every command with its own data.
    struct Echo;

    impl Caller for Echo {
        async fn call(&self, command: &Command) -> Result<Seen, Error> {
            let values = vec![command.data.clone()];
            Ok(Seen {
                values,
                error: None,
                completed: true,
                ms: 0,
            })
        }
    }

    #[tokio::test]
    async fn an_answer_as_expected_is_no_fault() {
        let case = Case::new("echo").answers("echo", json!(1), 1);
        assert_eq!(case.fault(&Echo).await.unwrap(), None);
    }

    #[tokio::test]
    async fn another_value_an_error_and_a_missing_end_are_faults() {
        for case in [
            Case::new("value").answers("echo", json!(1), 2),
            Case::new("error").fails("echo", json!(1), json!("boom")),
            Case::new("empty").streams("echo", json!(1), vec![]),
            Case::new("second")
                .answers("echo", json!(1), 1)
                .answers("echo", json!(1), 2),
        ] {
            assert!(case.fault(&Echo).await.unwrap().is_some(), "{}", case.name);
        }
        let step = &Case::new("end").answers("echo", json!(1), 1).steps[0];
        let seen = Seen {
            values: vec![json!(1)],
            error: None,
            completed: false,
            ms: 0,
        };
        assert!(step.fault(&seen).is_some());
    }

    #[tokio::test]
    async fn answers_in_the_order_of_asking_are_no_overtaking() {
        let case = Case::new("order")
            .answers("a", json!(1), 1)
            .answers("b", json!(2), 2);
        let fault = case.flow(Flow::Overtaking).fault(&Echo).await.unwrap();
        assert!(fault.unwrap().contains("[0, 1]"));
    }
}
