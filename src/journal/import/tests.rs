//! Golden lines of each format, and files that are none.

use super::*;
use crate::event::Event;
use crate::journal::{Memory, Source};
use crate::state::Period;
use proptest::prelude::*;

fn with(name: &str, text: &[u8], options: &Options) -> (Result<Report, ImportError>, Vec<Stamped>) {
    let mut records = Vec::new();
    let mut sink = |record| {
        records.push(record);
        Ok(())
    };
    let report = import(&mut &*text, name, options, &mut sink);
    (report, records)
}

fn take(name: &str, text: &str) -> (Report, Vec<Stamped>) {
    let (report, records) = with(name, text.as_bytes(), &Options::default());
    (report.unwrap(), records)
}

fn ticks(records: &[Stamped]) -> Vec<String> {
    let batches = records.iter().filter_map(|record| match &record.event {
        Event::Ticks(batch) => Some(batch),
        _ => None,
    });
    let one = |batch: &crate::domain::TickBatch, heard: &crate::domain::Heard| {
        let at = batch.base.utc.0 + i64::from(heard.after_us);
        let tick = heard.tick;
        format!("{} {} {} {}", UtcMicros(at).iso(), tick.symbol, tick.bid, tick.ask)
    };
    batches.flat_map(|batch| batch.ticks.iter().map(move |heard| one(batch, heard))).collect()
}

fn refused(name: &str, text: &[u8]) -> String {
    with(name, text, &Options::default()).0.unwrap_err().to_string()
}

#[test]
fn crs_csv_by_the_names_of_its_columns() {
    let text = "\u{feff}ask,bid,symbol,timestamp,more\r\n\
                1.12172,1.12120,EURUSD,2020-01-01T22:00:00.065Z,x\r\n\
                1.2,1.1,\"A,B\",2020-01-02 01:00:10.447123999+03:00,\r\n";
    let (report, records) = take("any", text);
    assert_eq!(report.format, Format::CrsCsv);
    assert_eq!(
        ticks(&records),
        [
            "2020-01-01T22:00:00.065000Z EURUSD 1.1212 1.12172",
            "2020-01-01T22:00:10.447123Z A,B 1.1 1.2"
        ]
    );
    assert_eq!(report.faults.count(), 0);
}

#[test]
fn crs_csv_may_be_of_one_symbol_only() {
    let text = "timestamp,symbol,bid,ask\n2020-01-01T22:00:00Z,A,1,1\n2020-01-01T22:00:01Z,B,1,1\n";
    let options = Options { symbol: Symbol::new("B").ok(), ..Options::default() };
    let (report, records) = with("any", text.as_bytes(), &options);
    assert_eq!(report.unwrap().woven.ticks, 1);
    assert_eq!(ticks(&records), ["2020-01-01T22:00:01.000000Z B 1 1"]);
}

const MT5: &str = "<DATE>\t<TIME>\t<BID>\t<ASK>\t<LAST>\t<VOLUME>\t<FLAGS>\r\n\
    2020.01.02\t00:00:00.065\t1.12120\t\t\t\t2\r\n\
    2020.01.02\t00:00:01.000\t\t1.12172\t\t\t4\r\n\
    2020.01.02\t00:00:02.000\t1.12121\t\t\t\t2\r\n\
    2020.01.02\t00:00:03.000\t\t\t1.12130\t1\t312\r\n\
    2020.01.02\t00:00:04.000\t1.12180\t\t\t\t2\r\n\
    2020.01.02\t00:00:05.000\t\t1.12190\t\t\t4\r\n";

#[test]
fn mt5_keeps_the_side_that_is_empty() {
    let (report, records) = take("EURUSD.s_202001020000_202001022359.csv", MT5);
    assert_eq!((report.format, report.clock.to_string()), (Format::Mt5, "utc".into()));
    assert_eq!(
        ticks(&records),
        [
            "2020-01-02T00:00:01.000000Z EURUSD.s 1.1212 1.12172",
            "2020-01-02T00:00:02.000000Z EURUSD.s 1.12121 1.12172",
            "2020-01-02T00:00:05.000000Z EURUSD.s 1.1218 1.1219"
        ]
    );
    let causes: Vec<_> = report.faults.causes().iter().map(|(c, n)| (*c, *n)).collect();
    assert_eq!(causes, [("one side only, and none before it", 1), ("the bid is above the ask", 1)]);
}

