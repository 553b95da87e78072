//! The thread that owns `tui-logger`.
//!
//! `tui-logger` keeps its lines in a global behind locks, and stamps each with
//! a zoned time, for which it may read the system's time zone from the disk.
//! So nobody but this thread touches it: whoever says something leaves the
//! line in a bounded queue and never waits, and the console loop takes a
//! finished [`Snapshot`]. The widget draws into a buffer that nobody sees, and
//! its formatter picks up the lines: our own views draw them, in the theme's
//! roles, in ASCII where it must be, and under every overlay.

use super::{Counts, Level, Said, Snapshot};
use crate::domain::{Text, UtcMicros};
use crossbeam_channel as channel;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Widget;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use tui_logger::{Drain, ExtLogRecord, LogFormatter, TuiLoggerWidget};

/// Lines kept, and shown.
const KEPT: u16 = 500;
/// Lines that may wait for the thread; more are lost, counted and told.
const QUEUE: usize = 1_024;

struct Entry {
    level: Level,
    source: Text,
    text: Text,
}

/// Where lines are left. Never waits.
#[derive(Clone)]
pub struct Feed {
    to: channel::Sender<Entry>,
    lost: Arc<AtomicU64>,
}

impl Feed {
    /// Leaves one line for the page.
    pub fn put(&self, level: Level, source: Text, text: Text) {
        if self.to.try_send(Entry { level, source, text }).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Where the snapshots come from.
#[derive(Clone, Debug, Default)]
pub struct Keeper(Arc<Mutex<Snapshot>>);

impl Keeper {
    /// Starts the thread; it ends when the last [`Feed`] is gone.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start() -> std::io::Result<(Self, Feed)> {
        let (to, from) = channel::bounded(QUEUE);
        let keeper = Self::default();
        let feed = Feed { to, lost: Arc::default() };
        let (shown, lost) = (keeper.clone(), Arc::clone(&feed.lost));
        std::thread::Builder::new()
            .name("diagnostics".to_owned())
            .spawn(move || keep(&from, &lost, &shown))?;
        Ok((keeper, feed))
    }

    /// The lines as they stand.
    #[must_use]
    pub fn snapshot(&self) -> Snapshot {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn show(&self, snapshot: Snapshot) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = snapshot;
    }
}

fn keep(from: &channel::Receiver<Entry>, lost: &AtomicU64, shown: &Keeper) {
    tui_logger::set_buffer_depth(KEPT.into());
    let drain = Drain::new();
    let mut counts = Counts::default();
    let mut put = |level: Level, source: &str, text: &str| {
        counts.add(level);
        let mut record = log::Record::builder();
        drain.log(&record.level(level).target(source).args(format_args!("{text}")).build());
        counts
    };
    let mut so_far = Counts::default();
    while let Ok(first) = from.recv() {
        for entry in std::iter::once(first).chain(from.try_iter().take(KEPT.into())) {
            so_far = put(entry.level, entry.source.as_str(), entry.text.as_str());
        }
        let lost = lost.swap(0, Ordering::Relaxed);
        if lost > 0 {
            so_far = put(Level::Warn, "diagnostics", &format!("{lost} lines came too fast: lost"));
        }
        tui_logger::move_events();
        shown.show(Snapshot { lines: lines(), counts: so_far });
    }
}

/// Everything that `tui-logger` keeps, oldest first.
fn lines() -> Arc<[Said]> {
    let read = Arc::<Mutex<Vec<Said>>>::default();
    let area = Rect::new(0, 0, 1, KEPT);
    let reader = Box::new(Reader(Arc::clone(&read)));
    TuiLoggerWidget::default().formatter(reader).render(area, &mut Buffer::empty(area));
    let mut lines = std::mem::take(&mut *read.lock().unwrap_or_else(PoisonError::into_inner));
    // The widget fills its area from the bottom.
    lines.reverse();
    lines.into()
}

/// Takes each record that the widget would draw, and draws nothing.
struct Reader(Arc<Mutex<Vec<Said>>>);

impl LogFormatter for Reader {
    fn min_width(&self) -> u16 {
        1
    }

    fn format(&self, _width: usize, record: &ExtLogRecord) -> Vec<Line<'_>> {
        let said = Said {
            at: UtcMicros(record.timestamp.timestamp().as_microsecond()),
            level: record.level,
            // Clean already, but this type is the proof.
            source: Text::new(record.target()),
            text: Text::new(record.msg()),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(said);
        vec![Line::default()]
    }
}

/// Held by every test that has a [`Keeper`]: what `tui-logger` keeps is one
/// for the whole process.
#[cfg(test)]
pub(crate) static ALONE: Mutex<()> = Mutex::new(());

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::{Duration, Instant};

    #[test]
    fn lines_come_back_in_order_and_the_oldest_go() {
        let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let (keeper, feed) = Keeper::start().unwrap();
        let wait = |good: &dyn Fn(&Snapshot) -> bool| {
            let until = Instant::now() + Duration::from_secs(20);
            loop {
                let now = keeper.snapshot();
                if good(&now) || Instant::now() > until {
                    return now;
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        };
        let before = crate::host::clock::utc();
        for (level, text) in [(Level::Warn, "one"), (Level::Error, "two"), (Level::Debug, "three")]
        {
            feed.put(level, Text::new("link::sub"), Text::new(text));
        }
        let three = wait(&|s| s.lines.len() == 3);
        let texts: Vec<_> = three.lines.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(texts, ["one", "two", "three"]);
        assert_eq!(three.counts, Counts { errors: 1, warnings: 1 });
        assert_eq!(three.lines[1].level, Level::Error);
        assert_eq!(three.lines[1].source.as_str(), "link::sub");
        let at = three.lines[0].at.0 - before.0;
        assert!((0..20_000_000).contains(&at), "the time is UTC's: {at} µs off");

        for n in 0..u32::from(KEPT) + 20 {
            feed.put(Level::Warn, Text::new("x"), Text::new(&n.to_string()));
            // The queue is not what is tried here.
            if n % 100 == 0 {
                let so_far = u64::from(n) + 2;
                wait(&|s| s.counts.warnings >= so_far);
            }
        }
        let full = wait(&|s| s.counts.warnings == u64::from(KEPT) + 21);
        assert_eq!(full.lines.len(), usize::from(KEPT));
        assert_eq!(full.lines[0].text.as_str(), "20");
        assert_eq!(full.lines.last().unwrap().text.as_str(), (KEPT + 19).to_string());
    }
}
