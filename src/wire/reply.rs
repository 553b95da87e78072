//! Protocol v1.0 replies as a client reads them.
//!
//! An honest success is: envelope SUCCESS, the same `req_id`, nothing nested
//! that says error, for orders `ticket > 0`. Everything else is a
//! [`Refusal`], and what a peer claims stays a claim.

use super::number::Num;
use crate::domain::{Account, Lots, Position, Price, ReqId, Side, Text, Ticket, TradeMode};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use thiserror::Error;

/// The envelope's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReplyStatus {
    /// Done, says the envelope.
    Success,
    /// Failed.
    Error,
    /// Not done yet.
    Pending,
}

/// Why an answer is not an honest success.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Not a v1.0 envelope at all.
    #[error("the peer does not speak Protocol v1.0: {0}")]
    NotV1(Text),
    /// It answers some other request.
    #[error("the answer belongs to request \"{0}\"")]
    OtherRequest(Text),
    /// Envelope ERROR, or an error nested in SUCCESS.
    #[error("the gateway says: {0}")]
    Error(Text),
    /// Envelope PENDING.
    #[error("the gateway has not finished (PENDING)")]
    Pending,
    /// SUCCESS, but `data` is not what this action answers.
    #[error("the answer's data can't be used: {0}")]
    Data(Text),
}

/// A reply's envelope; `data` is read by the method for its action.
#[derive(Debug)]
pub struct Reply<'a> {
    /// As sent back.
    pub req_id: Text,
    /// The envelope's word.
    pub status: ReplyStatus,
    error: Option<Text>,
    data: Option<&'a RawValue>,
}

/// `KILL_SWITCH`'s answer: a claim, not an effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KillClaim {
    /// `positions_closed`
    pub closed: u32,
    /// `total_positions`
    pub total: u32,
}

/// An order's or a close's honest success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFill {
    /// Above zero.
    pub ticket: Ticket,
    /// Lots filled, where said.
    pub volume: Option<Lots>,
    /// Fill price, where said.
    pub price: Option<Price>,
}

