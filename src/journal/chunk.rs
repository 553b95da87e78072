//! One chunk, read: its records in their order, and what it says about itself.

use super::block::{Beats, Ticks};
use super::container::{Fields, op, unpack};
use super::head::Head;
use super::segment::{BEATS, HEAD, STATE, TICKS, TOPICS};
use crate::event::Stamped;
use crate::state::State;

/// A chunk's contents.
#[derive(Debug, Default)]
pub struct Chunk {
    /// What it says about itself.
    pub head: Head,
    /// The whole State before its first record, as JSON.
    pub whole: Option<Vec<u8>>,
    /// Its records, without holes.
    pub records: Vec<Stamped>,
}

/// How much of a chunk is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Want {
    /// Only what it says about itself.
    Head,
    /// Everything.
    All,
}

impl Chunk {
    /// Reads the body of a chunk record; none where it holds no message.
    ///
    /// # Errors
    /// What is wrong with it; a chunk is sound or is not read at all.
    pub fn read(body: &[u8], want: Want) -> Result<Option<Self>, String> {
        let unpacked = unpack(body)?;
        let mut fields = Fields(&unpacked);
        let mut chunk = Self::default();
        let (mut any, mut headed) = (false, false);
        while !fields.0.is_empty() {
            let (kind, body) = fields.record().ok_or("the chunk's last record is cut")?;
            if kind != op::MESSAGE {
                continue;
            }
            let mut fields = Fields(body);
            let channel = fields.u16().ok_or("a message is cut")?;
            fields.take(20).ok_or("a message is cut")?;
            let place = usize::from(channel).checked_sub(1);
            let topic = place.and_then(|place| TOPICS.get(place)).copied().unwrap_or("");
            any = true;
            headed |= topic == HEAD;
            chunk.message(topic, fields.0, want).map_err(|e| format!("{topic}: {e}"))?;
        }
        if !any {
            // The first one only announces the topics.
            return Ok(None);
        }
        if !headed {
            return Err(String::from("the chunk lacks its head"));
        }
        if want == Want::All {
            chunk.records.sort_unstable_by_key(|record| record.seq);
            chunk.check()?;
        }
        Ok(Some(chunk))
    }

    /// The whole State before its first record; none where it has none.
    ///
    /// # Errors
    /// Why it can't be read.
    #[must_use]
    pub fn state(&self) -> Option<Result<State, String>> {
        let json = self.whole.as_deref()?;
        Some(serde_json::from_slice(json).map_err(|e| format!("its State can't be read: {e}")))
    }

    fn message(&mut self, topic: &str, data: &[u8], want: Want) -> Result<(), String> {
        let json = |e: serde_json::Error| e.to_string();
        let columns = |_| String::from("not what a crs of this version writes");
        match topic {
            HEAD => self.head = serde_json::from_slice(data).map_err(json)?,
            _ if want == Want::Head => {}
            STATE => self.whole = Some(data.to_vec()),
            TICKS => Ticks::read(data, &mut self.records).map_err(columns)?,
            BEATS => Beats::read(data, &mut self.records).map_err(columns)?,
            _ => self.records.push(serde_json::from_slice(data).map_err(json)?),
        }
        Ok(())
    }

    /// Whether it holds what its head says.
    fn check(&self) -> Result<(), String> {
        let holes = self
            .records
            .iter()
            .zip(self.records.iter().skip(1))
            .any(|(one, next)| one.seq.checked_add(1) != Some(next.seq));
        let seq = |record: Option<&Stamped>| record.map(|record| record.seq);
        let ends = seq(self.records.first()) == Some(self.head.first.0)
            && seq(self.records.last()) == Some(self.head.last.0);
        if holes || !ends || self.whole.is_some() != self.head.whole {
            return Err(String::from("the chunk does not hold the records that its head names"));
        }
        Ok(())
    }
}
