//! The sequencer: numbers and stamps what the edges report, keeps it, and
//! hands it on.
//!
//! One per session, on the console loop's thread. What goes through here is
//! all that State will ever hear, in the order of the recording: urgent
//! records strictly before ticks, stamps that never decrease, numbers without
//! holes, a [`Event::Beat`] at least every 100 ms.

use crate::domain::{Stamp, TickBatch};
use crate::event::{Event, MissionNews, Receiver, SessionInfo, Stamped};
use crate::host::Clock;
use crate::journal::Journal;
use crate::state::State;
use crossbeam_channel as channel;
use std::time::Duration;

/// A beat comes at least this often.
pub const BEAT: Duration = Duration::from_millis(100);
/// Urgent records taken in one turn, so that even a flood of log lines lets a
/// frame be drawn. A kill sends a few dozen in all.
const URGENT_BUDGET: usize = 4_096;

/// What one turn left behind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Turn {
    /// Records handed on.
    pub records: usize,
    /// Urgent ones among them: worth a frame at once. Beats are not counted,
    /// nor what comes at a period of its own, which the usual rate shows soon
    /// enough, nor messages as they came, which no screen shows.
    pub urgent: usize,
    /// Ticks in all of them.
    pub ticks: usize,
    /// Something was still waiting when the budget was spent.
    pub more: bool,
}

/// Numbers, stamps, keeps and hands on.
pub struct Sequencer {
    receiver: Receiver,
    clock: Box<dyn Clock>,
    journal: Option<Box<dyn Journal>>,
    /// Handed on as record 1.
    session: Option<Box<SessionInfo>>,
    seq: u64,
    last: Stamp,
    beat: Stamp,
}

impl Sequencer {
    /// A session that begins with `session` as its first record.
    #[must_use]
    pub fn new(receiver: Receiver, clock: Box<dyn Clock>, session: SessionInfo) -> Self {
        let (last, beat) = (Stamp::default(), Stamp::default());
        let session = Some(Box::new(session));
        Self { receiver, clock, journal: None, session, seq: 0, last, beat }
    }

    /// Keeps every record in `journal` from now on.
    #[must_use]
    pub fn with_journal(mut self, journal: Box<dyn Journal>) -> Self {
        self.journal = Some(journal);
        self
    }

    /// Where the journal lost records and can go on, gives it the State that
    /// has heard all of them.
    pub fn make_whole(&mut self, state: &State) {
        if let Some(journal) = self.journal.as_mut().filter(|journal| journal.wants_whole()) {
            journal.whole(state);
        }
    }

    /// Everything but ticks: for the run loop to wait on with
    /// [`channel::Select::ready_timeout`], never to receive from.
    #[must_use]
    pub const fn urgent(&self) -> &channel::Receiver<Event> {
        &self.receiver.urgent
    }

    /// Tick batches: to wait on, never to receive from.
    #[must_use]
    pub const fn data(&self) -> &channel::Receiver<TickBatch> {
        &self.receiver.data
    }

    /// Time until the next beat is due.
    #[must_use]
    pub fn until_beat(&self) -> Duration {
        BEAT.saturating_sub(self.clock.now().since(self.beat))
    }

    /// Takes what is waiting: all that is urgent, then up to `budget` ticks,
    /// looking for urgent news before each batch, then a beat if one is due.
    /// `sink` gets every record in order.
    pub fn turn(&mut self, budget: usize, mut sink: impl FnMut(&Stamped)) -> Turn {
        let mut turn = Turn::default();
        if let Some(session) = self.session.take() {
            self.put(Event::Session(session), &mut turn, &mut sink);
        }
        let (mut taken, mut urgent) = (0, 0);
        loop {
            if urgent >= URGENT_BUDGET {
                turn.more = true;
                break;
            }
            if let Ok(event) = self.receiver.urgent.try_recv() {
                urgent += 1;
                turn.urgent += usize::from(!is_routine(&event));
                self.put(event, &mut turn, &mut sink);
                continue;
            }
            if taken >= budget {
                turn.more = !self.receiver.data.is_empty();
                break;
            }
            let Ok(batch) = self.receiver.data.try_recv() else { break };
            // An empty batch costs a turn something too.
            taken += batch.ticks.len().max(1);
            turn.ticks += batch.ticks.len();
            self.put(Event::Ticks(batch), &mut turn, &mut sink);
        }
        if self.clock.now().since(self.beat) >= BEAT {
            self.put(Event::Beat, &mut turn, &mut sink);
        }
        turn
    }