#[test]
fn mt5_in_the_clock_of_its_broker() {
    for (zone, first) in [
        ("+02:00", "2020-01-01T22:00:01.000000Z"),
        ("new-york+07:00", "2020-01-01T22:00:01.000000Z"),
        ("-00:30", "2020-01-02T00:30:01.000000Z"),
    ] {
        let options = Options {
            clock: Some(zone.parse().unwrap()),
            symbol: Symbol::new("X").ok(),
            format: None,
        };
        let (report, records) = with("any", MT5.as_bytes(), &options);
        assert_eq!(report.unwrap().clock.to_string(), zone);
        assert!(ticks(&records)[0].starts_with(first), "{zone}");
    }
    // In July New York's clock is an hour ahead of its winter.
    let july = MT5.replace("2020.01.02", "2020.07.02");
    let clock = Some("new-york+07:00".parse().unwrap());
    let options = Options { clock, symbol: Symbol::new("X").ok(), format: None };
    let (_, records) = with("any", july.as_bytes(), &options);
    assert!(ticks(&records)[0].starts_with("2020-07-01T21:00:01.0"), "{:?}", ticks(&records));
    assert!("new-york+new-york".parse::<Clock>().is_err() && "mars".parse::<Clock>().is_err());
}

#[test]
fn histdata_is_five_hours_behind_the_whole_year() {
    let text = "20200101 170000065,1.121200,1.121720,0\n20200701 170010447,1.1,1.2,0\n";
    let (report, records) = take("dir/DAT_ASCII_EURUSD_T_202001.csv", text);
    assert_eq!((report.format, report.clock.to_string()), (Format::Histdata, "-05:00".into()));
    assert_eq!(
        ticks(&records),
        [
            "2020-01-01T22:00:00.065000Z EURUSD 1.1212 1.12172",
            "2020-07-01T22:00:10.447000Z EURUSD 1.1 1.2"
        ]
    );
}

#[test]
fn a_decimal_comma_is_no_two_prices() {
    let text = "timestamp,symbol,bid,ask\n2020-01-01T22:00:00Z,E,1,12120,1,12172\n\
                2020-01-01T22:00:00Z,E,1,1212\n2020-01-01T22:00:00Z,E,1,1212,1.12172\n";
    let (report, records) = take("t.csv", text);
    assert_eq!((ticks(&records).len(), report.faults.count()), (1, 2));
    let text = "20200101 170000065,1,12120,1.121720,0\n20200101 170000065,1.1,1.2,0\n";
    let (report, records) = take("DAT_ASCII_EURUSD_T_202001.csv", text);
    assert_eq!((ticks(&records).len(), report.faults.count()), (1, 1));
}

