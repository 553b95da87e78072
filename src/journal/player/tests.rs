//! A player shows nothing but the fold of what was recorded.

use super::*;
use crate::domain::{
    Heard, Mark, MarkKind, PeerTime, Price, Stamp, Symbol, Text, Tick, TickBatch, TickShape,
    UtcMicros,
};
use crate::event::{Event, Level, LogLine, SessionInfo, Stamped};
use crate::journal::{Gap, Memory, Piece, RecordingError, Source, Span};
use crate::state::State;
use std::time::{Duration, Instant};

/// 2026-01-14T14:00:00Z.
const START: UtcMicros = UtcMicros(1_768_399_200_000_000);

/// A small generator, so that a failure names its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, n: u64) -> u64 {
        self.0 =
            self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % n.max(1)
    }
}

fn ticks(dice: &mut Dice, base: Stamp, count: u32, symbols: u64) -> Event {
    let heard = |after_us| {
        let bid = 100_000_000 + i64::try_from(dice.below(9_000_000)).unwrap();
        let tick = Tick {
            symbol: Symbol::new(&format!("SYM{}", dice.below(symbols))).unwrap(),
            bid: Price::from_raw(bid),
            ask: Price::from_raw(bid + 10_000),
            time: Some(PeerTime::Epoch(base.utc.0)),
            seq: None,
            shape: TickShape::T7,
        };
        Heard { after_us, tick }
    };
    Event::Ticks(TickBatch {
        feed: 0,
        base,
        ticks: (0..count).map(heard).collect(),
        raw: crate::domain::RawTicks::default(),
    })
}

fn log(text: &str) -> Event {
    let (source, text) = (Text::new("test"), Text::new(text));
    Event::Log(LogLine { level: Level::Info, source, text, when: None })
}

fn bookmark(text: &str) -> Event {
    Event::Bookmark(crate::event::Bookmark { text: Text::new(text) })
}

fn session(seed: u64, count: u64) -> Vec<Stamped> {
    let mut dice = Dice(seed);
    let mut at = Stamp { mono_ns: 7_000_000_000, utc: START };
    let event = |seq: u64, at: Stamp, dice: &mut Dice| match dice.below(8) {
        _ if seq == 1 => Event::Session(Box::<SessionInfo>::default()),
        0 => log(&format!("line {seq} of Ticket 4711")),
        1 => bookmark(&format!("mark {seq}")),
        2 | 3 => ticks(dice, at, 3, 5),
        _ => Event::Beat,
    };
    (1..=count)
        .map(|seq| {
            at = at.plus(Duration::from_micros(dice.below(150_000)));
            Stamped { seq, at, event: event(seq, at, &mut dice) }
        })
        .collect()
}

/// A recording with a hole: State after it stands in for what is missing.
struct Holey {
    all: Vec<Stamped>,
    gap: Gap,
    marks: Vec<Mark>,
    /// Reading ends here.
    damaged_after: u64,
}

fn fold(records: &[Stamped], seq: u64) -> State {
    let mut state = State::default();
    records.iter().take_while(|r| r.seq <= seq).for_each(|r| state.apply(r).unwrap());
    state
}

impl Holey {
    fn error() -> RecordingError {
        RecordingError {
            path: "hole.crsrec".into(),
            offset: 4_096,
            cause: Text::new("the checksum is wrong"),
            next: Text::new("what comes before it can be shown"),
        }
    }
}

impl Source for Holey {
    fn span(&self) -> Span {
        Memory::new(self.all.clone()).span()
    }
    fn marks(&self) -> &[Mark] {
        &self.marks
    }
    fn state_at(&mut self, seq: u64) -> Result<State, RecordingError> {
        if seq > self.damaged_after {
            return Err(Self::error());
        }
        let missing = seq > self.gap.after && seq < self.gap.until;
        Ok(fold(&self.all, if missing { self.gap.after } else { seq }))
    }
    fn seq_at(&mut self, at: UtcMicros) -> Result<u64, RecordingError> {
        Memory::new(self.all.clone()).seq_at(at)
    }
    fn read_after(&mut self, seq: u64, out: &mut Vec<Piece>) -> Result<(), RecordingError> {
        if seq >= self.damaged_after {
            return Err(Self::error());
        }
        if (self.gap.after..self.gap.until).contains(&seq) {
            out.push(Piece::Whole(self.gap, Box::new(fold(&self.all, self.gap.until))));
            return Ok(());
        }
        let end = if seq < self.gap.after { self.gap.after } else { u64::MAX };
        let end = end.min(self.damaged_after);
        let part = self.all.iter().filter(|r| r.seq > seq && r.seq <= end).take(50);
        out.extend(part.cloned().map(Piece::Record));
        Ok(())
    }
}

