//! The guard: two different keys, or nothing happens.
//!
//! A pure machine: key and moment in, step out. It asks nothing of health, of
//! the screen or of a clock, so it works with every feed dead, and so that a
//! hundred thousand random inputs can be played through it in a second.
//!
//! 1. The verb's **chord** opens it, in every state. A chord of another verb
//!    stands the open one down and opens its own.
//! 2. The **confirming key** fires, 150 ms to 5 s after the opening. Earlier
//!    it is ignored and the guard stays open: "press again".
//! 3. Any other key, a paste, the loss of focus or of the terminal, and five
//!    seconds stand it down.
//! 4. Reports of key repeat and release, and the mouse, neither open nor fire.
//!
//! Two rules are for hands and wires that no report distinguishes. A
//! confirming key within [`QUIET`] of the key before it is part of a burst (a
//! paste without brackets, a stuck key) and counts as too early. And a chord
//! that is still being repeated when its five seconds end (most terminals
//! report auto-repeat as presses) doesn't open the guard again until it
//! pauses for [`HELD`]: a stuck key opens it once. While the guard is open,
//! its own chord neither restarts nor extends the window.

use crate::domain::Stamp;
use crate::event::{GuardPhase, GuardReport, GuardedVerb};
use std::time::Duration;

/// The confirming key counts from here on, after the opening.
pub const EARLIEST: Duration = Duration::from_millis(150);
/// The guard stands down after this.
pub const LATEST: Duration = Duration::from_secs(5);
/// Silence that must come before a confirming key.
pub const QUIET: Duration = Duration::from_millis(20);
/// Repeats that follow each other faster are one held key.
pub const HELD: Duration = Duration::from_millis(250);

/// What a key is to a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// It opens the guard of this verb.
    Chord(GuardedVerb),
    /// It confirms.
    Confirm,
    /// Any other.
    Other,
}

/// How the terminal reports a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stroke {
    /// Pressed; most terminals also say this of auto-repeat.
    Press,
    /// Held down.
    Repeat,
    /// Let go.
    Release,
}

/// What can happen to a guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Input {
    /// A key.
    Key(Key, Stroke),
    /// Anything the mouse does.
    Mouse,
    /// A bracketed paste, whatever it holds.
    Paste,
    /// The terminal is no longer what the operator looks at.
    FocusLost,
    /// The terminal is gone.
    TerminalLost,
    /// Nothing, but time has passed.
    Time,
}

/// What one input led to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Step {
    /// Fire this, before anything is told to anybody.
    pub fire: Option<GuardedVerb>,
    /// Movements to report, in order.
    pub reports: Vec<GuardReport>,
    /// The key was no business of the guard: it goes on to the keymap.
    pub pass: bool,
}

#[derive(Clone, Copy, Debug)]
struct Open {
    verb: GuardedVerb,
    since: Stamp,
    /// The last key pressed or repeated since, the opening chord at first.
    last: Stamp,
}

/// The machine. At most one verb is open at a time.
#[derive(Clone, Debug, Default)]
pub struct Guard {
    open: Option<Open>,
    /// A chord that was last seen so, with no other key and no release since.
    chord: Option<(GuardedVerb, Stamp)>,
}

impl Guard {
    /// The verb that waits for its second key.
    #[must_use]
    pub fn armed(&self) -> Option<GuardedVerb> {
        self.open.map(|o| o.verb)
    }

    /// When it stands down by itself; give it [`Input::Time`] then.
    #[must_use]
    pub fn deadline(&self) -> Option<Stamp> {
        self.open.map(|o| o.since.plus(LATEST))
    }

    /// Opens the guard of `verb` without a chord of its own, for verbs that
    /// a keymap names.
    pub fn open(&mut self, verb: GuardedVerb, at: Stamp) -> Step {
        self.step(Input::Key(Key::Chord(verb), Stroke::Press), at)
    }

    /// Plays one input.
    pub fn step(&mut self, input: Input, at: Stamp) -> Step {
        let mut step = Step::default();
        let was_open = self.open.is_some();
        if self.open.is_some_and(|o| at.since(o.since) > LATEST) {
            self.stand_down(at, &mut step);
        }
        match input {
            Input::Key(key, stroke) => self.key(key, stroke, at, was_open, &mut step),
            Input::Paste | Input::FocusLost | Input::TerminalLost => {
                self.stand_down(at, &mut step);
            }
            Input::Mouse | Input::Time => {}
        }
        step
    }

    fn key(&mut self, key: Key, stroke: Stroke, at: Stamp, was_open: bool, step: &mut Step) {
        let held = self.track_chord(key, stroke, at);
        match (key, stroke, self.open) {
            (Key::Chord(verb), Stroke::Press, Some(open)) if open.verb == verb => self.touch(at),
            (Key::Chord(_), Stroke::Press, None) if held => {}
            (Key::Chord(verb), Stroke::Press, _) => {
                self.stand_down(at, step);
                self.open = Some(Open { verb, since: at, last: at });
                step.reports.push(GuardReport { verb, phase: GuardPhase::Armed, at });
            }
            (Key::Chord(_), _, _) | (Key::Confirm, Stroke::Repeat, Some(_)) => self.touch(at),
            (Key::Confirm, Stroke::Press, Some(open)) => {
                let early = at.since(open.since) < EARLIEST || at.since(open.last) < QUIET;
                let phase = if early { GuardPhase::TooEarly } else { GuardPhase::Fired };
                if early {
                    self.touch(at);
                } else {
                    self.open = None;
                    step.fire = Some(open.verb);
                }
                step.reports.push(GuardReport { verb: open.verb, phase, at });
            }
            (_, Stroke::Release, Some(_)) => {}
            (Key::Other, _, Some(_)) => self.stand_down(at, step),
            // A key that found the guard open is an answer to it, even when
            // the answer came too late.
            (_, _, None) => step.pass = !was_open,
        }
    }

    /// Notes a chord, and says whether it is one that was never let go.
    fn track_chord(&mut self, key: Key, stroke: Stroke, at: Stamp) -> bool {
        let before = self.chord;
        self.chord = match (key, stroke) {
            (Key::Chord(verb), Stroke::Press | Stroke::Repeat) => Some((verb, at)),
            (_, Stroke::Release) if !matches!(key, Key::Chord(_)) => before,
            _ => None,
        };
        let Key::Chord(verb) = key else { return false };
        before.is_some_and(|(was, then)| was == verb && at.since(then) < HELD)
    }

    fn touch(&mut self, at: Stamp) {
        if let Some(open) = self.open.as_mut() {
            open.last = at;
        }
    }

    fn stand_down(&mut self, at: Stamp, step: &mut Step) {
        if let Some(open) = self.open.take() {
            step.reports.push(GuardReport { verb: open.verb, phase: GuardPhase::StoodDown, at });
        }
    }
}

#[cfg(test)]
mod random;
#[cfg(test)]
mod tests;