#[test]
fn what_is_no_file_of_ticks_says_so() {
    for (name, text, word) in [
        ("a", &b""[..], "empty"),
        ("a", b"\x89PNG\r\n\x1a\n", "not a text"),
        ("a", b"\x89MCAP0\r\n", "a recording already"),
        ("a", b"\xff\xfe<\0D\0", "UTF-16"),
        ("a", b"time,open,high,low,close\n1,2,3,4,5\n", "none of the formats"),
        ("a", b"20200101 170000065,1.1,1.2,0\n", "--symbol"),
        ("DAT_ASCII_EURUSD_T_202001.csv", b"20200101 170000065,0,1.2,0\n", "no sound line"),
        ("a", b"timestamp,symbol,bid,ask\nx,EURUSD,1,2\n", "a:2: no date and time"),
    ] {
        let said = refused(name, text);
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn faults_are_counted_by_cause_and_the_first_are_named() {
    let mut text = String::from("timestamp,symbol,bid,ask\n2020-01-01T22:00:00Z,E,1,2\n");
    for bad in [
        "2020-02-30T22:00:00Z,E,1,2",
        "2020-01-01T22:00:00Z,E,2,1",
        "2020-01-01T22:00:00Z,E,nan,1",
        "2020-01-01T22:00:00Z,E,-1,1",
        "2020-01-01T22:00:00Z,,1,1",
        "2020-01-01T22:00:00Z,E",
        "1969-12-31T22:00:00Z,E,1,1",
    ] {
        text.push_str(bad);
        text.push('\n');
    }
    text.push_str(&"9".repeat(100_000));
    text.push_str("\n\n2020-01-01T22:00:01Z,E,1,2\n");
    let (report, records) = take("t.csv", &text);
    assert_eq!((ticks(&records).len(), report.faults.count()), (2, 8));
    assert_eq!(report.faults.causes().get("no date and time where they belong"), Some(&2));
    assert_eq!(report.faults.causes().get("the line is too long"), Some(&1));
    let said = report.faults.to_string();
    assert!(said.contains("\nt.csv:3: no date and time where they belong"), "{said}");
    assert_eq!(said.matches("t.csv:").count(), 5);
}

#[test]
fn times_that_go_back_keep_their_order_and_no_stamp_falls() {
    let line = |at: &str, bid: u32| format!("2020-01-01T{at}Z,E,{bid},{bid}\n");
    let text = format!(
        "timestamp,symbol,bid,ask\n{}{}{}{}",
        line("22:00:00", 1),
        line("22:00:10", 2),
        line("22:00:05", 3),
        line("22:00:11", 4)
    );
    let (report, records) = take("t.csv", &text);
    assert_eq!((report.woven.back, report.woven.first_back), (1, Some(4)));
    assert!(ticks(&records)[2].starts_with("2020-01-01T22:00:10.000000Z E 3"));
    assert!(records.windows(2).all(|w| w[0].at.mono_ns <= w[1].at.mono_ns));
    assert!(records.windows(2).all(|w| w[0].at.utc <= w[1].at.utc && w[0].seq + 1 == w[1].seq));
}

#[test]
fn one_line_of_another_century_moves_nothing_else() {
    let line = |at: &str| format!("{at}T22:00:00Z,E,1,1\n");
    let days = ["2020-01-01", "2120-01-01", "2020-01-03", "2020-03-01", "2020-03-01"];
    let body: String = days.into_iter().map(line).collect();
    let (report, records) = take("t.csv", &format!("timestamp,symbol,bid,ask\n{body}"));
    assert_eq!((report.faults.count(), report.woven.back), (1, 0));
    assert!(report.faults.to_string().contains("t.csv:3: more than a day ahead"));
    assert_eq!(ticks(&records).len(), 4);
}

#[test]
fn beats_come_each_100_ms_while_quotes_do_and_each_hour_over_a_weekend() {
    let line = |at: &str| format!("{at}Z,E,1,1\n");
    let quotes: String = ["2020-01-03T21:59:59", "2020-01-03T21:59:59.950", "2020-01-05T22:00:00"]
        .map(line)
        .concat();
    let (report, records) = take("t.csv", &format!("timestamp,symbol,bid,ask\n{quotes}"));
    // 9 before the second quote; then 10, 59 seconds, 59 minutes, two days of hours.
    assert!((175..=190).contains(&report.woven.beats), "{:?}", report.woven);
    let gaps = records.windows(2).map(|w| w[1].at.utc.0 - w[0].at.utc.0);
    let (lively, rest): (Vec<i64>, Vec<i64>) = gaps.partition(|gap| *gap <= 100_000);
    assert!(lively.len() >= 20 && rest.iter().all(|gap| *gap <= 3_600_000_000), "{rest:?}");
}

#[test]
fn a_jump_of_centuries_is_not_centuries_of_beats() {
    let text = "timestamp,symbol,bid,ask\n1970-01-01T00:00:01Z,E,1,1\n\
                2199-01-01T00:00:00Z,E,1,1\n2199-01-01T00:00:00Z,E,1,1\n";
    let (report, _) = take("t.csv", text);
    assert!(report.woven.ticks == 3 && report.woven.beats < 1_000, "{:?}", report.woven);
}

#[test]
fn state_shows_the_last_quote_and_its_candles() {
    let line = |i: u32| {
        let (minute, second) = (i / 60, i % 60);
        format!("2020-01-01T22:{minute:02}:{second:02}Z,EURUSD,1.{i:04},1.{i:04}5\n")
    };
    let lines: String = (0..1_000).map(line).collect();
    let text = format!("timestamp,symbol,bid,ask\n{lines}");
    let (report, records) = take("t.csv", &text);
    assert_eq!(report.woven.records, u64::try_from(records.len()).unwrap());
    let mut memory = Memory::new(records);
    let state = memory.state_at(memory.span().last.0).unwrap();
    let quote = state.quotes.of(0, &Symbol::new("EURUSD").unwrap()).unwrap();
    assert_eq!((quote.count, quote.bid.to_string()), (1_000, "1.0999".to_owned()));
    assert_eq!((quote.lag_us, state.mode()), (None, crate::domain::Mode::Replay));
    let minutes = quote.candles.of(Period::M1);
    assert_eq!((minutes.len(), minutes[0].ticks), (17, 60));
    assert_eq!(
        (minutes[1].open.to_string(), minutes[1].close.to_string()),
        ("1.006".to_owned(), "1.0119".to_owned())
    );
    assert_eq!(state.now.utc, report.woven.last);
    let said = &state.log.back().unwrap().value.text;
    assert_eq!(said.as_str(), "1000 ticks from t.csv");
}

proptest! {
    #[test]
    fn no_bytes_make_it_fail(
        format in 0_usize..4,
        bytes in prop::collection::vec(any::<u8>(), 0..400),
        lines in "([0-9]{1,9}[ ,.:TZ\t-]{0,2}){0,40}\n{0,2}",
    ) {
        let format = [None, Some(Format::CrsCsv), Some(Format::Mt5), Some(Format::Histdata)][format];
        let options = Options { format, symbol: Symbol::new("X").ok(), clock: None };
        for text in [bytes.as_slice(), lines.as_bytes()] {
            let (report, records) = with("any", text, &options);
            prop_assert_eq!(report.is_ok(), records.iter().any(|r| matches!(r.event, Event::Log(_))));
        }
    }
}
