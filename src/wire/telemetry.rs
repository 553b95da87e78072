//! Telemetry (port 5557): two frames, a topic and a MessagePack map with
//! named fields.
//!
//! What belongs here: the versioned shapes that `crs` itself publishes, both
//! ways. What does not: sockets, and who publishes when. Every map carries
//! `v`; within one version fields may be added and readers ignore what they
//! don't know, a change of meaning raises `v` and older readers refuse it.

mod trader;

pub use trader::{TRADER_DECISION, TRADER_STATUS, TraderDecision, TraderStatusTold};

use crate::domain::{AuditHead, Evidence, FileId, Text, UtcMicros};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// Version of every shape in this file.
pub const VERSION: u16 = 1;
/// Topic of [`LatchEvidence`].
pub const LATCH_EVIDENCE: &str = "latch.evidence";
/// Topic of [`GatewayStatus`].
pub const GATEWAY_STATUS: &str = "gateway.status";
/// Topic of [`AuditHeadTold`].
pub const AUDIT_HEAD: &str = "audit.head";
/// Nesting that a body may have; ours have one level.
const MAX_DEPTH: usize = 16;

/// What one consumer of the latch knows about it: the proof that it looks at
/// the same file as everybody else, and that it obeys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LatchEvidence {
    /// [`VERSION`].
    pub v: u16,
    /// Who watches: `gateway`, `engine`, `sentinel`.
    pub consumer: Text,
    /// Host it runs on.
    pub host: Text,
    /// Path it watches; empty when it watches none.
    pub latch_path: Text,
    /// Whether anything is at that path; none when it can't tell, and then
    /// it denies orders.
    pub engaged: Option<bool>,
    /// Why it can't tell, empty otherwise.
    #[serde(default)]
    pub fault: Text,
    /// Device of the file, while there is one.
    pub dev: Option<u64>,
    /// Inode of the file, while there is one.
    pub ino: Option<u64>,
    /// Device of the latch's directory: tells a private `/tmp` from the
    /// shared one while no file exists.
    #[serde(default)]
    pub dir_dev: Option<u64>,
    /// Inode of the latch's directory.
    #[serde(default)]
    pub dir_ino: Option<u64>,
    /// When it last denied an order because of the latch.
    pub last_blocked: Option<UtcMicros>,
    /// When this was said, microseconds UTC.
    pub time_us: UtcMicros,
}

/// The paper gateway about itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GatewayStatus {
    /// [`VERSION`].
    pub v: u16,
    /// Name it was given.
    #[serde(default)]
    pub gateway: Text,
    /// As in `GET_ACCOUNT_INFO`.
    #[serde(default)]
    pub server_name: Text,
    /// It read a KILL_SWITCH and was not reset since.
    pub killed: bool,
    /// `req_id` of the KILL_SWITCH that engaged it, empty when not killed.
    pub kill_id: Text,
    /// `OPEN_ORDER` requests accepted since it started.
    pub orders_accepted: u64,
    /// `OPEN_ORDER` requests refused since it started.
    pub orders_refused: u64,
    /// Open positions.
    pub positions: u64,
    /// Pending orders.
    pub pending: u64,
    /// Ticks published since it started.
    pub ticks_published: u64,
    /// Why its memory can't be written to disk, empty when it can.
    #[serde(default)]
    pub fault: Text,
    /// When this was said, microseconds UTC.
    pub time_us: UtcMicros,
}

/// The last line of one audit chain, for whoever keeps it: see
/// [`crate::domain::AuditHead`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AuditHeadTold {
    /// [`VERSION`].
    pub v: u16,
    /// Which log of that host.
    pub log: Text,
    /// File name of the chain.
    pub chain: Text,
    /// Number of the line, counted from 0.
    pub n: u64,
    /// SHA-256 of the line, hexadecimal.
    pub sha: Text,
    /// Host that wrote it.
    pub host: Text,
    /// Part of `crs` that wrote it.
    pub role: Text,
    /// When it was written, microseconds UTC.
    pub time_us: UtcMicros,
}

/// Everything that travels on the telemetry port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Telemetry {
    /// `latch.evidence`
    LatchEvidence(LatchEvidence),
    /// `gateway.status`
    GatewayStatus(GatewayStatus),
    /// `audit.head`
    AuditHead(AuditHeadTold),
    /// `trader.decision`
    Decision(Box<TraderDecision>),
    /// `trader.status`
    Trader(Box<TraderStatusTold>),
}

