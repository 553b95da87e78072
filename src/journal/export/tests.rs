//! Tables of a short session, word for word.

use super::*;
use crate::domain::{Price, Stamp, Tick, TickShape};
use crate::event::{LogLine, PositionsRead, SessionInfo};
use crate::journal::Memory;

fn at(ms: i64) -> Stamp {
    let utc = UtcMicros(1_577_916_000_000_000 + ms * 1_000);
    Stamp { mono_ns: u64::try_from(ms).unwrap() * 1_000_000, utc }
}

fn tick(symbol: &str, after_us: u32) -> Heard {
    let price = |text: &str| Price::parse(text).unwrap();
    let symbol = Symbol::new(symbol).unwrap();
    let (bid, ask) = (price("1.12120"), price("1.12172"));
    let tick = Tick { symbol, bid, ask, time: None, seq: None, shape: TickShape::T2 };
    Heard { after_us, tick }
}

fn session() -> Memory {
    let ticks = |ms, ticks| {
        let mut batch = TickBatch::default();
        (batch.base, batch.ticks) = (at(ms), ticks);
        Event::Ticks(batch)
    };
    let read = |read| {
        Event::Positions(Box::new(PositionsRead { gateway: 0, asked: at(300), rtt_us: 7, read }))
    };
    let cry = LogLine {
        level: crate::event::Level::Alarm,
        source: "kill".into(),
        text: "says \"no\", twice".into(),
        when: None,
    };
    let events = [
        (0, Event::Session(Box::default())),
        (100, ticks(50, vec![tick("EURUSD", 0), tick("A,\"B", 50_000)])),
        (200, ticks(200, vec![tick("EURUSD", 0)])),
        (310, read(Read::Good(Vec::new()))),
        (320, read(Read::Fault("blind".into()))),
        (330, Event::Log(cry)),
        (400, Event::Beat),
    ];
    let records = (1..).zip(events);
    Memory::new(records.map(|(seq, (ms, event))| Stamped { seq, at: at(ms), event }).collect())
}

fn wanted(what: What, shape: Shape) -> Wanted {
    Wanted { what, shape, from: None, to: None, symbol: None }
}

fn text(wanted: Wanted) -> (Written, String) {
    let mut out = Vec::new();
    let written = export(&mut session(), &wanted, &mut out).unwrap();
    (written, String::from_utf8(out).unwrap())
}

#[test]
fn ticks_are_a_row_each_and_quoted_where_they_must_be() {
    let (written, text) = text(wanted(What::Ticks, Shape::Csv));
    assert_eq!(written, Written { rows: 3, missing: 0 });
    assert_eq!(
        text,
        "timestamp,symbol,bid,ask,mono_ns,peer_time,peer_seq,shape,feed,seq\r\n\
         2020-01-01T22:00:00.050000Z,EURUSD,1.1212,1.12172,50000000,,,T2,0,2\r\n\
         2020-01-01T22:00:00.100000Z,\"A,\"\"B\",1.1212,1.12172,100000000,,,T2,0,2\r\n\
         2020-01-01T22:00:00.200000Z,EURUSD,1.1212,1.12172,200000000,,,T2,0,3\r\n"
    );
}

#[test]
fn a_time_and_a_symbol_narrow_it() {
    let all = wanted(What::Ticks, Shape::Csv);
    let rows = |wanted| text(wanted).0.rows;
    assert_eq!(rows(Wanted { symbol: Symbol::new("EURUSD").ok(), ..all }), 2);
    assert_eq!(rows(Wanted { from: Some(at(51).utc), ..all }), 2);
    assert_eq!(rows(Wanted { from: Some(at(100).utc), to: Some(at(199).utc), ..all }), 1);
    assert_eq!(rows(Wanted { from: Some(at(900).utc), ..all }), 0);
    assert_eq!(rows(Wanted { to: Some(at(0).utc), ..all }), 0);
}

