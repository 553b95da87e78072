//! What was asked and not answered yet.

use crate::control::{MissionAsk, Unconfirmed};
use crate::domain::Text;
use crate::event::MissionAnswer;
use crate::mission::api::message::{Inward, LaunchOptions, ProcessAction};
use crate::mission::order::{Answer, Refusal};
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// The `req_id` of a ping.
pub(super) const PING: &str = "ping";
/// An answer that takes longer is told as missing.
const PATIENCE: Duration = Duration::from_secs(10);
/// Entries of the audit that are asked for.
const AUDIT: u16 = 100;

/// Questions on their way, by `req_id`.
#[derive(Debug, Default)]
pub(super) struct Asks {
    count: u64,
    open: BTreeMap<String, (MissionAsk, Instant)>,
}

impl Asks {
    /// Takes one down: its `req_id`, and what is sent.
    pub fn begin(&mut self, ask: MissionAsk, now: Instant) -> (String, Inward) {
        self.count += 1;
        let id = format!("console-{}", self.count);
        let inward = inward(&ask);
        self.open.insert(id.clone(), (ask, now));
        (id, inward)
    }

    /// The order behind an answer that wants words typed; no other answer has
    /// one.
    pub fn unconfirmed(&self, id: &str, answer: &Answer) -> Option<Unconfirmed> {
        let (ask, _) = self.open.get(id)?;
        match answer {
            Answer::Refused { kind: Refusal::Confirmation, why } => {
                Some(Unconfirmed { ask: ask.clone(), why: why.clone() })
            }
            _ => None,
        }
    }

    /// What its answer says; none where nobody asked.
    pub fn end(&mut self, id: &str, answer: Answer, lines: Vec<Text>) -> Option<MissionAnswer> {
        let (ask, _) = self.open.remove(id)?;
        let told = match answer {
            Answer::Refused { why, .. } => return Some(refusal(&ask, why.as_str())),
            Answer::Accepted if ask.is_question() && lines.is_empty() => {
                vec![Text::new("nothing to tell")]
            }
            Answer::Accepted | Answer::Launched(_) | Answer::Process(_) => lines,
        };
        Some(MissionAnswer { ask: Text::new(&ask.to_string()), ok: true, lines: told })
    }

    /// Those that nobody will answer any more.
    pub fn lost(&mut self) -> Vec<MissionAnswer> {
        let open = std::mem::take(&mut self.open);
        open.into_values().map(|(ask, _)| unanswered(&ask, "the link was lost")).collect()
    }

    /// Those that took too long.
    pub fn overdue(&mut self, now: Instant) -> Vec<MissionAnswer> {
        let late = |at: &Instant| now.saturating_duration_since(*at) >= PATIENCE;
        let mut told = Vec::new();
        self.open.retain(|_, (ask, at)| {
            if late(at) {
                told.push(unanswered(ask, "no answer within 10 s"));
            }
            !late(at)
        });
        told
    }
}

/// It was not done, and why.
pub(super) fn refusal(ask: &MissionAsk, why: &str) -> MissionAnswer {
    let ask = Text::new(&ask.to_string());
    MissionAnswer { ask, ok: false, lines: vec![Text::new(why)] }
}

fn unanswered(ask: &MissionAsk, why: &str) -> MissionAnswer {
    let fate = if ask.is_question() { "ask again" } else { "it may have happened or not" };
    refusal(ask, &format!("{why}: {fate}"))
}

fn inward(ask: &MissionAsk) -> Inward {
    let process = |name: &Text, action| Inward::ProcessAction {
        process: name.to_string(),
        action,
        dependants: false,
    };
    match ask {
        MissionAsk::Start(name) => process(name, ProcessAction::Start),
        MissionAsk::Stop(name) => process(name, ProcessAction::Stop),
        MissionAsk::Restart(name) => process(name, ProcessAction::Restart),
        MissionAsk::Why(name) => Inward::Why { process: name.to_string() },
        MissionAsk::Plan(mode) => Inward::Plan { mode: mode.to_string() },
        MissionAsk::Launch { mode, confirm } => Inward::Launch {
            mode: mode.to_string(),
            options: LaunchOptions { confirm: confirm.clone() },
        },
        MissionAsk::Ack(alert) => Inward::Ack { alert: *alert },
        MissionAsk::Act { alert, action, confirm } => {
            Inward::Act { alert: *alert, action: action.to_string(), confirm: confirm.clone() }
        }
        MissionAsk::Audit => Inward::Audit { last: AUDIT },
    }
}