/// Why a message is no telemetry of ours.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TelemetryFault {
    /// A topic that nobody here reads.
    #[error("telemetry topic \"{0}\" is unknown")]
    Topic(Text),
    /// A newer peer.
    #[error("telemetry \"{topic}\" has version {v}, this program reads version {VERSION}")]
    Version {
        /// The topic.
        topic: &'static str,
        /// The version it came in.
        v: u16,
    },
    /// Not a MessagePack map of the promised fields.
    #[error("telemetry \"{topic}\" can't be read: {cause}")]
    Body {
        /// The topic.
        topic: &'static str,
        /// The parser's words.
        cause: Text,
    },
}

impl TelemetryFault {
    /// The cause in a word or two, from a closed list: what a counter is
    /// called must not be a stranger's to choose.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Topic(_) => "unknown topic",
            Self::Version { .. } => "other version",
            Self::Body { .. } => "bad body",
        }
    }
}

impl From<LatchEvidence> for Evidence {
    fn from(e: LatchEvidence) -> Self {
        let id = |dev: Option<u64>, ino: Option<u64>| Some(FileId { dev: dev?, ino: ino? });
        Self {
            consumer: e.consumer,
            host: e.host,
            path: e.latch_path,
            engaged: e.engaged,
            fault: e.fault,
            file: id(e.dev, e.ino),
            dir: id(e.dir_dev, e.dir_ino),
            last_blocked: e.last_blocked,
            said: e.time_us,
        }
    }
}

impl From<AuditHead> for AuditHeadTold {
    fn from(head: AuditHead) -> Self {
        let AuditHead { log, chain, n, sha, host, role, at } = head;
        Self { v: VERSION, log, chain, n, sha, host, role, time_us: at }
    }
}

impl From<AuditHeadTold> for AuditHead {
    fn from(told: AuditHeadTold) -> Self {
        let AuditHeadTold { v: _, log, chain, n, sha, host, role, time_us } = told;
        Self { log, chain, n, sha, host, role, at: time_us }
    }
}

impl Telemetry {
    /// The first frame.
    #[must_use]
    pub const fn topic(&self) -> &'static str {
        match self {
            Self::LatchEvidence(_) => LATCH_EVIDENCE,
            Self::GatewayStatus(_) => GATEWAY_STATUS,
            Self::AuditHead(_) => AUDIT_HEAD,
            Self::Decision(_) => TRADER_DECISION,
            Self::Trader(_) => TRADER_STATUS,
        }
    }

    /// The second frame.
    ///
    /// # Errors
    /// [`TelemetryFault::Body`] when the encoder gives up.
    pub fn encode(&self) -> Result<Vec<u8>, TelemetryFault> {
        match self {
            Self::LatchEvidence(shape) => rmp_serde::to_vec_named(shape),
            Self::GatewayStatus(shape) => rmp_serde::to_vec_named(shape),
            Self::AuditHead(shape) => rmp_serde::to_vec_named(shape),
            Self::Decision(shape) => rmp_serde::to_vec_named(shape),
            Self::Trader(shape) => rmp_serde::to_vec_named(shape),
        }
        .map_err(|e| body_fault(self.topic(), &e))
    }

    /// Reads both frames.
    ///
    /// # Errors
    /// [`TelemetryFault`] for another topic, another version or a broken body.
    pub fn decode(topic: &[u8], body: &[u8]) -> Result<Self, TelemetryFault> {
        match topic {
            b"latch.evidence" => read(LATCH_EVIDENCE, body).map(Self::LatchEvidence),
            b"gateway.status" => read(GATEWAY_STATUS, body).map(Self::GatewayStatus),
            b"audit.head" => read(AUDIT_HEAD, body).map(Self::AuditHead),
            b"trader.decision" => read(TRADER_DECISION, body).map(Self::Decision),
            b"trader.status" => read(TRADER_STATUS, body).map(Self::Trader),
            other => Err(TelemetryFault::Topic(Text::from_bytes(
                other.get(..other.len().min(60)).unwrap_or_default(),
            ))),
        }
    }
}

fn read<T: DeserializeOwned>(topic: &'static str, body: &[u8]) -> Result<T, TelemetryFault> {
    #[derive(Deserialize)]
    struct Versioned {
        v: u16,
    }
    // The version first: a newer shape may not even have today's fields.
    let Versioned { v } = parse(body).map_err(|e| body_fault(topic, &e))?;
    if v != VERSION {
        return Err(TelemetryFault::Version { topic, v });
    }
    parse(body).map_err(|e| body_fault(topic, &e))
}

fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    let mut reader = rmp_serde::Deserializer::from_read_ref(body);
    reader.set_max_depth(MAX_DEPTH);
    T::deserialize(&mut reader)
}