impl<'a> Reply<'a> {
    /// Reads the envelope.
    ///
    /// # Errors
    /// [`Refusal::NotV1`] for anything that is no v1.0 envelope.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Refusal> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(borrow)]
            req_id: Cow<'a, str>,
            #[serde(borrow)]
            status: Cow<'a, str>,
            #[serde(borrow, default)]
            data: Option<&'a RawValue>,
            #[serde(borrow, default)]
            error: Option<&'a RawValue>,
        }
        let shape: Shape<'a> = serde_json::from_slice(bytes).map_err(|e| not_v1(bytes, &e))?;
        let status = match &*shape.status {
            "SUCCESS" => ReplyStatus::Success,
            "ERROR" => ReplyStatus::Error,
            "PENDING" => ReplyStatus::Pending,
            other => {
                return Err(Refusal::NotV1(Text::limited(&format!("status \"{other}\""), 80)));
            }
        };
        let error = shape.error.filter(|e| !is_empty(e)).map(words);
        Ok(Self { req_id: Text::limited(&shape.req_id, 80), status, error, data: shape.data })
    }

    /// The data of an honest success to request `id`.
    fn honest(&self, id: &ReqId) -> Result<&'a RawValue, Refusal> {
        if self.req_id.as_str() != id.as_str() {
            return Err(Refusal::OtherRequest(self.req_id.clone()));
        }
        match self.status {
            ReplyStatus::Pending => return Err(Refusal::Pending),
            ReplyStatus::Error => {
                let text = self.error.clone().unwrap_or_else(|| Text::new("no reason given"));
                return Err(Refusal::Error(text));
            }
            ReplyStatus::Success => {}
        }
        if let Some(error) = &self.error {
            return Err(Refusal::Error(error.clone()));
        }
        let data = self.data.ok_or_else(|| Refusal::Data(Text::new("no data")))?;
        nested_error(data).map_or(Ok(data), |e| Err(Refusal::Error(e)))
    }

    /// `HEARTBEAT`: `data.status` is `alive`; gives back `service`.
    ///
    /// # Errors
    /// [`Refusal`] when it is not the honest answer to `id`.
    pub fn heartbeat(&self, id: &ReqId) -> Result<Text, Refusal> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(borrow)]
            status: Cow<'a, str>,
            #[serde(borrow, default)]
            service: Cow<'a, str>,
        }
        let shape: Shape = parse(self.honest(id)?)?;
        if shape.status != "alive" {
            let text = format!("heartbeat status \"{}\", not \"alive\"", shape.status);
            return Err(Refusal::Data(Text::limited(&text, 80)));
        }
        Ok(Text::limited(&shape.service, 64))
    }

    /// `data.killed` of a `HEARTBEAT`: whether a KILL_SWITCH is in force in the
    /// gateway. Only our own gateway tells; none where nothing is said.
    #[must_use]
    pub fn killed(&self) -> Option<bool> {
        #[derive(Deserialize)]
        struct Shape {
            killed: bool,
        }
        parse::<Shape>(self.data?).ok().map(|shape| shape.killed)
    }

    /// `KILL_SWITCH`: what the gateway claims.
    ///
    /// # Errors
    /// [`Refusal`] when it is not the honest answer to `id`.
    pub fn kill(&self, id: &ReqId) -> Result<KillClaim, Refusal> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(borrow)]
            positions_closed: Num<'a>,
            #[serde(borrow)]
            total_positions: Num<'a>,
        }
        let shape: Shape = parse(self.honest(id)?)?;
        let count = |n: Num<'_>, key| {
            n.integer()
                .ok()
                .and_then(|v| u32::try_from(v).ok())
                .ok_or_else(|| Refusal::Data(Text::new(&format!("{key} is not a count"))))
        };
        Ok(KillClaim {
            closed: count(shape.positions_closed, "positions_closed")?,
            total: count(shape.total_positions, "total_positions")?,
        })
    }

    /// `OPEN_ORDER` and `CLOSE_POSITION`: nested SUCCESS and a ticket above 0.
    ///
    /// # Errors
    /// [`Refusal`] when it is not the honest answer to `id`.
    pub fn order(&self, id: &ReqId) -> Result<OrderFill, Refusal> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(borrow)]
            status: Cow<'a, str>,
            #[serde(borrow)]
            ticket: Option<Num<'a>>,
            #[serde(borrow)]
            volume: Option<Num<'a>>,
            #[serde(borrow)]
            price: Option<Num<'a>>,
        }
        let shape: Shape = parse(self.honest(id)?)?;
        if shape.status != "SUCCESS" {
            return Err(Refusal::Error(Text::limited(&shape.status, 40)));
        }
        let ticket = shape.ticket.and_then(|n| n.integer().ok()).unwrap_or(0);
        match u64::try_from(ticket) {
            Ok(n) if n > 0 => Ok(OrderFill {
                ticket: Ticket(n),
                volume: shape.volume.and_then(|v| v.lots().ok()),
                price: shape.price.and_then(|p| p.price().ok()),
            }),
            _ => Err(Refusal::Error(Text::new("rejected: SUCCESS with ticket 0"))),
        }
    }

    /// `GET_POSITIONS`: every row, or nothing. A list with one unreadable row
    /// is not a shorter list.
    ///
    /// # Errors
    /// [`Refusal`] when it is not the honest answer to `id`.
    pub fn positions(&self, id: &ReqId) -> Result<Vec<Position>, Refusal> {
        let rows: Vec<Row> = parse(self.honest(id)?)?;
        rows.into_iter().enumerate().map(|(i, row)| row.position(i)).collect()
    }

    /// `GET_ACCOUNT_INFO`: trustworthy only with a `balance`.
    ///
    /// # Errors
    /// [`Refusal`] when it is not the honest answer to `id`.
    pub fn account(&self, id: &ReqId) -> Result<Account, Refusal> {
        #[derive(Deserialize)]
        struct Shape<'a> {
            #[serde(borrow)]
            balance: Num<'a>,
            #[serde(borrow)]
            equity: Option<Num<'a>>,
            #[serde(borrow)]
            free_margin: Option<Num<'a>>,
            #[serde(borrow)]
            used_margin: Option<Num<'a>>,
            #[serde(borrow)]
            margin_level: Option<Num<'a>>,
            #[serde(borrow)]
            currency: Option<Cow<'a, str>>,
            #[serde(borrow)]
            trade_mode: Option<Num<'a>>,
            #[serde(borrow)]
            server_name: Option<Cow<'a, str>>,
            #[serde(borrow)]
            leverage: Option<Num<'a>>,
        }
        let shape: Shape = parse(self.honest(id)?)?;
        let balance = shape.balance.money().map_err(|e| bad("balance", &e))?;
        let money = |n: Option<Num<'_>>| n.and_then(|n| n.money().ok());
        Ok(Account {
            balance,
            equity: money(shape.equity).ok_or_else(|| bad("equity", &"missing or no number"))?,
            free_margin: money(shape.free_margin),
            used_margin: money(shape.used_margin),
            // With nothing used there is no level; MT5 then says 0.
            margin_level: shape
                .margin_level
                .and_then(|n| n.ratio().ok())
                .filter(|level| level.raw() != 0),
            currency: Text::limited(&shape.currency.unwrap_or_default(), 8),
            trade_mode: shape
                .trade_mode
                .filter(|n| n.text() != "null")
                .map(|n| TradeMode::from_wire(n.integer().unwrap_or(-1))),
            server_name: shape.server_name.map(|s| Text::limited(&s, 64)),
            leverage: shape
                .leverage
                .and_then(|n| u32::try_from(n.integer().ok()?).ok())
                .filter(|leverage| *leverage > 0),
        })
    }
}

