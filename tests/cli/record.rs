//! `crs record`: recordings made, looked into, cut, mended, and files that
//! are none.

use super::common::sandbox::{Outcome, Sandbox};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

pub fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/ticks").join(name);
    path.display().to_string()
}

pub fn record(home: &Sandbox, args: &[&str]) -> Outcome {
    let all: Vec<&str> = ["record"].iter().chain(args).copied().collect();
    home.run(&all, LIMIT)
}

fn done(home: &Sandbox, args: &[&str]) -> String {
    let outcome = record(home, args);
    assert_eq!(outcome.code, Some(0), "{args:?}: {outcome:#?}");
    outcome.stdout
}

/// A home with `a.mcap`, made of a fixture.
pub fn with_recording(file: &str) -> Sandbox {
    let home = Sandbox::new();
    done(&home, &["import", &fixture(file), "--out", "a.mcap"]);
    home
}

fn info(home: &Sandbox, file: &str) -> serde_json::Value {
    record(home, &["info", file, "--json"]).json()
}

#[test]
fn each_format_is_found_and_said() {
    for (file, format, ticks, from) in [
        ("eurusd.csv", "crs-csv", 400, "2020-01-01T22:00:00.065000Z"),
        ("usdjpy.csv", "crs-csv", 200, "2013-01-01T22:00:00.295000Z"),
        ("DAT_ASCII_EURUSD_T_202001.csv", "histdata", 300, "2020-01-01T22:00:00.065000Z"),
        ("EURUSD_202001020000_202001020600.csv", "mt5", 273, "2020-01-02T00:00:00.065000Z"),
    ] {
        let home = Sandbox::new();
        let said = done(&home, &["import", &fixture(file), "--out", "a.mcap"]);
        assert!(said.contains(&format!(": {format}, ")), "{said}");
        assert!(said.contains(&format!("{ticks} ticks, {from} to ")), "{said}");
        assert_eq!(said.contains("--zone"), format == "mt5", "{said}");
        let found = info(&home, "a.mcap");
        assert_eq!((&found["ticks"], &found["sealed"]), (&ticks.into(), &1.into()), "{found}");
        let verified = done(&home, &["verify", "a.mcap"]);
        assert!(
            verified.contains(": sound") && verified.contains(found["digest"].as_str().unwrap())
        );
    }
}

#[test]
fn a_brokers_clock_is_an_option_and_an_import_never_overwrites() {
    let home = Sandbox::new();
    let file = fixture("EURUSD_202001020000_202001020600.csv");
    let said = done(&home, &["import", &file, "--zone", "+02:00", "--out", "a.mcap"]);
    assert!(said.contains("2020-01-01T22:00:00.065000Z to"), "{said}");
    let again = record(&home, &["import", &file, "--out", "a.mcap"]);
    assert_eq!(again.code, Some(1));
    assert!(again.stderr.contains("a.mcap") && again.stderr.contains("there already"), "{again:?}");
    assert_eq!(record(&home, &["import", &file, "--zone", "mars"]).code, Some(64));
    // Without --out it lies here, by the file's own name.
    done(&home, &["import", &file]);
    assert!(home.path().join("EURUSD_202001020000_202001020600.mcap").is_file());
}

#[test]
fn a_table_of_ticks_comes_back_as_it_was() {
    let home = with_recording("eurusd.csv");
    done(&home, &["export", "a.mcap", "-o", "one.csv"]);
    done(&home, &["import", "one.csv", "--out", "b.mcap"]);
    let prices = |text: String| -> Vec<String> {
        let cut = |line: &str| line.split(',').take(4).collect::<Vec<_>>().join(",");
        text.lines().map(cut).collect()
    };
    let one = prices(fs::read_to_string(home.path().join("one.csv")).unwrap());
    assert_eq!(prices(done(&home, &["export", "b.mcap"])), one);
    assert_eq!(one.len(), 401);
    let first = fs::read_to_string(fixture("eurusd.csv")).unwrap();
    assert_eq!(one[1], "2020-01-01T22:00:00.065000Z,EURUSD,1.1212,1.12172", "{}", &first[..80]);
}

#[test]
fn lines_that_are_not_taken_are_named() {
    let home = Sandbox::new();
    let text = fs::read_to_string(fixture("eurusd.csv")).unwrap();
    let broken =
        text.replacen("1.12120", "1,1212", 1).replacen("2020-01-01T22:00:12", "yesterday", 1);
    fs::write(home.path().join("bad.csv"), broken).unwrap();
    let said = done(&home, &["import", "bad.csv"]);
    assert!(said.contains("398 ticks") && said.contains("2 lines were not taken"), "{said}");
    assert!(said.contains("bad.csv:2: ") && said.contains("bad.csv:5: no date"), "{said}");
}

