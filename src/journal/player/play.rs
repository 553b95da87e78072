//! The player itself: moves and passing time in, a view out. Pure but for its
//! source: it has no clock and no thread of its own.

use super::find::{self, Find};
use super::head::Head;
use super::place::Place;
use super::{Move, Speed, View};
use crate::domain::{Mark, MarkKind, Text, UtcMicros};
use crate::event::{Event, Level, LogLine};
use crate::journal::Source;
use crate::state::{Aged, State};
use std::sync::Arc;
use std::time::Duration;

/// Events folded in one go, so that a move is never waited for.
const BUDGET: usize = 32_768;

/// Plays one source.
pub struct Player {
    head: Head,
    /// The recording may grow.
    live: bool,
    playing: bool,
    following: bool,
    speed: Speed,
    /// How far the recording's monotonic clock has come, in nanoseconds.
    clock: u64,
    find: Option<Find>,
    /// What was looked for last.
    needle: Text,
    note: Text,
    marks: Arc<[Mark]>,
    /// What was shown last.
    shown: Option<View>,
}

impl Player {
    /// Stands at the first record; `live` where the recording may grow.
    #[must_use]
    pub fn new(source: Box<dyn Source>, live: bool) -> Self {
        let head = Head::new(source);
        let clock = head.state().now.mono_ns;
        Self {
            head,
            live,
            playing: false,
            following: false,
            speed: Speed::default(),
            clock,
            find: None,
            needle: Text::default(),
            note: Text::default(),
            marks: Arc::default(),
            shown: None,
        }
    }

    /// State after the record it stands at.
    #[must_use]
    pub const fn state(&self) -> &State {
        self.head.state()
    }

    /// Whether passing time changes anything.
    #[must_use]
    pub const fn is_moving(&self) -> bool {
        self.playing || self.following || self.find.is_some()
    }

    /// Whether a search waits for its next portion.
    #[must_use]
    pub const fn is_searching(&self) -> bool {
        self.find.is_some()
    }

    /// Takes a move. Whatever was being searched for is given up.
    pub fn take(&mut self, step: Move) {
        self.find = None;
        self.note = Text::default();
        if self.live {
            self.head.look_again();
        }
        let stays = matches!(
            step,
            Move::Play | Move::Pause | Move::Turn | Move::Speed(_) | Move::Faster | Move::Slower
        );
        self.following &= stays;
        match step {
            Move::Start => self.head.seek(0),
            Move::End => {
                self.following = self.live;
                self.head.seek(u64::MAX);
            }
            Move::Seq(seq) => self.head.seek(seq),
            Move::Time(at) => self.seek_time(at),
            Move::Clock(clock) => {
                let (here, span) = (self.head.state().now.utc, self.head.span());
                self.seek_time(Place::of_day(clock, here, span.first.1, span.last.1));
            }
            Move::By(us) => {
                self.seek_time(UtcMicros(self.head.state().now.utc.0.saturating_add(us)));
            }
            Move::Step { by, beats } => self.step(by, beats),
            Move::NextMark(kind) => self.seek_mark(kind, true),
            Move::PreviousMark(kind) => self.seek_mark(kind, false),
            Move::Find(text) => {
                self.needle = text;
                self.search(true);
            }
            Move::FindNext => self.search(true),
            Move::FindPrevious => self.search(false),
            Move::Play => self.play(true),
            Move::Pause => self.play(false),
            Move::Turn => self.play(!self.playing && !self.following),
            Move::Speed(speed) => self.speed = speed,
            Move::Faster => self.speed = self.speed.faster(),
            Move::Slower => self.speed = self.speed.slower(),
        }
        self.clock = self.head.state().now.mono_ns;
    }

