//! The program's own diagnostics: who hears them, and how much of them.
//!
//! The verbs that print say them on standard error, by `CRS_LOG` (`info`,
//! `crs::link=debug`), and nothing without it. The console, whose screen is
//! not theirs, keeps them on the Log pane's second page and in a file a day,
//! `info` unless `CRS_LOG` says otherwise. Whoever says something never waits
//! for any of them.

pub mod bound;
pub mod file;
pub mod lines;
pub mod queue;

use crate::tui::diagnostics::Keeper;
use bound::Bound;
use lines::{Lines, Sink};
use queue::Queue;
use std::io::Write;
use std::path::Path;
use std::time::Duration;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// Chooses what is said: `CRS_LOG=debug`.
const VARIABLE: &str = "CRS_LOG";
/// Their directory in the state directory.
pub const DIR: &str = "logs";
/// The last lines get so long to reach a disk or a terminal.
pub const PATIENCE: Duration = Duration::from_millis(200);

/// Starts them for a verb that prints. To be ended with [`Queue::end`], or its
/// last lines are lost: a stopped terminal must not hold up `crs kill`.
#[must_use]
pub fn to_stderr() -> Option<Queue> {
    let filter = wanted()?;
    let queue = stderr()?;
    start(filter, Lines::new(vec![Sink::Text(queue.clone())], None));
    Some(queue)
}

/// For a verb that runs on and tells what it does, where `CRS_LOG` asks for
/// nothing else: `usual`, as the variable has it.
#[must_use]
pub fn usually(usual: &str) -> Option<Queue> {
    if wanted().is_some() {
        return None;
    }
    let queue = stderr()?;
    start(EnvFilter::new(usual), Lines::new(vec![Sink::Text(queue.clone())], None));
    Some(queue)
}

fn stderr() -> Option<Queue> {
    let write = |line: &str| std::io::stderr().lock().write_all(line.as_bytes()).is_ok();
    Queue::start("diagnostics", write).ok()
}

/// The console's diagnostics. Without a thread or a disk there are fewer of
/// them: they must not keep a console from opening.
#[derive(Default)]
pub struct Diagnostics {
    /// For the second page of the Log pane.
    pub keeper: Keeper,
    file: Option<Queue>,
}

impl Diagnostics {
    /// Starts them for a verb with a screen.
    #[must_use]
    pub fn start(state_dir: &Path) -> Self {
        let dir = state_dir.join(DIR);
        let file = file::start(&dir).ok();
        let (keeper, feed) = Keeper::start()
            .map_or_else(|_| (Keeper::default(), None), |(keeper, feed)| (keeper, Some(feed)));
        let mut sinks: Vec<Sink> = feed.into_iter().map(Sink::Page).collect();
        sinks.extend(file.clone().map(Sink::Text));
        let filter = wanted().unwrap_or_else(|| EnvFilter::new("info"));
        start(filter, Lines::new(sinks, Some(Bound::default())));
        tracing::info!(
            "crs {}, process {}; also in {}, a file a day; {VARIABLE}=debug says more",
            env!("CARGO_PKG_VERSION"),
            std::process::id(),
            dir.display()
        );
        Self { keeper, file }
    }

    /// Lets the last lines reach the disk, if it takes them now.
    pub fn end(&self) {
        if let Some(file) = &self.file {
            file.end(PATIENCE);
        }
    }
}

fn start(filter: EnvFilter, lines: Lines) {
    // There is one already where a test brought its own.
    let _ = tracing_subscriber::registry().with(filter).with(lines).try_init();
}

fn wanted() -> Option<EnvFilter> {
    let wanted = std::env::var(VARIABLE).ok()?;
    // A filter that can't be parsed must not keep a verb from its work.
    Some(EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new("info")))
}