fn any_move(dice: &mut Dice, count: u64) -> Move {
    let n = i64::try_from(dice.below(40)).unwrap() - 20;
    let kind = Some(MarkKind::Bookmark).filter(|_| dice.below(2) == 0);
    match dice.below(16) {
        0 => Move::Start,
        1 => Move::End,
        2 | 3 => Move::Seq(dice.below(count + 5)),
        4 => Move::Time(UtcMicros(START.0 + i64::try_from(dice.below(9_000_000)).unwrap())),
        5 => Move::By(n * 500_000),
        6 | 7 => Move::Step { by: n, beats: n % 2 == 0 },
        8 => Move::NextMark(kind),
        9 => Move::PreviousMark(kind),
        10 => Move::Find(Text::new(&format!("LINE {}", dice.below(count)))),
        11 => Move::FindNext,
        12 => Move::FindPrevious,
        13 => Move::Turn,
        14 => Move::Faster,
        _ => Move::Slower,
    }
}

fn wander(seed: u64, records: &[Stamped], source: Box<dyn Source>, reach: impl Fn(u64) -> bool) {
    let (mut dice, mut player) = (Dice(seed + 77), Player::new(source, false));
    let count = records.len() as u64;
    for turn in 0..150 {
        let step = any_move(&mut dice, count);
        player.take(step.clone());
        for _ in 0..dice.below(4) {
            player.advance(Duration::from_millis(dice.below(300)));
        }
        let state = player.state();
        let told = format!("seed {seed}, turn {turn}, {step:?}, at {}", state.seq);
        assert!(reach(state.seq), "{told}");
        let fresh = fold(records, state.seq);
        assert!(*state == fresh, "{told}");
        assert_eq!(state.digest(), fresh.digest(), "{told}");
        let (view, _) = player.view();
        assert!(*view.state == fresh, "{told}");
    }
}

#[test]
fn after_any_moves_it_shows_the_fold_up_to_where_it_stands() {
    for seed in 0..4 {
        let records = session(seed, 400);
        let source = Box::new(Memory::new(records.clone()));
        wander(seed, &records, source, |seq| (1..=400).contains(&seq));
    }
}

#[test]
fn a_gap_is_passed_with_the_state_behind_it() {
    for seed in 0..4 {
        let all = session(seed, 300);
        let gap = Gap { after: 120, until: 170 };
        let marks = Memory::new(all.clone()).marks().to_vec();
        let source = Holey { all: all.clone(), gap, marks, damaged_after: 9_999 };
        wander(seed, &all, Box::new(source), |seq| !(121..170).contains(&seq));
    }
}

fn player(records: &[Stamped]) -> Player {
    Player::new(Box::new(Memory::new(records.to_vec())), false)
}

fn steady(count: u64) -> Vec<Stamped> {
    let start = Stamp { mono_ns: 1_000_000_000, utc: START };
    let record = |seq: u64| {
        let event = match seq {
            1 => Event::Session(Box::<SessionInfo>::default()),
            30 => bookmark("here"),
            40 => log("position 4711 of EURUSD closed"),
            _ => Event::Beat,
        };
        Stamped { seq, at: start.plus(Duration::from_millis(100 * (seq - 1))), event }
    };
    (1..=count).map(record).collect()
}

#[test]
fn it_plays_at_the_recordings_own_pace_times_its_speed() {
    let mut player = player(&steady(101));
    player.take(Move::Play);
    player.advance(Duration::from_millis(1_050));
    assert_eq!(player.state().seq, 11);
    // What was left over of a pace is not lost.
    player.advance(Duration::from_millis(50));
    assert_eq!(player.state().seq, 12);
    player.take(Move::Speed(Speed::named("5").unwrap()));
    player.advance(Duration::from_millis(200));
    assert_eq!(player.state().seq, 22);
    player.take(Move::Speed(Speed::named("0.1").unwrap()));
    player.advance(Duration::from_secs(1));
    assert_eq!(player.state().seq, 23);
    player.take(Move::Pause);
    player.advance(Duration::from_mins(1));
    assert_eq!(player.state().seq, 23);
    player.take(Move::Speed(Speed::named("1000").unwrap()));
    player.take(Move::Play);
    player.advance(Duration::from_millis(200));
    let (view, _) = player.view();
    assert_eq!((view.state.seq, view.at_end, view.playing), (101, true, false));
    player.take(Move::Play);
    assert_eq!(player.view().0.note.as_str(), "this is the end of the recording");
}