#[test]
fn flat_and_blind_do_not_look_the_same() {
    let (written, text) = text(wanted(What::Positions, Shape::Csv));
    assert_eq!(written.rows, 2);
    let rows: Vec<&str> = text.lines().skip(1).collect();
    assert!(rows[0].ends_with(",7,,0,,,,,,,,,"), "{rows:?}");
    assert!(rows[1].ends_with(",7,blind,,,,,,,,,,"), "{rows:?}");
}

#[test]
fn every_table_has_as_many_columns_as_its_header() {
    for (what, word) in What::ALL {
        let (written, text) = text(wanted(what, Shape::Csv));
        let mut reader = csv::ReaderBuilder::new().from_reader(text.as_bytes());
        let rows = reader.records().map(Result::unwrap).count();
        assert_eq!(written.rows, u64::try_from(rows).unwrap(), "{word}");
    }
}

#[test]
fn an_alarm_is_a_row_when_it_is_raised() {
    let (written, text) = text(wanted(What::Alarms, Shape::Csv));
    assert_eq!(written.rows, 1);
    assert!(text.contains("\"says \"\"no\"\", twice\""), "{text}");
    let (written, text) = self::text(wanted(What::Alarms, Shape::Jsonl));
    assert_eq!((written.rows, text.lines().count()), (1, 1));
}

#[test]
fn json_is_the_record_as_it_was_kept() {
    let (written, text) = text(wanted(What::All, Shape::Jsonl));
    let read: Vec<Stamped> = text.lines().map(|l| serde_json::from_str(l).unwrap()).collect();
    assert_eq!(written.rows, 7);
    let mut pieces = Vec::new();
    session().read_after(0, &mut pieces).unwrap();
    assert_eq!(read.into_iter().map(Piece::Record).collect::<Vec<_>>(), pieces);
    let info: SessionInfo = SessionInfo::default();
    assert!(matches!(&pieces[0], Piece::Record(r) if r.event == Event::Session(Box::new(info))));
}

#[test]
fn a_message_stays_with_its_quote() {
    let ticks = ["A", "B", "A", "B"].map(|symbol| tick(symbol, 0)).to_vec();
    let mut batch = TickBatch { ticks, ..TickBatch::default() };
    for message in ["one", "two", "three", "four"] {
        batch.raw.push([message.as_bytes()]);
    }
    narrow(&mut batch, |heard| heard.tick.symbol.as_str() == "B");
    let left: Vec<&[u8]> = (0..2).flat_map(|place| batch.raw.get(place)).collect();
    assert_eq!((batch.ticks.len(), batch.raw.len()), (2, 2));
    assert_eq!(left, [&b"two"[..], b"four"]);
}

#[test]
fn a_decision_has_its_number_its_order_its_steps_and_its_mode() {
    use crate::domain::{Decision, DecisionStep};
    let step = |name: &str, us| DecisionStep { name: name.into(), us };
    let decision = Decision {
        symbol: "EURUSD".into(),
        action: "ORDER_GENERATED".into(),
        lag_us: Some(906_441),
        number: Some(7),
        order: "ticket 10000042".into(),
        steps: vec![step("bars", 812_000), step("model", 63_400)],
        live: Some(false),
        ..Decision::default()
    };
    let event = Event::Decision(Box::new(decision));
    let mut session = Memory::new(vec![Stamped { seq: 1, at: at(100), event }]);
    let mut out = Vec::new();
    export(&mut session, &wanted(What::Decisions, Shape::Csv), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    let (head, row) = text.split_once("\r\n").unwrap();
    assert!(head.ends_with(",action,why,lag_us,number,order,steps_us,live"), "{head}");
    let told = "ORDER_GENERATED,,906441,7,ticket 10000042,bars=812000 model=63400,false\r\n";
    assert!(row.ends_with(told), "{row}");
    assert_eq!(head.split(',').count(), row.split(',').count());
}
