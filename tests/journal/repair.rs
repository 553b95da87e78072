//! Whatever is damaged in a file, repair keeps every chunk that is whole, says
//! what is lost, and what it writes is sound.

use crate::rig::bytes;
use crs::domain::{
    Heard, Price, RawTicks, Stamp, Symbol, Text, Tick, TickBatch, TickShape, UtcMicros,
};
use crs::event::{Event, Level, LogLine, Stamped};
use crs::journal::mend::repair;
use crs::journal::survey::survey;
use crs::journal::{Gap, Piece, Recording, Source};
use crs::state::State;
use proptest::prelude::*;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::OnceLock;
use std::time::Duration;

/// Records in a chunk.
const EVERY: usize = 5;

/// Fourteen chunks, some of them with a whole State.
fn session() -> &'static [Stamped] {
    static ALL: OnceLock<Vec<Stamped>> = OnceLock::new();
    ALL.get_or_init(|| {
        let start = Stamp { mono_ns: 9_000_000_000, utc: UtcMicros(1_768_399_200_000_000) };
        let records = (1..=70_u64).map(|seq| {
            let at = start.plus(Duration::from_millis(100 * seq));
            let event = match seq % 5 {
                _ if seq == 1 => Event::Session(Box::default()),
                2 => ticks(at, seq),
                4 => Event::Log(LogLine {
                    level: Level::Info,
                    source: Text::new("test"),
                    text: Text::new(&format!("line {seq}")),
                    when: None,
                }),
                _ => Event::Beat,
            };
            Stamped { seq, at, event }
        });
        records.collect()
    })
}

/// So many that a whole State comes with every third chunk.
fn ticks(at: Stamp, seq: u64) -> Event {
    let symbol = Symbol::new("EURUSD").unwrap();
    let ticks = (0..6_000_u32).map(|n| {
        let bid = 108_500_000 + i64::try_from(seq).unwrap() * 7_000 + i64::from(n % 97) * 1_000;
        let (bid, ask) = (Price::from_raw(bid), Price::from_raw(bid + 12_000));
        let tick = Tick { symbol, bid, ask, time: None, seq: None, shape: TickShape::T7 };
        Heard { after_us: n, tick }
    });
    let ticks = ticks.collect();
    Event::Ticks(TickBatch { feed: 0, base: at, ticks, raw: RawTicks::default() })
}

/// The file, sealed or not.
fn file(torn: bool) -> &'static [u8] {
    static FILES: [OnceLock<Vec<u8>>; 2] = [const { OnceLock::new() }; 2];
    FILES[usize::from(torn)].get_or_init(|| bytes(session(), EVERY, torn))
}

/// Bytes of a chunk, with its records' numbers; whether it has a State.
type Part = (Range<usize>, Range<u64>, bool);

/// Every chunk.
fn chunks(torn: bool) -> &'static [Part] {
    static ALL: [OnceLock<Vec<Part>>; 2] = [const { OnceLock::new() }; 2];
    ALL[usize::from(torn)].get_or_init(|| {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.mcap");
        fs::write(&path, file(torn)).unwrap();
        let recording = Recording::open(&path).unwrap();
        let places = recording.files()[0].places.iter().map(|place| {
            let at = usize::try_from(place.offset).unwrap();
            let head = &place.head;
            let end = at + usize::try_from(place.len).unwrap();
            (at..end, head.first.0..head.last.0 + 1, head.whole)
        });
        places.collect()
    })
}

/// What is played: each record, each hole, and State at every record.
fn played(path: &Path) -> (Vec<Stamped>, Vec<Gap>, Vec<(u64, String)>) {
    let mut recording = Recording::open(path).unwrap();
    let span = recording.span();
    let mut state = recording.state_at(span.first.0 - 1).unwrap();
    let (mut records, mut gaps, mut states) = (Vec::new(), Vec::new(), Vec::new());
    // The first record is there without being played.
    let mut pieces = Vec::new();
    while state.seq < span.last.0 {
        recording.read_after(state.seq, &mut pieces).unwrap();
        assert!(!pieces.is_empty());
        for piece in pieces.drain(..) {
            match piece {
                Piece::Record(record) => {
                    state.apply(&record).unwrap();
                    records.push(record);
                }
                Piece::Whole(gap, whole) => {
                    assert_eq!((gap.after, gap.until), (state.seq, whole.seq));
                    gaps.push(gap);
                    state = *whole;
                }
            }
            states.push((state.seq, state.digest()));
        }
    }
    (records, gaps, states)
}

/// Live State after each record.
fn live() -> &'static [String] {
    static ALL: OnceLock<Vec<String>> = OnceLock::new();
    ALL.get_or_init(|| {
        let mut state = State::default();
        let after = session().iter().map(|record| {
            state.apply(record).unwrap();
            state.digest()
        });
        after.collect()
    })
}

