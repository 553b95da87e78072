//! Mission control as a console hears it.

use crate::domain::mission::{
    ConsoleLine, HostRecord, Launch, MissionAlert, MissionStatus, ProcessRecord,
};
use crate::domain::{Text, UtcMicros};
use serde::{Deserialize, Serialize};

/// One word of mission control, or about the link to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissionNews {
    /// The daemon is there, or is gone.
    Link(MissionLink),
    /// Everything at once: what it does not name is there no longer.
    Whole(Box<MissionWhole>),
    /// A process moved, or was measured.
    Process(Box<ProcessRecord>),
    /// A machine answered, or stopped answering.
    Host(HostRecord),
    /// A launch moved.
    Launch(Box<Launch>),
    /// Lines of processes.
    Lines(MissionLines),
    /// An alert is new, or changed.
    Alert(Box<MissionAlert>),
    /// The daemon answered a ping: what it said before still holds.
    Heard {
        /// Round trip in microseconds.
        rtt_us: u64,
    },
    /// What became of something that the operator asked.
    Answer(Box<MissionAnswer>),
}

/// The link to the daemon.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissionLink {
    /// It is connected and has told its status.
    pub present: bool,
    /// The daemon's socket.
    pub socket: Text,
    /// Since when that is so.
    pub since: UtcMicros,
    /// Why it is gone, empty while it is there.
    pub why: Text,
}

/// The mission as a whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissionWhole {
    /// Mode, launch, processes, machines.
    pub status: MissionStatus,
    /// Alerts that nobody acknowledged.
    pub alerts: Vec<MissionAlert>,
    /// The modes there are; empty: as they were.
    pub modes: Vec<MissionMode>,
}

/// A mode that may be asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissionMode {
    /// Its name.
    pub name: Text,
    /// In a few words.
    pub description: Text,
    /// What the operator has to type; empty: nothing.
    pub confirm: Text,
    /// It trades real money.
    pub live: bool,
}

/// Lines, as far as there was room for them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissionLines {
    /// In the order of their numbers.
    pub lines: Vec<ConsoleLine>,
    /// Lines left out before these: too many for the daemon's queue, or for
    /// this console's.
    pub missed: u64,
}

/// What became of an order or a question.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MissionAnswer {
    /// What was asked: `launch LIVE`, `why engine`.
    pub ask: Text,
    /// It was accepted, or answered.
    pub ok: bool,
    /// The answer, or why not: a line each.
    pub lines: Vec<Text>,
}
