//! The log as text, for tests of what is logged, and applications that serve.
// Each test binary uses its own part of this.
#![allow(dead_code, unused_macros, unused_imports)]

pub(crate) mod dispatched;
pub(crate) mod served;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex, Once};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::DefaultGuard;
use tracing::{Event, Metadata, Subscriber};

/// What this thread logs while it lives, one line an event: `LEVEL message
/// field=value …`.
pub(crate) struct Log {
    lines: Arc<Mutex<String>>,
    _guard: DefaultGuard,
}

impl Log {
    pub(crate) fn start() -> Self {
        listen();
        let lines = Arc::<Mutex<String>>::default();
        let subscriber = Lines(Arc::clone(&lines));
        Self {
            lines,
            _guard: tracing::subscriber::set_default(subscriber),
        }
    }

    pub(crate) fn text(&self) -> String {
        self.lines.lock().unwrap().clone()
    }

    /// The line that starts so.
    #[track_caller]
    pub(crate) fn line(&self, start: &str) -> String {
        let text = self.text();
        let line = text.lines().find(|line| line.starts_with(start));
        line.unwrap_or_else(|| panic!("no {start:?} in {text:?}"))
            .to_owned()
    }

    #[track_caller]
    pub(crate) fn assert_contains(&self, parts: &[&str]) {
        let text = self.text();
        for part in parts {
            assert!(text.contains(part), "no {part:?} in {text:?}");
        }
    }
}

/// Has somebody interested in everything from the start. Otherwise what another
/// thread logs for the first time, while this one starts its [`Log`], may be
/// taken for something nobody wants to hear of.
pub(crate) fn listen() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // Somebody else's is as good.
        let _ = tracing::subscriber::set_global_default(Lines(Arc::default()));
    });
}

struct Lines(Arc<Mutex<String>>);

impl Subscriber for Lines {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line(format!("{}", event.metadata().level()));
        event.record(&mut line);
        let mut lines = self.0.lock().unwrap();
        writeln!(lines, "{}", line.0).unwrap();
    }
}

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        match field.name() {
            "message" => write!(self.0, " {value:?}").unwrap(),
            name => write!(self.0, " {name}={value:?}").unwrap(),
        }
    }
}
