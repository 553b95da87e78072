//! One file being written: an MCAP of chunks that end where they are told to.
//!
//! Everything is written into memory; whoever owns a [`Segment`] takes the
//! bytes to the disk. So no trouble of a disk happens inside a library.

use super::block::{Beats, Ticks};
use super::head::{Head, Place};
use super::{Gap, Marker};
use crate::domain::{Stamp, UtcMicros};
use crate::event::{Event, Stamped};
use crate::state::State;
use mcap::records::MessageHeader;
use mcap::write::NoSeek;
use mcap::{Attachment, McapError, WriteOptions, Writer};
use std::collections::BTreeMap;
use std::io;
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

/// Name of the format in the header of a file.
pub const PROFILE: &str = "crs";
/// Version of the format; a file of a later one is refused.
pub const VERSION: u32 = 1;
/// Name of the metadata record that says the version.
pub const ABOUT: &str = "crs";
/// Name of the attachment that lists the chunks of a sealed file.
pub const INDEX: &str = "crs.index.json";
/// Topics with a layout of their own; any other is the JSON of a record.
pub const TICKS: &str = "crs/ticks";
/// Beats in columns.
pub const BEATS: &str = "crs/beats";
/// A whole State.
pub const STATE: &str = "crs/state";
/// What the chunk says about itself.
pub const HEAD: &str = "crs/head";

/// All topics. The place of one, from 1, is its channel in every file: a
/// chunk can be read without any other. New ones come at the end.
pub const TOPICS: [&str; 19] = [
    HEAD,
    STATE,
    TICKS,
    BEATS,
    "crs/session",
    "crs/links",
    "crs/gateway",
    "crs/positions",
    "crs/account",
    "crs/decisions",
    "crs/breaker",
    "crs/evidence",
    "crs/orders",
    "crs/operator",
    "crs/log",
    "crs/recording",
    "crs/raw",
    "crs/mesh",
    "crs/mission",
];

/// Records and ticks after which a chunk ends by itself: few enough to be
/// read and folded within a blink.
const CHUNK_EVENTS: u64 = 32_768;
/// Bytes of JSON after which it does.
const CHUNK_BYTES: usize = 4 << 20;
/// Records and ticks between two whole States.
const WHOLE_EVENTS: u64 = 16_384;

