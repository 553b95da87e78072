//! What the recording tells of itself, and what is told for its sake.

use super::Event;
use crate::domain::Text;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;

/// How the recording of this session fares.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordingReport {
    /// Records are being kept now.
    pub on: bool,
    /// Why they are not, and what to do; empty while they are.
    pub fault: Text,
    /// Another process records into this ring.
    #[serde(default)]
    pub elsewhere: bool,
    /// The ring's directory.
    pub dir: Text,
    /// Bytes that the ring holds, bookmarked parts included.
    pub bytes: u64,
    /// Records of this session that were not kept.
    pub lost: u64,
    /// The last record that is safe on disk, as far as this process can tell.
    pub kept: u64,
}

/// A moment that the operator marked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bookmark {
    /// What he says about it; may be empty.
    pub text: Text,
}

/// One message as a peer sent it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RawFrame {
    /// Index of the gateway or of the endpoint.
    pub peer: u16,
    /// Which of its ports.
    pub port: RawPort,
    /// The frames.
    pub frames: Vec<RawBytes>,
}

impl RawFrame {
    /// One that is small enough to be kept; none else.
    #[must_use]
    pub fn of(peer: u16, port: RawPort, frames: &[&[u8]]) -> Option<Event> {
        let size: usize = frames.iter().map(|frame| frame.len()).sum();
        let frames = || frames.iter().map(|frame| RawBytes::from(frame.to_vec())).collect();
        (size <= MAX_RAW).then(|| Event::Raw(Box::new(Self { peer, port, frames: frames() })))
    }
}

/// Longest message that is kept as it came, in bytes.
const MAX_RAW: usize = 256 * 1024;

/// Bytes, written as text where they are text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum RawBytes {
    /// UTF-8.
    Text(String),
    /// Anything else.
    Bytes(Vec<u8>),
}

impl RawBytes {
    /// As text; what is none of it is replaced.
    #[must_use]
    pub fn lossy(&self) -> Cow<'_, str> {
        match self {
            Self::Text(text) => Cow::Borrowed(text),
            Self::Bytes(bytes) => String::from_utf8_lossy(bytes),
        }
    }
}

impl From<Vec<u8>> for RawBytes {
    fn from(bytes: Vec<u8>) -> Self {
        String::from_utf8(bytes).map_or_else(|e| Self::Bytes(e.into_bytes()), Self::Text)
    }
}

/// Where a raw message came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RawPort {
    /// An answer on the command port.
    Reply,
    /// A message on the data port that is no sound tick.
    Data,
    /// A message on the events port.
    Events,
}
