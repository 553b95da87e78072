//! The recording: how much it takes, how large it is, how soon any place of
//! it is there.
//!
//! `cargo bench --bench journal` writes a recording of `CRS_EVENTS` events
//! (10,000,000; ticks counted singly) of 50 symbols, 400 ticks a second and
//! ten beats, opens it, seeks `CRS_SEEKS` places (500) of it, replays it at
//! full speed; offers a recorder 500,000 ticks a second for `CRS_SECONDS` (10);
//! copies a State of 1,000 symbols as the loop does once the disk takes bytes again; and seals
//! the real ticks of `CRS_TEST_DATA`. A report, no judgement.

#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::indexing_slicing,
    clippy::cast_precision_loss,
    missing_docs,
    reason = "a bench reports to whoever runs it"
)]

#[path = "../tests/common/data.rs"]
mod data;

use crs::domain::{
    Heard, PeerTime, Price, RawTicks, Stamp, Symbol, Tick, TickBatch, TickShape, UtcMicros,
};
use crs::event::{Event, Stamped, channel_pair};
use crs::journal::{Journal, Piece, Recorder, Recording, RingConfig, SealedFile, Source};
use crs::state::State;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

/// A walk that is the same every time.
struct Walk(u64);

impl Walk {
    const fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }
}

/// A session of a market that never sleeps.
struct Market {
    walk: Walk,
    symbols: Vec<(Symbol, i64)>,
    seq: u64,
    at: Stamp,
    number: u64,
}

impl Market {
    fn new(symbols: usize) -> Self {
        let name = |n: usize| Symbol::new(&format!("SYM{n:03}")).unwrap();
        let symbols = (0..symbols).map(|n| (name(n), 108_500_000)).collect();
        let at = Stamp { mono_ns: 5_000_000_000, utc: UtcMicros(1_768_399_018_271_512) };
        Self { walk: Walk(88_172_645_463_325_252), symbols, seq: 0, at, number: 0 }
    }

    fn record(&mut self, event: Event) -> Stamped {
        self.seq += 1;
        Stamped { seq: self.seq, at: self.at, event }
    }

    fn batch(&mut self, ticks: usize, step: Duration) -> Stamped {
        let base = self.at;
        let mut heard = Vec::with_capacity(ticks);
        for n in 0..ticks {
            let chosen = usize::try_from(self.walk.next()).unwrap_or(0) % self.symbols.len();
            let moved = i64::try_from(self.walk.next() % 11).unwrap() - 5;
            let (symbol, bid) = &mut self.symbols[chosen];
            *bid += moved * 1_000;
            self.number += 1;
            let after = u32::try_from(step.as_micros()).unwrap() / u32::try_from(ticks).unwrap();
            let after_us = after * u32::try_from(n).unwrap();
            let tick = Tick {
                symbol: *symbol,
                bid: Price::from_raw(*bid),
                ask: Price::from_raw(*bid + 12_000),
                time: Some(PeerTime::Epoch(base.utc.0 + i64::from(after_us) - 1_200)),
                seq: Some(self.number),
                shape: TickShape::T7,
            };
            heard.push(Heard { after_us, tick });
        }
        self.at = self.at.plus(step + Duration::from_nanos(self.walk.next() % 40_000));
        self.record(Event::Ticks(TickBatch {
            feed: 0,
            base,
            ticks: heard,
            raw: RawTicks::default(),
        }))
    }
}

fn events(record: &Stamped) -> u64 {
    match &record.event {
        Event::Ticks(batch) => u64::try_from(batch.ticks.len()).unwrap(),
        _ => 1,
    }
}

fn main() {
    if std::env::args().any(|a| a == "--test") {
        return;
    }
    let number =
        |key: &str, or: u64| std::env::var(key).ok().and_then(|v| v.parse().ok()).unwrap_or(or);
    let home = tempfile::tempdir().unwrap();
    large(
        &home.path().join("large.mcap"),
        number("CRS_EVENTS", 10_000_000),
        number("CRS_SEEKS", 500),
    );
    offered(&home.path().join("ring"), number("CRS_SECONDS", 10));
    copied(number("CRS_SYMBOLS", 1_000));
    real(home.path());
}

/// What the loop does between two frames when a whole State is asked of it.
fn copied(symbols: u64) {
    let mut market = Market::new(usize::try_from(symbols).unwrap());
    let mut state = State::default();
    state.apply(&market.record(Event::Session(Box::default()))).unwrap();
    for _ in 0..600 {
        let batch = market.batch(1_000, Duration::from_secs(1));
        state.apply(&batch).unwrap();
    }
    let mut took: Vec<f64> = (0..50)
        .map(|_| {
            let began = Instant::now();
            let copy = Box::new(state.clone());
            let took = began.elapsed().as_secs_f64() * 1e3;
            assert_eq!(copy.seq, state.seq);
            took
        })
        .collect();
    tell(&format!("a State of {symbols} symbols copied, ms"), &mut took);
}

