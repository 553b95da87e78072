//! Protocol v1.0 requests, both sides.

use crate::domain::{OrderKind, OrderTicket, Price, ReqId, Ticket, UtcMicros};
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Value, json};
use std::borrow::Cow;
use thiserror::Error;

/// What can be asked of a gateway.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Are you there, and are you v1.0?
    Heartbeat,
    /// The account.
    AccountInfo,
    /// The open positions.
    Positions,
    /// Open a position or place an order.
    OpenOrder(OrderTicket),
    /// Close one position.
    ClosePosition(Ticket),
    /// Cancel, close, block.
    KillSwitch,
}

impl Action {
    /// The wire's `action`.
    #[must_use]
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Heartbeat => "HEARTBEAT",
            Self::AccountInfo => "GET_ACCOUNT_INFO",
            Self::Positions => "GET_POSITIONS",
            Self::OpenOrder(_) => "OPEN_ORDER",
            Self::ClosePosition(_) => "CLOSE_POSITION",
            Self::KillSwitch => "KILL_SWITCH",
        }
    }

    fn payload(&self) -> String {
        match self {
            // The operator's words never go on the wire: KILL_SWITCH is `{}`.
            Self::Heartbeat | Self::AccountInfo | Self::Positions | Self::KillSwitch => {
                String::from("{}")
            }
            Self::ClosePosition(ticket) => format!("{{\"ticket\":{ticket}}}"),
            Self::OpenOrder(order) => order_payload(order),
        }
    }
}

/// `type` says the direction: a `side` key would be ignored and become a BUY.
/// Numbers are written as decimal text, never through a float.
fn order_payload(order: &OrderTicket) -> String {
    let number = |p: Option<Price>| p.map_or_else(|| String::from("0.0"), |p| p.to_string());
    let price = if order.kind == OrderKind::Market { None } else { order.price };
    format!(
        "{{\"symbol\":{},\"volume\":{},\"type\":\"{}\",\"price\":{},\"sl\":{},\"tp\":{}}}",
        json!(order.symbol),
        order.lots,
        order.wire_type(),
        number(price),
        number(order.sl),
        number(order.tp),
    )
}

/// One request, ready to be written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// Its identity; the reply must carry it back.
    pub req_id: ReqId,
    /// When it was made, UTC.
    pub at: UtcMicros,
    /// What is asked.
    pub action: Action,
}

impl Request {
    /// The JSON text, all four fields, in the documents' order.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        format!(
            "{{\"action\":\"{}\",\"req_id\":{},\"timestamp\":{:.6},\"payload\":{}}}",
            self.action.word(),
            json!(self.req_id.as_str()),
            self.at.as_wire_seconds(),
            self.action.payload(),
        )
        .into_bytes()
    }
}

/// Why a gateway can't take a request; the text is what the peer is told.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestFault {
    /// Not JSON: the parser's words.
    #[error("{0}")]
    NotJson(String),
    /// One of the four fields is missing or of the wrong kind.
    #[error("Invalid request structure")]
    Structure,
}

/// A request as a gateway meets it: structure checked, action still a word.
#[derive(Debug)]
pub struct Incoming<'a> {
    /// Any word; the gateway knows which it serves.
    pub action: Cow<'a, str>,
    /// To be sent back as it came.
    pub req_id: Cow<'a, str>,
    /// The JSON object, for the action to read.
    pub payload: &'a RawValue,
}

impl<'a> Incoming<'a> {
    /// Reads a request.
    ///
    /// # Errors
    /// [`RequestFault`], whose text is the envelope's `error`.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, RequestFault> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(borrow)]
            action: Cow<'a, str>,
            #[serde(borrow)]
            req_id: Cow<'a, str>,
            timestamp: f64,
            #[serde(borrow)]
            payload: &'a RawValue,
        }
        if let Err(e) = serde_json::from_slice::<Value>(bytes) {
            return Err(RequestFault::NotJson(e.to_string()));
        }
        let shape: Shape<'a> =
            serde_json::from_slice(bytes).map_err(|_| RequestFault::Structure)?;
        if !shape.timestamp.is_finite() || !shape.payload.get().starts_with('{') {
            return Err(RequestFault::Structure);
        }
        Ok(Self { action: shape.action, req_id: shape.req_id, payload: shape.payload })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lots, Side, Symbol};

    fn request(action: Action) -> String {
        let req_id = ReqId::numbered("t", 1, 2, 3);
        let at = UtcMicros(1_767_115_660_775_975);
        String::from_utf8(Request { req_id, at, action }.encode()).unwrap()
    }

    #[test]
    fn golden_requests() {
        assert_eq!(
            request(Action::Heartbeat),
            r#"{"action":"HEARTBEAT","req_id":"t-1-00000002-3","timestamp":1767115660.775975,"payload":{}}"#
        );
        assert_eq!(
            request(Action::KillSwitch),
            r#"{"action":"KILL_SWITCH","req_id":"t-1-00000002-3","timestamp":1767115660.775975,"payload":{}}"#
        );
        assert!(request(Action::ClosePosition(Ticket(7))).ends_with(r#""payload":{"ticket":7}}"#));
        let order = OrderTicket {
            symbol: Symbol::new("EURUSD").unwrap(),
            side: Side::Sell,
            lots: Lots::parse("0.01").unwrap(),
            kind: OrderKind::Limit,
            price: Some(Price::parse("1.0900").unwrap()),
            sl: None,
            tp: Some(Price::parse("1.08").unwrap()),
        };
        assert!(request(Action::OpenOrder(order)).ends_with(
            r#""payload":{"symbol":"EURUSD","volume":0.01,"type":"SELL_LIMIT","price":1.09,"sl":0.0,"tp":1.08}}"#
        ));
    }

    #[test]
    fn what_we_write_we_read() {
        let text = request(Action::ClosePosition(Ticket(7)));
        let back = Incoming::decode(text.as_bytes()).unwrap();
        assert_eq!((&*back.action, &*back.req_id), ("CLOSE_POSITION", "t-1-00000002-3"));
        assert_eq!(back.payload.get(), r#"{"ticket":7}"#);
    }

    #[test]
    fn any_missing_field_is_an_invalid_structure() {
        for text in [
            "{}",
            "[]",
            r#"{"action":"HEARTBEAT","timestamp":1.0,"payload":{}}"#,
            r#"{"action":"HEARTBEAT","req_id":"a","payload":{}}"#,
            r#"{"action":"HEARTBEAT","req_id":"a","timestamp":1.0}"#,
            r#"{"req_id":"a","timestamp":1.0,"payload":{}}"#,
            r#"{"action":"HEARTBEAT","req_id":"a","timestamp":"1","payload":{}}"#,
            r#"{"action":"HEARTBEAT","req_id":"a","timestamp":1.0,"payload":[]}"#,
        ] {
            let fault = Incoming::decode(text.as_bytes()).unwrap_err();
            assert_eq!(fault.to_string(), "Invalid request structure", "{text}");
        }
        assert!(matches!(Incoming::decode(b"OK_ACK"), Err(RequestFault::NotJson(_))));
    }
}
