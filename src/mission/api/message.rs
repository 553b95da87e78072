//! What goes over the WebSocket (`/ws`), for both of its ends: one JSON
//! document in each text message.
//!
//! From the daemon `{"type", "seq", "data"}` (`process_update` is flat, as
//! documented), to the daemon `{"type", "req_id", …}`. Every inward message is
//! answered once by its `req_id`. All times are microseconds since
//! 1970-01-01T00:00:00Z, sizes bytes unless named otherwise. Who reads ignores
//! keys that it does not know.

use crate::domain::mission::{
    ConsoleLine, HostRecord, Launch, LineLevel, MissionAlert, MissionStatus, ProcessRecord,
};
use crate::domain::{Text, UtcMicros};
use crate::mission::order::Answer;
use serde::{Deserialize, Serialize};

pub use super::asked::{Asked, Inward, LaunchOptions, ProcessAction, Subscription};

/// A message of the daemon's, numbered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outward {
    /// Counted from 1 on this connection, without holes.
    pub seq: u64,
    /// What it says.
    #[serde(flatten)]
    pub message: Message,
}

/// What the daemon says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Message {
    /// The first one on each connection: everything there is to draw.
    InitialStatus {
        /// See [`Initial`].
        data: Box<Initial>,
    },
    /// The mission as a whole, when its mode, a launch or the number of
    /// processes changed, and at least every five seconds.
    StatusUpdate {
        /// See [`Status`].
        data: Box<Status>,
    },
    /// One process moved, or was measured.
    ProcessUpdate {
        /// Its name.
        process: Text,
        /// The word of its state.
        state: Text,
        /// The documented measures.
        metrics: Metrics,
        /// The whole record.
        record: Box<ProcessShape>,
    },
    /// A machine answered, or stopped answering.
    HostUpdate {
        /// Its record.
        data: HostRecord,
    },
    /// A launch moved.
    LaunchUpdate {
        /// How it fares.
        data: Launch,
    },
    /// One line of a process, to who subscribed to lines.
    ConsoleOutput {
        /// See [`Output`].
        data: Output,
    },
    /// Several lines at once, to who subscribed with `batch`.
    ConsoleLines {
        /// In the order of their numbers.
        data: Vec<Output>,
    },
    /// An alert is new, or changed.
    Alert {
        /// The alert.
        data: MissionAlert,
    },
    /// This client was too slow: so much was left out before this message.
    /// Records and alerts come in their newest form all the same.
    Lagged {
        /// See [`Lag`].
        data: Lag,
    },
    /// The answer to the inward message of this `req_id`.
    Answer {
        /// Of the question; empty where it had none.
        req_id: String,
        /// What became of it.
        data: Answer,
        /// What was asked for, a line each: the steps of a plan, why a process
        /// is not up, entries of the audit. Empty for orders.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        lines: Vec<Text>,
    },
}

/// The first message: the status, and what does not change while a
/// configuration holds.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Initial {
    /// How everything stands.
    #[serde(flatten)]
    pub status: Status,
    /// The modes there are, in the order of the configuration.
    #[serde(default)]
    pub modes: Vec<ModeShape>,
}

/// How everything stands.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// The mode in force; empty: none was launched.
    pub mode: Text,
    /// It is one that trades real money, by its own settings.
    #[serde(default)]
    pub live: bool,
    /// The last launch.
    #[serde(default)]
    pub launch: Option<Launch>,
    /// Processes, in the order of the configuration.
    pub processes: Vec<ProcessShape>,
    /// Machines.
    #[serde(default)]
    pub hosts: Vec<HostRecord>,
    /// Alerts that nobody acknowledged, the oldest first.
    #[serde(default)]
    pub alerts: Vec<MissionAlert>,
    /// When the daemon said this.
    #[serde(default)]
    pub said: UtcMicros,
}

/// A mode, as far as a client needs it to ask for it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ModeShape {
    /// Its name.
    pub name: Text,
    /// In a few words.
    #[serde(default)]
    pub description: Text,
    /// What the operator has to type, filled in; empty: nothing.
    #[serde(default)]
    pub confirm: Text,
    /// It trades real money, by its own settings.
    #[serde(default)]
    pub live: bool,
}

/// A process record with the documented names beside our own.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ProcessShape {
    /// The record.
    #[serde(flatten)]
    pub record: ProcessRecord,
    /// CPU over the last sample, in percent of one core.
    #[serde(default)]
    pub cpu_percent: Option<f64>,
    /// Resident memory in MiB, rounded down.
    #[serde(default)]
    pub memory_mb: Option<u64>,
    /// Seconds since this run began.
    #[serde(default)]
    pub uptime: Option<u64>,
}

/// The documented measures of a process.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Metrics {
    /// CPU over the last sample, in percent of one core.
    pub cpu: Option<f64>,
    /// Resident memory in MiB, rounded down.
    pub memory_mb: Option<u64>,
}

/// One line of a process.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Output {
    /// Counted from 1 over all processes in a daemon's life.
    pub seq: u64,
    /// Who wrote it.
    pub process: Text,
    /// When it arrived.
    pub timestamp: UtcMicros,
    /// How loud.
    pub level: LineLevel,
    /// On standard error.
    #[serde(default)]
    pub stderr: bool,
    /// It was too long and is cut, or was never ended.
    #[serde(default)]
    pub cut: bool,
    /// What it says.
    pub message: Text,
}

/// What a slow client did not get.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lag {
    /// Lines left out since the last of these.
    pub lines: u64,
    /// Other messages left out since, replaced by newer ones.
    #[serde(default)]
    pub others: u64,
}

