//! The thread that reads keys.
//!
//! It owns the guard of KILL and BLOCK and talks straight to the kill thread:
//! no lock and no queue that the screen could hold up lies between the
//! confirming key and the gate. Whatever is no business of that guard goes on
//! to the console loop through a bounded channel; if the loop is that far
//! behind, keys for the screen are lost, never a kill.

mod torn;
mod wish;

pub use wish::Wish;

use super::keymap::{Key, fixed};
use super::screen::{Point, Pointed};
use crate::control::Trigger;
use crate::control::guard::{self, Guard, Input, Step, Stroke};
use crate::domain::{Intent, Stamp, Text};
use crate::event::{Event, GuardPhase, GuardedVerb, Sender};
use crate::host::clock;
use crossbeam_channel as channel;
use crossterm::event::{self, KeyEventKind, MouseButton, MouseEvent, MouseEventKind};
use std::io::{self, ErrorKind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;
use std::time::Duration;

/// Keys that may wait for the console loop.
pub const BACKLOG: usize = 1_024;
/// Longest sleep: how late the thread may notice that the terminal is lost.
const NAP: Duration = Duration::from_millis(500);

/// The same for a moment after Enter, which may be the end of `:kill`.
const ALERT_NAP: Duration = Duration::from_millis(5);
/// How long that moment is.
const ALERT: Duration = Duration::from_millis(300);

/// The same under an open guard: how much too early a key may count.
const SHORT_NAP: Duration = Duration::from_millis(2);

/// What the console loop hears of the terminal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A key that the guard of KILL and BLOCK left alone; never a release.
    Key(Key, Stroke, Stamp),
    /// The guard of KILL or BLOCK opened: any other guard is off.
    Superseded,
    /// Another size, in columns and rows.
    Resize(u16, u16),
    /// Text was pasted. Nothing here takes it, so it is only noted.
    Pasted,
    /// The terminal is, or is no longer, what the operator looks at.
    Focus(bool),
    /// The mouse was used on the screen.
    Pointed(Point),
}

/// A click, a drag or a turn of the wheel; all else the mouse does means
/// nothing.
const fn point(mouse: MouseEvent) -> Option<Point> {
    let what = match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => Pointed::Click,
        MouseEventKind::Drag(MouseButton::Left) => Pointed::Drag,
        MouseEventKind::ScrollUp => Pointed::Up,
        MouseEventKind::ScrollDown => Pointed::Down,
        _ => return None,
    };
    Some(Point { x: mouse.column, y: mouse.row, what })
}

/// From the terminal's report to the kill, without the terminal: tests play
/// reports straight into it.
pub struct Gatekeeper {
    guard: Guard,
    trigger: Arc<dyn Trigger>,
    sender: Sender,
    forward: channel::Sender<Incoming>,
    lost: Arc<AtomicBool>,
    torn: torn::Paste,
    wish: Arc<Wish>,
    /// The last Enter: the command line may be about to wish for a guard.
    alert: Option<Stamp>,
}

impl Gatekeeper {
    /// `lost` is set by whoever learns that the terminal is gone or the
    /// console ends; from then on nothing fires.
    #[must_use]
    pub fn new(
        trigger: Arc<dyn Trigger>,
        sender: Sender,
        forward: channel::Sender<Incoming>,
        lost: Arc<AtomicBool>,
    ) -> Self {
        let (guard, torn) = (Guard::default(), torn::Paste::default());
        let wish = Arc::default();
        Self { guard, trigger, sender, forward, lost, torn, wish, alert: None }
    }

    /// Opens a guard when the command line wishes it.
    #[must_use]
    pub fn heeding(self, wish: Arc<Wish>) -> Self {
        Self { wish, ..self }
    }

    /// Plays one report of the terminal, come and read at `at`.
    pub fn take(&mut self, report: &event::Event, at: Stamp) {
        self.take_from(report, at, at);
    }