#[test]
fn steps_marks_and_times_lead_to_their_records() {
    let mut player = player(&steady(101));
    let mut go = |step| {
        player.take(step);
        while player.advance(Duration::ZERO) {}
        player.state().seq
    };
    assert_eq!(go(Move::Step { by: 1, beats: false }), 30);
    assert_eq!(go(Move::Step { by: 1, beats: true }), 31);
    assert_eq!(go(Move::Step { by: 1, beats: false }), 40);
    assert_eq!(go(Move::Step { by: -1, beats: false }), 30);
    assert_eq!(go(Move::Step { by: -1, beats: true }), 29);
    assert_eq!(go(Move::Step { by: -9, beats: false }), 1);
    assert_eq!(go(Move::NextMark(Some(MarkKind::Kill))), 1);
    assert_eq!(go(Move::NextMark(None)), 30);
    assert_eq!(go(Move::End), 101);
    assert_eq!(go(Move::PreviousMark(Some(MarkKind::Bookmark))), 30);
    assert_eq!(go(Move::By(1_000_000)), 40);
    assert_eq!(go(Move::By(-500_000)), 35);
    assert_eq!(go(Move::Time(UtcMicros(START.0 + 2_000_000))), 21);
    assert_eq!(go(Move::Clock(14 * 3_600_000_000 + 3_000_000)), 31);
    assert_eq!(go(Move::Time(UtcMicros(0))), 1);
    assert_eq!(go(Move::Find(Text::new("eurusd"))), 40);
    assert_eq!(go(Move::FindNext), 40);
    assert_eq!(go(Move::FindPrevious), 40);
    assert_eq!(go(Move::Start), 1);
    assert_eq!(go(Move::Find(Text::new("closed"))), 40);
    assert_eq!(go(Move::End), 101);
    assert_eq!(go(Move::FindPrevious), 40);
}

#[test]
fn what_was_looked_for_in_vain_is_told_and_a_move_ends_the_search() {
    let mut player = player(&session(3, 20_000));
    player.take(Move::Find(Text::new("no such text")));
    player.advance(Duration::ZERO);
    assert!(player.view().0.searching);
    player.take(Move::Seq(9));
    assert!(!player.is_searching() && player.state().seq == 9);
    player.take(Move::FindNext);
    while player.advance(Duration::ZERO) {}
    let note = player.view().0.note;
    assert_eq!(note.as_str(), "\"no such text\" is not found after this");
    assert_eq!(player.state().seq, 9);
}

#[test]
fn a_ticket_is_found_as_a_whole_number_and_a_text_in_any_case() {
    let record = |event| Stamped { seq: 1, at: Stamp::default(), event };
    let line = record(log("closed 1000003"));
    assert!(find::holds(&line, "1000003") && find::holds(&line, "closed 1"));
    assert!(!find::holds(&line, "level") && !find::holds(&record(Event::Beat), ""));
    let agent = record(Event::Agent(crate::event::AgentReport {
        present: true,
        pid: Some(4_711),
        fault: Text::new("Größe"),
    }));
    assert!(find::holds(&agent, "4711") && !find::holds(&agent, "471"));
    assert!(find::holds(&agent, "größe"));
    let quotes = record(ticks(&mut Dice(1), Stamp::default(), 1, 1));
    assert!(find::holds(&quotes, "sym0") && !find::holds(&quotes, "sym1"));
}

#[test]
fn damage_is_told_and_all_before_it_is_shown() {
    let all = session(5, 200);
    let gap = Gap { after: 500, until: 500 };
    let source = Holey { all: all.clone(), gap, marks: Vec::new(), damaged_after: 150 };
    let mut player = Player::new(Box::new(source), false);
    player.take(Move::Speed(Speed::named("1000").unwrap()));
    player.take(Move::Play);
    while player.is_moving() {
        player.advance(Duration::from_secs(1));
    }
    let (view, _) = player.view();
    assert_eq!(view.state.seq, 150);
    let why = "hole.crsrec:4096: the checksum is wrong; what comes before it can be shown";
    assert_eq!(view.damage.as_str(), why);
    assert_eq!(view.state.log.back().unwrap().value.text.as_str(), why);
    // Only what is shown has that line; the fold has not.
    assert_eq!(*player.state(), fold(&all, 150));
    player.take(Move::Seq(180));
    assert_eq!(player.state().seq, 150);
    player.take(Move::Seq(20));
    assert_eq!(*player.state(), fold(&all, 20));
}