fn body_fault(topic: &'static str, e: &dyn std::fmt::Display) -> TelemetryFault {
    TelemetryFault::Body { topic, cause: Text::limited(&e.to_string(), 160) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Decision, DecisionStep, TraderStatus};
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn evidence() -> LatchEvidence {
        LatchEvidence {
            v: VERSION,
            consumer: Text::new("gateway"),
            host: Text::new("inf"),
            latch_path: Text::new("/run/latch.lock"),
            engaged: Some(true),
            dev: Some(2),
            ino: Some(3),
            time_us: UtcMicros(1_768_399_018_271_512),
            ..LatchEvidence::default()
        }
    }

    #[test]
    fn what_is_published_is_read() {
        let status = GatewayStatus {
            v: VERSION,
            killed: true,
            kill_id: Text::new("kill-1"),
            orders_accepted: 7,
            ..GatewayStatus::default()
        };
        let ratio = |raw| crate::domain::Ratio::from_raw(raw);
        let shares =
            crate::domain::Probabilities { sell: ratio(1), hold: ratio(2), buy: ratio(9_997) };
        let decision = Decision {
            at: Some(UtcMicros(5)),
            number: Some(4),
            probabilities: Some(shares),
            steps: vec![DecisionStep { name: Text::new("model"), us: 12 }],
            ..Decision::default()
        };
        assert_eq!(Decision::from(TraderDecision::from(&decision)), decision);
        let head = AuditHead { n: 7, at: UtcMicros(9), ..AuditHead::default() };
        let head = AuditHeadTold::from(head.in_words());
        assert_eq!(AuditHeadTold::from(AuditHead::from(head.clone())), head);
        for sent in [
            Telemetry::LatchEvidence(evidence()),
            Telemetry::GatewayStatus(status),
            Telemetry::AuditHead(head),
            Telemetry::Decision(Box::new(TraderDecision::from(&decision))),
            Telemetry::Trader(Box::new(
                TraderStatus { orders: 3, ..TraderStatus::default() }.into(),
            )),
        ] {
            let body = sent.encode().unwrap();
            assert_eq!(Telemetry::decode(sent.topic().as_bytes(), &body), Ok(sent));
        }
    }

    #[test]
    fn fields_have_names_on_the_wire() {
        let body = Telemetry::LatchEvidence(evidence()).encode().unwrap();
        let map: BTreeMap<String, serde_json::Value> = rmp_serde::from_slice(&body).unwrap();
        assert_eq!(map.get("consumer"), Some(&serde_json::json!("gateway")));
        assert_eq!(map.get("engaged"), Some(&serde_json::json!(true)));
        assert_eq!(map.get("time_us"), Some(&serde_json::json!(1_768_399_018_271_512_i64)));
    }

    #[test]
    fn a_later_field_is_ignored_and_a_later_version_refused() {
        let body = Telemetry::LatchEvidence(evidence()).encode().unwrap();
        let mut map: BTreeMap<String, serde_json::Value> = rmp_serde::from_slice(&body).unwrap();
        map.insert(String::from("colour"), serde_json::json!(["red"]));
        let newer = rmp_serde::to_vec_named(&map).unwrap();
        let read = Telemetry::decode(LATCH_EVIDENCE.as_bytes(), &newer);
        assert_eq!(read, Ok(Telemetry::LatchEvidence(evidence())));
        map.insert(String::from("v"), serde_json::json!(2));
        let newest = rmp_serde::to_vec_named(&map).unwrap();
        assert_eq!(
            Telemetry::decode(LATCH_EVIDENCE.as_bytes(), &newest),
            Err(TelemetryFault::Version { topic: LATCH_EVIDENCE, v: 2 })
        );
    }

    #[test]
    fn strangers_are_refused_by_cause() {
        let body = Telemetry::LatchEvidence(evidence()).encode().unwrap();
        assert!(matches!(
            Telemetry::decode(b"prices\x1b[2J", &body),
            Err(TelemetryFault::Topic(t)) if t.as_str() == "prices·[2J"
        ));
        let other = Telemetry::decode(GATEWAY_STATUS.as_bytes(), &body);
        assert!(matches!(other, Err(TelemetryFault::Body { .. })));
    }

    proptest! {
        #[test]
        fn garbage_is_an_error_and_nothing_worse(body in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Telemetry::decode(LATCH_EVIDENCE.as_bytes(), &body);
            let nested = vec![0x91_u8; body.len() * 500];
            prop_assert!(Telemetry::decode(GATEWAY_STATUS.as_bytes(), &nested).is_err());
        }
    }
}
