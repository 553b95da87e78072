//! Recordings, read by the `mcap` package of Python: what we write is what
//! the format's own people read, sealed or cut off amid a session.

use crate::common::python;
use crs::domain::{
    Heard, Price, RawTicks, Stamp, Symbol, Text, Tick, TickBatch, TickShape, UtcMicros,
};
use crs::event::{Bookmark, Event, Level, LogLine, Stamped};
use crs::journal::{self, Recording, Segment};
use crs::state::State;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::Duration;

/// The interpreter that has the package.
fn interpreter() -> Option<&'static Path> {
    static FOUND: OnceLock<Result<PathBuf, String>> = OnceLock::new();
    let wanted = ["mcap", "zstandard"];
    match FOUND.get_or_init(|| python::having("mcap", &wanted, &wanted)) {
        Ok(path) => Some(path),
        Err(why) => {
            let skip = std::env::var_os("CRS_TEST_SKIP_PYTHON").is_some_and(|v| v == "1");
            assert!(
                skip,
                "no Python with mcap: {why}\nlet pip reach a package index, or set \
                 CRS_TEST_SKIP_PYTHON=1 to go without these tests"
            );
            let _ = writeln!(std::io::stderr(), "SKIPPED, CRS_TEST_SKIP_PYTHON=1: {why}");
            None
        }
    }
}

/// A session of some minutes, of five topics.
fn session() -> Vec<Stamped> {
    let start = Stamp { mono_ns: 9_000_000_000, utc: UtcMicros(1_768_399_200_000_001) };
    let event = |seq: u64, at: Stamp| match seq {
        1 => Event::Session(Box::default()),
        n if n % 50 == 0 => Event::Bookmark(Bookmark { text: Text::new(&format!("mark {n}")) }),
        n if n % 7 == 0 => Event::Log(LogLine {
            level: Level::Info,
            source: Text::new("test"),
            text: Text::new(&format!("line {n}")),
            when: None,
        }),
        n if n % 2 == 0 => {
            let bid = 108_500_000 + i64::try_from(n).unwrap() * 1_000;
            let tick = Tick {
                symbol: Symbol::new("EURUSD").unwrap(),
                bid: Price::from_raw(bid),
                ask: Price::from_raw(bid + 12_000),
                time: None,
                seq: None,
                shape: TickShape::T7,
            };
            let ticks = vec![Heard { after_us: 0, tick }];
            Event::Ticks(TickBatch { feed: 0, base: at, ticks, raw: RawTicks::default() })
        }
        _ => Event::Beat,
    };
    let record = |seq| {
        let at = start.plus(Duration::from_millis(100 * (seq - 1)));
        Stamped { seq, at, event: event(seq, at) }
    };
    (1..=2_000).map(record).collect()
}

/// The file as it grows, with a chunk after every 300 records.
fn growing(path: &Path, records: &[Stamped]) {
    let mut segment =
        Segment::begin(State::default(), None, BTreeMap::new(), journal::Level::Quick).unwrap();
    for record in records {
        segment.put(record.clone()).unwrap();
        if record.seq % 300 == 0 {
            segment.flush().unwrap();
        }
    }
    segment.flush().unwrap();
    fs::write(path, segment.take()).unwrap();
}

/// Topic, sequence, log time and publish time of a message.
type Message = (String, u64, u64, u64);

/// What is in the file by its chunks' heads and by the session.
fn ours(path: &Path, records: &[Stamped]) -> Vec<Message> {
    let recording = Recording::open(path).unwrap();
    let message = |topic: &str, (seq, at): (u64, Stamp)| {
        (topic.to_owned(), seq, u64::try_from(at.utc.0).unwrap() * 1_000, at.mono_ns)
    };
    let mut all = Vec::new();
    for head in recording.heads() {
        all.push(message("crs/head", head.last));
        all.push(message("crs/ticks", head.first));
        all.push(message("crs/beats", head.first));
        if head.whole {
            all.push(message("crs/state", head.first));
        }
    }
    for record in records {
        let topic = match &record.event {
            Event::Session(_) => "crs/session",
            Event::Log(_) => "crs/log",
            Event::Bookmark(_) => "crs/operator",
            _ => continue,
        };
        all.push(message(topic, (record.seq, record.at)));
    }
    all.sort();
    all
}

/// What the package reads, and the data of each.
fn theirs(path: &Path, how: &[&str]) -> Option<(Vec<Message>, Vec<Value>)> {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peer/mcap_reader.py");
    let out = Command::new(interpreter()?).arg(script).arg(path).args(how).output().unwrap();
    assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
    let said: Value = serde_json::from_slice(&out.stdout).unwrap();
    assert_eq!(said["profile"], "crs");
    let rows = said["messages"].as_array().unwrap();
    let message = |row: &Value| {
        let number = |n: usize| row[n].as_u64().unwrap();
        (row[0].as_str().unwrap().to_owned(), number(1), number(2), number(3))
    };
    let mut all: Vec<Message> = rows.iter().map(message).collect();
    all.sort();
    Some((all, rows.clone()))
}

/// A record in JSON says the number that its message has.
fn numbers_agree(rows: &[Value]) {
    let mut met = 0;
    for row in rows.iter().filter(|row| !row[4]["event"].is_null()) {
        assert_eq!(row[4]["seq"], row[1], "{row}");
        assert_eq!(row[4]["at"]["mono_ns"], row[3], "{row}");
        met += 1;
    }
    assert!(met > 200, "{met}");
}

#[test]
fn a_sealed_recording_is_read_by_its_index() {
    let home = tempfile::tempdir().unwrap();
    let live = home.path().join("crs-20260114T140000Z-a-0001.live.mcap");
    let records = session();
    growing(&live, &records);
    journal::seal(&live).unwrap();
    let sealed = home.path().join("crs-20260114T140000Z-a-0001.mcap");
    let Some((read, rows)) = theirs(&sealed, &[]) else { return };
    assert_eq!(read, ours(&sealed, &records));
    numbers_agree(&rows);
}

#[test]
fn a_recording_that_was_never_ended_is_read_to_where_it_is_cut() {
    let home = tempfile::tempdir().unwrap();
    let live = home.path().join("crs-20260114T140000Z-a-0001.live.mcap");
    let records = session();
    growing(&live, &records);
    let Some((read, rows)) = theirs(&live, &["--unsealed"]) else { return };
    assert_eq!(read, ours(&live, &records));
    numbers_agree(&rows);
    // Cut amid its last chunk: everything before is read, by both.
    let bytes = fs::read(&live).unwrap();
    fs::write(&live, &bytes[..bytes.len() - 40]).unwrap();
    let last = Recording::open(&live).unwrap().heads().last().unwrap().last.0;
    let kept: Vec<Stamped> = records.into_iter().filter(|record| record.seq <= last).collect();
    let Some((read, _)) = theirs(&live, &["--unsealed"]) else { return };
    assert_eq!(read, ours(&live, &kept));
}