    /// The same of one that may have come at `from` already.
    fn take_from(&mut self, report: &event::Event, from: Stamp, at: Stamp) {
        match report {
            event::Event::Key(pressed) => {
                if self.torn.holds(pressed, at) {
                    self.step(Input::Paste, from, at);
                    return;
                }
                let key = Key::of(pressed);
                let stroke = match pressed.kind {
                    KeyEventKind::Press => Stroke::Press,
                    KeyEventKind::Repeat => Stroke::Repeat,
                    KeyEventKind::Release => Stroke::Release,
                };
                let step = self.step(Input::Key(fixed::guard_key(key), stroke), from, at);
                if step.pass && stroke != Stroke::Release {
                    self.alert = pressed.code.is_enter().then_some(at);
                    self.forward(Incoming::Key(key, stroke, at));
                }
            }
            event::Event::Mouse(mouse) => {
                self.step(Input::Mouse, from, at);
                if let Some(point) = point(*mouse) {
                    self.forward(Incoming::Pointed(point));
                }
            }
            event::Event::Paste(_) => {
                self.step(Input::Paste, from, at);
                self.forward(Incoming::Pasted);
            }
            event::Event::FocusLost => {
                self.step(Input::FocusLost, from, at);
                self.forward(Incoming::Focus(false));
            }
            event::Event::FocusGained => self.forward(Incoming::Focus(true)),
            event::Event::Resize(columns, rows) => {
                self.forward(Incoming::Resize(*columns, *rows));
            }
        }
    }

    /// Time has passed.
    pub fn tick(&mut self, at: Stamp) {
        if let Some(verb) = self.wish.take() {
            // As the chord itself would: it opens, a second key decides.
            let chord = guard::Key::Chord(verb);
            self.step(Input::Key(chord, Stroke::Press), at, at);
        }
        self.step(Input::Time, at, at);
    }

    /// How long to wait for a report before the next [`Self::tick`].
    #[must_use]
    pub fn patience(&self, now: Stamp) -> Duration {
        // One millisecond past the end, so that the tick finds it over.
        let past = Duration::from_millis(1);
        let alert = self.alert.is_some_and(|since| now.since(since) < ALERT);
        let nap = if alert { ALERT_NAP } else { NAP };
        self.guard.deadline().map_or(nap, |end| SHORT_NAP.min(end.since(now) + past))
    }

    /// The kill first, its story second.
    fn step(&mut self, input: Input, from: Stamp, at: Stamp) -> Step {
        let lost = self.lost.load(Ordering::SeqCst);
        let step = self.guard.step(if lost { Input::TerminalLost } else { input }, from);
        match step.fire {
            Some(GuardedVerb::Kill) => self.trigger.fire(Intent::Kill, at),
            Some(GuardedVerb::Block) => self.trigger.fire(Intent::Block, at),
            Some(_) | None => {}
        }
        for report in &step.reports {
            self.sender.send(Event::Guard(report.clone()));
            if report.phase == GuardPhase::Armed {
                self.forward(Incoming::Superseded);
            }
        }
        step
    }

    fn forward(&self, incoming: Incoming) {
        let _ = self.forward.try_send(incoming);
    }
}

/// Reads the terminal until it is lost. `failed` is called once if it can't
/// be read any more.
///
/// # Errors
/// No thread is to be had.
pub fn start(mut gate: Gatekeeper, failed: impl FnOnce(Text) + Send + 'static) -> io::Result<()> {
    Builder::new().name(String::from("input")).spawn(move || {
        let mut quiet = Quiet::since(clock::now());
        while !gate.lost.load(Ordering::SeqCst) {
            match quiet.next(gate.patience(clock::now())) {
                Ok(Some((report, at))) => {
                    let from = if gate.guard.armed().is_some() { quiet.before } else { at };
                    gate.take_from(&report, from, at);
                    quiet = Quiet::since(from);
                }
                Ok(None) => gate.tick(clock::now()),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    gate.lost.store(true, Ordering::SeqCst);
                    gate.tick(clock::now());
                    failed(Text::new(&format!("the terminal can't be read: {error}")));
                    return;
                }
            }
        }
        gate.tick(clock::now());
    })?;
    Ok(())
}

/// How long there was nothing to read, as far as this thread can tell.
///
/// A process that stands still between two bytes of a paste must not take
/// them for slow fingers. So under an open guard a key counts from the last
/// moment at which nothing was there. A look whose own time ran out while the
/// process stood still has seen nothing; hence the look before it counts.
#[derive(Clone, Copy)]
struct Quiet {
    before: Stamp,
    last: Stamp,
}

impl Quiet {
    const fn since(at: Stamp) -> Self {
        Self { before: at, last: at }
    }

    /// The next report, if one comes within `patience`, and when it was read.
    fn next(&mut self, patience: Duration) -> io::Result<Option<(event::Event, Stamp)>> {
        let began = clock::now();
        if event::poll(patience)? {
            return Ok(Some((event::read()?, clock::now())));
        }
        *self = Self { before: self.last, last: began };
        Ok(None)
    }
}

#[cfg(test)]
mod tests;