    fn put(&mut self, event: Event, turn: &mut Turn, sink: &mut impl FnMut(&Stamped)) {
        let at = self.clock.now().not_before(self.last);
        self.last = at;
        if matches!(event, Event::Beat) {
            self.beat = at;
        }
        self.seq += 1;
        turn.records += 1;
        let record = Stamped { seq: self.seq, at, event };
        if let Some(journal) = self.journal.as_mut() {
            journal.record(&record);
        }
        sink(&record);
    }
}

/// Whether it comes again and again by itself. A mesh of thousands of checks
/// would have a frame drawn for each of them.
fn is_routine(event: &Event) -> bool {
    match event {
        Event::Raw(_)
        | Event::Check(_)
        | Event::Evidence(_)
        | Event::GatewayStatus(_)
        | Event::Trader(_)
        | Event::Recording(_) => true,
        Event::Mission(news) => matches!(
            **news,
            MissionNews::Lines(_) | MissionNews::Process(_) | MissionNews::Heard { .. }
        ),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::UtcMicros;
    use crate::event::{Level, RawFrame, RawPort, Sender, channel_pair};
    use std::sync::atomic::{AtomicU64, Ordering};
    use std::sync::{Arc, Mutex};

    #[derive(Clone, Default)]
    struct Hand(Arc<AtomicU64>);

    impl Clock for Hand {
        fn now(&self) -> Stamp {
            Stamp { mono_ns: self.0.load(Ordering::Relaxed), utc: UtcMicros(0) }
        }
    }

    fn rig() -> (Sender, Sequencer, Hand) {
        let (sender, receiver) = channel_pair();
        let hand = Hand::default();
        hand.0.store(1_000_000_000, Ordering::Relaxed);
        let clock = Box::new(hand.clone());
        (sender, Sequencer::new(receiver, clock, SessionInfo::default()), hand)
    }

    fn turn(sequencer: &mut Sequencer, budget: usize) -> (Turn, Vec<Stamped>) {
        let mut out = Vec::new();
        let turn = sequencer.turn(budget, |r| out.push(r.clone()));
        (turn, out)
    }

    fn kinds(records: &[Stamped]) -> String {
        let kind = |r: &Stamped| match r.event {
            Event::Session(_) => 's',
            Event::Beat => 'b',
            Event::Ticks(_) => 't',
            Event::Log(_) => 'l',
            _ => '?',
        };
        records.iter().map(kind).collect()
    }

    #[test]
    fn urgent_first_then_ticks_within_the_budget_then_a_beat() {
        let (sender, mut sequencer, _) = rig();
        for _ in 0..3 {
            sender.send_ticks(TickBatch::default()).unwrap();
        }
        sender.log(Level::Info, "test", "one");
        let (first, records) = turn(&mut sequencer, 2);
        assert_eq!(kinds(&records), "slttb");
        assert_eq!(first, Turn { records: 5, urgent: 1, ticks: 0, more: true });
        sender.log(Level::Info, "test", "two");
        let (second, records) = turn(&mut sequencer, 2);
        assert_eq!((kinds(&records).as_str(), second.more), ("lt", false));
        assert_eq!(records.iter().map(|r| r.seq).collect::<Vec<_>>(), [6, 7]);
    }

    #[test]
    fn a_message_as_it_came_is_no_reason_for_a_frame() {
        let (sender, mut sequencer, _) = rig();
        sender.send(RawFrame::of(0, RawPort::Reply, &[b"{}"]).unwrap());
        let (first, records) = turn(&mut sequencer, 2);
        assert_eq!(kinds(&records), "s?b");
        assert_eq!(first.urgent, 0);
    }

    #[test]
    fn a_look_at_the_mesh_waits_for_the_usual_frame_and_a_kill_does_not() {
        let (sender, mut sequencer, _) = rig();
        for _ in 0..3 {
            sender.send(Event::Check(Box::default()));
        }
        let heard = MissionNews::Heard { rtt_us: 1 };
        sender.send(Event::Mission(Box::new(heard)));
        let (first, records) = turn(&mut sequencer, 2);
        assert_eq!((kinds(&records).as_str(), first.urgent), ("s????b", 0));
        sender.send(Event::Armed(crate::event::ArmedReport::default()));
        assert_eq!(turn(&mut sequencer, 2).0.urgent, 1);
    }

    #[test]
    fn urgent_news_overtakes_ticks_that_wait() {
        let (sender, mut sequencer, _) = rig();
        for _ in 0..3 {
            sender.send_ticks(TickBatch::default()).unwrap();
        }
        let mut order = String::new();
        sequencer.turn(100, |record| {
            // News that comes while the first batch is being folded.
            if matches!(record.event, Event::Ticks(_)) && !order.contains('t') {
                sender.log(Level::Alarm, "test", "now");
            }
            order.push_str(&kinds(std::slice::from_ref(record)));
        });
        assert_eq!(order, "stlttb");
    }

    #[test]
    fn a_clock_that_stumbles_never_makes_stamps_decrease() {
        let (sender, mut sequencer, hand) = rig();
        turn(&mut sequencer, 1);
        hand.0.store(500_000_000, Ordering::Relaxed);
        sender.log(Level::Info, "test", "late");
        let (_, records) = turn(&mut sequencer, 1);
        assert_eq!(records[0].at.mono_ns, 1_000_000_000);
    }

    #[test]
    fn a_beat_comes_when_a_tenth_of_a_second_has_passed() {
        let (_sender, mut sequencer, hand) = rig();
        assert_eq!(kinds(&turn(&mut sequencer, 1).1), "sb");
        hand.0.fetch_add(99_999_999, Ordering::Relaxed);
        assert_eq!(kinds(&turn(&mut sequencer, 1).1), "");
        assert_eq!(sequencer.until_beat(), Duration::from_nanos(1));
        hand.0.fetch_add(1, Ordering::Relaxed);
        assert_eq!(kinds(&turn(&mut sequencer, 1).1), "b");
    }

    #[test]
    fn the_journal_has_what_the_sink_has() {
        #[derive(Clone, Default)]
        struct Kept(Arc<Mutex<Vec<Stamped>>>);
        impl Journal for Kept {
            fn record(&mut self, record: &Stamped) {
                self.0.lock().unwrap().push(record.clone());
            }
        }
        let (sender, sequencer, _) = rig();
        let kept = Kept::default();
        let mut sequencer = sequencer.with_journal(Box::new(kept.clone()));
        sender.log(Level::Info, "test", "one");
        let (_, records) = turn(&mut sequencer, 1);
        assert_eq!(*kept.0.lock().unwrap(), records);
    }

    #[test]
    fn a_flood_of_log_lines_ends_the_turn() {
        let (sender, mut sequencer, _) = rig();
        for _ in 0..=URGENT_BUDGET {
            sender.log(Level::Info, "test", "again");
        }
        let (first, _) = turn(&mut sequencer, 1);
        assert!(first.more && first.urgent == URGENT_BUDGET);
        assert!(!turn(&mut sequencer, 1).0.more);
    }
}