fn large(path: &Path, wanted: u64, seeks: u64) {
    let began = Instant::now();
    let mut market = Market::new(50);
    let mut file = SealedFile::create(path, State::default(), None, BTreeMap::new()).unwrap();
    file.put(market.record(Event::Session(Box::default()))).unwrap();
    let mut count = 0;
    while count < wanted {
        for record in [market.batch(40, Duration::from_millis(100)), market.record(Event::Beat)] {
            count += events(&record);
            file.put(record).unwrap();
        }
    }
    let last = file.state().digest();
    file.finish().unwrap();
    let size = fs::metadata(path).unwrap().len();
    println!(
        "{count} events written and sealed in {:.1} s: {:.1} MB, {:.2} bytes an event",
        began.elapsed().as_secs_f64(),
        size as f64 / 1e6,
        size as f64 / count as f64
    );
    let mut opened: Vec<f64> = (0..9)
        .map(|_| {
            let began = Instant::now();
            let mut recording = Recording::open(path).unwrap();
            let state = recording.state_at(recording.span().first.0).unwrap();
            assert_eq!(state.seq, 1);
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    tell("opened to its first State, ms", &mut opened);
    let mut recording = Recording::open(path).unwrap();
    let mut walk = Walk(7);
    let mut sought: Vec<f64> = (0..seeks)
        .map(|_| {
            let goal = walk.next() % market.seq + 1;
            let began = Instant::now();
            assert_eq!(recording.state_at(goal).unwrap().seq, goal);
            began.elapsed().as_secs_f64() * 1e3
        })
        .collect();
    tell("sought any place, ms", &mut sought);
    let began = Instant::now();
    let mut recording = Recording::open(path).unwrap();
    let (mut state, mut pieces, mut seq) = (State::default(), Vec::new(), 0);
    while seq < market.seq {
        recording.read_after(seq, &mut pieces).unwrap();
        for piece in pieces.drain(..) {
            if let Piece::Record(record) = piece {
                state.apply(&record).unwrap();
                seq = record.seq;
            }
        }
    }
    let took = began.elapsed().as_secs_f64();
    assert_eq!(state.digest(), last);
    println!("replayed at {:.2} M events/s; the digests agree", count as f64 / took / 1e6);
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let most = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    println!("most memory of all this: {}", most.trim_start_matches("VmHWM:").trim());
}

fn tell(what: &str, times: &mut [f64]) {
    times.sort_by(f64::total_cmp);
    let at = |share: usize| times[(times.len() - 1) * share / 100];
    println!(
        "{what}: {} times, p50 {:.2}, p99 {:.2}, max {:.2}",
        times.len(),
        at(50),
        at(99),
        at(100)
    );
}

/// Half a million ticks a second, a batch each millisecond.
fn offered(dir: &Path, seconds: u64) {
    let (sender, _receiver) = channel_pair();
    let (mut recorder, running) = Recorder::start(RingConfig::new(dir.to_owned()), sender).unwrap();
    let mut market = Market::new(50);
    recorder.record(&market.record(Event::Session(Box::default())));
    let began = Instant::now();
    let (mut handed, mut late) = (0_u64, Duration::ZERO);
    let mut worst = Duration::ZERO;
    for n in 0..seconds * 1_000 {
        let due = Duration::from_millis(n);
        let elapsed = began.elapsed();
        if elapsed < due {
            std::thread::sleep(due.saturating_sub(elapsed));
        } else {
            late = late.max(elapsed.saturating_sub(due));
        }
        let record = market.batch(500, Duration::from_millis(1));
        let before = Instant::now();
        recorder.record(&record);
        worst = worst.max(before.elapsed());
        handed += 500;
    }
    let took = began.elapsed().as_secs_f64();
    let lost = running.lost();
    assert!(running.stop(Duration::from_mins(1)));
    println!(
        "offered {:.0} ticks/s for {took:.1} s: {lost} batches lost; handing one over took at most \
         {worst:?}; the bench itself was at most {late:?} late",
        handed as f64 / took
    );
}

fn real(home: &Path) {
    let Some(csv) = data::file("eurusd-2020-ticks.csv") else { return };
    let text = fs::read_to_string(csv).unwrap();
    for (name, pace, beats) in
        [("ticks alone", 1, false), ("with beats, 100 times as fast", 100, true)]
    {
        let mut walk = Walk(3);
        let mut records = Vec::new();
        let mut number = 0;
        let mut first = None;
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split(',').collect();
            let peer = UtcMicros::from_iso(fields[0]).unwrap();
            let after = u64::try_from(peer.0 - *first.get_or_insert(peer.0)).unwrap() / pace;
            // Heard within two milliseconds of the gateway's clock.
            let after_ns = after * 1_000 + walk.next() % 2_000_000;
            let at = Stamp {
                mono_ns: 77_000_000_000 + after_ns,
                utc: UtcMicros(1_768_399_018_000_000 + i64::try_from(after_ns / 1_000).unwrap()),
            };
            number += 1;
            let tick = Tick {
                symbol: Symbol::new(fields[1]).unwrap(),
                bid: Price::parse(fields[2]).unwrap(),
                ask: Price::parse(fields[3]).unwrap(),
                time: Some(PeerTime::Epoch(1_768_399_018_000_000 + i64::try_from(after).unwrap())),
                seq: Some(number),
                shape: TickShape::T7,
            };
            let ticks = vec![Heard { after_us: 0, tick }];
            records.push((
                at,
                Event::Ticks(TickBatch { feed: 0, base: at, ticks, raw: RawTicks::default() }),
            ));
        }
        let ticks = records.len();
        if beats {
            let (begin, end) = (records[0].0, records[ticks - 1].0);
            let mut at = begin;
            while at.mono_ns < end.mono_ns {
                at = at.plus(Duration::from_nanos(100_000_000 + walk.next() % 300_000));
                records.push((at, Event::Beat));
            }
            records.sort_by_key(|(at, _)| at.mono_ns);
        }
        let path = home.join(format!("real-{pace}.mcap"));
        let mut file = SealedFile::create(&path, State::default(), None, BTreeMap::new()).unwrap();
        for (seq, (at, event)) in (1..).zip(records) {
            let at = at.not_before(file.state().now);
            file.put(Stamped { seq, at, event }).unwrap();
        }
        file.finish().unwrap();
        let size = fs::metadata(&path).unwrap().len();
        println!(
            "real EURUSD, {name}: {ticks} ticks in {size} bytes, {:.1} a tick",
            size as f64 / ticks as f64
        );
    }
}
