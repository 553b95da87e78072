//! The seven shapes byte for byte, and everything that is none of them.

use super::*;
use crate::domain::PeerTime;
use proptest::prelude::*;

fn one(text: &str) -> Result<Tick, TickFault> {
    decode(&[text.as_bytes()])
}

fn quote(symbol: &str, bid: &str, ask: &str, time: Option<PeerTime>, shape: TickShape) -> Tick {
    Tick {
        symbol: Symbol::new(symbol).unwrap(),
        bid: Price::parse(bid).unwrap(),
        ask: Price::parse(ask).unwrap(),
        time,
        seq: None,
        shape,
    }
}

fn eurusd(time: Option<PeerTime>, shape: TickShape) -> Tick {
    quote("EURUSD", "1.08512", "1.08522", time, shape)
}

const S: i64 = 1_767_115_660_775_975;
const MS: i64 = 1_767_115_660_775_000;

#[test]
fn t1_the_brokers_clock_in_ms() {
    let text =
        r#"{"type":"TICK","symbol":"EURUSD","bid":1.08512,"ask":1.08522,"time":1767115660775}"#;
    assert_eq!(one(text), Ok(eurusd(Some(PeerTime::Epoch(MS)), TickShape::T1)));
    // As Python's json.dumps spaces it.
    assert_eq!(one(&text.replace(':', ": ").replace(',', ", ")), one(text));
}

#[test]
fn t2_without_a_time() {
    let text = r#"{"type":"TICK","symbol":"EURUSD","bid":1.08512,"ask":1.08522}"#;
    assert_eq!(one(text), Ok(eurusd(None, TickShape::T2)));
}

#[test]
fn t3_two_frames_with_nulls() {
    let body = r#"{"symbol":"EURUSD","price":1.08517,"bid":1.08512,"ask":1.08522,"timestamp":1767115660.775975,"source":"x"}"#;
    let read = |body: &str| decode(&[b"EURUSD", body.as_bytes()]);
    assert_eq!(read(body), Ok(eurusd(Some(PeerTime::Epoch(S)), TickShape::T3)));
    let ms = body.replace("1767115660.775975", "1767115660775");
    assert_eq!(read(&ms), Ok(eurusd(Some(PeerTime::Epoch(MS)), TickShape::T3)));
    let priced = body.replace("1.08517", "null");
    assert_eq!(read(&priced), read(body), "price is not ours to read");
    for key in ["1.08512", "1.08522"] {
        assert_eq!(read(&body.replace(key, "null")), Err(TickFault::NoQuote));
    }
}

#[test]
fn t4_two_frames_with_a_prefix() {
    let body = br#"{"symbol":"EURUSD","price":1.08517,"bid":1.08512,"ask":1.08522,"volume":3,"timestamp":1767115660.775975}"#;
    let tick = decode(&[b"tick.EURUSD", body]);
    assert_eq!(tick, Ok(eurusd(Some(PeerTime::Epoch(S)), TickShape::T4)));
}

#[test]
fn t5_a_name_and_a_naive_local_time() {
    let text = r#"EURUSD {"type":"tick","symbol":"EURUSD","timestamp":"2025-12-30T17:27:40.775975","bid":1.08512,"ask":1.08522,"last":0.0,"volume":0}"#;
    assert_eq!(one(text), Ok(eurusd(Some(PeerTime::Naive(S)), TickShape::T5)));
}

#[test]
fn t6_with_volume_and_spread() {
    let text = r#"{"symbol":"EURUSD","bid":1.08512,"ask":1.08522,"volume":12,"spread":0.0001,"timestamp":1767115660.775975,"type":"tick"}"#;
    assert_eq!(one(text), Ok(eurusd(Some(PeerTime::Epoch(S)), TickShape::T6)));
}

#[test]
fn t7_as_the_documents_gateway_publishes() {
    let text = r#"{"symbol":"EURUSD","bid":1.08512,"ask":1.08522,"timestamp":1767115660.775975}"#;
    assert_eq!(one(text), Ok(eurusd(Some(PeerTime::Epoch(S)), TickShape::T7)));
}

