//! The thread that owns the terminal's output.
//!
//! The console loop leaves finished frames in a mailbox that holds one; the
//! newest wins. Only this thread ever waits for the terminal, so Ctrl-S, a
//! full pty or a dead line stop neither the loop nor the input. What reaches
//! the terminal is the difference to what reached it last.

use crate::domain::Stamp;
use crate::host::clock;
use crossterm::queue;
use crossterm::terminal::{BeginSynchronizedUpdate, Clear, ClearType, EndSynchronizedUpdate};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Builder;
use std::time::Duration;

/// Bytes of one write. A terminal that is flushed while it is full lets one
/// write through; the next one sees that the console is closing and leaves
/// the room to the sequences that give the terminal back.
const CHUNK: usize = 2_048;

/// What waits for the writer.
#[derive(Debug, Default)]
struct Mailbox {
    frame: Option<Buffer>,
    /// Draw all of the next frame, whatever was drawn before.
    repaint: bool,
    /// Bytes beside the frames: a bell, a notification.
    aside: Vec<u8>,
    /// A buffer to be used again.
    spare: Option<Buffer>,
    closing: bool,
    ended: bool,
    stats: Stats,
}

/// What became of the frames.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Left in the mailbox.
    pub put: u64,
    /// Reached the terminal.
    pub written: u64,
    /// Replaced by a newer one before the writer came for them.
    pub coalesced: u64,
    /// Bytes that reached the terminal.
    pub bytes: u64,
}

#[derive(Debug, Default)]
struct Shared {
    mailbox: Mutex<Mailbox>,
    changed: Condvar,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Mailbox> {
        self.mailbox.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The near end of the writer.
#[derive(Debug)]
pub struct Writer(Arc<Shared>);

impl Writer {
    /// Starts the thread. `first` is called when the first frame has reached
    /// the terminal, `failed` if the terminal refuses one.
    ///
    /// # Errors
    /// No thread is to be had.
    pub fn start(
        out: impl Write + Send + 'static,
        first: Option<Box<dyn FnOnce(Stamp) + Send>>,
        failed: impl FnOnce(&io::Error) + Send + 'static,
    ) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let theirs = Arc::clone(&shared);
        Builder::new().name(String::from("writer")).spawn(move || {
            if let Err(error) = work(&theirs, out, first) {
                failed(&error);
            }
            theirs.lock().ended = true;
            theirs.changed.notify_all();
        })?;
        Ok(Self(shared))
    }

    /// A cleared buffer for the next frame, an old one where there is one.
    #[must_use]
    pub fn canvas(&self, area: Rect) -> Buffer {
        let spare = self.0.lock().spare.take();
        let Some(mut buffer) = spare else { return Buffer::empty(area) };
        buffer.resize(area);
        buffer.reset();
        buffer
    }

    /// Leaves a frame; never waits for the terminal.
    pub fn put(&self, frame: Buffer) {
        let mut mailbox = self.0.lock();
        mailbox.stats.put += 1;
        if let Some(old) = mailbox.frame.replace(frame) {
            mailbox.stats.coalesced += 1;
            mailbox.spare = Some(old);
        }
        drop(mailbox);
        self.0.changed.notify_all();
    }

    /// Bytes that are no part of a picture, such as a bell; what a blocked
    /// terminal has not taken is not heaped up.
    pub fn aside(&self, bytes: &[u8]) {
        let mut mailbox = self.0.lock();
        if mailbox.aside.len() + bytes.len() <= CHUNK {
            mailbox.aside.extend_from_slice(bytes);
        }
        drop(mailbox);
        self.0.changed.notify_all();
    }

    /// Draws the whole of the next frame.
    pub fn repaint(&self) {
        self.0.lock().repaint = true;
    }

    /// What became of the frames so far.
    #[must_use]
    pub fn stats(&self) -> Stats {
        self.0.lock().stats
    }

    /// Asks the thread to end and waits for at most `patience`; false when
    /// the terminal holds it.
    #[must_use]
    pub fn close(&self, patience: Duration) -> bool {
        let mut mailbox = self.0.lock();
        mailbox.closing = true;
        self.0.changed.notify_all();
        let (mailbox, _) = self
            .0
            .changed
            .wait_timeout_while(mailbox, patience, |m| !m.ended)
            .unwrap_or_else(PoisonError::into_inner);
        mailbox.ended
    }
}

fn work(
    shared: &Shared,
    mut out: impl Write,
    mut first: Option<Box<dyn FnOnce(Stamp) + Send>>,
) -> io::Result<()> {
    let mut shown = Buffer::default();
    let mut bytes = Vec::new();
    loop {
        let mut mailbox = shared.lock();
        let next = loop {
            if mailbox.closing {
                return Ok(());
            }
            if mailbox.frame.is_some() || !mailbox.aside.is_empty() {
                break mailbox.frame.take();
            }
            mailbox = shared.changed.wait(mailbox).unwrap_or_else(PoisonError::into_inner);
        };
        bytes.clear();
        bytes.append(&mut mailbox.aside);
        let all = next.is_some() && std::mem::take(&mut mailbox.repaint);
        drop(mailbox);
        if let Some(next) = &next {
            encode(&shown, next, all, &mut bytes)?;
        }
        for chunk in bytes.chunks(CHUNK) {
            if shared.lock().closing {
                return Ok(());
            }
            out.write_all(chunk)?;
        }
        out.flush()?;
        if next.is_some()
            && let Some(first) = first.take()
        {
            first(clock::now());
        }
        let old = next.map(|next| std::mem::replace(&mut shown, next));
        let mut mailbox = shared.lock();
        mailbox.stats.written += u64::from(old.is_some());
        mailbox.spare = old.or(mailbox.spare.take());
        mailbox.stats.bytes += bytes.len() as u64;
        drop(mailbox);
        shared.changed.notify_all();
    }
}

/// The bytes that turn `shown` into `next`, none when they are equal.
fn encode(shown: &Buffer, next: &Buffer, all: bool, bytes: &mut Vec<u8>) -> io::Result<()> {
    let all = all || shown.area != next.area;
    let blank;
    let from = if all {
        blank = Buffer::empty(next.area);
        &blank
    } else {
        shown
    };
    let mut changes = from.diff(next);
    if changes.is_empty() && !all {
        return Ok(());
    }
    // What comes from outside is clean (`domain::Text`), and ratatui drops
    // control characters from strings, but not from a cell's symbol.
    let clean: Vec<(usize, Cell)> = changes
        .iter()
        .enumerate()
        .filter(|(_, (_, _, cell))| cell.symbol().chars().any(char::is_control))
        .map(|(i, (_, _, cell))| {
            let mut cell = (*cell).clone();
            cell.set_symbol("·");
            (i, cell)
        })
        .collect();
    for (i, cell) in &clean {
        if let Some(change) = changes.get_mut(*i) {
            change.2 = cell;
        }
    }
    queue!(bytes, BeginSynchronizedUpdate)?;
    if all {
        queue!(bytes, Clear(ClearType::All))?;
    }
    CrosstermBackend::new(&mut *bytes).draw(changes.into_iter())?;
    queue!(bytes, EndSynchronizedUpdate)
}

#[cfg(test)]
mod tests;
