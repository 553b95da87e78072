//! Payloads of `OPEN_ORDER` and `CLOSE_POSITION`, read strictly.
//!
//! The documented gateway ignores a `side` key and buys. Here a request that
//! holds one is refused, since whoever wrote it meant something.

use super::rules::Rejection;
use crate::domain::{Lots, OrderKind, OrderTicket, Price, Side, Symbol, Text, Ticket};
use crate::wire::number::Num;
use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};
use std::borrow::Cow;

/// Reads an order. For a market order `price` must be a number if it is
/// there, and is not used; 0 or null means no price, no SL, no TP.
///
/// # Errors
/// `Rejection::Payload` with the key and the cause.
pub fn order(payload: &RawValue) -> Result<OrderTicket, Rejection> {
    #[derive(Deserialize)]
    struct Shape<'a> {
        #[serde(borrow)]
        symbol: Option<Cow<'a, str>>,
        #[serde(borrow)]
        volume: Option<Num<'a>>,
        #[serde(borrow, rename = "type")]
        kind: Option<Cow<'a, str>>,
        #[serde(borrow)]
        price: Option<Num<'a>>,
        #[serde(borrow)]
        sl: Option<Num<'a>>,
        #[serde(borrow)]
        tp: Option<Num<'a>>,
        #[serde(borrow)]
        side: Option<&'a RawValue>,
    }
    let shape: Shape = serde_json::from_str(payload.get())
        .map_err(|e| refuse(&format!("payload of OPEN_ORDER: {e}")))?;
    if shape.side.is_some() {
        return refused(
            "'side' is not a key of OPEN_ORDER: the direction is in 'type' (BUY, SELL, BUY_LIMIT, …)",
        );
    }
    let missing = |key: &str| refuse(&format!("Missing '{key}' in payload"));
    let symbol = shape.symbol.ok_or_else(|| missing("symbol"))?;
    let symbol = Symbol::new(&symbol)
        .map_err(|e| refuse(&format!("symbol \"{}\": {e}", Text::limited(&symbol, 40))))?;
    let word = shape.kind.ok_or_else(|| missing("type"))?;
    let (side, kind) = direction(&word)?;
    let volume = shape.volume.ok_or_else(|| missing("volume"))?;
    let lots: Lots = volume.lots().map_err(|e| not_number("volume", volume, &e))?;
    Ok(OrderTicket {
        symbol,
        side,
        lots,
        kind,
        price: price("price", shape.price)?.filter(|_| kind != OrderKind::Market),
        sl: price("sl", shape.sl)?,
        tp: price("tp", shape.tp)?,
    })
}

/// Reads the number of a position; none when `ticket` is missing.
///
/// # Errors
/// `Rejection::Payload` when it is no whole number above 0.
pub fn ticket(payload: &RawValue) -> Result<Option<Ticket>, Rejection> {
    #[derive(Deserialize)]
    struct Shape<'a> {
        #[serde(borrow)]
        ticket: Option<Num<'a>>,
    }
    let shape: Shape = serde_json::from_str(payload.get())
        .map_err(|e| refuse(&format!("payload of CLOSE_POSITION: {e}")))?;
    let Some(written) = shape.ticket else { return Ok(None) };
    match written.integer().map(u64::try_from) {
        Ok(Ok(n)) if n > 0 => Ok(Some(Ticket(n))),
        _ => refused(&format!(
            "ticket {} is not a whole number above 0",
            Text::limited(written.text(), 40)
        )),
    }
}

/// What a payload asks for, whatever its spaces and order of keys: 128 bits
/// of a digest, in hex.
#[must_use]
pub fn digest(payload: &RawValue) -> String {
    let value: Value = serde_json::from_str(payload.get()).unwrap_or_default();
    let mut hex = format!("{:x}", Sha256::digest(value.to_string()));
    hex.truncate(32);
    hex
}

fn direction(word: &str) -> Result<(Side, OrderKind), Rejection> {
    Ok(match word {
        "BUY" => (Side::Buy, OrderKind::Market),
        "SELL" => (Side::Sell, OrderKind::Market),
        "BUY_LIMIT" => (Side::Buy, OrderKind::Limit),
        "SELL_LIMIT" => (Side::Sell, OrderKind::Limit),
        "BUY_STOP" => (Side::Buy, OrderKind::Stop),
        "SELL_STOP" => (Side::Sell, OrderKind::Stop),
        other => {
            return refused(&format!(
                "type \"{}\" is none of BUY, SELL, BUY_LIMIT, SELL_LIMIT, BUY_STOP, SELL_STOP",
                Text::limited(other, 40)
            ));
        }
    })
}