impl ProcessShape {
    /// The record as it is shown at `now`.
    #[must_use]
    pub fn of(record: &ProcessRecord, now: UtcMicros) -> Self {
        let up = record.start_time.filter(|_| record.pid.is_some());
        let up = up.and_then(|from| u64::try_from(now.0.saturating_sub(from.0)).ok());
        let Metrics { cpu, memory_mb } = Metrics::of(record);
        Self {
            record: record.clone(),
            cpu_percent: cpu,
            memory_mb,
            uptime: up.map(|us| us / 1_000_000),
        }
    }
}

impl Metrics {
    /// The measures of a record.
    #[must_use]
    pub fn of(record: &ProcessRecord) -> Self {
        Self {
            cpu: record.cpu_centi.map(|centi| f64::from(centi) / 100.0),
            memory_mb: record.memory.map(|bytes| bytes / 1_048_576),
        }
    }
}

impl Message {
    /// The update of one process, at `now`.
    #[must_use]
    pub fn process(record: &ProcessRecord, now: UtcMicros) -> Self {
        Self::ProcessUpdate {
            process: record.name.clone(),
            state: Text::new(record.state.word()),
            metrics: Metrics::of(record),
            record: Box::new(ProcessShape::of(record, now)),
        }
    }
}

impl Status {
    /// The daemon's status, with its open alerts.
    #[must_use]
    pub fn of(status: &MissionStatus, alerts: Vec<MissionAlert>) -> Self {
        let shape = |record| ProcessShape::of(record, status.said);
        Self {
            mode: status.mode.clone(),
            live: status.live,
            launch: status.launch.clone(),
            processes: status.processes.iter().map(shape).collect(),
            hosts: status.hosts.clone(),
            alerts,
            said: status.said,
        }
    }
}

impl From<&ConsoleLine> for Output {
    fn from(line: &ConsoleLine) -> Self {
        Self {
            seq: line.seq,
            process: line.process.clone(),
            timestamp: line.at,
            level: line.level,
            stderr: line.stderr,
            cut: line.cut,
            message: line.message.clone(),
        }
    }
}

impl From<Output> for ConsoleLine {
    fn from(line: Output) -> Self {
        Self {
            seq: line.seq,
            process: line.process,
            stderr: line.stderr,
            at: line.timestamp,
            level: line.level,
            cut: line.cut,
            message: line.message,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mission::ProcessState;
    use crate::mission::order::Refusal;
    use serde_json::{Value, json};

    fn record() -> ProcessRecord {
        ProcessRecord {
            name: Text::new("Main"),
            pid: Some(7),
            state: ProcessState::Unhealthy { why: Text::new("tcp 5555 refused") },
            start_time: Some(UtcMicros(1_000_000)),
            cpu_centi: Some(1_520),
            memory: Some(512 << 20),
            ..ProcessRecord::default()
        }
    }

    fn there_and_back(message: Message) -> Value {
        let outward = Outward { seq: 3, message };
        let text = serde_json::to_string(&outward).unwrap();
        let back: Outward = serde_json::from_str(&text).unwrap();
        assert_eq!(back, outward);
        serde_json::from_str(&text).unwrap()
    }

    #[test]
    fn a_process_update_is_the_documented_flat_one_and_carries_the_record() {
        let json = there_and_back(Message::process(&record(), UtcMicros(9_500_000)));
        assert_eq!((&json["type"], &json["seq"]), (&json!("process_update"), &json!(3)));
        assert_eq!((&json["process"], &json["state"]), (&json!("Main"), &json!("unhealthy")));
        assert_eq!(json["metrics"], json!({"cpu": 15.2, "memory_mb": 512}));
        let whole = &json["record"];
        assert_eq!((&whole["why"], &whole["uptime"]), (&json!("tcp 5555 refused"), &json!(8)));
    }

    #[test]
    fn every_message_comes_back_as_it_went() {
        let alert = MissionAlert { id: 4, ..MissionAlert::default() };
        let status = MissionStatus {
            mode: Text::new("LIVE"),
            processes: vec![record()],
            hosts: vec![HostRecord::default()],
            launch: Some(Launch::default()),
            ..MissionStatus::default()
        };
        let status = Status::of(&status, vec![alert.clone()]);
        let modes = vec![ModeShape { name: Text::new("LIVE"), ..ModeShape::default() }];
        let data = Box::new(Initial { status: status.clone(), modes });
        let json = there_and_back(Message::InitialStatus { data });
        assert_eq!(json["data"]["processes"][0]["state"], json!("unhealthy"));
        there_and_back(Message::StatusUpdate { data: Box::new(status) });
        there_and_back(Message::Alert { data: alert });
        let line = ConsoleLine { seq: 9, cut: true, ..ConsoleLine::default() };
        let output = Output::from(&line);
        assert_eq!(ConsoleLine::from(output.clone()), line);
        there_and_back(Message::ConsoleOutput { data: output.clone() });
        there_and_back(Message::ConsoleLines { data: vec![output] });
        there_and_back(Message::Lagged { data: Lag { lines: 2, others: 1 } });
        for data in [
            Answer::Accepted,
            Answer::Launched(Launch::default()),
            Answer::Process(record()),
            Answer::Refused { kind: Refusal::Confirmation, why: Text::new("type LIVE") },
        ] {
            let lines = vec![Text::new("1 stop Main")];
            there_and_back(Message::Answer { req_id: String::from("a-1"), data, lines });
        }
    }
}
