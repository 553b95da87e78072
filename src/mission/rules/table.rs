//! The table of alerts. Pure: time is given.

use crate::domain::mission::MissionAlert;
use crate::domain::{Text, UtcMicros};
use crate::mission::lines::Raise;
use std::time::{Duration, Instant};

/// Most alerts that are kept.
pub const MOST: usize = 200;
/// An acknowledged alert that was quiet for so long is over; the next of its
/// kind is a new one.
const OVER: Duration = Duration::from_mins(10);
/// One that repeats is told so often.
const TOLD: Duration = Duration::from_millis(250);
/// Longest wait between two recoveries by the daemon.
const CAP: Duration = Duration::from_mins(1);
/// So many recoveries in the window, then an operator has to look.
const TRIES: usize = 5;
/// The window of the tries.
const WINDOW: Duration = Duration::from_mins(10);

/// An alert and what is not told of it.
#[derive(Debug)]
struct Kept {
    alert: MissionAlert,
    seen: Instant,
    told: Instant,
    changed: bool,
    /// When the daemon tried to recover.
    tries: Vec<Instant>,
    gave_up: bool,
}

/// Whether the daemon may try to recover now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Try {
    /// Now; it is the nth try of the window.
    Now(usize),
    /// The last one is too short ago.
    Wait,
    /// It was tried often enough; said for the first time.
    GiveUp,
    /// As before.
    GaveUp,
}

/// All alerts of a daemon's life that are kept, oldest first.
#[derive(Debug, Default)]
pub struct Table {
    kept: Vec<Kept>,
    last: u64,
}

impl Table {
    /// Raises one, or counts it where the same one is open; it is given back
    /// as it is, and whether it is new.
    pub fn raise(
        &mut self,
        raise: &Raise,
        times: u64,
        at: UtcMicros,
        now: Instant,
    ) -> (MissionAlert, bool) {
        let same = |kept: &&mut Kept| {
            let alert = &kept.alert;
            let over = !alert.acknowledged.is_empty() && now.duration_since(kept.seen) > OVER;
            alert.kind.as_str() == raise.kind && alert.process.as_str() == raise.process && !over
        };
        if let Some(kept) = self.kept.iter_mut().find(same) {
            kept.alert.count += times;
            kept.alert.last = at;
            kept.alert.message = raise.message.clone();
            kept.alert.severity = kept.alert.severity.max(raise.severity);
            (kept.seen, kept.changed) = (now, true);
            return (kept.alert.clone(), false);
        }
        self.make_room();
        self.last += 1;
        let alert = MissionAlert {
            id: self.last,
            kind: Text::new(&raise.kind),
            severity: raise.severity,
            process: Text::new(&raise.process),
            title: raise.title.clone(),
            message: raise.message.clone(),
            solution: raise.solution.clone(),
            strategy: raise.strategy,
            timestamp: at,
            last: at,
            count: times,
            actions: raise.actions.iter().map(|action| Text::new(action)).collect(),
            done: Text::default(),
            acknowledged: Text::default(),
        };
        self.kept.push(Kept {
            alert: alert.clone(),
            seen: now,
            told: now,
            changed: false,
            tries: Vec::new(),
            gave_up: false,
        });
        (alert, true)
    }

    /// The oldest that was acknowledged goes, else the one that was quiet for
    /// longest among the least grave.
    fn make_room(&mut self) {
        while self.kept.len() >= MOST {
            let acknowledged = self.kept.iter().position(|k| !k.alert.acknowledged.is_empty());
            let least =
                self.kept.iter().enumerate().min_by_key(|(_, k)| (k.alert.severity, k.seen));
            let at = acknowledged.or(least.map(|(at, _)| at)).unwrap_or_default();
            self.kept.remove(at);
        }
    }

    fn kept(&mut self, id: u64) -> Option<&mut Kept> {
        self.kept.iter_mut().find(|kept| kept.alert.id == id)
    }

    /// The alert of this number.
    pub fn get(&mut self, id: u64) -> Option<MissionAlert> {
        self.kept(id).map(|kept| kept.alert.clone())
    }

    /// All that are kept, oldest first.
    pub fn all(&self) -> Vec<MissionAlert> {
        self.kept.iter().map(|kept| kept.alert.clone()).collect()
    }

    /// How many nobody acknowledged.
    pub fn open(&self) -> usize {
        self.kept.iter().filter(|kept| kept.alert.acknowledged.is_empty()).count()
    }

    /// Changes one; as it is then.
    pub fn change(
        &mut self,
        id: u64,
        now: Instant,
        change: impl FnOnce(&mut MissionAlert),
    ) -> Option<MissionAlert> {
        let kept = self.kept(id)?;
        change(&mut kept.alert);
        (kept.told, kept.changed) = (now, false);
        Some(kept.alert.clone())
    }