/// A recording that grows while it is looked at.
struct Growing(std::sync::Arc<std::sync::Mutex<Vec<Stamped>>>);

impl Source for Growing {
    fn span(&self) -> Span {
        Memory::new(self.0.lock().unwrap().clone()).span()
    }
    fn marks(&self) -> &[Mark] {
        &[]
    }
    fn state_at(&mut self, seq: u64) -> Result<State, RecordingError> {
        Memory::new(self.0.lock().unwrap().clone()).state_at(seq)
    }
    fn seq_at(&mut self, at: UtcMicros) -> Result<u64, RecordingError> {
        Memory::new(self.0.lock().unwrap().clone()).seq_at(at)
    }
    fn read_after(&mut self, seq: u64, out: &mut Vec<Piece>) -> Result<(), RecordingError> {
        Memory::new(self.0.lock().unwrap().clone()).read_after(seq, out)
    }
}

#[test]
fn the_end_of_a_session_that_goes_on_is_followed() {
    let all = steady(101);
    let kept = std::sync::Arc::new(std::sync::Mutex::new(all[..50].to_vec()));
    let mut player = Player::new(Box::new(Growing(kept.clone())), true);
    player.take(Move::End);
    player.advance(Duration::from_millis(1));
    assert_eq!(player.state().seq, 50);
    *kept.lock().unwrap() = all.clone();
    player.advance(Duration::from_millis(1));
    assert_eq!(player.state().seq, 101);
    player.take(Move::Step { by: -1, beats: true });
    player.advance(Duration::from_secs(9));
    assert_eq!(player.state().seq, 100, "it is let go by any other move");
}

fn shown(deck: &Deck, good: impl Fn(&View) -> bool) -> std::sync::Arc<View> {
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until {
        let _ = deck.news().recv_timeout(Duration::from_millis(100));
        if let Stand::Shows(view) = deck.stand()
            && good(&view)
        {
            return view;
        }
    }
    panic!("{:?}", deck.stand());
}

#[test]
fn a_deck_carries_out_moves_and_shows_what_came_of_them() {
    let all = session(9, 5_000);
    let records = all.clone();
    let open: std::sync::Arc<Opening> =
        std::sync::Arc::new(move || Ok(Box::new(Memory::new(records.clone()))));
    let deck = Deck::start(open, false, vec![Move::Seq(10)]).unwrap();
    assert_eq!(*shown(&deck, |view| view.state.seq == 10).state, fold(&all, 10));
    deck.go(Move::Speed(Speed::named("1000").unwrap()));
    deck.go(Move::Play);
    let end = shown(&deck, |view| view.at_end && !view.playing);
    assert_eq!(end.state.digest(), fold(&all, 5_000).digest());
    deck.go(Move::Seq(4_000));
    deck.go(Move::Step { by: -3, beats: true });
    shown(&deck, |view| view.state.seq == 3_997);
}

#[test]
fn a_recording_that_cant_be_opened_says_why() {
    let open: std::sync::Arc<Opening> = std::sync::Arc::new(|| Err(Holey::error()));
    let deck = Deck::start(open, false, Vec::new()).unwrap();
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until && matches!(deck.stand(), Stand::Opening) {
        std::thread::sleep(Duration::from_millis(5));
    }
    let Stand::Failed(why) = deck.stand() else { panic!("{:?}", deck.stand()) };
    assert!(why.as_str().starts_with("hole.crsrec:4096"));
}

#[test]
fn a_look_back_in_a_sessions_first_second_waits_for_its_first_record() {
    let looks = std::sync::atomic::AtomicU32::new(0);
    let all = session(9, 50);
    let open: std::sync::Arc<Opening> = std::sync::Arc::new(move || {
        match looks.fetch_add(1, std::sync::atomic::Ordering::Relaxed) {
            0 => Err(Holey::error()),
            _ => Ok(Box::new(Memory::new(all.clone()))),
        }
    });
    let deck = Deck::start(open, true, vec![Move::End]).unwrap();
    // What is asked for meanwhile is done once it is there.
    deck.go(Move::Seq(7));
    shown(&deck, |view| view.state.seq == 7);
}
