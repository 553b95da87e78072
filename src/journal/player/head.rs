//! The head: where in a recording we are, and State there.

use crate::domain::Stamp;
use crate::event::{Event, Stamped};
use crate::journal::{Piece, RecordingError, Source, Span};
use crate::state::State;
use std::collections::VecDeque;

/// A place that is at most so many records ahead is reached by folding.
const NEAR: u64 = 8_192;
/// Records that are looked through at once on the way back.
const WINDOW: u64 = 4_096;

/// A place in a source, with the fold up to it.
pub(super) struct Head {
    source: Box<dyn Source>,
    state: State,
    /// Read, not folded yet; the first piece follows `state`.
    ahead: VecDeque<Piece>,
    /// Where the source could not be read last, and the record before it.
    damage: Option<(RecordingError, u64)>,
}

impl Head {
    /// At the first record.
    pub fn new(source: Box<dyn Source>) -> Self {
        let mut head =
            Self { source, state: State::default(), ahead: VecDeque::new(), damage: None };
        head.jump(head.span().first.0);
        head
    }

    pub const fn state(&self) -> &State {
        &self.state
    }

    pub fn span(&self) -> Span {
        self.source.span()
    }

    pub fn source(&self) -> &dyn Source {
        self.source.as_ref()
    }

    pub fn damage(&self) -> Option<&RecordingError> {
        self.damage.as_ref().map(|(error, _)| error)
    }

    /// A source that grows may have mended what could not be read.
    pub fn look_again(&mut self) {
        if self.ahead.is_empty() {
            self.damage = None;
        }
    }

    /// When the next piece came; none at the end. What follows a gap comes at
    /// once, since nobody knows how long it was.
    pub fn next_at(&mut self) -> Option<Stamp> {
        match self.peek()? {
            Piece::Record(record) => Some(record.at),
            Piece::Whole(..) => Some(Stamp::default()),
        }
    }

    fn peek(&mut self) -> Option<&Piece> {
        let stuck = |(_, at): &(RecordingError, u64)| *at == self.state.seq;
        if self.ahead.is_empty() && !self.damage.as_ref().is_some_and(stuck) {
            let mut pieces = Vec::new();
            if let Err(error) = self.source.read_after(self.state.seq, &mut pieces) {
                let before = pieces.last().map_or(self.state.seq, last_of);
                self.damage = Some((error, before));
            }
            self.ahead = pieces.into();
        }
        self.ahead.front()
    }

    /// Folds the next piece; what it was worth in events (ticks counted
    /// singly), and whether it was a mere beat. None at the end.
    pub fn step(&mut self) -> Option<(usize, bool)> {
        self.peek()?;
        match self.ahead.pop_front()? {
            Piece::Record(record) => {
                let worth = match &record.event {
                    Event::Ticks(batch) => batch.ticks.len().max(1),
                    _ => 1,
                };
                if self.state.apply(&record).is_err() {
                    // The source broke its promise: its own State is better.
                    self.jump(record.seq);
                }
                Some((worth, matches!(record.event, Event::Beat)))
            }
            Piece::Whole(_, state) => {
                self.state = *state;
                Some((1, false))
            }
        }
    }

    /// Goes to the record `seq`, or as near as the recording has it.
    pub fn seek(&mut self, seq: u64) {
        let span = self.span();
        let seq = seq.clamp(span.first.0, span.last.0.max(span.first.0));
        if seq > self.state.seq && seq - self.state.seq <= NEAR {
            while self.state.seq < seq && self.step().is_some() {}
            return;
        }
        if seq != self.state.seq {
            self.jump(seq);
        }
    }

    fn jump(&mut self, seq: u64) {
        match self.source.state_at(seq) {
            Ok(state) => {
                self.state = state;
                self.ahead.clear();
            }
            Err(error) => self.damage = Some((error, self.state.seq)),
        }
    }

    /// The record of a moment.
    pub fn seq_at(&mut self, at: crate::domain::UtcMicros) -> Option<u64> {
        match self.source.seq_at(at) {
            Ok(seq) => Some(seq),
            Err(error) => {
                self.damage = Some((error, self.state.seq));
                None
            }
        }
    }

    /// The next portion after `seq` that a search may look through: what it
    /// holds of records, and the number of its last one; none at the end.
    pub fn portion(&mut self, seq: u64) -> Option<(Vec<Stamped>, u64)> {
        let mut pieces = Vec::new();
        if let Err(error) = self.source.read_after(seq, &mut pieces) {
            self.damage = Some((error, pieces.last().map_or(seq, last_of)));
        }
        let last = last_of(pieces.last()?);
        Some((pieces.into_iter().filter_map(record).collect(), last))
    }

    /// The records before `end` that are looked through at once on the way
    /// back, and the number before them; none where there are none.
    pub fn portion_before(&mut self, end: u64) -> Option<(Vec<Stamped>, u64)> {
        let first = self.span().first.0;
        if end <= first.saturating_add(1) {
            return None;
        }
        let start = end.saturating_sub(WINDOW + 1).max(first);
        let (mut records, mut at) = (Vec::new(), start);
        while at + 1 < end {
            let Some((portion, last)) = self.portion(at).filter(|(_, last)| *last > at) else {
                break;
            };
            at = last;
            records.extend(portion.into_iter().filter(|record| record.seq < end));
        }
        Some((records, start))
    }
}

fn record(piece: Piece) -> Option<Stamped> {
    match piece {
        Piece::Record(record) => Some(record),
        Piece::Whole(..) => None,
    }
}

fn last_of(piece: &Piece) -> u64 {
    match piece {
        Piece::Record(record) => record.seq,
        Piece::Whole(gap, _) => gap.until,
    }
}
