//! What `crs record export` writes, opened by pandas and by duckdb.
//!
//! Both come from pip, into a virtual environment of their own; where they
//! can't be had the test says SKIPPED, with the reason, past the harness.

use super::common::python;
use super::record::{record, with_recording};
use serde_json::{Value, json};
use std::io::Write as _;
use std::process::Command;

/// Reads both files with both programs; prints what each found.
const READ: &str = r#"
import json, sys
from decimal import Decimal
import duckdb, pandas
csv, jsonl = sys.argv[1:]
d = pandas.read_csv(csv, parse_dates=["timestamp"], dtype={"bid": str, "ask": str})
total = lambda column: str(sum(map(Decimal, column)))
pd = dict(rows=len(d), bid=total(d.bid), ask=total(d.ask), first=d.timestamp.min().isoformat(),
          utc=str(d.timestamp.dt.tz), mono=int(d.mono_ns.iloc[-1]), kind=str(d.mono_ns.dtype))
j = pandas.read_json(jsonl, lines=True)
pd["batches"] = len(j)
pd["ticks"] = int(sum(len(e["ticks"]) for e in j.event))
q = duckdb.connect()
t = f"read_csv('{csv}', types={{'bid': 'DECIMAL(18,8)', 'ask': 'DECIMAL(18,8)'}})"
rows, bid, ask, first, mono, kind, stamp = q.sql(
    f"select count(*), sum(bid), sum(ask), min(epoch_us(timestamp)), max(mono_ns), "
    f"any_value(typeof(mono_ns)), any_value(typeof(timestamp)) from {t}").fetchall()[0]
batches, ticks = q.sql(
    f"select count(*), sum(len(event.ticks)) from read_json('{jsonl}', format='newline_delimited')"
).fetchall()[0]
dd = dict(rows=rows, bid=str(bid.normalize()), ask=str(ask.normalize()), first=first, mono=mono,
          kind=kind, stamp=stamp, batches=batches, ticks=int(ticks))
print(json.dumps(dict(pandas=pd, duckdb=dd)))
"#;

#[test]
fn pandas_and_duckdb_read_what_crs_knows() {
    let python = match python::having("tables", &["pandas", "duckdb"], &["pandas", "duckdb"]) {
        Ok(python) => python,
        Err(why) => {
            let words = format!("\nSKIPPED pandas_and_duckdb_read_what_crs_knows: {why}\n");
            let _ = std::io::stderr().write_all(words.as_bytes());
            return;
        }
    };
    let home = with_recording("eurusd.csv");
    for (format, file) in [("csv", "t.csv"), ("jsonl", "t.jsonl")] {
        let outcome = record(&home, &["export", "a.mcap", "--format", format, "-o", file]);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    }
    let mut command = Command::new(python);
    command.args(["-c", READ, "t.csv", "t.jsonl"]).current_dir(home.path());
    let out = command.output().unwrap();
    let said = String::from_utf8_lossy(&out.stderr);
    let read: Value = serde_json::from_slice(&out.stdout).unwrap_or_else(|e| panic!("{e}: {said}"));
    let (pandas, duckdb) = (&read["pandas"], &read["duckdb"]);
    let known = record(&home, &["info", "a.mcap", "--json"]).json();
    for found in [pandas, duckdb] {
        assert_eq!((&found["rows"], &found["ticks"]), (&known["ticks"], &known["ticks"]), "{read}");
        assert_eq!(found["batches"], known["records"]["ticks"], "{read}");
        assert_eq!(
            found["mono"].as_i64().unwrap() / 1_000,
            known["to"].as_i64().unwrap(),
            "{read}"
        );
    }
    // The sums of the file that was imported, in units of 1e-5.
    let text = std::fs::read_to_string(super::record::fixture("eurusd.csv")).unwrap();
    let sum = |column: usize| {
        let digits = |line: &str| {
            let field = line.split(',').nth(column).unwrap();
            field.replace('.', "").parse::<u64>().unwrap()
        };
        text.lines().skip(1).map(digits).sum::<u64>()
    };
    for (column, name) in [(2, "bid"), (3, "ask")] {
        let sum = sum(column);
        let sum = format!("{}.{:05}", sum / 100_000, sum % 100_000);
        for found in [pandas, duckdb] {
            let read = found[name].as_str().unwrap();
            assert_eq!(read.trim_end_matches('0'), sum.trim_end_matches('0'), "{name}");
        }
    }
    assert_eq!(pandas["first"], "2020-01-01T22:00:00.065000+00:00");
    assert_eq!(duckdb["first"], json!(1_577_916_000_065_000_i64));
    assert_eq!((&pandas["utc"], &pandas["kind"]), (&json!("UTC"), &json!("int64")));
    assert_eq!(
        (&duckdb["kind"], &duckdb["stamp"]),
        (&json!("BIGINT"), &json!("TIMESTAMP WITH TIME ZONE"))
    );
}
