//! Six hours of a real market, folded tick by tick: no false alarm.

use crate::data;
use crs::domain::{Heard, PeerTime, Price, Stamp, Symbol, Tick, TickBatch, TickShape, UtcMicros};
use crs::event::{Event, FeedReport, Level, LinkState, Stamped};
use crs::state::{FeedWord, Freshness, State};
use std::time::Duration;

struct Session {
    state: State,
    seq: u64,
}

impl Session {
    fn put(&mut self, at: Stamp, event: Event) {
        self.seq += 1;
        self.state.apply(&Stamped { seq: self.seq, at, event }).unwrap();
    }
}

fn rows() -> Option<Vec<(i64, Tick)>> {
    let path = data::file("eurusd-2020-ticks.csv")?;
    let mut reader = csv::Reader::from_path(path).unwrap();
    let rows = reader.records().map(|row| {
        let row = row.unwrap();
        let time = chrono::DateTime::parse_from_rfc3339(&row[0]).unwrap().timestamp_micros();
        let tick = Tick {
            symbol: Symbol::new(&row[1]).unwrap(),
            bid: Price::parse(&row[2]).unwrap(),
            ask: Price::parse(&row[3]).unwrap(),
            time: Some(PeerTime::Epoch(time)),
            seq: None,
            shape: TickShape::T7,
        };
        (time, tick)
    });
    Some(rows.collect())
}

/// Folds the ticks at speed 1 with a beat every `beat_ms`; `look` sees the
/// state after each beat.
fn play(
    rows: &[(i64, Tick)],
    until: Duration,
    beat_ms: usize,
    mut look: impl FnMut(&State),
) -> State {
    let (first, _) = rows[0];
    let at = |us: i64| Stamp {
        mono_ns: 1_000_000_000_000 + u64::try_from(us - first).unwrap() * 1_000,
        utc: UtcMicros(us),
    };
    let mut s = Session { state: State::default(), seq: 0 };
    let up = FeedReport { link: LinkState::Up, ..FeedReport::default() };
    s.put(at(first), Event::Feed(Box::new(up)));
    let mut rows = rows.iter().peekable();
    let end = i64::try_from(until.as_micros()).unwrap();
    for beat in (0..=end).step_by(beat_ms * 1_000) {
        while let Some((time, tick)) = rows.next_if(|(time, _)| *time <= first + beat) {
            let base = at(*time);
            let ticks = vec![Heard { after_us: 0, tick: *tick }];
            s.put(base, Event::Ticks(TickBatch { feed: 0, base, ticks, ..TickBatch::default() }));
        }
        s.put(at(first + beat), Event::Beat);
        look(&s.state);
    }
    s.state
}

#[test]
fn an_hour_of_real_ticks_raises_no_false_alarm() {
    let Some(rows) = rows() else { return };
    let (mut beats, mut stale) = (0_u32, 0_u32);
    let end = play(&rows, Duration::from_hours(1), 100, |state| {
        beats += 1;
        assert!(matches!(state.feed_word(0), FeedWord::Live | FeedWord::Quiet));
        for (symbol, quote) in state.quotes.all() {
            let freshness = state.quote_freshness(symbol, quote);
            assert_ne!(freshness, Freshness::Unknown, "at {}", state.now);
            stale += u32::from(freshness == Freshness::Stale);
        }
    });
    assert!(end.log.iter().all(|line| line.value.level == Level::Info), "{:?}", end.log);
    // Not even dim for more than a few seconds, while the rhythm is learnt.
    assert!(stale * 100 < beats, "{stale} of {beats} beats were stale");
    let quote = end.quotes.values().next().unwrap();
    assert_eq!((quote.count + quote.repeated, quote.digits), (1_432, 5));
    assert!(quote.gap_p99_ms > 20_000, "{} ms", quote.gap_p99_ms);
}

#[test]
fn the_whole_night_stays_calm() {
    let Some(rows) = rows() else { return };
    let end = play(&rows, Duration::from_hours(6), 1_000, |state| {
        assert!(matches!(state.feed_word(0), FeedWord::Live | FeedWord::Quiet));
    });
    assert!(end.log.iter().all(|line| line.value.level == Level::Info));
}

#[test]
fn a_link_that_goes_down_in_that_market_is_told_from_silence() {
    let Some(rows) = rows() else { return };
    let mut state = play(&rows, Duration::from_hours(1), 100, |_| {});
    let mut seq = state.seq;
    let mut put = |state: &mut State, after: u64, event: Event| {
        seq += 1;
        let at = state.now.plus(Duration::from_secs(after));
        state.apply(&Stamped { seq, at, event }).unwrap();
    };
    put(&mut state, 600, Event::Beat);
    assert_eq!(state.feed_word(0), FeedWord::Silent);
    let down = FeedReport { link: LinkState::Down, ..FeedReport::default() };
    put(&mut state, 1, Event::Feed(Box::new(down)));
    assert_eq!(state.feed_word(0), FeedWord::Dead);
    assert_eq!(state.log.back().unwrap().value.level, Level::Warn);
}
