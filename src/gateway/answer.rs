//! Protocol v1.0 answers, written.
//!
//! What belongs here: the documented keys under their documented names and
//! what is added to them. Numbers are written as decimal text, never through
//! a float. What does not: reading answers, which is the client's business.

use super::currency::Currency;
use super::engine::{AccountView, Closed, KillOutcome, Opened, PositionView};
use super::rules::Rejection;
use crate::domain::{Lots, Money, Price, Text, UtcMicros};
use serde::Serialize;
use serde_json::value::RawValue;

/// What the documented gateway calls itself.
const SERVICE: &str = "MT5 Gateway";
/// `req_id` of an answer to a request whose own can't be read.
pub const UNKNOWN_REQ: &str = "unknown";

/// A JSON number as decimal text.
type Number = Box<RawValue>;

fn number(text: String) -> Number {
    RawValue::from_string(text).unwrap_or_default()
}

fn seconds(at: UtcMicros) -> Number {
    number(format!("{:.6}", at.as_wire_seconds()))
}

fn money(amount: Money) -> Number {
    number(amount.text(2))
}

fn lots(volume: Lots) -> Number {
    number(volume.text(2))
}

/// MT5 writes "no stop loss" as 0.0.
fn exit(price: Option<Price>, digits: u32) -> Number {
    number(price.map_or_else(|| String::from("0.0"), |p| p.text(digits)))
}

/// One answer.
#[derive(Debug)]
pub struct Answer {
    /// As it came.
    pub req_id: String,
    /// When it was answered, UTC.
    pub at: UtcMicros,
    /// SUCCESS with data, or ERROR with words.
    pub outcome: Result<Data, String>,
}

/// `data` of each action.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Data {
    /// HEARTBEAT
    Alive(Alive),
    /// `GET_ACCOUNT_INFO`
    Account(Box<AccountData>),
    /// `GET_POSITIONS`
    Positions(Vec<PositionData>),
    /// `OPEN_ORDER`, `CLOSE_POSITION`
    Order(OrderData),
    /// The same, refused: an error nested in SUCCESS.
    Refused(RefusedData),
    /// KILL_SWITCH
    Kill(KillData),
}

/// HEARTBEAT: documented `status`, `service`; added `server_name`, `killed`.
#[derive(Debug, Serialize)]
pub struct Alive {
    status: &'static str,
    service: &'static str,
    server_name: &'static str,
    killed: bool,
}

/// `GET_ACCOUNT_INFO`: the documented keys; added `leverage`, `killed`.
#[derive(Debug, Serialize)]
pub struct AccountData {
    balance: Number,
    equity: Number,
    free_margin: Number,
    used_margin: Number,
    margin_level: Number,
    currency: String,
    trade_mode: u8,
    server_name: &'static str,
    leverage: u32,
    killed: bool,
}

/// A row of `GET_POSITIONS`; added `sl`, `tp`, `open_time`.
#[derive(Debug, Serialize)]
pub struct PositionData {
    ticket: u64,
    symbol: String,
    #[serde(rename = "type")]
    side: &'static str,
    volume: Number,
    open_price: Number,
    current_price: Number,
    profit: Number,
    sl: Number,
    tp: Number,
    open_time: Number,
}

/// An order or a close that was done; added `state`, `profit`, `durable`.
#[derive(Debug, Serialize)]
pub struct OrderData {
    status: &'static str,
    ticket: u64,
    volume: Number,
    price: Number,
    /// `FILLED`, `PENDING` or `CLOSED`.
    state: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    profit: Option<Number>,
    durable: bool,
}

/// An order or a close that was refused.
#[derive(Debug, Serialize)]
pub struct RefusedData {
    status: &'static str,
    error: String,
}

/// KILL_SWITCH: documented `positions_closed`, `total_positions`,
/// `timestamp`; the rest is added.
#[derive(Debug, Serialize)]
pub struct KillData {
    positions_closed: usize,
    total_positions: usize,
    timestamp: Number,
    pending_cancelled: usize,
    killed: bool,
    kill_id: Text,
    /// When this `req_id` was read for the first time, seconds UTC.
    req_first_time: Number,
    /// The same on the monotonic clock of the gateway's host.
    read_mono_ns: u64,
    /// Whether disk holds it: synced before this answer was sent.
    durable: bool,
}

impl Data {
    /// HEARTBEAT.
    #[must_use]
    pub const fn alive(server_name: &'static str, killed: bool) -> Self {
        Self::Alive(Alive { status: "alive", service: SERVICE, server_name, killed })
    }

    /// `GET_ACCOUNT_INFO`.
    #[must_use]
    pub fn account(
        view: &AccountView,
        currency: Currency,
        leverage: u32,
        server_name: &'static str,
        killed: bool,
    ) -> Self {
        Self::Account(Box::new(AccountData {
            balance: money(view.balance),
            equity: money(view.equity),
            free_margin: money(view.free_margin),
            used_margin: money(view.used_margin),
            margin_level: number(view.margin_level.text(2)),
            currency: currency.to_string(),
            // Demo: no money is behind it.
            trade_mode: 0,
            server_name,
            leverage,
            killed,
        }))
    }