/// What a file of ours can't do.
#[derive(Debug, thiserror::Error)]
pub enum SegmentError {
    /// The container's writer refuses.
    #[error("{0}")]
    Container(#[from] McapError),
    /// A record can't be written as JSON.
    #[error("{0}")]
    Json(#[from] serde_json::Error),
    /// A record does not follow the one before.
    #[error("{0}")]
    Order(#[from] crate::state::OutOfSequence),
}

/// The bytes that were written and not taken yet.
#[derive(Clone, Debug, Default)]
struct Outlet(Arc<Mutex<Vec<u8>>>);

impl io::Write for Outlet {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A file being written.
pub struct Segment {
    outlet: Outlet,
    mcap: Writer<NoSeek<Outlet>>,
    taken: u64,
    state: State,
    marker: Marker,
    chunk: Chunk,
    /// A whole State is due with the next chunk.
    due: bool,
    since_whole: u64,
    /// Chunks so far: where they begin, and what they say.
    places: Vec<Place>,
}

/// How hard to compress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// While the market runs.
    Quick,
    /// Once, when a file is sealed.
    Small,
}

/// What is gathered for the next chunk.
#[derive(Default)]
struct Chunk {
    ticks: Ticks,
    beats: Beats,
    /// Other records, by topic.
    others: Vec<(&'static str, u64, Stamp, Vec<u8>)>,
    bytes: usize,
    whole: Option<Vec<u8>>,
    head: Option<Head>,
    gap: Option<Gap>,
}

impl Segment {
    /// A file that begins after `state`, with records missing before it where
    /// there is a `gap`. `about` goes into the metadata.
    ///
    /// # Errors
    /// [`SegmentError`] of the container.
    pub fn begin(
        state: State,
        gap: Option<Gap>,
        about: BTreeMap<String, String>,
        level: Level,
    ) -> Result<Self, SegmentError> {
        let outlet = Outlet::default();
        let options = WriteOptions::new()
            .profile(PROFILE)
            .library(concat!("crs ", env!("CARGO_PKG_VERSION")))
            .chunk_size(None)
            .disable_seeking(true)
            .emit_message_indexes(false)
            .compression_threads(0)
            .compression_level(if level == Level::Quick { 1 } else { 12 });
        let mut mcap = options.create(NoSeek::new(outlet.clone()))?;
        let mut metadata = about;
        metadata.insert(String::from("format"), VERSION.to_string());
        mcap.write_metadata(&mcap::records::Metadata { name: ABOUT.to_owned(), metadata })?;
        for (id, topic) in (1..).zip(TOPICS) {
            let encoding = if matches!(topic, TICKS | BEATS) { "x-crs-columns" } else { "json" };
            mcap.add_channel_with_id(id, 0, topic, encoding, &BTreeMap::new())?;
        }
        mcap.flush()?;
        let marker = Marker::after(&state);
        let chunk = Chunk { gap, ..Chunk::default() };
        Ok(Self {
            outlet,
            mcap,
            taken: 0,
            state,
            marker,
            chunk,
            due: true,
            since_whole: 0,
            places: Vec::new(),
        })
    }

    /// State after the last record.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// State after the last record, of a file that is given up.
    #[must_use]
    pub fn into_state(self) -> State {
        self.state
    }

    /// Adds the next record; a chunk that is large enough ends with it.
    ///
    /// # Errors
    /// [`SegmentError`]; nothing of the record was taken where it is out of
    /// order.
    pub fn put(&mut self, record: Stamped) -> Result<(), SegmentError> {
        if self.due && self.chunk.head.is_none() {
            self.chunk.whole = Some(serde_json::to_vec(&self.state)?);
        }
        self.state.apply(&record)?;
        let mark = self.marker.look(&record, &self.state);
        let events = match &record.event {
            Event::Ticks(batch) => u64::try_from(batch.ticks.len()).unwrap_or(0).max(1),
            _ => 1,
        };
        let place = (record.seq, record.at);
        let head = self.chunk.head.get_or_insert_with(|| Head {
            first: place,
            gap: self.chunk.gap.take(),
            whole: self.chunk.whole.is_some(),
            ..Head::default()
        });
        head.last = place;
        head.events += events;
        head.marks.extend(mark);
        let full = head.events >= CHUNK_EVENTS;
        self.since_whole += events;
        match record.event {
            Event::Beat => self.chunk.beats.push(record.seq, record.at),
            Event::Ticks(_) => self.chunk.ticks.push(record),
            _ => {
                let json = serde_json::to_vec(&record)?;
                self.chunk.bytes += json.len();
                self.chunk.others.push((topic(&record.event), record.seq, record.at, json));
            }
        }
        if full || self.chunk.bytes >= CHUNK_BYTES { self.flush() } else { Ok(()) }
    }

    /// Goes on after `state`, with the records of `gap` missing.
    ///
    /// # Errors
    /// [`SegmentError`] of the container.
    pub fn skip(&mut self, gap: Gap, state: State) -> Result<(), SegmentError> {
        self.flush()?;
        self.marker = Marker::after(&state);
        self.state = state;
        self.chunk.gap = Some(gap);
        self.due = true;
        Ok(())
    }

    /// Ends the chunk: what came so far can be read again once
    /// [`Segment::take`] is on the disk.
    ///
    /// # Errors
    /// [`SegmentError`] of the container.
    pub fn flush(&mut self) -> Result<(), SegmentError> {
        let chunk = mem::take(&mut self.chunk);
        let Some(head) = chunk.head else {
            self.chunk.gap = chunk.gap;
            return Ok(());
        };
        // A new chunk: whatever the writer has open is a chunk too.
        self.mcap.flush()?;
        let offset = self.written();
        let (first, last) = (head.first, head.last);
        if let Some(whole) = chunk.whole {
            self.message(STATE, first, &whole)?;
            self.since_whole = head.events;
        }
        if !chunk.ticks.is_empty() {
            self.message(TICKS, first, &chunk.ticks.finish())?;
        }
        if !chunk.beats.is_empty() {
            self.message(BEATS, first, &chunk.beats.finish())?;
        }
        for (topic, seq, at, json) in &chunk.others {
            self.message(topic, (*seq, *at), json)?;
        }
        self.message(HEAD, last, &serde_json::to_vec(&head)?)?;
        self.mcap.flush()?;
        let len = self.written() - offset;
        self.places.push(Place { offset, len, head });
        self.due = self.since_whole >= WHOLE_EVENTS;
        Ok(())
    }

    /// Bytes written so far, taken or not.
    #[must_use]
    pub fn written(&self) -> u64 {
        let waiting = self.outlet.0.lock().unwrap_or_else(PoisonError::into_inner).len();
        self.taken + u64::try_from(waiting).unwrap_or(0)
    }

    /// What was written and not taken yet.
    pub fn take(&mut self) -> Vec<u8> {
        let bytes = mem::take(&mut *self.outlet.0.lock().unwrap_or_else(PoisonError::into_inner));
        self.taken += u64::try_from(bytes.len()).unwrap_or(0);
        bytes
    }

    /// Ends the last chunk and writes index, summary and footer.
    ///
    /// # Errors
    /// [`SegmentError`] of the container.
    pub fn finish(mut self) -> Result<Vec<u8>, SegmentError> {
        self.flush()?;
        let index = serde_json::to_vec(&self.places)?;
        self.mcap.attach(&Attachment {
            log_time: nanos(self.state.now.utc),
            create_time: 0,
            name: INDEX.to_owned(),
            media_type: String::from("application/json"),
            data: index.into(),
        })?;
        self.mcap.finish()?;
        Ok(self.take())
    }

    fn message(
        &mut self,
        topic: &'static str,
        (seq, at): (u64, Stamp),
        data: &[u8],
    ) -> Result<(), SegmentError> {
        let place = TOPICS.iter().position(|known| *known == topic).unwrap_or_default();
        let channel_id = u16::try_from(place + 1).unwrap_or_default();
        #[expect(
            clippy::cast_possible_truncation,
            reason = "the low half; the rest is in the data"
        )]
        let sequence = seq as u32;
        let log_time = nanos(at.utc);
        let header = MessageHeader { channel_id, sequence, log_time, publish_time: at.mono_ns };
        self.mcap.write_to_known_channel(&header, data)?;
        Ok(())
    }
}

/// UTC in nanoseconds, as the container wants it; what is before 1970 is 0.
fn nanos(at: UtcMicros) -> u64 {
    u64::try_from(at.0).unwrap_or(0).saturating_mul(1_000)
}

/// The topic of a record that is written as JSON.
const fn topic(event: &Event) -> &'static str {
    match event {
        Event::Beat => BEATS,
        Event::Ticks(_) => TICKS,
        Event::Session(_) => "crs/session",
        Event::Feed(_) | Event::Events(_) | Event::OrderSource(_) => "crs/links",
        Event::Gateway(_) | Event::GatewayStatus(_) => "crs/gateway",
        Event::Positions(_) => "crs/positions",
        Event::Account(_) => "crs/account",
        Event::Decision(_) | Event::Trader(_) => "crs/decisions",
        Event::Latch(_)
        | Event::Guard(_)
        | Event::Kill(_)
        | Event::Agent(_)
        | Event::Drill(_)
        | Event::Armed(_) => "crs/breaker",
        Event::Evidence(_) => "crs/evidence",
        Event::Command(_) | Event::Order(_) => "crs/orders",
        Event::Alarm(_) | Event::Bookmark(_) => "crs/operator",
        Event::Log(_) => "crs/log",
        Event::Recording(_) => "crs/recording",
        Event::Raw(_) => "crs/raw",
        Event::Check(_) => "crs/mesh",
        Event::Mission(_) => "crs/mission",
    }
}