fn price(key: &str, written: Option<Num<'_>>) -> Result<Option<Price>, Rejection> {
    let Some(written) = written else { return Ok(None) };
    let price = written.price().map_err(|e| not_number(key, written, &e))?;
    if price < Price::ZERO {
        return refused(&format!("{key} {price} is below 0"));
    }
    Ok(Some(price).filter(|p| *p > Price::ZERO))
}

fn not_number(key: &str, written: Num<'_>, why: &dyn std::fmt::Display) -> Rejection {
    refuse(&format!("{key} {}: {why}", Text::limited(written.text(), 40)))
}

fn refuse(words: &str) -> Rejection {
    Rejection::Payload(Text::limited(words, 240))
}

fn refused<T>(words: &str) -> Result<T, Rejection> {
    Err(refuse(words))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(text: &str) -> Box<RawValue> {
        RawValue::from_string(text.to_owned()).unwrap()
    }

    fn words(text: &str) -> String {
        order(&raw(text))
            .map_or_else(|e| e.to_string(), |o| format!("{} {}", o.wire_type(), o.lots))
    }

    #[test]
    fn orders_as_peers_write_them() {
        assert_eq!(words(r#"{"symbol":"EURUSD","volume":0.1,"type":"BUY"}"#), "BUY 0.1");
        let full = r#"{"symbol":"EURUSD","volume":1,"type":"SELL_LIMIT","price":1.0851200000000001,"sl":0.0,"tp":null,"comment":"x"}"#;
        let read = order(&raw(full)).unwrap();
        assert_eq!((read.price, read.sl, read.tp), (Price::parse("1.08512").ok(), None, None));
        let market = r#"{"symbol":"EURUSD","volume":1,"type":"SELL","price":1.2}"#;
        assert_eq!(order(&raw(market)).unwrap().price, None);
    }

    #[test]
    fn what_is_unclear_is_refused_by_key() {
        for (text, cause) in [
            ("{}", "Missing 'symbol'"),
            (r#"{"symbol":"EURUSD","type":"BUY"}"#, "Missing 'volume'"),
            (r#"{"symbol":"EURUSD","volume":0.1}"#, "Missing 'type'"),
            (r#"{"symbol":"EURUSD","volume":"0.1","type":"BUY"}"#, "volume \"0.1\": not a number"),
            (r#"{"symbol":"EURUSD","volume":0.1,"type":"buy"}"#, "type \"buy\" is none of"),
            (r#"{"symbol":"EURUSD","volume":0.1,"type":"BUY","side":"SELL"}"#, "'side' is not"),
            (r#"{"symbol":"EURUSD","volume":0.1,"type":"BUY","sl":-1}"#, "sl -1 is below 0"),
            (r#"{"symbol":"EURUSD","volume":0.1,"type":"BUY","tp":[1]}"#, "tp [1]: not a number"),
            (r#"{"symbol":"E U","volume":0.1,"type":"BUY"}"#, "not printable ASCII"),
            (r#"{"symbol":5,"volume":0.1,"type":"BUY"}"#, "payload of OPEN_ORDER"),
            (r#"{"symbol":"A","symbol":"B","volume":0.1,"type":"BUY"}"#, "duplicate field"),
        ] {
            assert!(words(text).contains(cause), "{text}: {}", words(text));
        }
    }

    #[test]
    fn tickets_are_whole_numbers() {
        assert_eq!(ticket(&raw(r#"{"ticket":7}"#)), Ok(Some(Ticket(7))));
        assert_eq!(ticket(&raw(r#"{"ticket":7.0}"#)), Ok(Some(Ticket(7))));
        assert_eq!(ticket(&raw(r#"{"id":7}"#)), Ok(None));
        for text in
            [r#"{"ticket":0}"#, r#"{"ticket":-1}"#, r#"{"ticket":"7"}"#, r#"{"ticket":1.5}"#]
        {
            assert!(ticket(&raw(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn the_digest_sees_meaning_not_spaces() {
        let a = digest(&raw(r#"{"ticket":7}"#));
        assert_eq!(a, digest(&raw(r#"{ "ticket" : 7 }"#)));
        assert_ne!(a, digest(&raw(r#"{"ticket":8}"#)));
        assert_eq!(a.len(), 32);
    }
}
