use crate::events::session;
use crate::rig::{all, bytes, fold};
use crs::journal::{Recording, SealedFile, Source};
use crs::state::State;
use proptest::prelude::*;
use std::collections::BTreeMap;
use std::fs;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn what_is_written_is_read(records in session(), every in 1_usize..20, torn: bool) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.mcap");
        fs::write(&path, bytes(&records, every, torn)).unwrap();
        let (read, damage) = all(&path);
        prop_assert_eq!(damage, None);
        prop_assert_eq!(read, records);
    }

    #[test]
    fn any_place_is_what_live_was_there(
        records in session(),
        every in 1_usize..20,
        goals in prop::collection::vec(any::<prop::sample::Index>(), 1..6),
    ) {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("a.mcap");
        fs::write(&path, bytes(&records, every, false)).unwrap();
        let mut recording = Recording::open(&path).unwrap();
        for goal in goals {
            let n = goal.index(records.len()) + 1;
            let state = recording.state_at(records[n - 1].seq).unwrap();
            prop_assert_eq!(state.digest(), fold(&records[..n]).digest());
            // And it goes on from there.
            let mut next = Vec::new();
            recording.read_after(records[n - 1].seq, &mut next).unwrap();
            prop_assert_eq!(next.is_empty(), n == records.len());
        }
    }
}

#[test]
fn a_file_is_never_written_over() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("a.mcap");
    fs::write(&path, "mine").unwrap();
    let made = SealedFile::create(&path, State::default(), None, BTreeMap::new());
    let said = made.err().unwrap().to_string();
    assert!(said.ends_with("a.mcap:0: the file is there already; name one that is not"), "{said}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
}
