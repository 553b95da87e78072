//! Who replaces a file that says what holds now, in the order of the orders.
//!
//! A disk may hang in the middle of a write, and who ordered it goes on
//! without it. Such a write comes to its end when the disk does, which may be
//! after a newer one. So each order has a [`Ticket`]: one of a file writes at a
//! time, and one that was given up, or whose file a newer one has replaced by
//! then, is thrown away before it takes the file's place.

use super::write::{self, read};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

const PENDING: u8 = 0;
const LANDED: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Gives tickets for the files of one daemon.
#[derive(Debug, Default)]
pub struct Pen(Mutex<BTreeMap<PathBuf, Arc<Slot>>>);

/// One file.
#[derive(Debug, Default)]
struct Slot {
    /// Orders so far.
    orders: AtomicU64,
    /// Held by who writes: the number of the newest order that is done.
    hand: Mutex<u64>,
}

/// An order for one file; it comes before none that was given out earlier.
#[derive(Clone, Debug)]
pub struct Ticket {
    slot: Arc<Slot>,
    number: u64,
    state: Arc<AtomicU8>,
    dir: PathBuf,
    name: &'static str,
}

impl Pen {
    /// The newest order for `dir/name`.
    pub fn order(&self, dir: &Path, name: &'static str) -> Ticket {
        let mut slots = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let slot = Arc::clone(slots.entry(dir.join(name)).or_default());
        // Under the lock: the numbers are in the order of the orders.
        let number = slot.orders.fetch_add(1, Ordering::SeqCst) + 1;
        drop(slots);
        Ticket { slot, number, state: Arc::default(), dir: dir.to_owned(), name }
    }
}

impl Ticket {
    /// The file.
    #[must_use]
    pub fn path(&self) -> PathBuf {
        self.dir.join(self.name)
    }

    /// Puts `bytes` in the file's place, whole and synced, or takes it away.
    ///
    /// # Errors
    /// The system's word, or that a newer order or the caller's end of
    /// patience came before; the old file stands then.
    pub fn land(&self, bytes: Option<&[u8]>) -> io::Result<()> {
        self.land_by(bytes, |_| {})
    }

    /// The caller waits no longer and takes it that the old file stands: a
    /// write that ends later is undone. False where it is done already.
    #[must_use]
    pub fn give_up(&self) -> bool {
        self.moves(GIVEN_UP)
    }

    fn moves(&self, to: u8) -> bool {
        let moved = self.state.compare_exchange(PENDING, to, Ordering::SeqCst, Ordering::SeqCst);
        moved.is_ok()
    }

    /// # Errors
    /// It is not to be done any more.
    fn holds(&self, done: u64) -> io::Result<()> {
        let why = if done > self.number {
            "a newer order is done"
        } else if self.state.load(Ordering::SeqCst) == GIVEN_UP {
            "it was given up"
        } else {
            return Ok(());
        };
        Err(io::Error::other(format!("{} is not written: {why}", self.path().display())))
    }

    /// As `land`; `at` hears of the moments before and after the file changes.
    fn land_by(&self, bytes: Option<&[u8]>, at: impl Fn(Moment)) -> io::Result<()> {
        let mut done = self.slot.hand.lock().unwrap_or_else(PoisonError::into_inner);
        self.holds(*done)?;
        // Only what was read can be put back.
        let before = read(&self.path());
        let check = || {
            at(Moment::Before);
            self.holds(*done)
        };
        write::put(&self.dir, self.name, bytes, check)?;
        at(Moment::After);
        if self.moves(LANDED) {
            *done = self.number;
            return Ok(());
        }
        // Given up between the look and the change.
        let back = before
            .and_then(|before| write::put(&self.dir, self.name, before.as_deref(), || Ok(())));
        if let Err(e) = back {
            let path = self.path();
            tracing::error!("{}: a write that was given up stands: {e}", path.display());
        }
        self.holds(*done)
    }
}