/// Files that are no sound recording, by name.
fn strangers(home: &Sandbox) -> Vec<&'static str> {
    let dir = home.path();
    let whole = fs::read(dir.join("a.mcap")).unwrap();
    let mut other = whole.clone();
    let at = other.windows(6).position(|w| w == b"format").unwrap();
    assert_eq!(other[at + 10], b'1');
    other[at + 10] = b'9';
    fs::write(dir.join("newer.mcap"), other).unwrap();
    fs::write(dir.join("empty.mcap"), b"").unwrap();
    fs::write(dir.join("short.mcap"), &whole[..20]).unwrap();
    fs::write(dir.join("picture.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    fs::copy(fixture("eurusd.csv"), dir.join("plain.csv")).unwrap();
    fs::create_dir(dir.join("nothing")).unwrap();
    vec!["newer.mcap", "empty.mcap", "short.mcap", "picture.png", "plain.csv", "nothing", "missing"]
}

#[test]
fn what_is_no_recording_is_refused_by_every_verb() {
    let home = with_recording("usdjpy.csv");
    for name in strangers(&home) {
        for args in [
            &["info", name][..],
            &["verify", name],
            &["repair", name, "-o", "out.mcap"],
            &["cut", name, "-o", "out.mcap"],
            &["export", name],
        ] {
            let outcome = record(&home, args);
            assert_eq!(outcome.code, Some(1), "{args:?}: {outcome:#?}");
            let said = &outcome.stderr;
            assert!(said.contains(name) && said.contains("; "), "{args:?}: {said}");
            assert!(said.lines().count() == 1 && outcome.stdout.is_empty(), "{outcome:#?}");
        }
        assert!(!home.path().join("out.mcap").exists(), "{name}");
    }
    for name in ["empty.mcap", "picture.png", "nothing", "missing", "a.mcap"] {
        let outcome = record(&home, &["import", name, "--out", "out.mcap"]);
        assert_eq!(outcome.code, Some(1), "{name}: {outcome:#?}");
        assert!(outcome.stderr.contains(name), "{outcome:#?}");
    }
    let left: Vec<PathBuf> =
        fs::read_dir(home.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(left.iter().all(|path| path.extension().is_none_or(|e| e != "part")), "{left:?}");
}

#[test]
fn a_byte_that_was_changed_is_told_with_its_place_and_mended_around() {
    let home = with_recording("eurusd.csv");
    let path = home.path().join("a.mcap");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 3;
    bytes[middle] ^= 0x55;
    fs::write(&path, &bytes).unwrap();
    let outcome = record(&home, &["verify", "a.mcap"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    let all = format!("{}{}", outcome.stdout, outcome.stderr);
    assert!(all.contains("a.mcap:"), "{all}");
    // One chunk holds it all: what is left is nothing, and that is said.
    let outcome = record(&home, &["repair", "a.mcap", "-o", "b.mcap"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stderr.contains("a.mcap:") && !home.path().join("b.mcap").exists());
    assert_eq!(fs::read(&path).unwrap(), bytes, "the old one was touched");
}

#[test]
fn a_damage_in_the_midst_costs_its_own_part_only() {
    let home = Sandbox::new();
    // Enough for several chunks, and whole States between them.
    let line = |i: u32| {
        let (m, s, ms) = (i / 6_000 % 60, i / 100 % 60, i % 100 * 10);
        let price = 10_000 + i % 700;
        format!("2020-01-01T22:{m:02}:{s:02}.{ms:03}Z,EURUSD,1.{price},1.{price}5\n")
    };
    let lines: String = (0..120_000).map(line).collect();
    let text = format!("timestamp,symbol,bid,ask\n{lines}");
    fs::write(home.path().join("many.csv"), text).unwrap();
    done(&home, &["import", "many.csv", "--out", "a.mcap"]);
    let before = info(&home, "a.mcap");
    assert_eq!(before["ticks"], 120_000);
    let path = home.path().join("a.mcap");
    let mut bytes = fs::read(&path).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle] ^= 0x55;
    fs::write(&path, &bytes).unwrap();
    let outcome = record(&home, &["verify", "a.mcap"]);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(
        outcome.stdout.contains("a.mcap:") && outcome.stdout.contains("DAMAGED"),
        "{outcome:#?}"
    );
    let said = done(&home, &["repair", "a.mcap", "-o", "b.mcap"]);
    assert!(said.contains("lost: records "), "{said}");
    assert_eq!(fs::read(&path).unwrap(), bytes, "the old one was touched");
    assert!(done(&home, &["verify", "b.mcap"]).contains("1 gaps"));
    let after = info(&home, "b.mcap");
    assert_eq!(after["digest"], before["digest"], "what lies behind the damage is there");
    let kept = after["ticks"].as_u64().unwrap();
    assert!((40_000..120_000).contains(&kept), "{kept}");
    // Cut at its tail, too: what came before is there.
    fs::write(home.path().join("torn.mcap"), &bytes[..bytes.len() - 40]).unwrap();
    assert_eq!(record(&home, &["verify", "torn.mcap"]).code, Some(1));
    done(&home, &["repair", "torn.mcap", "-o", "c.mcap"]);
    done(&home, &["verify", "c.mcap"]);
}

#[test]
fn a_piece_is_a_recording_of_its_own() {
    let home = with_recording("eurusd.csv");
    let whole = info(&home, "a.mcap");
    let args = ["cut", "a.mcap", "--from", "2020-01-01T22:05", "-o", "b.mcap"];
    let said = done(&home, &args);
    assert!(said.contains("2020-01-01T22:0"), "{said}");
    let piece = info(&home, "b.mcap");
    assert_eq!((&piece["digest"], &piece["last"]), (&whole["digest"], &whole["last"]));
    assert!(piece["ticks"].as_u64().unwrap() < 400 && piece["first"].as_u64().unwrap() > 1);
    done(&home, &["verify", "b.mcap"]);
    done(&home, &["cut", "a.mcap", "--to", "2020-01-01T22:05:00Z", "-o", "c.mcap"]);
    let both = info(&home, "c.mcap")["last"].as_u64().unwrap();
    assert_eq!(piece["first"].as_u64().unwrap(), both, "both hold the record at the cut");
    let rows = |file: &str| done(&home, &["export", file]).lines().count();
    assert!(rows("b.mcap") + rows("c.mcap") >= 402);
    let outcome = record(&home, &["cut", "a.mcap", "--from", "2030-01-01", "-o", "d.mcap"]);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("spans 2020-01-01T22:00"), "{outcome:#?}");
}

#[test]
fn a_directory_is_listed_file_by_file() {
    let home = with_recording("usdjpy.csv");
    let dir = home.path().join("ring");
    fs::create_dir(&dir).unwrap();
    fs::copy(home.path().join("a.mcap"), dir.join("crs-20130101-0001.mcap")).unwrap();
    fs::write(dir.join("crs-20130102-0001.live.mcap"), b"x").unwrap();
    fs::write(dir.join("notes.txt"), b"x").unwrap();
    let said = done(&home, &["list", "ring"]);
    assert!(said.contains("2 files") && said.contains("no recording"), "{said}");
    let list = record(&home, &["list", "ring", "--json"]).json();
    assert_eq!(list[0]["sealed"], true);
    assert!(list[1]["fault"].as_str().unwrap().contains("0001.live.mcap"));
    assert_eq!(record(&home, &["list", "missing"]).code, Some(1));
}

#[test]
fn a_reader_that_leaves_an_export_is_no_error() {
    let home = with_recording("eurusd.csv");
    for format in ["csv", "jsonl"] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let args = ["record", "export", "a.mcap", "--what", "all", "--format", format];
        let mut child = home.crs(&args).stdout(Stdio::from(writer)).spawn().unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(0), "{format}");
    }
}

#[test]
fn an_export_has_a_time_and_never_overwrites() {
    let home = with_recording("eurusd.csv");
    let args =
        ["export", "a.mcap", "--from", "2020-01-01T22:00:10Z", "--to", "2020-01-01T22:00:11Z"];
    assert_eq!(done(&home, &args).lines().count(), 3);
    let none = done(&home, &["export", "a.mcap", "--symbol", "USDJPY"]);
    assert_eq!(none.lines().count(), 1, "only the header");
    done(&home, &["export", "a.mcap", "-o", "t.csv"]);
    let again = record(&home, &["export", "a.mcap", "-o", "t.csv"]);
    assert!(again.code == Some(1) && again.stderr.contains("t.csv"), "{again:#?}");
}
