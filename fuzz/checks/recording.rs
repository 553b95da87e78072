//! What lies in a recording.

use super::clean::clean;
use crs::event::{Event, Stamped};
use crs::journal::block::{Beats, Ticks};
use crs::journal::{Chunk, Want};

/// Columns of ticks, or, after a zero, of beats: what is read of them is what
/// they say once it is written again.
pub fn columns(data: &[u8]) -> bool {
    if let Some((0, beats)) = data.split_first() {
        return again(
            beats,
            |bytes, out| Beats::read(bytes, out).is_ok(),
            |records| {
                let mut beats = Beats::default();
                for record in records {
                    beats.push(record.seq, record.at);
                }
                beats.finish()
            },
        );
    }
    again(
        data,
        |bytes, out| Ticks::read(bytes, out).is_ok(),
        |records| {
            let mut ticks = Ticks::default();
            for record in records {
                ticks.push(record.clone());
            }
            ticks.finish()
        },
    )
}

fn again(
    data: &[u8],
    read: impl Fn(&[u8], &mut Vec<Stamped>) -> bool,
    write: impl Fn(&[Stamped]) -> Vec<u8>,
) -> bool {
    let mut first = Vec::new();
    if !read(data, &mut first) {
        return false;
    }
    let mut second = Vec::new();
    assert!(read(&write(&first), &mut second), "what we write is not read");
    assert_eq!(first, second);
    true
}

/// The body of a chunk.
pub fn chunk(data: &[u8]) -> bool {
    let head = Chunk::read(data, Want::Head);
    match Chunk::read(data, Want::All) {
        Ok(None) => false,
        Ok(Some(chunk)) => {
            let seqs = chunk.records.iter().map(|record| record.seq);
            assert!(seqs.eq(chunk.head.first.0..=chunk.head.last.0));
            assert_eq!(head.unwrap().unwrap().head, chunk.head);
            assert!(
                chunk.records.iter().all(
                    |r| !matches!(&r.event, Event::Log(l) if l.text.as_str().contains('\x1b'))
                )
            );
            true
        }
        Err(why) => {
            clean(crs::domain::Text::new(&why).as_str());
            false
        }
    }
}
