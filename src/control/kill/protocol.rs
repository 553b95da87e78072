//! What a client and the agent say to each other: JSON lines over a Unix
//! socket in the latch's private directory.

use crate::audit::ForeignAt;
use crate::domain::{EngageId, KillIntent, KillProgress, LatchSeen, Stamp, Text};
use serde::{Deserialize, Serialize};
use std::io::{BufRead, BufReader, Read};

/// Longest line taken; an intent is about 1 KiB.
const MAX_LINE: u64 = 1_048_576;

/// To the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum ToAgent {
    /// Carry this out.
    Engage {
        /// The decision, in full.
        intent: Box<KillIntent>,
        /// An earlier agent may have had it, and it may be over.
        #[serde(default)]
        again: bool,
    },
    /// The way back.
    Reset(ResetRequest),
    /// End the attempts; the latch stays.
    StandDown {
        /// For the record.
        reason: Text,
    },
    /// One more HEARTBEAT to a refused peer.
    ProbeAgain,
}

/// What an operator asks of a reset.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ResetRequest {
    /// The decision as status shows it; none for a foreign file.
    pub engage_id: Option<EngageId>,
    /// Every decision in force that the operator was shown: another one is
    /// news, and ends the reset.
    pub known: Vec<EngageId>,
    /// Every foreign latch that the operator was shown: another one, or one
    /// that was touched since, is news as well.
    #[serde(default)]
    pub known_foreign: Vec<ForeignAt>,
    /// In the operator's words.
    pub reason: Text,
    /// Insist although flat is not proven.
    pub overrides: bool,
    /// Who asks.
    pub operator: Text,
    /// After this moment nobody waits for it any more, in nanoseconds since
    /// boot: then it is not done.
    #[serde(default)]
    pub until: Option<u64>,
}

/// From the agent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "say", rename_all = "snake_case")]
pub enum FromAgent {
    /// First line on every connection.
    Hello {
        /// Process id.
        pid: u32,
        /// Version of `crs`.
        version: Text,
    },
    /// The agent has the intent and acts on it.
    Accepted {
        /// As asked.
        engage_id: EngageId,
        /// The decision whose kill is running at its first target: this one, or
        /// an earlier one.
        under: EngageId,
        /// The same for each target, in the decision's order.
        #[serde(default)]
        each: Vec<EngageId>,
    },
    /// This decision was reset: there is nothing to carry out.
    Over {
        /// Which.
        engage_id: EngageId,
    },
    /// A kill moved.
    Progress(Box<KillProgress>),
    /// Look now.
    Alarm {
        /// What happened.
        text: Text,
    },
    /// The latch as the agent sees it.
    Latch(Box<LatchSeen>),
    /// The agent lives; every 250 ms.
    Beat {
        /// Its clock.
        at: Stamp,
    },
    /// A reset's outcome.
    Reset {
        /// Done, or why not and what to do.
        outcome: Result<Text, Text>,
    },
}

/// One line with its newline.
#[must_use]
pub fn line<T: Serialize>(message: &T) -> Vec<u8> {
    let mut text = serde_json::to_vec(message).unwrap_or_default();
    text.push(b'\n');
    text
}

/// Messages until the stream ends. A line that is none ends it too: the two
/// sides are of different versions, and guessing is worse than reconnecting.
pub fn messages<T: for<'de> Deserialize<'de>>(stream: impl Read) -> impl Iterator<Item = T> {
    let mut reader = BufReader::new(stream);
    std::iter::from_fn(move || {
        let mut text = Vec::new();
        let n = reader.by_ref().take(MAX_LINE).read_until(b'\n', &mut text).ok()?;
        if n == 0 || text.last() != Some(&b'\n') {
            return None;
        }
        serde_json::from_slice(&text).ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_come_back_and_garbage_ends_the_talk() {
        let reset = ToAgent::Reset(ResetRequest {
            engage_id: None,
            known: Vec::new(),
            known_foreign: Vec::new(),
            reason: Text::new("over"),
            overrides: false,
            operator: Text::new("op"),
            until: None,
        });
        let mut bytes = line(&ToAgent::ProbeAgain);
        bytes.extend(line(&reset));
        bytes.extend(b"{\"say\":\"dance\"}\n");
        bytes.extend(line(&ToAgent::ProbeAgain));
        let heard: Vec<ToAgent> = messages(&bytes[..]).collect();
        assert_eq!(heard, vec![ToAgent::ProbeAgain, reset]);
    }
}
