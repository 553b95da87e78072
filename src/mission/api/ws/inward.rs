//! What clients ask over a WebSocket: read, carried out one after the other,
//! each answered once.

use crate::domain::Text;
use crate::mission::api::message::{Asked, Inward, ProcessAction};
use crate::mission::api::server::Parts;
use crate::mission::order::{Answer, By, Order, Refusal};
use crate::mission::parts::Refused;
use serde::Deserialize;
use tokio::sync::mpsc;

/// Entries of the audit in one answer.
const ENTRIES: usize = 200;

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Said {
    /// Of which question.
    pub req_id: String,
    /// What became of it.
    pub data: Answer,
    /// What was asked for.
    pub lines: Vec<Text>,
}

impl Said {
    /// Without lines.
    pub fn new(req_id: &str, data: Answer) -> Self {
        Self { req_id: req_id.to_owned(), data, lines: Vec::new() }
    }

    /// A refusal.
    pub fn refused(req_id: &str, kind: Refusal, why: &str) -> Self {
        Self::new(req_id, Answer::Refused { kind, why: Text::new(why) })
    }

    fn lines(req_id: &str, came: Result<Vec<Text>, Refused>) -> Self {
        match came {
            Ok(lines) => Self { lines, ..Self::new(req_id, Answer::Accepted) },
            Err((kind, why)) => Self::new(req_id, Answer::Refused { kind, why }),
        }
    }
}

/// Reads a message.
///
/// # Errors
/// The answer to one that can't be read.
pub fn read(text: &str) -> Result<Asked, Box<Said>> {
    #[derive(Default, Deserialize)]
    struct Named {
        #[serde(default)]
        req_id: String,
    }
    serde_json::from_str(text).map_err(|e| {
        let Named { req_id } = serde_json::from_str(text).unwrap_or_default();
        let why = format!(
            "the message is none that is known ({e}); one has a type: launch, process_action, \
             subscribe, ack, act, plan, why, audit, ping"
        );
        Box::new(Said::refused(&req_id, Refusal::Invalid, &why))
    })
}

/// Carries out what one client asks, one after the other.
pub async fn hand(parts: Parts, by: By, mut asked: mpsc::Receiver<Asked>, say: mpsc::Sender<Said>) {
    while let Some(Asked { req_id, inward }) = asked.recv().await {
        let (parts, by, id) = (parts.clone(), by.clone(), req_id.clone());
        let done = tokio::task::spawn_blocking(move || carry_out(&parts, &by, &id, inward)).await;
        let said = done.unwrap_or_else(|_| {
            let why = "the daemon failed at this; its log has more";
            Said::refused(&req_id, Refusal::Failed, why)
        });
        // Whoever left gets no answer; what was ordered is done all the same.
        let _ = say.send(said).await;
    }
}

fn carry_out(parts: &Parts, by: &By, req_id: &str, inward: Inward) -> Said {
    let order = match inward {
        Inward::Launch { mode, options } => Order::Launch { mode, confirm: options.confirm },
        Inward::ProcessAction { process, action, dependants } => match action {
            ProcessAction::Start => Order::Start { process },
            ProcessAction::Stop => Order::Stop { process, dependants },
            ProcessAction::Restart => Order::Restart { process },
        },
        Inward::Ack { alert } => Order::Ack { alert },
        Inward::Act { alert, action, confirm } => Order::Act { alert, action, confirm },
        Inward::Plan { mode } => {
            let plan = parts.modes.plan(&mode);
            let lines = plan.map(|plan| {
                let refused = plan.refused.iter().map(|why| Text::new(&format!("NO  {why}")));
                let mut lines = plan.steps.clone();
                lines.extend(refused);
                lines
            });
            return Said::lines(req_id, lines);
        }
        Inward::Why { process } => return Said::lines(req_id, parts.reasons(&process)),
        Inward::Audit { last } => {
            let entries = parts.annals.last(usize::from(last).min(ENTRIES));
            let lines = entries
                .map(|all| all.iter().map(crate::mission::parts::AuditEntry::line).collect());
            return Said::lines(req_id, lines.map_err(|why| (Refusal::Failed, why)));
        }
        // A subscription is the connection's own affair.
        Inward::Ping | Inward::Subscribe { .. } => return Said::new(req_id, Answer::Accepted),
    };
    Said::new(req_id, parts.orders.order(&order, by))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_can_not_be_read_is_answered_by_its_name_where_it_has_one() {
        for (text, req_id) in [
            ("", ""),
            ("{", ""),
            ("[]", ""),
            ("null", ""),
            (r#"{"type":"dance","req_id":"a"}"#, "a"),
            (r#"{"type":"launch","req_id":"b"}"#, "b"),
            (r#"{"type":"launch","mode":5,"req_id":"c"}"#, "c"),
            (r#"{"type":"ack","alert":-1,"req_id":"d"}"#, "d"),
            (r#"{"type":"process_action","process":"x","action":"kill","req_id":"e"}"#, "e"),
            (r#"{"type":"ping","req_id":7}"#, ""),
        ] {
            let said = read(text).unwrap_err();
            assert_eq!(said.req_id, req_id, "{text}");
            let Answer::Refused { kind, why } = said.data else { panic!("{text}") };
            assert_eq!(kind, Refusal::Invalid);
            assert!(why.as_str().contains("process_action"), "{why}");
        }
        assert_eq!(read(r#"{"type":"ping"}"#).unwrap().inward, Inward::Ping);
    }
}