/// A moment of a write, for tests that stop it there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Moment {
    /// All is written beside the file.
    Before,
    /// It has the file's place.
    After,
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::{Receiver, Sender, channel};
    use std::thread::JoinHandle;

    const NAME: &str = "settings.json";

    struct Desk {
        dir: tempfile::TempDir,
        pen: Pen,
    }

    /// A write whose disk hangs at a moment.
    struct Hung {
        ticket: Ticket,
        go: Sender<()>,
        done: JoinHandle<io::Result<()>>,
    }

    impl Hung {
        fn comes_back(self) -> io::Result<()> {
            self.go.send(()).unwrap();
            self.done.join().unwrap()
        }
    }

    impl Desk {
        fn new() -> Self {
            let desk = Self { dir: tempfile::tempdir().unwrap(), pen: Pen::default() };
            desk.order().land(Some(b"old")).unwrap();
            desk
        }

        fn order(&self) -> Ticket {
            self.pen.order(self.dir.path(), NAME)
        }

        fn hung(&self, text: Option<&'static str>, moment: Moment) -> Hung {
            let ticket = self.order();
            let (there, is_there) = channel();
            let (go, goes): (Sender<()>, Receiver<()>) = channel();
            let own = ticket.clone();
            let done = std::thread::spawn(move || {
                own.land_by(text.map(str::as_bytes), |now| {
                    if now == moment {
                        there.send(()).unwrap();
                        goes.recv().unwrap();
                    }
                })
            });
            is_there.recv().unwrap();
            Hung { ticket, go, done }
        }

        fn text(&self) -> Option<String> {
            let bytes = read(&self.dir.path().join(NAME)).unwrap();
            bytes.map(|bytes| String::from_utf8(bytes).unwrap())
        }
    }

    fn later(ticket: Ticket, text: &'static str) -> JoinHandle<io::Result<()>> {
        std::thread::spawn(move || ticket.land(Some(text.as_bytes())))
    }

    #[test]
    fn a_late_write_never_takes_the_place_of_a_newer_one() {
        for moment in [Moment::Before, Moment::After] {
            let desk = Desk::new();
            let live = desk.hung(Some("LIVE"), moment);
            // Its caller went on; the next order is a stop.
            let safe = later(desk.order(), "SAFE_MODE");
            live.comes_back().unwrap();
            safe.join().unwrap().unwrap();
            assert_eq!(desk.text().as_deref(), Some("SAFE_MODE"), "{moment:?}");
        }
        // One that did not even begin before the newer one was done.
        let desk = Desk::new();
        let (live, safe) = (desk.order(), desk.order());
        safe.land(Some(b"SAFE_MODE")).unwrap();
        assert!(live.land(Some(b"LIVE")).is_err());
        assert_eq!(desk.text().as_deref(), Some("SAFE_MODE"));
    }

    #[test]
    fn what_was_given_up_supersedes_nothing() {
        let desk = Desk::new();
        let safe = desk.hung(Some("SAFE_MODE"), Moment::Before);
        let paper = desk.order();
        let refused = later(paper.clone(), "PAPER");
        assert!(paper.give_up());
        safe.comes_back().unwrap();
        assert!(refused.join().unwrap().is_err());
        assert_eq!(desk.text().as_deref(), Some("SAFE_MODE"));
    }

    #[test]
    fn what_was_given_up_does_not_land() {
        for moment in [Moment::Before, Moment::After] {
            let desk = Desk::new();
            let live = desk.hung(Some("LIVE"), moment);
            assert!(live.ticket.give_up());
            assert!(live.comes_back().is_err());
            assert_eq!(desk.text().as_deref(), Some("old"), "{moment:?}");
            let taken = desk.hung(None, moment);
            assert!(taken.ticket.give_up());
            assert!(taken.comes_back().is_err());
            assert_eq!(desk.text().as_deref(), Some("old"), "{moment:?}");
        }
    }

    #[test]
    fn what_is_done_is_not_given_up_any_more() {
        let desk = Desk::new();
        let ticket = desk.order();
        ticket.land(Some(b"PAPER")).unwrap();
        assert!(!ticket.give_up());
        assert_eq!(desk.text().as_deref(), Some("PAPER"));
    }

    #[test]
    fn a_late_removal_takes_nothing_newer_away() {
        let desk = Desk::new();
        let (down, paper) = (desk.order(), desk.order());
        paper.land(Some(b"PAPER")).unwrap();
        assert!(down.land(None).is_err());
        assert_eq!(desk.text().as_deref(), Some("PAPER"));
        desk.order().land(None).unwrap();
        desk.order().land(None).unwrap();
        assert_eq!(desk.text(), None);
        let names = std::fs::read_dir(desk.dir.path()).unwrap();
        assert_eq!(names.count(), 0, "nothing half-written is left");
    }
}