#[derive(Deserialize)]
struct Row<'a> {
    #[serde(borrow)]
    ticket: Num<'a>,
    #[serde(borrow)]
    symbol: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    side: Cow<'a, str>,
    #[serde(borrow)]
    volume: Num<'a>,
    #[serde(borrow)]
    open_price: Num<'a>,
    #[serde(borrow)]
    current_price: Option<Num<'a>>,
    #[serde(borrow)]
    profit: Num<'a>,
    #[serde(borrow)]
    sl: Option<Num<'a>>,
    #[serde(borrow)]
    tp: Option<Num<'a>>,
}

impl Row<'_> {
    fn position(&self, i: usize) -> Result<Position, Refusal> {
        let at = |key: &str| format!("position {}: {key}", i + 1);
        let side = match &*self.side {
            "BUY" => Side::Buy,
            "SELL" => Side::Sell,
            other => return Err(bad(&at("type"), &Text::limited(other, 20))),
        };
        let ticket = self.ticket.integer().map_err(|e| bad(&at("ticket"), &e))?;
        let set = |n: Option<Num<'_>>| n.and_then(|n| n.price().ok()).filter(|p| p.raw() > 0);
        Ok(Position {
            ticket: Ticket(u64::try_from(ticket).map_err(|e| bad(&at("ticket"), &e))?),
            symbol: Text::limited(&self.symbol, 128),
            side,
            lots: self.volume.lots().map_err(|e| bad(&at("volume"), &e))?,
            open: self.open_price.price().map_err(|e| bad(&at("open_price"), &e))?,
            current: set(self.current_price),
            profit: self.profit.money().map_err(|e| bad(&at("profit"), &e))?,
            sl: set(self.sl),
            tp: set(self.tp),
        })
    }
}

