//! Answers, requests, telemetry and the agent's lines.

use super::clean::{clean, clean_all, same_again};
use crs::audit::syslog;
use crs::control::kill::protocol::{FromAgent, ToAgent, line, messages};
use crs::domain::{AuditHead, Decision, Price, ReqId, UtcMicros};
use crs::gateway::payload;
use crs::wire::request::Incoming;
use crs::wire::telemetry::{
    AUDIT_HEAD, GATEWAY_STATUS, LATCH_EVIDENCE, TRADER_DECISION, TRADER_STATUS, TraderDecision,
    VERSION,
};
use crs::wire::{Action, Refusal, Reply, Request, Telemetry};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use std::fmt::Debug;

/// One answer, read as the answer to every action.
pub fn reply(data: &[u8]) -> bool {
    let reply = match Reply::decode(data) {
        Ok(reply) => reply,
        Err(refusal) => {
            clean(&refusal.to_string());
            return false;
        }
    };
    clean(reply.req_id.as_str());
    let own = req_id(reply.req_id.as_str());
    let other = ReqId::numbered("nobody", 1, 2, 3);
    assert!(own == other || others(&reply, &other), "taken for another request");
    let heartbeat = judged(data, reply.heartbeat(&own));
    let kill = judged(data, reply.kill(&own));
    let order = judged(data, reply.order(&own));
    let positions = judged(data, reply.positions(&own));
    let account = judged(data, reply.account(&own));
    let some = heartbeat.is_some()
        || kill.is_some()
        || order.is_some()
        || positions.is_some()
        || account.is_some();
    clean_all(&(heartbeat, &account, &positions), &[]);
    assert!(order.is_none_or(|fill| fill.ticket.0 > 0));
    for position in positions.iter().flatten() {
        same_again(position);
        let set = [position.sl, position.tp, position.current];
        assert!(set.into_iter().flatten().all(|p| p > Price::ZERO), "{position:?}");
    }
    if let Some(account) = account {
        same_again(&account);
    }
    some
}

fn req_id(text: &str) -> ReqId {
    serde_json::from_value(json!(text)).unwrap()
}

fn others(reply: &Reply<'_>, id: &ReqId) -> bool {
    let refused = |e: Option<Refusal>| matches!(e, Some(Refusal::OtherRequest(_)));
    refused(reply.heartbeat(id).err())
        && refused(reply.kill(id).err())
        && refused(reply.order(id).err())
        && refused(reply.positions(id).err())
        && refused(reply.account(id).err())
}

/// What is taken says SUCCESS and holds no error, as a library reads it too.
fn judged<T>(data: &[u8], read: Result<T, Refusal>) -> Option<T> {
    let taken = match read {
        Ok(taken) => taken,
        Err(refusal) => {
            clean(&refusal.to_string());
            return None;
        }
    };
    // It knows no number beyond a float's range.
    if let Ok(all) = serde_json::from_slice::<Value>(data) {
        let none = |v: &Value| matches!(v, Value::Null | Value::Bool(false)) || v == "";
        assert_eq!(all["status"], "SUCCESS");
        assert!(none(&all["error"]), "an error taken for success: {all}");
        assert!(none(&all["data"]["error"]), "a nested error taken for success: {all}");
        assert_ne!(all["data"]["status"], "ERROR", "taken for success: {all}");
    }
    Some(taken)
}