/// Repairs a file with `damaged` bytes in it, and judges what came of it.
fn mends(torn: bool, at: usize, damaged: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let [old, new] = ["old.mcap", "new.mcap"].map(|name| dir.path().join(name));
    let mut bytes = file(torn).to_vec();
    let range = at..(at + damaged.len()).min(bytes.len());
    bytes[range.clone()].copy_from_slice(&damaged[..range.len()]);
    fs::write(&old, &bytes).unwrap();
    let hit = |part: &Range<usize>| part.start < range.end && range.start < part.end;
    let whole: Vec<_> = chunks(torn).iter().filter(|(part, ..)| !hit(part)).collect();
    let made = match repair(&old, &new) {
        Ok(mended) => mended,
        Err(e) => {
            // A version that is not ours is not guessed at.
            let other = e.to_string().contains("this crs reads format");
            assert!(other || whole.is_empty(), "{e}: {range:?} of {:?}", chunks(torn));
            assert!(!new.exists());
            return;
        }
    };
    assert_eq!(fs::read(&old).unwrap(), bytes, "the old one was touched");
    let found = survey(&Recording::open(&new).unwrap());
    assert_eq!((found.damage.as_slice(), found.torn), (&[][..], 0));
    let (records, gaps, states) = played(&new);
    // Every record is as it was, and those of whole chunks are there.
    for record in &records {
        assert_eq!(Some(record), session().get(usize::try_from(record.seq).unwrap() - 1));
    }
    let has = |seq: u64| records.binary_search_by_key(&seq, |record| record.seq).is_ok();
    for (part, numbers, _) in &whole {
        assert!(numbers.clone().all(has), "{numbers:?} at {part:?}, {range:?} damaged");
    }
    // Every hole is told, and nothing else is.
    let (first, end) = (records[0].seq, records[records.len() - 1].seq);
    let lost: Vec<u64> = (first..end).filter(|seq| !has(*seq)).collect();
    let told = made.gaps.iter().flat_map(|gap| gap.after + 1..=gap.until);
    assert_eq!(told.collect::<Vec<_>>(), lost);
    let shown: Vec<Gap> = gaps.iter().copied().filter(|gap| gap.until > gap.after).collect();
    assert_eq!(shown, made.gaps);
    assert!(lost.is_empty() || !made.damage.is_empty());
    // Before the first hole, and from the first whole State after one on,
    // State is what live was.
    let mut sure = first == 1;
    for (seq, digest) in states {
        let begins = |(_, numbers, state): &&Part| *state && numbers.start == seq;
        if lost.contains(&seq) {
            sure = whole.iter().any(|(_, numbers, state)| *state && numbers.start == seq + 1);
            if !sure {
                continue;
            }
        }
        sure |= whole.iter().any(begins);
        assert!(!sure || digest == live()[usize::try_from(seq).unwrap() - 1], "record {seq}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_whole_chunk_outlives_a_damage_anywhere(
        torn: bool,
        at: prop::sample::Index,
        damaged in prop_oneof![
            prop::collection::vec(any::<u8>(), 1..12),
            prop::collection::vec(any::<u8>(), 1..9_000),
            (1_usize..20_000).prop_map(|len| vec![0; len]),
        ],
    ) {
        mends(torn, at.index(file(torn).len()), &damaged);
    }
}

#[test]
fn a_chunk_without_a_state_after_a_hole_is_kept_and_shows_no_more_than_it_knows() {
    let home = tempfile::tempdir().unwrap();
    let [old, new] = ["old.mcap", "new.mcap"].map(|name| home.path().join(name));
    let all = chunks(true);
    let gone = all.iter().position(|(_, _, state)| !state).unwrap();
    let next = gone + 1;
    assert!(!all[next].2 && all[next + 1].2, "{all:?}");
    let mut bytes = file(true).to_vec();
    bytes[all[gone].0.start + 60] ^= 0x41;
    fs::write(&old, bytes).unwrap();
    let made = repair(&old, &new).unwrap();
    let lost = Gap { after: all[gone].1.start - 1, until: all[gone].1.end - 1 };
    assert_eq!(made.gaps, [lost]);
    let mut recording = Recording::open(&new).unwrap();
    let marks: Vec<String> = recording.marks().iter().map(|mark| mark.text.to_string()).collect();
    assert_eq!(marks, ["5 records are missing", "all is known again from here on"]);
    let state = recording.state_at(lost.until + 1).unwrap();
    assert!(state.log.iter().any(|line| line.value.text.as_str().contains("is lost")));
    assert!(state.quotes.is_empty(), "a quote from before the hole");
    let (_, gaps, _) = played(&new);
    assert_eq!(gaps.len(), 2);
    // Once more: what is wlost in it stays so.
    let third = home.path().join("third.mcap");
    assert_eq!(repair(&new, &third).unwrap().gaps, [lost]);
    assert_eq!(played(&third).2.last(), played(&new).2.last());
}
