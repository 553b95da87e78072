//! A queue in front of something that may block: a disk, a stopped terminal.
//! Whoever leaves a line never waits; what does not fit is lost and counted.

use crossbeam_channel as channel;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Lines that may wait.
const LINES: usize = 4_096;

enum Told {
    Line(String),
    End,
}

/// The near end.
#[derive(Clone, Debug)]
pub struct Queue {
    to: channel::Sender<Told>,
    /// Hears of the thread's end, whatever ended it.
    ended: channel::Receiver<()>,
    lost: Arc<AtomicU64>,
}

impl Queue {
    /// Starts the thread `name`, which gives every line to `write`; that says
    /// whether it took it.
    ///
    /// # Errors
    /// The system's, when there is no thread to be had.
    pub fn start(name: &str, write: impl FnMut(&str) -> bool + Send + 'static) -> io::Result<Self> {
        let (to, from) = channel::bounded(LINES);
        let (running, ended) = channel::bounded(0);
        let queue = Self { to, ended, lost: Arc::default() };
        let lost = Arc::clone(&queue.lost);
        let thread = move || {
            keep(&from, &lost, write);
            drop(running);
        };
        std::thread::Builder::new().name(name.to_owned()).spawn(thread)?;
        Ok(queue)
    }

    /// Leaves one line, its newline included.
    pub fn put(&self, line: String) {
        if self.to.try_send(Told::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets what is left be written, within `patience`; nothing is taken any
    /// more. Whoever asks again waits for the same end.
    pub fn end(&self, patience: Duration) {
        if self.to.send_timeout(Told::End, patience).is_ok() {
            // Nothing is ever sent: it is gone with the thread.
            let _ = self.ended.recv_timeout(patience);
        }
    }
}

fn keep(from: &channel::Receiver<Told>, lost: &AtomicU64, mut write: impl FnMut(&str) -> bool) {
    for told in from {
        match told {
            Told::Line(line) => {
                let gap = lost.swap(0, Ordering::Relaxed);
                let told = gap == 0 || write(&format!("({gap} lines were lost here)\n"));
                if !told {
                    lost.fetch_add(gap.saturating_add(1), Ordering::Relaxed);
                } else if !write(&line) {
                    lost.fetch_add(1, Ordering::Relaxed);
                }
            }
            // What it wrote to is closed on the way out, before anybody hears.
            Told::End => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Mutex;
    use std::time::Instant;

    #[test]
    fn what_hangs_holds_nobody_up_and_the_gap_is_told() {
        let (go, gate) = channel::bounded::<()>(0);
        let written = Arc::<Mutex<Vec<String>>>::default();
        let theirs = Arc::clone(&written);
        let queue = Queue::start("hangs", move |line| {
            let _ = gate.recv();
            theirs.lock().unwrap().push(line.to_owned());
            true
        });
        let queue = queue.unwrap();
        let before = Instant::now();
        for n in 0..LINES + 100 {
            queue.put(format!("{n}\n"));
        }
        queue.end(Duration::from_millis(50));
        assert!(before.elapsed() < Duration::from_secs(10));
        drop(go);
        queue.end(Duration::from_secs(20));
        let written = written.lock().unwrap();
        let gap = written.iter().position(|line| line.starts_with('(')).unwrap();
        let lost: usize = written[gap][1..].split(' ').next().unwrap().parse().unwrap();
        assert_eq!(written.len() - 1 + lost, LINES + 100, "no line without a trace");
    }

    #[test]
    fn who_asks_for_an_end_that_was_asked_for_before_is_not_kept_waiting() {
        let (go, gate) = channel::bounded::<()>(0);
        let (in_hand, seen) = channel::bounded(1);
        let queue = Queue::start("asked twice", move |_| {
            let _ = in_hand.send(());
            gate.recv().is_ok()
        });
        let queue = queue.unwrap();
        queue.put(String::from("held\n"));
        seen.recv().unwrap();
        queue.end(Duration::from_millis(10));
        let (before, patience) = (Instant::now(), Duration::from_mins(2));
        std::thread::scope(|threads| {
            let again = threads.spawn(|| queue.end(patience));
            // Behind the line in hand, both that ask are in the queue.
            while queue.to.len() < 2 {
                std::thread::sleep(Duration::from_millis(1));
            }
            drop(go);
            again.join().unwrap();
        });
        assert!(before.elapsed() < patience / 2);
    }
}
