//! Seven shapes of a tick, and what a hostile publisher does to a feed. Rows
//! of the fault list: 16, 18 to 20.

use crate::place::Place;
use serde_json::Value;

fn rows(report: &Value) -> &[Value] {
    report["ticks"].as_array().unwrap()
}

#[test]
fn every_shape_arrives_as_the_same_quote() {
    for shape in ["T1", "T2", "T3", "T4", "T5", "T6", "T7"] {
        let Some(place) = Place::new(&["--shape", shape, "--symbols", "EURUSD.s"]) else { return };
        let outcome = place.run(&["ticks", "--count", "3", "--json"]);
        assert_eq!(outcome.code, Some(0), "{shape}: {outcome:#?}");
        let report = outcome.json();
        assert_eq!(rows(&report).len(), 3, "{shape}");
        for row in rows(&report) {
            assert_eq!((&row["symbol"], &row["shape"]), (&"EURUSD.s".into(), &shape.into()));
            let (bid, ask) = (row["bid"].as_f64().unwrap(), row["ask"].as_f64().unwrap());
            assert!((1.0..1.2).contains(&bid) && ask > bid, "{shape}: {row}");
        }
    }
}

#[test]
fn malformed_ticks_are_counted_and_the_good_ones_kept() {
    let Some(place) = Place::new(&["--shape", "all", "--bad-ticks", "--rate", "60"]) else {
        return;
    };
    let outcome = place.run(&["ticks", "--count", "60", "--json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let report = outcome.json();
    for row in rows(&report) {
        assert_eq!(row["symbol"], "EURUSD", "{row}");
        let (bid, ask) = (row["bid"].as_f64().unwrap(), row["ask"].as_f64().unwrap());
        assert!((1.08..1.09).contains(&bid) && ask >= bid, "{row}");
    }
    assert!(!outcome.stdout.contains(|c: char| c.is_control() && c != '\n'));
    // Told where they are asked for: when the wanted quote never comes.
    let outcome = place.run(&["ticks", "--symbol", "GBPUSD", "--timeout", "3"]);
    assert_eq!(outcome.code, Some(2), "{outcome:#?}");
    for cause in ["crossed: ", "not positive: ", "bad json: "] {
        assert!(outcome.stderr.contains(cause), "{cause}: {outcome:#?}");
    }
}

#[test]
fn a_feed_outlives_a_frame_that_is_too_large() {
    let args = ["--huge-after", "40", "--rate", "20", "--max-seconds", "100"];
    let Some(place) = Place::new(&args) else { return };
    // The frame of 64 MiB comes among them and silences a socket for good.
    let outcome = place.run(&["ticks", "--count", "120", "--timeout", "30", "--json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(rows(&outcome.json()).len(), 120);
}

#[test]
fn odd_times_pass_and_are_not_dropped() {
    let Some(place) = Place::new(&["--odd-times"]) else { return };
    let outcome = place.run(&["ticks", "--count", "12", "--json"]);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    assert_eq!(rows(&outcome.json()).len(), 12);
}