    /// What repeated and is to be told now.
    pub fn changed(&mut self, now: Instant) -> Vec<MissionAlert> {
        let due = |kept: &&mut Kept| kept.changed && now.duration_since(kept.told) >= TOLD;
        let tell = |kept: &mut Kept| {
            (kept.told, kept.changed) = (now, false);
            kept.alert.clone()
        };
        self.kept.iter_mut().filter(due).map(tell).collect()
    }

    /// Whether the daemon may recover this one by itself now: at once, then
    /// after 1 s, 2 s, 4 s and so on, five times in ten minutes.
    pub fn may_try(&mut self, id: u64, now: Instant) -> Try {
        let Some(kept) = self.kept(id) else { return Try::GaveUp };
        kept.tries.retain(|tried| now.duration_since(*tried) < WINDOW);
        if kept.tries.is_empty() {
            kept.gave_up = false;
        }
        let doublings = u32::try_from(kept.tries.len()).unwrap_or(u32::MAX).saturating_sub(1);
        let wait = Duration::from_secs(1).saturating_mul(1_u32 << doublings.min(6)).min(CAP);
        if kept.tries.last().is_some_and(|last| now.duration_since(*last) < wait) {
            return Try::Wait;
        }
        if kept.tries.len() >= TRIES {
            let before = std::mem::replace(&mut kept.gave_up, true);
            return if before { Try::GaveUp } else { Try::GiveUp };
        }
        kept.tries.push(now);
        Try::Now(kept.tries.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mission::Gravity;

    fn raise(kind: &str, process: &str) -> Raise {
        Raise { kind: kind.to_owned(), process: process.to_owned(), ..Raise::default() }
    }

    #[test]
    fn the_same_one_is_counted_and_told_now_and_then() {
        let (mut table, now) = (Table::default(), Instant::now());
        let (first, new) = table.raise(&raise("a", "p"), 1, UtcMicros(1), now);
        assert!(new && first.id == 1);
        let (again, new) = table.raise(&raise("a", "p"), 7, UtcMicros(2), now);
        assert!(!new && again.id == 1 && again.count == 8);
        assert_eq!((again.timestamp, again.last), (UtcMicros(1), UtcMicros(2)));
        let (other, new) = table.raise(&raise("a", "q"), 1, UtcMicros(3), now);
        assert!(new && other.id == 2);
        assert_eq!(table.changed(now), []);
        assert_eq!(table.changed(now + TOLD).len(), 1);
        assert_eq!(table.changed(now + TOLD + TOLD), []);
    }

    #[test]
    fn what_was_acknowledged_counts_on_until_it_was_quiet() {
        let (mut table, now) = (Table::default(), Instant::now());
        table.raise(&raise("a", "p"), 1, UtcMicros(1), now);
        table.change(1, now, |alert| alert.acknowledged = Text::new("root"));
        assert_eq!(table.open(), 0);
        assert!(!table.raise(&raise("a", "p"), 1, UtcMicros(2), now + OVER).1);
        let later = now + OVER + OVER + Duration::from_secs(1);
        assert!(table.raise(&raise("a", "p"), 1, UtcMicros(3), later).1);
        assert_eq!((table.open(), table.all().len()), (1, 2));
    }

    #[test]
    fn it_is_bounded_and_what_matters_stays() {
        let (mut table, now) = (Table::default(), Instant::now());
        let grave = Raise { severity: Gravity::Critical, ..raise("grave", "p") };
        table.raise(&grave, 1, UtcMicros(1), now);
        for n in 0..1_000 {
            table.raise(&raise("a", &format!("p{n}")), 1, UtcMicros(1), now);
        }
        let all = table.all();
        assert_eq!(all.len(), MOST);
        assert_eq!((all[0].id, all[MOST - 1].id), (1, 1_001));
    }

    #[test]
    fn recovery_backs_off_and_gives_up_once() {
        let (mut table, mut now) = (Table::default(), Instant::now());
        table.raise(&raise("a", "p"), 1, UtcMicros(1), now);
        let mut tries = Vec::new();
        for _ in 0..60 {
            tries.push(table.may_try(1, now));
            now += Duration::from_secs(1);
        }
        let at: Vec<usize> = (0..60).filter(|n| matches!(tries[*n], Try::Now(_))).collect();
        assert_eq!(at, [0, 1, 3, 7, 15]);
        assert_eq!(tries.iter().filter(|t| **t == Try::GiveUp).count(), 1);
        assert_eq!(table.may_try(1, now + WINDOW), Try::Now(1));
    }
}