#[test]
fn a_sequence_number_is_taken_from_every_shape() {
    let seq = |body: &str, frames: fn(&str) -> Vec<String>| {
        let frames = frames(&body.replace('}', r#","seq":41}"#));
        let slices: Vec<&[u8]> = frames.iter().map(String::as_bytes).collect();
        decode(&slices).unwrap().seq
    };
    let body = r#"{"symbol":"EURUSD","bid":1.0,"ask":1.1}"#;
    assert_eq!(seq(body, |b| vec![b.to_owned()]), Some(41));
    assert_eq!(seq(body, |b| vec![format!("EURUSD {b}")]), Some(41));
    assert_eq!(seq(body, |b| vec!["EURUSD".to_owned(), b.to_owned()]), Some(41));
    assert_eq!(seq(body, |b| vec!["tick.EURUSD".to_owned(), b.to_owned()]), Some(41));
    for other in ["-1", "1.5", "\"41\"", "null", "[41]", "99999999999999999999"] {
        let text = body.replace('}', &format!(",\"seq\":{other}}}"));
        assert_eq!(one(&text).unwrap().seq, None, "{other}");
    }
}

#[test]
fn symbols_with_suffix_and_escapes() {
    let named = |name: &str| {
        one(&format!(r#"{{"symbol":"{name}","bid":1,"ask":1}}"#)).map(|t| t.symbol.to_string())
    };
    assert_eq!(named("EURUSD.s").as_deref(), Ok("EURUSD.s"));
    assert_eq!(named(r"EUR\/USD").as_deref(), Ok("EUR/USD"));
    assert_eq!(named(r"EUR\u0055SD").as_deref(), Ok("EURUSD"));
    assert_eq!(named(""), Err(TickFault::SymbolEmpty));
    assert_eq!(named(&"X".repeat(32)), Err(TickFault::SymbolTooLong));
    assert_eq!(named(r"EUR\u001bUSD"), Err(TickFault::SymbolUnprintable));
    assert_eq!(named("EUR\u{202e}USD"), Err(TickFault::SymbolUnprintable));
    assert_eq!(
        decode(&[b"GBPUSD", br#"{"symbol":"EURUSD","bid":1,"ask":1}"#]),
        Err(TickFault::SymbolDiffers)
    );
    let topic_only = decode(&[b"tick.GBPUSD", br#"{"bid":1,"ask":1}"#]);
    assert_eq!(topic_only.map(|t| t.symbol.to_string()).as_deref(), Ok("GBPUSD"));
}

#[test]
fn prices_that_are_none() {
    for (bid, ask, fault) in [
        ("NaN", "1.1", TickFault::NotANumber),
        ("1.1", "Infinity", TickFault::NotANumber),
        ("-Infinity", "1.1", TickFault::NotANumber),
        ("\"1.1\"", "1.2", TickFault::NotANumber),
        ("true", "1.2", TickFault::NotANumber),
        ("[1.1]", "1.2", TickFault::NotANumber),
        ("{\"v\":1.1}", "1.2", TickFault::NotANumber),
        ("1e999", "1.2", TickFault::OutOfRange),
        ("1.1", "92233720369", TickFault::OutOfRange),
        ("0", "1.2", TickFault::NotPositive),
        ("-1.1", "1.2", TickFault::NotPositive),
        ("1e-999", "1.2", TickFault::NotPositive),
        ("1.1", "0.0", TickFault::NotPositive),
        ("1.2", "1.1", TickFault::Crossed),
        ("null", "1.2", TickFault::NoQuote),
        ("0x1", "1.2", TickFault::BadJson),
        ("01.1", "1.2", TickFault::BadJson),
    ] {
        let text = format!(r#"{{"symbol":"EURUSD","bid":{bid},"ask":{ask},"timestamp":1.5}}"#);
        assert_eq!(one(&text), Err(fault), "{text}");
    }
    assert!(one(r#"{"symbol":"EURUSD","bid":1.1,"ask":1.1}"#).is_ok(), "locked is not crossed");
    assert_eq!(one(r#"{"symbol":"EURUSD","bid":1.1}"#), Err(TickFault::NoQuote));
}

#[test]
fn messages_that_are_no_tick() {
    let tick = r#"{"symbol":"EURUSD","bid":1.1,"ask":1.2}"#;
    for (text, fault) in [
        ("", TickFault::NotATick),
        ("OK_ACK", TickFault::NotATick),
        ("[1,2]", TickFault::NotATick),
        ("EURUSD 1.1 1.2", TickFault::NotATick),
        (r#"{"type":"HEARTBEAT","symbol":"EURUSD","bid":1.1,"ask":1.2}"#, TickFault::NotATick),
        (r#"{"bid":1.1,"ask":1.2}"#, TickFault::NotATick),
        (r#"{"symbol":7,"bid":1.1,"ask":1.2}"#, TickFault::NotATick),
        ("{}", TickFault::NotATick),
        ("{", TickFault::BadJson),
        (r#"{"symbol":"EURUSD","bid":1.1,"ask":1.2"#, TickFault::BadJson),
        (r#"{"symbol":"EURUSD","bid":1.1,"ask":1.2}}"#, TickFault::BadJson),
        (r#"{"symbol":"EURUSD","bid":1.1,"ask":1.2,"bid":1.0}"#, TickFault::DuplicateKey),
        (r#"{"symbol":"EURUSD","bid":1.1,"ask":1.2,"x":1,"x":1}"#, TickFault::DuplicateKey),
        (r#"{"symbol":"EURUSD","bid":1.1,"ask":1.2,"time":"soon"}"#, TickFault::BadTime),
    ] {
        assert_eq!(one(text), Err(fault), "{text}");
    }
    let deep = tick.replace('}', &format!(",\"x\":{}{}}}", "[".repeat(2_000), "]".repeat(2_000)));
    assert_eq!(one(&deep), Err(TickFault::TooDeep));
    let long = tick.replace('}', &format!(",\"x\":\"{}\"}}", "x".repeat(MAX_BYTES)));
    assert_eq!(one(&long), Err(TickFault::TooLong));
    let fields: Vec<String> = (0..40).map(|i| format!("\"x{i}\":1")).collect();
    assert_eq!(one(&format!("{{{}}}", fields.join(","))), Err(TickFault::TooLong));
    assert_eq!(decode(&[b"EURUSD\xff", tick.as_bytes()]), Err(TickFault::BadUtf8));
    assert_eq!(decode(&[b"{\"symbol\":\"\xff\"}"]), Err(TickFault::BadUtf8));
    assert_eq!(decode(&[]), Err(TickFault::OddFrames));
    assert_eq!(decode(&[b"EURUSD", tick.as_bytes(), b"x"]), Err(TickFault::OddFrames));
    assert_eq!(decode(&[b"", tick.as_bytes()]), Err(TickFault::SymbolEmpty));
    assert_eq!(decode(&[tick.as_bytes(), b"EURUSD"]), Err(TickFault::BadJson));
}

proptest! {
    #[test]
    fn arbitrary_bytes_never_panic(frames in prop::collection::vec(
        prop::collection::vec(any::<u8>(), 0..80), 0..4)) {
        let slices: Vec<&[u8]> = frames.iter().map(Vec::as_slice).collect();
        let _ = decode(&slices);
    }

    #[test]
    fn a_bitten_tick_is_refused_or_sound(at in 0_usize..84, byte in any::<u8>()) {
        let mut text = br#"{"symbol":"EURUSD","bid":1.08512,"ask":1.08522,"timestamp":1767115660.775975,"s":1}"#.to_vec();
        if let Some(slot) = text.get_mut(at) {
            *slot = byte;
        }
        if let Ok(tick) = decode(&[&text]) {
            prop_assert!(tick.bid.raw() > 0 && tick.bid <= tick.ask);
        }
    }

    #[test]
    fn every_price_is_read_as_written(bid in 1_i64..=i64::MAX, more in 0_i64..1_000) {
        let (bid, ask) = (Price::from_raw(bid), Price::from_raw(bid.saturating_add(more)));
        let tick = one(&format!(r#"{{"symbol":"X","bid":{bid},"ask":{ask}}}"#)).unwrap();
        prop_assert_eq!((tick.bid, tick.ask), (bid, ask));
    }
}