    /// `GET_POSITIONS`.
    #[must_use]
    pub fn positions(views: &[PositionView]) -> Self {
        let row = |view: &PositionView| PositionData {
            ticket: view.held.ticket.0,
            symbol: view.held.symbol.to_string(),
            side: view.held.side.word(),
            volume: lots(view.held.lots),
            open_price: number(view.held.open.text(view.digits)),
            current_price: number(view.current.text(view.digits)),
            profit: money(view.profit),
            sl: exit(view.held.sl, view.digits),
            tp: exit(view.held.tp, view.digits),
            open_time: seconds(view.held.open_time),
        };
        Self::Positions(views.iter().map(row).collect())
    }

    /// An order that was taken.
    #[must_use]
    pub fn opened(opened: &Opened) -> Self {
        Self::Order(OrderData {
            status: "SUCCESS",
            ticket: opened.ticket.0,
            volume: lots(opened.lots),
            price: number(opened.price.text(opened.digits)),
            state: if opened.pending { "PENDING" } else { "FILLED" },
            profit: None,
            durable: true,
        })
    }

    /// A position that was closed.
    #[must_use]
    pub fn closed(closed: &Closed) -> Self {
        Self::Order(OrderData {
            status: "SUCCESS",
            ticket: closed.held.ticket.0,
            volume: lots(closed.held.lots),
            price: number(closed.price.text(closed.digits)),
            state: "CLOSED",
            profit: Some(money(closed.profit)),
            durable: true,
        })
    }

    /// An order or a close that was refused.
    #[must_use]
    pub fn refused(why: &Rejection) -> Self {
        Self::Refused(RefusedData { status: "ERROR", error: why.to_string() })
    }

    /// What a kill did.
    #[must_use]
    pub fn killed(outcome: &KillOutcome, kill_id: Text, read: UtcMicros, mono_ns: u64) -> Self {
        Self::Kill(KillData {
            positions_closed: outcome.closed.len(),
            total_positions: outcome.total,
            timestamp: seconds(read),
            pending_cancelled: outcome.cancelled,
            killed: true,
            kill_id,
            req_first_time: seconds(read),
            read_mono_ns: mono_ns,
            durable: true,
        })
    }
}

impl Answer {
    /// Takes back the promise that disk holds it.
    pub const fn not_durable(&mut self) {
        match &mut self.outcome {
            Ok(Data::Order(data)) => data.durable = false,
            Ok(Data::Kill(data)) => data.durable = false,
            _ => {}
        }
    }

    /// The JSON text.
    #[must_use]
    pub fn encode(&self) -> String {
        #[derive(Serialize)]
        struct Envelope<'a> {
            req_id: &'a str,
            status: &'static str,
            timestamp: Number,
            data: Option<&'a Data>,
            error: Option<&'a str>,
        }
        let (data, error) = match &self.outcome {
            Ok(data) => (Some(data), None),
            Err(words) => (None, Some(words.as_str())),
        };
        let status = if error.is_none() { "SUCCESS" } else { "ERROR" };
        let timestamp = seconds(self.at);
        serde_json::to_string(&Envelope { req_id: &self.req_id, status, timestamp, data, error })
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(outcome: Result<Data, String>) -> String {
        let at = UtcMicros(1_767_115_660_775_975);
        Answer { req_id: String::from("a\"1"), at, outcome }.encode()
    }

    #[test]
    fn golden_envelopes() {
        assert_eq!(
            text(Ok(Data::alive("crs-paper", false))),
            r#"{"req_id":"a\"1","status":"SUCCESS","timestamp":1767115660.775975,"data":{"status":"alive","service":"MT5 Gateway","server_name":"crs-paper","killed":false},"error":null}"#
        );
        assert_eq!(
            text(Err(String::from("Unknown action: X"))),
            r#"{"req_id":"a\"1","status":"ERROR","timestamp":1767115660.775975,"data":null,"error":"Unknown action: X"}"#
        );
        assert_eq!(
            text(Ok(Data::positions(&[]))),
            r#"{"req_id":"a\"1","status":"SUCCESS","timestamp":1767115660.775975,"data":[],"error":null}"#
        );
    }

    #[test]
    fn money_is_written_as_decimal_text() {
        let view = AccountView {
            balance: Money::parse("10000").unwrap(),
            equity: Money::parse("9999.99").unwrap(),
            used_margin: Money::parse("110.5").unwrap(),
            free_margin: Money::parse("-0.01").unwrap(),
            margin_level: crate::domain::Ratio::parse("9049.7647").unwrap(),
        };
        let text = text(Ok(Data::account(&view, Currency::USD, 100, "crs-paper", false)));
        assert!(text.contains(
            r#""data":{"balance":10000.00,"equity":9999.99,"free_margin":-0.01,"used_margin":110.50,"margin_level":9049.76,"currency":"USD","trade_mode":0,"server_name":"crs-paper","leverage":100,"killed":false}"#
        ), "{text}");
    }

    #[test]
    fn a_kill_that_disk_does_not_hold_says_so() {
        let outcome = KillOutcome::default();
        let data = Data::killed(&outcome, Text::new("k"), UtcMicros(1_000_000), 7);
        let mut answer = Answer { req_id: String::from("k"), at: UtcMicros(0), outcome: Ok(data) };
        assert!(answer.encode().contains(
            r#""data":{"positions_closed":0,"total_positions":0,"timestamp":1.000000,"pending_cancelled":0,"killed":true,"kill_id":"k","req_first_time":1.000000,"read_mono_ns":7,"durable":true}"#
        ));
        answer.not_durable();
        assert!(answer.encode().contains(r#""durable":false"#));
    }
}
