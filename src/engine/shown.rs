//! Entries on standard output. Whoever reads it gets every entry, or the engine
//! waits for it; an engine that is told to end waits no longer.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// It is written in blocks of this size, and whenever it is quiet.
const BLOCK: usize = 16 * 1_024;
/// A pipe that has room at all takes so much (POSIX's `PIPE_BUF` here) without
/// a wait.
const PIECE: usize = 4_096;
/// A reader that takes nothing is looked at again after so long.
const LOOK: Timespec = Timespec { tv_sec: 0, tv_nsec: 50_000_000 };
/// So many looks in a row are patience enough with it, once the engine ends.
const LOOKS: u32 = 10;

/// The near end.
pub struct Shown {
    stop: Arc<AtomicBool>,
    waiting: Vec<u8>,
    left: bool,
    news: Option<String>,
}

/// How a write ended.
#[derive(Debug, PartialEq, Eq)]
enum Wrote {
    /// All of it.
    All,
    /// There is no reader any more.
    NoReader,
    /// The engine ends, and the reader takes nothing: from there on it is lost.
    GaveUp(usize),
}

impl Shown {
    /// Waits for a reader until `stop` is set.
    #[must_use]
    pub const fn new(stop: Arc<AtomicBool>) -> Self {
        Self { stop, waiting: Vec::new(), left: false, news: None }
    }

    /// Takes one line.
    pub fn put(&mut self, line: &[u8]) {
        self.waiting.extend_from_slice(line);
        if self.waiting.len() >= BLOCK {
            self.flush();
        }
    }

    /// Writes what waits.
    pub fn flush(&mut self) {
        if self.waiting.is_empty() || self.left {
            return;
        }
        let stdout = std::io::stdout().lock();
        match write(stdout.as_fd(), &self.waiting, &self.stop) {
            Wrote::All => {}
            Wrote::NoReader => self.left = true,
            Wrote::GaveUp(at) => {
                self.left = true;
                let rest = self.waiting.get(at..).unwrap_or_default();
                let lines = rest.split(|byte| *byte == b'\n').count().saturating_sub(1);
                self.news = Some(format!(
                    "standard output: its reader takes nothing; the last {lines} entries are not on it"
                ));
            }
        }
        self.waiting.clear();
    }

    /// Whether its reader left, or was left.
    #[must_use]
    pub const fn reader_left(&self) -> bool {
        self.left
    }

    /// What is to be told, once.
    pub fn news(&mut self) -> Option<String> {
        self.news.take()
    }
}

/// Piece by piece, each when there is room for it.
fn write(fd: BorrowedFd<'_>, bytes: &[u8], stop: &AtomicBool) -> Wrote {
    let (mut at, mut looks) = (0, 0);
    while let Some(rest) = bytes.get(at..).filter(|rest| !rest.is_empty()) {
        let mut fds = [PollFd::new(&fd, PollFlags::OUT)];
        match poll(&mut fds, Some(&LOOK)) {
            Ok(0) => looks += 1,
            Err(Errno::INTR) => {}
            Err(_) => return Wrote::NoReader,
            Ok(_) => match rustix::io::write(fd, rest.get(..PIECE).unwrap_or(rest)) {
                Ok(wrote) => (at, looks) = (at + wrote, 0),
                Err(Errno::INTR | Errno::AGAIN) => looks += 1,
                Err(_) => return Wrote::NoReader,
            },
        }
        if looks >= LOOKS && stop.load(Ordering::Relaxed) {
            return Wrote::GaveUp(at);
        }
    }
    Wrote::All
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;

    const MANY: usize = 1 << 20;

    #[test]
    fn a_reader_that_stalls_is_waited_for_until_the_end() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = std::thread::spawn(move || write(writer.as_fd(), &vec![b'x'; MANY], &ends));
        std::thread::sleep(std::time::Duration::from_millis(800));
        assert!(!thread.is_finished(), "a reader gets every entry");
        stop.store(true, Ordering::Relaxed);
        let Wrote::GaveUp(at) = thread.join().unwrap() else { panic!("nobody read it") };
        let mut all = Vec::new();
        reader.read_to_end(&mut all).unwrap();
        assert_eq!(all.len(), at, "what is said to be written is");
    }

    #[test]
    fn a_reader_that_reads_gets_all_and_one_that_leaves_is_noticed() {
        let (mut reader, writer) = std::io::pipe().unwrap();
        // Told to end, it still hands over what a reader takes.
        let stop = AtomicBool::new(true);
        let reads = std::thread::spawn(move || {
            let mut all = vec![0; MANY];
            reader.read_exact(&mut all).map(|()| all.len())
        });
        assert_eq!(write(writer.as_fd(), &vec![b'x'; MANY], &stop), Wrote::All);
        assert_eq!(reads.join().unwrap().unwrap(), MANY);
        assert_eq!(write(writer.as_fd(), b"x", &stop), Wrote::NoReader);
    }
}
