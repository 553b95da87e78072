//! What became of an order, for a program that orders by itself: the same for
//! engine and sentinel.

use super::{Deal, Ending};

/// In the order of what is known about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Filled, and a read of the positions agrees.
    Done,
    /// It left the process, and nobody can tell.
    Unknown,
    /// It left, and the gateway said no.
    Refused,
    /// It never left: the gate denied it.
    Gated,
    /// It never left: the arming or the record denied it, not the latch.
    Barred,
    /// It never left for another reason.
    NotSent,
}

impl Deal {
    /// Of the last order, which ended so.
    #[must_use]
    pub const fn kind(&self, ending: Ending) -> Kind {
        Kind::of(ending, self.handed_ns().is_some(), self.was_gated())
    }
}

impl Kind {
    /// Of an order that was handed over or not, and denied by the gate or by
    /// something else.
    const fn of(ending: Ending, left: bool, gated: bool) -> Self {
        match ending {
            Ending::Done => Self::Done,
            Ending::Unknown | Ending::Unproven => Self::Unknown,
            Ending::Refused if left => Self::Refused,
            // It was handed over, so nobody knows, whatever the words are.
            Ending::NotSent if left => Self::Unknown,
            Ending::Denied if gated => Self::Gated,
            Ending::Denied => Self::Barred,
            // What never was handed over, no gateway refused.
            Ending::Refused | Ending::NotSent => Self::NotSent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_left_the_process_is_refused_or_unknown() {
        let of = |ending, left| Kind::of(ending, left, !left);
        assert_eq!(of(Ending::Done, true), Kind::Done);
        assert_eq!(of(Ending::Refused, true), Kind::Refused);
        assert_eq!(of(Ending::Refused, false), Kind::NotSent);
        assert_eq!(of(Ending::NotSent, true), Kind::Unknown);
        assert_eq!(of(Ending::NotSent, false), Kind::NotSent);
        assert_eq!(of(Ending::Denied, false), Kind::Gated);
        let barred = Kind::of(Ending::Denied, false, false);
        assert_eq!(barred, Kind::Barred, "the latch did not do it");
        assert_eq!(of(Ending::Unproven, true), Kind::Unknown);
    }
}
