//! Live is replay: the digest of State after live is that of its recording, at
//! any record, after any seek, between gaps, whatever the order of arrival.
//!
//! 8,000 events of every kind; `CRS_PROOF_EVENTS=1000000` for as many more as
//! wanted (with the release profile: each is folded several times).

use crate::events::event;
use crs::domain::{Stamp, UtcMicros};
use crs::event::Stamped;
use crs::journal::{Gap, Level, Piece, Recording, Segment, Source, ring};
use crs::state::State;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::time::Duration;

/// Any events in the order of one seed.
fn arrived(seed: u8, count: u64) -> impl Iterator<Item = Stamped> {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let any = event().boxed();
    let mut at = Stamp { mono_ns: 5_000_000_000, utc: UtcMicros(1_768_399_018_271_512) };
    (1..=count).map(move |seq| {
        at = at.plus(Duration::from_nanos(seq.wrapping_mul(2_654_435_761) % 300_000_000));
        Stamped { seq, at, event: any.new_tree(&mut runner).unwrap().current() }
    })
}

/// What live was at some of its records.
type Known = BTreeMap<u64, String>;

/// Records `count` events as a session would, in files of their own on both
/// sides of each gap; back with the digests of live.
fn record(dir: &Path, seed: u8, count: u64, gaps: &[Gap]) -> Known {
    let mut live = State::default();
    let mut known = Known::new();
    let mut number = 1;
    let begin = |state: &State, gap: Option<Gap>| {
        Segment::begin(state.clone(), gap, BTreeMap::new(), Level::Quick).unwrap()
    };
    let name =
        |number| ring::Name { session: String::from("20260114T135658Z-a"), number, live: false };
    let mut segment = Some(begin(&live, None));
    for event in arrived(seed, count) {
        let seq = event.seq;
        let missing = gaps.iter().find(|gap| gap.after < seq && seq <= gap.until);
        live.apply(&event).unwrap();
        if missing.is_some() {
            if let Some(segment) = segment.take() {
                fs::write(name(number).path(dir), segment.finish().unwrap()).unwrap();
                number += 1;
            }
            if missing.is_some_and(|gap| gap.until == seq) {
                segment = Some(begin(&live, missing.copied()));
            }
            continue;
        }
        let segment = segment.as_mut().unwrap();
        segment.put(event).unwrap();
        if seq % 211 == 0 {
            segment.flush().unwrap();
        }
        if seq % (count / 31) == 0 || seq == count {
            known.insert(seq, live.digest());
        }
    }
    fs::write(name(number).path(dir), segment.unwrap().finish().unwrap()).unwrap();
    known
}

fn prove(seed: u8, gaps: &[Gap]) {
    let count = std::env::var("CRS_PROOF_EVENTS").map_or(8_000, |n| n.parse().unwrap());
    let home = tempfile::tempdir().unwrap();
    let known = record(home.path(), seed, count, gaps);
    let mut recording = Recording::open(home.path()).unwrap();
    assert_eq!(
        recording.marks().iter().filter(|m| m.kind == crs::domain::MarkKind::Gap).count(),
        gaps.len()
    );
    // Any place, in an order that is not the recording's.
    for (seq, digest) in known.iter().rev().step_by(4).chain(known.iter().step_by(6)) {
        assert_eq!(&recording.state_at(*seq).unwrap().digest(), digest, "seed {seed}, {seq}");
    }
    // From the first record to the last, and from some place on.
    for from in [0, count / 3] {
        let mut state =
            if from == 0 { State::default() } else { recording.state_at(from).unwrap() };
        let (mut pieces, mut met) = (Vec::new(), 0);
        while state.seq < count {
            recording.read_after(state.seq, &mut pieces).unwrap();
            for piece in pieces.drain(..) {
                match piece {
                    Piece::Record(record) => state.apply(&record).unwrap(),
                    Piece::Whole(gap, whole) => {
                        assert_eq!((gap.after, gap.until), (state.seq, whole.seq));
                        state = *whole;
                    }
                }
                if let Some(digest) = known.get(&state.seq) {
                    assert_eq!(&state.digest(), digest, "seed {seed}, {}", state.seq);
                    met += 1;
                }
            }
        }
        assert!(met > 15, "{met}");
    }
}

#[test]
fn live_is_replay() {
    prove(1, &[]);
}

#[test]
fn live_is_replay_between_gaps() {
    prove(2, &[Gap { after: 1_234, until: 1_300 }, Gap { after: 6_000, until: 6_001 }]);
}
