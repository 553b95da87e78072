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
    End(channel::Sender<()>),
}

/// The near end.
#[derive(Clone, Debug)]
pub struct Queue {
    to: channel::Sender<Told>,
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
        let queue = Self { to, lost: Arc::default() };
        let lost = Arc::clone(&queue.lost);
        let name = name.to_owned();
        std::thread::Builder::new().name(name).spawn(move || keep(&from, &lost, write))?;
        Ok(queue)
    }

    /// Leaves one line, its newline included.
    pub fn put(&self, line: String) {
        if self.to.try_send(Told::Line(line)).is_err() {
            self.lost.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// Lets what is left be written, within `patience`; nothing is taken any
    /// more.
    pub fn end(&self, patience: Duration) {
        let (done, ended) = channel::bounded(1);
        if self.to.send_timeout(Told::End(done), patience).is_ok() {
            let _ = ended.recv_timeout(patience);
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
            Told::End(done) => {
                // Closes what it wrote to, before anybody is told.
                drop(write);
                let _ = done.send(());
                return;
            }
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
}
