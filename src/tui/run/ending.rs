//! How a console ends: by a key, a signal, or the loss of its terminal.

use super::Round;
use crate::control::guard::Input;
use crate::domain::Text;
use crate::event::{Event, GuardPhase, GuardReport};
use crate::host::clock;
use crate::tui::hangup::{self, SignalWatch};
use crate::tui::input::{self, Gatekeeper};
use crate::tui::terminal::{self, TuiError};
use crossbeam_channel as channel;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// How long a frame that is under way may take to arrive. A blocked terminal
/// is flushed after it, which frees the writer.
const WRITER_PATIENCE: Duration = Duration::from_millis(100);

/// Why the console ended. Agent and latch stay as they are in every case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Exit {
    /// The operator left.
    Quit,
    /// SIGTERM or SIGINT.
    Signal(i32),
    /// The terminal is gone: hang-up, SIGHUP, or it takes no more bytes.
    TerminalLost,
    /// The keyboard can't be read any more; the cause.
    Unreadable(Text),
}

/// Listens to the signals that end the console.
pub(super) fn watch_signals(
    ended: &channel::Sender<Exit>,
    lost: &Arc<AtomicBool>,
) -> Result<SignalWatch, TuiError> {
    let (tell, flag) = (ended.clone(), Arc::clone(lost));
    let signals = hangup::signals(move |signal| {
        flag.store(true, Ordering::SeqCst);
        let hang_up = hangup::is_hang_up(signal);
        let exit = if hang_up { Exit::TerminalLost } else { Exit::Signal(signal) };
        let _ = tell.try_send(exit);
    })?;
    Ok(signals)
}

/// Starts the input thread and the one that watches for a hang-up.
pub(super) fn watch_terminal(
    gate: Gatekeeper,
    ended: &channel::Sender<Exit>,
    lost: &Arc<AtomicBool>,
) -> Result<(), TuiError> {
    let (tell, flag) = (ended.clone(), Arc::clone(lost));
    hangup::watch(terminal::output()?, move || {
        flag.store(true, Ordering::SeqCst);
        let _ = tell.try_send(Exit::TerminalLost);
    })?;
    let tell = ended.clone();
    input::start(gate, move |cause| {
        let _ = tell.try_send(Exit::Unreadable(cause));
    })?;
    Ok(())
}

impl Round {
    /// Puts everything down: an open guard, the record, the writer.
    pub(super) fn leave(&mut self) {
        let now = clock::now();
        self.keep_layout(None);
        let step = self.guard.step(Input::TerminalLost, now);
        self.carry_out(step);
        self.urgent();
        // The input thread may hang in a read of a terminal that is gone, so
        // its guard's end is told here.
        if let Some(verb) = self.state.guard_open().map(|open| open.verb) {
            let report = GuardReport { verb, phase: GuardPhase::StoodDown, at: now };
            self.sender.send(Event::Guard(report));
            self.urgent();
        }
        let _ = self.writer.close(WRITER_PATIENCE);
    }
}
