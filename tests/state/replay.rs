//! Live is replay: the same records make the same state, however they came.

use crate::events::session;
use crs::domain::{Stamp, UtcMicros};
use crs::event::{Event, Stamped};
use crs::state::{OutOfSequence, State};
use proptest::prelude::*;

fn fold(records: &[Stamped]) -> State {
    let mut state = State::default();
    for record in records {
        state.apply(record).unwrap();
    }
    state
}

fn beat(seq: u64) -> Stamped {
    Stamped { seq, at: Stamp { mono_ns: seq, utc: UtcMicros(0) }, event: Event::Beat }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn the_same_records_twice_make_the_same_digest(records in session()) {
        prop_assert_eq!(fold(&records).digest(), fold(&records).digest());
    }

    #[test]
    fn a_recording_in_json_makes_the_same_digest(records in session()) {
        let lines: Vec<String> =
            records.iter().map(|r| serde_json::to_string(r).unwrap()).collect();
        let read: Vec<Stamped> = lines.iter().map(|l| serde_json::from_str(l).unwrap()).collect();
        prop_assert_eq!(&read, &records);
        prop_assert_eq!(fold(&read).digest(), fold(&records).digest());
    }

    #[test]
    fn a_recording_in_message_pack_makes_the_same_digest(records in session()) {
        let bytes: Vec<Vec<u8>> =
            records.iter().map(|r| rmp_serde::to_vec_named(r).unwrap()).collect();
        let read: Vec<Stamped> =
            bytes.iter().map(|b| rmp_serde::from_slice(b).unwrap()).collect();
        prop_assert_eq!(fold(&read).digest(), fold(&records).digest());
    }

    #[test]
    fn a_state_kept_half_way_goes_on_to_the_same_digest(records in session(), cut in 0_usize..60) {
        let cut = cut.min(records.len());
        let half = serde_json::to_string(&fold(&records[..cut])).unwrap();
        let mut state: State = serde_json::from_str(&half).unwrap();
        for record in &records[cut..] {
            state.apply(record).unwrap();
        }
        prop_assert_eq!(state.digest(), fold(&records).digest());
    }

    #[test]
    fn now_never_goes_back_and_queues_stay_bounded(records in session()) {
        let mut state = State::default();
        let mut last = 0;
        for record in &records {
            state.apply(record).unwrap();
            prop_assert!(state.now.mono_ns >= last);
            last = state.now.mono_ns;
            prop_assert!(state.gateways.len() <= 64);
            let _ = (state.mode(), state.breaker_phase(), state.kill_active(), state.feed_word(1));
            prop_assert!(state.obedience().len() <= crs::state::obey::MAX_CONSUMERS + 5);
        }
    }
}

#[test]
fn a_record_out_of_sequence_is_refused_and_changes_nothing() {
    let mut state = fold(&[beat(1), beat(2)]);
    let digest = state.digest();
    for got in [0, 1, 2, 4, u64::MAX] {
        assert_eq!(state.apply(&beat(got)), Err(OutOfSequence { last: 2, got }));
    }
    assert_eq!(state.digest(), digest);
    assert_eq!(state.apply(&beat(3)), Ok(()));
}

#[test]
fn a_session_begins_with_record_one() {
    assert!(State::default().apply(&beat(2)).is_err());
}