fn parse<'a, T: Deserialize<'a>>(raw: &'a RawValue) -> Result<T, Refusal> {
    serde_json::from_str(raw.get()).map_err(|e| Refusal::Data(Text::limited(&e.to_string(), 160)))
}

fn bad(key: &str, why: &dyn std::fmt::Display) -> Refusal {
    Refusal::Data(Text::limited(&format!("{key}: {why}"), 160))
}

fn not_v1(bytes: &[u8], e: &serde_json::Error) -> Refusal {
    let head = bytes.get(..bytes.len().min(60)).unwrap_or_default();
    Refusal::NotV1(Text::limited(&format!("{} ({e})", String::from_utf8_lossy(head)), 160))
}

fn is_empty(raw: &RawValue) -> bool {
    matches!(raw.get(), "null" | "\"\"" | "false")
}

/// An error nested in `data`: `{"error": …}` or `{"status": "ERROR", …}`.
fn nested_error(data: &RawValue) -> Option<Text> {
    #[derive(Deserialize)]
    struct Shape<'a> {
        #[serde(borrow)]
        status: Option<&'a RawValue>,
        #[serde(borrow)]
        error: Option<&'a RawValue>,
    }
    if !data.get().starts_with('{') {
        return None;
    }
    let shape: Shape = match serde_json::from_str(data.get()) {
        Ok(shape) => shape,
        // Twice the same key: which one would count?
        Err(e) => return Some(Text::limited(&e.to_string(), 80)),
    };
    let error = shape.error.filter(|e| !is_empty(e)).map(words);
    // Escapes spell the same word.
    let failed = shape.status.is_some_and(|s| words(s).as_str() == "ERROR");
    match error {
        Some(words) => Some(words),
        None if failed => Some(Text::new("nested ERROR without a reason")),
        None => None,
    }
}