/// One request, as the paper gateway reads it.
pub fn request(data: &[u8]) -> bool {
    let incoming = match Incoming::decode(data) {
        Ok(incoming) => incoming,
        Err(fault) => {
            clean(&fault.to_string());
            return false;
        }
    };
    assert!(serde_json::from_str::<Value>(incoming.payload.get()).unwrap().is_object());
    let digest = payload::digest(incoming.payload);
    assert!(digest.len() == 32 && digest.bytes().all(|b| b.is_ascii_hexdigit()));
    let again = |action: Action| {
        let req_id = req_id(&incoming.req_id);
        Request { req_id, at: UtcMicros(1_767_115_660_775_975), action }.encode()
    };
    let alike = |text: &[u8], word: &str| {
        let back = Incoming::decode(text).unwrap();
        assert_eq!((&*back.action, &back.req_id), (word, &incoming.req_id));
    };
    match payload::order(incoming.payload) {
        Ok(order) => {
            let set = [order.price, order.sl, order.tp];
            assert!(set.into_iter().flatten().all(|p| p > Price::ZERO), "{order:?}");
            let text = again(Action::OpenOrder(order));
            alike(&text, "OPEN_ORDER");
            let back = Incoming::decode(&text).unwrap();
            assert_eq!(payload::order(back.payload).unwrap(), order);
        }
        Err(why) => clean(&why.to_string()),
    }
    match payload::ticket(incoming.payload) {
        Ok(None) => {}
        Ok(Some(ticket)) => {
            assert!(ticket.0 > 0);
            let text = again(Action::ClosePosition(ticket));
            alike(&text, "CLOSE_POSITION");
            let back = Incoming::decode(&text).unwrap();
            assert_eq!(payload::ticket(back.payload).unwrap(), Some(ticket));
        }
        Err(why) => clean(&why.to_string()),
    }
    true
}

/// The first byte chooses the topic, the rest is the body.
pub fn telemetry(data: &[u8]) -> bool {
    let Some((first, body)) = data.split_first() else { return false };
    let topic = match first % 4 {
        _ if *first == 16 => TRADER_DECISION.as_bytes(),
        _ if *first == 20 => TRADER_STATUS.as_bytes(),
        0 => LATCH_EVIDENCE.as_bytes(),
        1 => GATEWAY_STATUS.as_bytes(),
        2 => body,
        _ if first % 8 == 7 => AUDIT_HEAD.as_bytes(),
        _ => b"",
    };
    let told = match Telemetry::decode(topic, body) {
        Ok(told) => told,
        Err(fault) => {
            clean(&fault.to_string());
            return false;
        }
    };
    let again = told.encode().unwrap();
    assert_eq!(Telemetry::decode(told.topic().as_bytes(), &again), Ok(told.clone()));
    let v = match &told {
        Telemetry::LatchEvidence(shape) => {
            clean_all(shape, &[]);
            shape.v
        }
        Telemetry::GatewayStatus(shape) => {
            clean_all(shape, &[]);
            shape.v
        }
        Telemetry::AuditHead(shape) => {
            clean_all(shape, &[]);
            // The same head in a line of syslog's as in telemetry.
            let head = AuditHead::from(shape.clone()).in_words();
            let dated = UtcMicros::from_iso(&head.at.iso()) == Some(head.at);
            assert_eq!(syslog::parse(&syslog::line(&head)), dated.then_some(head));
            shape.v
        }
        Telemetry::Decision(shape) => {
            clean_all(shape, &[]);
            let decision = Decision::from((**shape).clone());
            assert_eq!(Decision::from(TraderDecision::from(&decision)), decision);
            shape.v
        }
        Telemetry::Trader(shape) => {
            clean_all(shape, &[]);
            shape.v
        }
    };
    assert_eq!(v, VERSION);
    true
}

/// Lines to the agent, and lines from it.
pub fn agent(data: &[u8]) -> bool {
    let there = lines::<ToAgent>(data);
    let back = lines::<FromAgent>(data);
    there || back
}

fn lines<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) -> bool {
    let heard: Vec<T> = messages(data).collect();
    for message in &heard {
        let again: Vec<T> = messages(&line(message)[..]).collect();
        assert_eq!(again.as_slice(), std::slice::from_ref(message));
        // A path stays as it is: it is opened, and cleaned where it is shown.
        clean_all(message, &["latch"]);
    }
    !heard.is_empty()
}
