//! `crs features` as a script meets it.

use super::common::sandbox::{Outcome, Sandbox};
use super::series::{MONDAY, csv, entries, walk};
use crs::sentinel::bars::iso;
use crs::sentinel::features::build;
use serde_json::Value;
use std::io::Write as _;
use std::process::Stdio;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

/// `crs features` on a file of these bytes.
fn features(text: impl AsRef<[u8]>, more: &[&str]) -> Outcome {
    let home = Sandbox::new();
    std::fs::write(home.path().join("bars"), text).unwrap();
    home.run(&[&["features", "--bars", "bars"], more].concat(), LIMIT)
}

fn lines(outcome: &Outcome) -> Vec<&str> {
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    outcome.stdout.lines().collect()
}

#[test]
fn each_window_has_a_line_from_every_form_of_a_file() {
    let bars = walk(205, MONDAY);
    // As text: every digit counts.
    let line = |window| {
        let found = build(window).unwrap();
        let numbers = serde_json::to_string(&found.tabular).unwrap();
        format!("{{\"last_bar\":\"{}\",\"features\":{numbers}}}", iso(found.last_bar))
    };
    let wanted: Vec<String> = bars.windows(200).map(line).collect();
    assert!(wanted[0].starts_with("{\"last_bar\":\"2026-11-10 07:00:00\","));
    let list = serde_json::to_string(&entries(&bars)).unwrap();
    for text in [csv(&bars), list] {
        let outcome = features(&text, &[]);
        assert_eq!(lines(&outcome), wanted);
        assert_eq!(outcome.stderr, "");
        assert_eq!(lines(&features(&text, &["--last"])), wanted[5..]);
    }
    let whole = features(csv(&bars), &["--last", "--sequence"]);
    let sequence = serde_json::to_string(&build(&bars).unwrap().sequence).unwrap();
    let begin = wanted[5].strip_suffix('}').unwrap();
    assert_eq!(lines(&whole), [format!("{begin},\"sequence\":{sequence}}}")]);
    assert_eq!(whole.json()["sequence"].as_array().map(Vec::len), Some(60));
}

#[test]
fn standard_input_is_a_file_too() {
    let home = Sandbox::new();
    let mut command = home.crs(&["features", "--bars", "-", "--last"]);
    let mut child = command.stdin(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(csv(&walk(200, MONDAY)).as_bytes()).unwrap();
    let out = child.wait_with_output().unwrap();
    assert!(out.status.success(), "{out:?}");
    assert_eq!(String::from_utf8(out.stdout).unwrap().lines().count(), 1);
}

#[test]
fn what_can_not_be_used_is_named_with_its_line() {
    let good = csv(&walk(200, MONDAY));
    let few = csv(&walk(199, MONDAY));
    let lines: Vec<&str> = good.lines().collect();
    let with = |n: usize, line: &str| {
        let mut all = lines.clone();
        all[n] = line;
        all.join("\n")
    };
    for (text, wanted) in [
        (with(100, "yesterday,1,1,1,1,1"), "crs: bars:101: \"yesterday\" is no time"),
        (with(7, "2026-11-02 06:00:00,1,1,1,x,1"), "crs: bars:8: close \"x\" is no number"),
        (with(7, "2026-11-02 06:00:00,1,1,2,1,1"), "crs: bars:8: high is below low"),
        (with(7, lines[6]), "crs: bars:8: 2026-11-02 05:00:00 does not come after"),
        (with(0, "time,o,h,l,c,v"), "crs: bars:1: there is no column timestamp"),
        (few, "crs: bars: 199 bars, a window needs 200"),
        (String::new(), "crs: bars:1: the file is empty"),
        ("<html>".to_owned(), "crs: bars: this is a web page"),
        ("[{\"timestamp\":".to_owned(), "crs: bars: the JSON breaks off at line 1"),
        ("[]".to_owned(), "crs: bars: there is no bar at all"),
    ] {
        let outcome = features(&text, &[]);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
        assert!(outcome.stderr.starts_with(wanted), "no {wanted:?}: {}", outcome.stderr);
        assert!(outcome.stderr.contains("; "), "no next step: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "");
    }
    let home = Sandbox::new();
    let gone = home.run(&["features", "--bars", "gone.csv"], LIMIT);
    assert_eq!(gone.code, Some(1));
    assert!(gone.stderr.starts_with("crs: gone.csv: can't be read: No such file"), "{gone:?}");
    assert_eq!(home.run(&["features"], LIMIT).code, Some(64));
}

#[test]
fn what_is_mended_is_told_beside_the_answer() {
    let mut all = entries(&walk(210, MONDAY));
    all[50]["close"] = Value::Null;
    all.swap(3, 9);
    let outcome = features(serde_json::to_string(&all).unwrap(), &["--last"]);
    assert_eq!(lines(&outcome).len(), 1);
    assert!(
        outcome.stderr.contains("crs: bars: 1 bar dropped: of 2026-11-04 02:00"),
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains("not in order"), "{outcome:?}");
}