fn words(raw: &RawValue) -> Text {
    serde_json::from_str::<String>(raw.get())
        .map_or_else(|_| Text::limited(raw.get(), 160), |s| Text::limited(&s, 160))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id() -> ReqId {
        ReqId::numbered("k", 1, 2, 3)
    }

    fn success(data: &str) -> String {
        format!(
            r#"{{"req_id":"k-1-00000002-3","status":"SUCCESS","timestamp":1.5,"data":{data},"error":null}}"#
        )
    }

    #[test]
    fn a_documented_heartbeat_is_believed() {
        let text = success(r#"{"status":"alive","service":"MT5 Gateway"}"#);
        let reply = Reply::decode(text.as_bytes()).unwrap();
        assert_eq!(reply.heartbeat(&id()).unwrap().as_str(), "MT5 Gateway");
        assert_eq!(reply.killed(), None, "v1.0 does not tell");
        for (told, heard) in [("true", Some(true)), ("false", Some(false)), ("\"no\"", None)] {
            let text = success(&format!(r#"{{"status":"alive","killed":{told}}}"#));
            assert_eq!(Reply::decode(text.as_bytes()).unwrap().killed(), heard);
        }
    }

    #[test]
    fn rogues_on_the_port_are_not_v1() {
        for text in [
            "OK_ACK",
            r#"{"status":"ERROR","retcode":10013}"#,
            r#"{"error":true,"msg":"x"}"#,
            r#"{"req_id":"a","status":"DONE"}"#,
            "",
            "[]",
            "\u{0}\u{1}",
        ] {
            assert!(matches!(Reply::decode(text.as_bytes()), Err(Refusal::NotV1(_))), "{text}");
        }
    }

    #[test]
    fn a_kill_claim_must_be_honest() {
        let kill = |text: &str| Reply::decode(text.as_bytes()).unwrap().kill(&id());
        let claim = kill(&success(r#"{"positions_closed":2,"total_positions":2,"timestamp":1}"#));
        assert_eq!(claim, Ok(KillClaim { closed: 2, total: 2 }));
        assert!(matches!(kill(&success(r#"{"error":"no terminal"}"#)), Err(Refusal::Error(_))));
        let nested = r#"{"status":"ERROR","positions_closed":0,"total_positions":0}"#;
        assert!(matches!(kill(&success(nested)), Err(Refusal::Error(_))));
        let negative = r#"{"positions_closed":-1,"total_positions":2}"#;
        assert!(matches!(kill(&success(negative)), Err(Refusal::Data(_))));
        let other = success("{}").replace("k-1", "k-9");
        assert!(matches!(kill(&other), Err(Refusal::OtherRequest(_))));
        let pending = success("{}").replace("SUCCESS", "PENDING");
        assert_eq!(kill(&pending), Err(Refusal::Pending));
        let mixed = success("{}").replace("\"error\":null", "\"error\":\"half\"");
        assert!(matches!(kill(&mixed), Err(Refusal::Error(_))));
    }

    #[test]
    fn ticket_zero_is_a_rejection() {
        let text = success(r#"{"status":"SUCCESS","ticket":0,"volume":0.0,"price":0.0}"#);
        let reply = Reply::decode(text.as_bytes()).unwrap();
        assert!(matches!(reply.order(&id()), Err(Refusal::Error(_))));
        let text = success(r#"{"status":"SUCCESS","ticket":12,"volume":0.01,"price":1.1}"#);
        let fill = Reply::decode(text.as_bytes()).unwrap().order(&id()).unwrap();
        assert_eq!((fill.ticket, fill.price), (Ticket(12), Price::parse("1.1").ok()));
    }

    #[test]
    fn positions_come_whole_or_not_at_all() {
        let row = r#"{"ticket":1,"symbol":"EURUSD","type":"BUY","volume":0.10,"open_price":1.0851,"current_price":1.0852,"profit":-1.25}"#;
        let one = success(&format!("[{row}]"));
        let read = Reply::decode(one.as_bytes()).unwrap().positions(&id()).unwrap();
        assert_eq!(read.len(), 1);
        assert_eq!(read.first().map(|p| p.profit.text(2)).as_deref(), Some("-1.25"));
        let broken = success(&format!("[{row},{}]", row.replace("1.0851", "\"x\"")));
        let reply = Reply::decode(broken.as_bytes()).unwrap();
        assert!(matches!(reply.positions(&id()), Err(Refusal::Data(_))));
        let blind = success(r#"{"error":"Not connected"}"#);
        assert!(Reply::decode(blind.as_bytes()).unwrap().positions(&id()).is_err());
    }

    #[test]
    fn an_account_without_balance_is_blind() {
        let blind = success(r#"{"error":"MT5 not connected"}"#);
        assert!(Reply::decode(blind.as_bytes()).unwrap().account(&id()).is_err());
        let good = success(
            r#"{"balance":10000.0,"equity":10010.5,"free_margin":9900.0,"used_margin":110.5,"margin_level":9059.27,"currency":"USD","trade_mode":2}"#,
        );
        let account = Reply::decode(good.as_bytes()).unwrap().account(&id()).unwrap();
        assert_eq!(account.trade_mode, Some(TradeMode::Real));
        assert_eq!(account.equity.text(2), "10010.50");
    }

    #[test]
    fn a_leverage_is_taken_where_it_is_one_and_costs_no_account() {
        for (written, leverage) in [
            ("100", Some(100)),
            ("100.0", Some(100)),
            ("0", None),
            ("-5", None),
            ("0.5", None),
            ("\"100\"", None),
            ("null", None),
            ("[1]", None),
            ("1e99", None),
        ] {
            let data = format!("{{\"balance\":1,\"equity\":1,\"leverage\":{written}}}");
            let text = success(&data);
            let account = Reply::decode(text.as_bytes()).unwrap().account(&id());
            assert_eq!(account.unwrap().leverage, leverage, "{written}");
        }
    }
}
