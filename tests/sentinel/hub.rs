//! The client of the model server against servers of every kind.

use super::series::{MONDAY, walk};
use super::server::{Piece, Reply, Server, head, nobody, raw, run};
use crs::domain::{Probabilities, Ratio};
use crs::sentinel::features::{Features, build};
use crs::sentinel::hub::{Hub, HubFault, HubOptions, question};
use serde_json::Value;
use std::time::Duration;

const GOOD: &str = r#"{"predictions": [[0.1, 0.2, 0.7]]}"#;

fn features() -> Features {
    build(&walk(200, MONDAY)).unwrap()
}

fn hub(port: u16, timeout: Duration) -> Hub {
    Hub::new(&HubOptions { host: "127.0.0.1".to_owned(), port, timeout }).unwrap()
}

fn good() -> Probabilities {
    let [sell, hold, buy] = [1_000, 2_000, 7_000].map(Ratio::from_raw);
    Probabilities { sell, hold, buy }
}

fn words(fault: &HubFault) -> String {
    let words = fault.to_string();
    assert!(!words.chars().any(char::is_control), "{words:?}");
    assert!(words.starts_with("HUB at http://127.0.0.1:") && words.contains("; "), "{words}");
    words
}

#[test]
fn features_go_out_and_probabilities_come_back_on_one_connection() {
    let server = Server::start(Reply::new(200, GOOD));
    let features = features();
    let hub = hub(server.port, Duration::from_mins(1));
    run(async {
        for _ in 0..3 {
            assert_eq!(hub.predict(&features).await.unwrap(), good());
        }
    });
    let seen = server.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|s| s.from == seen[0].from), "one connection: {seen:?}");
    assert_eq!(seen[0].uri, "/invocations");
    assert_eq!(seen[0].headers["content-type"], "application/json");
    assert_eq!(seen[0].body, question(&features).unwrap());
    let sent: Value = serde_json::from_slice(&seen[0].body).unwrap();
    let row = &sent["dataframe_split"]["data"][0];
    let numbers = |value: &Value| value.as_array().map(Vec::len);
    assert_eq!((numbers(&row[0]), numbers(&row[0][0])), (Some(1), Some(23)));
    assert_eq!((numbers(&row[1]), numbers(&row[1][59])), (Some(60), Some(23)));
    assert_eq!(row[0][0][0].as_f64(), Some(features.tabular[0]), "no digit is lost");
}

#[test]
fn a_connection_that_the_server_gave_up_costs_no_prediction() {
    let answer = [head(GOOD.len()), GOOD.as_bytes().to_vec()].concat();
    // It closes after each answer, and does not say so.
    let hub = hub(raw(vec![(Duration::ZERO, answer)]), Duration::from_mins(1));
    let features = features();
    run(async {
        for _ in 0..3 {
            assert_eq!(hub.predict(&features).await.unwrap(), good());
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    });
}

#[test]
fn every_bad_answer_has_its_code_and_its_words() {
    let features = features();
    let long = "[".repeat(70_000);
    let failed = "{\"error_code\": \"INTERNAL\", \"message\": \"\u{1b}[2Jno\"}\nTraceback";
    for (status, body, code, wanted) in [
        (400, "shapes", "http_400", "(\"shapes\"); check that its model takes X_tabular"),
        (404, "", "http_404", "an MLflow model server"),
        (500, failed, "http_500", "\"INTERNAL\", \"message\": \"·[2Jno\"}\"); see the model"),
        (502, "<html>", "http_502", "HTTP status 502"),
        (503, "", "http_503", "HTTP status 503; see"),
        (302, "", "redirect", "it sends us elsewhere, to nowhere"),
        (200, "<html><body>Login</body>", "html", "a web page"),
        (200, "", "not_json", "no JSON"),
        (200, "{\"predictions\": [[0.1, 0.", "not_json", "no JSON"),
        (200, "{\"predictions\": [[0.3, 0.7]]}", "shape", "one row of sell, hold, buy"),
        (200, "{\"error\": \"model\"}", "shape", "one row of sell, hold, buy"),
        (200, "[[NaN, 0.5, 0.5]]", "not_a_number", "no number (\"[[NaN"),
        (200, "[[null, 0.5, 0.5]]", "not_a_number", "no number"),
        (200, "[[-0.1, 0.4, 0.7]]", "range", "below 0 or above 1"),
        (200, "[[0, 0, 1.5]]", "range", "below 0 or above 1"),
        (200, "[[0.1, 0.2, 0.6]]", "sum", "do not add up to 1"),
        (200, &long, "too_large", "more than 65536 bytes"),
    ] {
        let server = Server::start(Reply::new(status, body));
        let fault = run(hub(server.port, Duration::from_mins(1)).predict(&features)).unwrap_err();
        let words = words(&fault);
        assert_eq!(fault.code(), code, "{status} {body:.40}: {words}");
        assert!(words.contains(wanted), "{status} {body:.40}: no {wanted:?} in: {words}");
        assert_eq!(server.seen().len(), 1, "asked once, whatever comes back");
    }
}

#[test]
fn a_line_that_fails_has_its_code_and_its_words() {
    let features = features();
    let now = |bytes: &[u8]| -> Piece { (Duration::ZERO, bytes.to_vec()) };
    let drip = vec![(Duration::from_millis(100), b"[".to_vec()); 300];
    let (short, long) = (Duration::from_millis(400), Duration::from_mins(1));
    for (port, timeout, code, wanted) in [
        (nobody(), long, "connect", "check hub.host and hub.port"),
        (raw(vec![(Duration::from_secs(30), Vec::new())]), short, "timeout", "within 400 ms"),
        (raw([vec![now(&head(500))], drip].concat()), short, "timeout", "within 400 ms"),
        (raw(vec![now(&head(500)), now(b"[[")]), long, "broken", "ended before a whole answer"),
        (raw(vec![now(b"\x16\x03\x01 no HTTP\r\n\r\n")]), long, "broken", "what listens there"),
    ] {
        let fault = run(hub(port, timeout).predict(&features)).unwrap_err();
        let words = words(&fault);
        assert_eq!(fault.code(), code, "{words}");
        assert!(words.contains(wanted), "no {wanted:?} in: {words}");
    }
}
