//! From an event of `tracing` to one clean line, and to whoever hears it.

use super::bound::{Bound, Verdict};
use super::queue::Queue;
use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use crate::tui::diagnostics::Feed;
use std::fmt::{self, Write as _};
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;

/// Who hears a line.
pub enum Sink {
    /// Standard error, or the console's file of the day.
    Text(Queue),
    /// The second page of the Log pane.
    Page(Feed),
}

/// Turns events into lines. All text of an event passes [`Text`], message and
/// fields alike: a peer's words are in it, and every sink is a terminal sooner
/// or later.
pub struct Lines {
    sinks: Vec<Sink>,
    bound: Option<Bound>,
}

impl Lines {
    /// For these sinks; without a bound every line is said.
    #[must_use]
    pub const fn new(sinks: Vec<Sink>, bound: Option<Bound>) -> Self {
        Self { sinks, bound }
    }
}

impl<S: Subscriber> Layer<S> for Lines {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let meta = event.metadata();
        let verdict = self
            .bound
            .as_ref()
            .map_or(Verdict::Say, |bound| bound.judge(meta.callsite(), clock::mono_ns()));
        if verdict == Verdict::Hold {
            return;
        }
        let mut words = Words::default();
        event.record(&mut words);
        if verdict == Verdict::SayLast {
            words.0.push_str(" (the next like it are left out for a while)");
        }
        let (level, text) = (*meta.level(), Text::new(words.0.trim_end()));
        for sink in &self.sinks {
            match sink {
                Sink::Text(queue) => queue.put(line(clock::utc(), level, meta.target(), &text)),
                Sink::Page(feed) => feed.put(loudness(level), source(meta.target()), text.clone()),
            }
        }
    }
}

/// As standard error and files have it.
fn line(at: UtcMicros, level: Level, target: &str, text: &Text) -> String {
    format!("{} {level:>5} {}: {text}\n", at.iso(), Text::limited(target, 60))
}

/// The part of the program, without the program's name.
fn source(target: &str) -> Text {
    Text::limited(target.strip_prefix("crs::").unwrap_or(target), 60)
}

const fn loudness(level: Level) -> log::Level {
    match level {
        Level::ERROR => log::Level::Error,
        Level::WARN => log::Level::Warn,
        Level::INFO => log::Level::Info,
        Level::DEBUG => log::Level::Debug,
        Level::TRACE => log::Level::Trace,
    }
}

/// The message, then the fields as `name=value`.
#[derive(Default)]
struct Words(String);

impl Words {
    fn put(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let name = field.name();
        // What the bridge from `log` says of itself: a file and a line of
        // somebody else's crate.
        if name.starts_with("log.") {
            return;
        }
        if name == "message" {
            let rest = std::mem::take(&mut self.0);
            let _ = write!(self.0, "{value}{rest}");
        } else {
            let _ = write!(self.0, " {name}={value}");
        }
    }
}

impl Visit for Words {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format_args!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::diagnostics::Keeper;
    use crate::tui::diagnostics::keeper::ALONE;
    use tracing_subscriber::layer::SubscriberExt;

    fn page_and_file(say: impl FnOnce()) -> (Vec<String>, String) {
        let home = tempfile::tempdir().unwrap();
        let file = super::super::file::start(&home.path().join("state/logs")).unwrap();
        let _alone = ALONE.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let (keeper, feed) = Keeper::start().unwrap();
        let sinks = vec![Sink::Page(feed), Sink::Text(file.clone())];
        let lines = Lines::new(sinks, Some(Bound::default()));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(lines), say);
        file.end(std::time::Duration::from_secs(20));
        let entry = std::fs::read_dir(home.path().join("state/logs")).unwrap().next();
        let written = std::fs::read_to_string(entry.unwrap().unwrap().path()).unwrap();
        let wanted = written.lines().count();
        for _ in 0..2_000 {
            if keeper.snapshot().lines.len() >= wanted {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(10));
        }
        let page = keeper.snapshot().lines;
        (page.iter().map(|said| format!("{} {}", said.source, said.text)).collect(), written)
    }

    #[test]
    fn hostile_words_are_inert_on_the_page_and_in_the_file() {
        let nasty = "\u{1b}]52;c;cm0gLXJm\u{7}\u{1b}[2J\u{202e}DSU\u{9b}31m\r\nroot: all is well";
        let (page, file) = page_and_file(|| {
            tracing::warn!(peer = nasty, %nasty, ?nasty, "peer says {nasty}");
            for n in 0..100 {
                tracing::info!("noise {n}");
            }
        });
        let steers = |c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c);
        assert!(page.iter().all(|line| !line.chars().any(steers)), "{page:?}");
        let said = "cli::logs::lines::tests peer says ·]52;c;cm0gLXJm·[2J·DSU·31m·root: all is well peer=·]52;c;";
        assert!(page[0].starts_with(said), "{page:?}");
        // Ten lines of noise and not one more, on both.
        assert_eq!(page.len(), 11, "{page:?}");
        assert!(page[10].contains(" noise 9 (the next"), "{page:?}");
        assert_eq!(file.lines().count(), 11, "{file}");
        let first = file.lines().next().unwrap();
        assert!(
            first.contains("Z  WARN crs::cli::logs::lines::tests: peer says ·]52;c"),
            "{first}"
        );
        assert!(!file.chars().any(|c| c != '\n' && steers(c)), "{file:?}");
    }
}
