//! The recording on disk: what is written is read, at any place, and damage
//! costs nothing that lies before it.

#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod damage;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod disk;
#[cfg(test)]
#[path = "../state/events.rs"]
mod events;
#[cfg(test)]
mod export;
#[cfg(test)]
#[path = "../state/mission_events.rs"]
mod mission_events;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod recorder;
#[cfg(test)]
mod repair;
#[cfg(test)]
mod there_and_back;

#[cfg(test)]
mod rig {
    use crs::event::Stamped;
    use crs::journal::{Level, Piece, Recording, RecordingError, Segment, Source};
    use crs::state::State;
    use std::collections::BTreeMap;
    use std::path::Path;

    /// The bytes of a file with a chunk after every `every` records; not
    /// sealed where `torn`.
    pub fn bytes(records: &[Stamped], every: usize, torn: bool) -> Vec<u8> {
        let mut segment =
            Segment::begin(State::default(), None, BTreeMap::new(), Level::Quick).unwrap();
        for (n, record) in (1..).zip(records) {
            segment.put(record.clone()).unwrap();
            if n % every == 0 {
                segment.flush().unwrap();
            }
        }
        segment.flush().unwrap();
        let mut bytes = segment.take();
        if !torn {
            bytes.extend(segment.finish().unwrap());
        }
        bytes
    }

    pub fn fold(records: &[Stamped]) -> State {
        let mut state = State::default();
        for record in records {
            state.apply(record).unwrap();
        }
        state
    }

    /// Everything that can be read, and what ended the reading.
    pub fn all(path: &Path) -> (Vec<Stamped>, Option<RecordingError>) {
        let mut recording = match Recording::open(path) {
            Ok(recording) => recording,
            Err(e) => return (Vec::new(), Some(e)),
        };
        let (mut records, mut seq) = (Vec::new(), 0);
        loop {
            let mut pieces = Vec::new();
            let read = recording.read_after(seq, &mut pieces);
            for piece in pieces.drain(..) {
                match piece {
                    Piece::Record(record) => {
                        seq = record.seq;
                        records.push(record);
                    }
                    Piece::Whole(gap, _) => panic!("{gap:?}"),
                }
            }
            match read {
                Err(e) => return (records, Some(e)),
                Ok(()) if seq == recording.span().last.0 => return (records, None),
                Ok(()) => {}
            }
        }
    }
}