    /// Lets time pass on the operator's clock. At most so much is done that a
    /// move is soon heard; true when there was more to do.
    pub fn advance(&mut self, elapsed: Duration) -> bool {
        if self.find.is_some() {
            self.look();
            return self.find.is_some();
        }
        let ns = u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX);
        let until = if self.following {
            u64::MAX
        } else if self.playing {
            self.clock.saturating_add(self.speed.scale(ns))
        } else {
            return false;
        };
        let mut done = 0;
        while done < BUDGET {
            let Some(at) = self.head.next_at() else {
                self.ended();
                return false;
            };
            if at.mono_ns > until {
                self.clock = until;
                return false;
            }
            done += self.head.step().map_or(0, |(worth, _)| worth);
        }
        // As fast as it goes: time does not run ahead of what is shown.
        self.clock = self.head.state().now.mono_ns;
        true
    }

    fn ended(&mut self) {
        self.clock = self.head.state().now.mono_ns;
        if self.live {
            self.head.look_again();
        } else {
            self.playing = false;
        }
    }

    fn play(&mut self, on: bool) {
        self.following &= on;
        self.playing = on;
        if on && !self.live && self.head.next_at().is_none() {
            self.playing = false;
            self.note = Text::new("this is the end of the recording");
        }
    }

    fn seek_time(&mut self, at: UtcMicros) {
        let span = self.head.span();
        if let Some(seq) = self.head.seq_at(at) {
            self.head.seek(seq);
        }
        if at < span.first.1 {
            self.note = Text::new(&format!("the recording begins at {}", span.first.1.iso()));
        } else if at > span.last.1 {
            self.note = Text::new(&format!("the recording ends at {}", span.last.1.iso()));
        }
    }

    fn step(&mut self, by: i64, beats: bool) {
        self.playing = false;
        let mut left = by.unsigned_abs();
        if by >= 0 {
            while left > 0 {
                let Some((_, beat)) = self.head.step() else {
                    self.note = Text::new("this is the end of the recording");
                    return;
                };
                left -= u64::from(beats || !beat);
            }
            return;
        }
        let mut end = self.head.state().seq;
        while let Some((records, before)) = self.head.portion_before(end) {
            let counts = |event: &Event| beats || !matches!(event, Event::Beat);
            for record in records.iter().rev().filter(|record| counts(&record.event)) {
                left -= 1;
                if left == 0 {
                    return self.head.seek(record.seq);
                }
            }
            end = before.saturating_add(1);
        }
        self.head.seek(0);
    }

    fn seek_mark(&mut self, kind: Option<MarkKind>, forward: bool) {
        let here = self.head.state().seq;
        let wanted = |mark: &&Mark| kind.is_none_or(|kind| mark.kind == kind);
        let mut marks = self.head.source().marks().iter().filter(wanted);
        let found = if forward {
            marks.find(|mark| mark.seq > here)
        } else {
            marks.rfind(|mark| mark.seq < here)
        };
        let found = found.cloned();
        let (word, way) =
            (kind.map_or("mark", MarkKind::word), if forward { "after" } else { "before" });
        match found {
            Some(mark) => {
                self.head.seek(mark.seq);
                self.note = Text::new(&format!("{}: {}", mark.kind.word(), mark.text));
            }
            None => self.note = Text::new(&format!("there is no {word} {way} this")),
        }
    }

    fn search(&mut self, forward: bool) {
        if self.needle.is_empty() {
            self.note = Text::new("nothing was searched for yet");
            return;
        }
        self.playing = false;
        let (needle, at) = (self.needle.as_str().to_lowercase(), self.head.state().seq);
        self.find = Some(Find { needle, forward, at });
    }

    /// Looks through one portion.
    fn look(&mut self) {
        let Some(mut find) = self.find.take() else { return };
        let portion = if find.forward {
            self.head.portion(find.at)
        } else {
            self.head.portion_before(find.at)
        };
        let Some((records, reached)) = portion else {
            let way = if find.forward { "after" } else { "before" };
            self.note = Text::new(&format!("\"{}\" is not found {way} this", self.needle));
            return;
        };
        let mut records = records.iter();
        let holds = |record: &&crate::event::Stamped| find::holds(record, &find.needle);
        let found = if find.forward { records.find(holds) } else { records.rfind(holds) };
        if let Some(record) = found {
            self.head.seek(record.seq);
            self.clock = self.head.state().now.mono_ns;
            return;
        }
        find.at = if find.forward { reached } else { reached.saturating_add(1) };
        self.find = Some(find);
    }

    /// What is to be shown, and whether it differs from what was. State is
    /// copied only where it moved.
    pub fn view(&mut self) -> (View, bool) {
        let (span, marks) = (self.head.span(), self.head.source().marks());
        if marks.len() != self.marks.len() || marks.last() != self.marks.last() {
            self.marks = marks.into();
        }
        let here = self.head.state();
        let damage =
            self.head.damage().map_or_else(Text::default, |error| Text::new(&error.to_string()));
        let before = self.shown.as_ref();
        let same = before.filter(|view| view.state.seq == here.seq && view.damage == damage);
        let state =
            same.map_or_else(|| Arc::new(told(here, &damage)), |view| Arc::clone(&view.state));
        let view = View {
            span,
            playing: self.playing,
            following: self.following,
            speed: self.speed,
            marks: Arc::clone(&self.marks),
            at_end: here.seq >= span.last.0,
            searching: self.find.is_some(),
            note: self.note.clone(),
            damage,
            state,
        };
        let differs = !before.is_some_and(|old| is_same(old, &view));
        if differs {
            self.shown = Some(view.clone());
        }
        (view, differs)
    }
}

/// A copy for the screen; what can't be read stands in its log.
fn told(state: &State, damage: &Text) -> State {
    let mut state = state.clone();
    if !damage.is_empty() {
        let line = LogLine {
            level: Level::Alarm,
            source: Text::new("recording"),
            text: damage.clone(),
            when: None,
        };
        state.log.push_back(Aged { at: state.now, value: line });
    }
    state
}

fn is_same(a: &View, b: &View) -> bool {
    Arc::ptr_eq(&a.state, &b.state)
        && Arc::ptr_eq(&a.marks, &b.marks)
        && (a.span, a.playing, a.following, a.speed) == (b.span, b.playing, b.following, b.speed)
        && (a.at_end, a.searching, &a.note) == (b.at_end, b.searching, &b.note)
}
