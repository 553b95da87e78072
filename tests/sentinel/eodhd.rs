//! The client of the data service against servers of every kind.

use super::series::{entries, entry, recent};
use super::server::{Piece, Reply, Server, head, nobody, raw, run};
use crs::domain::{Calendar, Secret};
use crs::sentinel::bars::{Bar, HOUR};
use crs::sentinel::eodhd::{Eodhd, EodhdOptions, FetchFault, Fetched};
use crs::sentinel::features::build;
use serde_json::{Value, json};
use std::time::Duration;

const TOKEN: &str = "5f0e.not-for-anybody";
const ASKED: &str =
    "/api/intraday/EURUSD.FOREX?api_token=5f0e.not-for-anybody&interval=1h&fmt=json";

fn options(base_url: String, timeout: Duration) -> EodhdOptions {
    EodhdOptions { base_url, token: Secret::new(TOKEN), timeout, ca_file: None }
}

fn ask(base_url: String, timeout: Duration) -> Result<Fetched, FetchFault> {
    let eodhd = Eodhd::new(&options(base_url, timeout)).unwrap();
    run(eodhd.bars("EURUSD"))
}

fn asked(reply: Reply) -> Result<Fetched, FetchFault> {
    let server = Server::start(reply);
    let got = ask(server.url(), Duration::from_mins(1));
    assert_eq!(server.seen().len(), 1, "one question, no second try");
    got
}

fn list(entries: &[Value]) -> Reply {
    Reply::new(200, serde_json::to_vec(entries).unwrap())
}

/// The words of `fault`, after what holds for all of them.
fn words(fault: &FetchFault) -> String {
    let words = fault.to_string();
    for text in [&words, &format!("{fault:?}")] {
        assert!(!text.contains(TOKEN), "the token is told: {text}");
    }
    assert!(!words.chars().any(char::is_control), "{words:?}");
    assert!(words.contains("; "), "no next step: {words}");
    words
}

#[test]
fn good_bars_arrive_as_they_are() {
    let bars = recent(260);
    let server = Server::start(list(&entries(&bars)));
    let got = ask(server.url(), Duration::from_mins(1)).unwrap();
    assert_eq!(got.bars, bars);
    assert!(build(&got.bars).is_ok());
    let seen = server.seen();
    assert_eq!(seen[0].uri, ASKED);
    assert!(!seen[0].headers.contains_key("referer"), "{seen:?}");
}

#[test]
fn what_is_mended_is_told() {
    let bars = recent(260);
    let mut all = entries(&bars);
    all[250]["volume"] = Value::Null;
    all[240]["close"] = json!(-1.0);
    all[230]["high"] = json!(0.5);
    all.swap(100, 200);
    all.push(entry(&bars[220]));
    // The hour that runs, and one that nobody can know yet.
    let last = bars[259];
    all.push(entry(&Bar { at: last.at + HOUR, ..last }));
    all.push(entry(&Bar { at: last.at + 9 * HOUR, ..last }));
    let text = serde_json::to_string(&all).unwrap();
    // As a Python peer writes a number that is none.
    let text = text.replacen("\"close\":-1.0", "\"close\":NaN", 1);
    let got = asked(Reply::new(200, text)).unwrap();
    let mut wanted = bars;
    wanted[250].volume = 0.0;
    wanted.remove(240);
    wanted.remove(230);
    assert_eq!(got.bars, wanted);
    let told = got.notes.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    for words in [
        "2 bars dropped: of ",
        "1 bar without a volume, taken as 0",
        "not in order and were sorted",
        "1 bar dropped that were there already",
        "its hour has not ended",
        "1 bar of hours to come dropped",
    ] {
        assert!(told.contains(words), "no {words:?} in\n{told}");
    }
}

/// Every bad answer: what is sent, the code, words of the error.
fn bad_answers() -> Vec<(Reply, &'static str, &'static str)> {
    let bars = recent(260);
    let good = entries(&bars);
    let with = |change: &dyn Fn(&mut Vec<Value>)| {
        let mut all = good.clone();
        change(&mut all);
        list(&all)
    };
    let whole = serde_json::to_string(&good).unwrap();
    let cut = whole.get(..whole.len() / 2).unwrap();
    let echo = format!("\u{1b}[31mno such token {TOKEN}\nsecond line");
    let elsewhere = format!("http://other.example{ASKED}");
    let month = 30 * 24 * HOUR;
    let old: Vec<Bar> = bars.iter().map(|bar| Bar { at: bar.at - month, ..*bar }).collect();
    vec![
        (Reply::new(400, ""), "http_400", "HTTP status 400; check eodhd.base_url"),
        (Reply::new(401, echo.clone()), "http_401", "(\"·[31mno such token ***\"); the token is"),
        (Reply::new(402, ""), "http_402", "limit of the day"),
        (Reply::new(403, "Forbidden"), "http_403", "(\"Forbidden\"); the token is not taken"),
        (Reply::new(404, "Ticker Not Found."), "http_404", "the symbol is not known there"),
        (Reply::new(429, ""), "http_429", "asked too often"),
        (Reply::new(500, "<html>\n<body>"), "http_500", "(\"<html>\"); the service itself"),
        (Reply::new(503, vec![b'x'; 100_000]), "http_503", "the service itself"),
        (Reply::new(418, ""), "http_other", "HTTP status 418"),
        (Reply::new(204, ""), "http_other", "HTTP status 204"),
        (
            Reply::new(302, "").with("location", &elsewhere),
            "redirect",
            "to http://other.example, which is not followed",
        ),
        (
            Reply::new(302, "").with("location", &format!("https://{TOKEN}.x/")),
            "redirect",
            "to https://***.x, which is not followed",
        ),
        (Reply::new(200, "<!DOCTYPE html><html>"), "html", "a web page"),
        (Reply::new(200, "[]"), "bars_empty", "no bar at all"),
        (list(&good[..199]), "bars_too_few", "199 bars can be used, 200 are needed"),
        (Reply::new(200, cut), "json_cut_off", "breaks off at line 1"),
        (Reply::new(200, ""), "json_cut_off", "breaks off"),
        (Reply::new(200, "Ticker Not Found."), "not_json", "no JSON at line 1, column 1"),
        (Reply::new(200, json!({"error": echo}).to_string()), "not_a_list", "no list of bars"),
        (
            with(&|all| all.push(entry(&Bar { volume: 1e6, ..bars[200] }))),
            "bars_contradict",
            "two different bars of",
        ),
        (
            with(&|all| all[200..211].iter_mut().for_each(|e| e["open"] = json!("1.0"))),
            "bars_dropped",
            "11 bars of the window can't be used",
        ),
        (
            with(&|all| all[200..211].iter_mut().for_each(|e| e["timestamp"] = Value::Null)),
            "bars_dropped",
            "one without a time",
        ),
        (list(&entries(&old)), "bars_stale", "the market was open for"),
        (Reply::new(200, vec![b' '; 9 << 20]), "too_large", "more than 8388608 bytes"),
    ]
}

#[test]
fn every_bad_answer_has_its_code_and_its_words() {
    for (reply, code, wanted) in bad_answers() {
        let shown = format!("{} {:.60}", reply.status, String::from_utf8_lossy(&reply.body));
        let fault = asked(reply).unwrap_err();
        let words = words(&fault);
        assert_eq!(fault.code(), code, "{shown}: {words}");
        assert!(words.contains(wanted), "{shown}: no {wanted:?} in: {words}");
        assert!(words.starts_with("EODHD at http://127.0.0.1:"), "{words}");
    }
}

#[test]
fn the_age_of_bars_is_the_operators_choice() {
    let bars = recent(300);
    let server = Server::start(list(&entries(&bars[..260])));
    let eodhd = Eodhd::new(&options(server.url(), Duration::from_mins(1))).unwrap();
    let mut always = Calendar::default();
    always.market.always = true;
    let strict = eodhd.with_age(39, always.clone());
    assert_eq!(run(strict.bars("EURUSD")).unwrap_err().code(), "bars_stale");
    let lenient = strict.with_age(0, always);
    let got = run(lenient.bars("EURUSD")).unwrap();
    let told = got.notes.last().unwrap().to_string();
    assert!(told.contains("the last bar is of") && told.contains("are missing"), "{told}");
}

#[test]
fn a_line_that_fails_has_its_code_and_its_words() {
    let now = |bytes: &[u8]| -> Piece { (Duration::ZERO, bytes.to_vec()) };
    let drip = |n: usize| -> Vec<Piece> { vec![(Duration::from_millis(100), b"[".to_vec()); n] };
    let http = |pieces: Vec<Piece>| format!("http://127.0.0.1:{}", raw(pieces));
    let silence = vec![(Duration::from_secs(30), Vec::new())];
    let plain = http(vec![now(b"HTTP/1.1 200 OK\r\n\r\n")]).replace("http:", "https:");
    let short = Duration::from_millis(400);
    let long = Duration::from_mins(1);
    for (url, timeout, code, wanted) in [
        (format!("http://127.0.0.1:{}", nobody()), long, "connect", "no connection (Connection"),
        (http(silence), short, "timeout", "no whole answer within 400 ms; check the line"),
        (http([vec![now(&head(500))], drip(300)].concat()), short, "timeout", "no whole answer"),
        (
            http([vec![now(b"HTTP/1.1 200 OK\r\nx: ")], drip(300)].concat()),
            short,
            "timeout",
            "no whole",
        ),
        (http(vec![now(&head(500)), now(b"[{")]), long, "broken", "ended before a whole answer"),
        (http(vec![now(b"SSH-2.0-OpenSSH_9\r\n")]), long, "broken", "ended before"),
        (http(Vec::new()), long, "broken", "ended before"),
        (plain, long, "tls", "no secure connection"),
    ] {
        let fault = ask(url.clone(), timeout).unwrap_err();
        let words = words(&fault);
        assert_eq!(fault.code(), code, "{url}: {words}");
        assert!(words.contains(wanted), "{url}: no {wanted:?} in: {words}");
    }
}

#[test]
fn a_symbol_that_the_service_can_not_know_is_not_asked_for() {
    let server = Server::start(list(&[]));
    let eodhd = Eodhd::new(&options(server.url(), Duration::from_mins(1))).unwrap();
    for symbol in ["", "EURUSD.s", "EUR/USD", "../eod", "EUR USD", "EURUSD?x=1", "\u{1b}[31m"] {
        let fault = run(eodhd.bars(symbol)).unwrap_err();
        assert_eq!(fault.code(), "symbol", "{symbol}");
        words(&fault);
    }
    assert!(server.seen().is_empty());
}

#[test]
fn no_proxy_of_the_environment_is_used() {
    // A variable of this process would be seen by other tests: a child then.
    let server = Server::start(list(&entries(&recent(260))));
    let me = std::env::current_exe().unwrap();
    let mut child = std::process::Command::new(me);
    child.args(["eodhd::asked_by_a_child", "--exact", "--ignored"]);
    let proxy = format!("http://127.0.0.1:{}", nobody());
    for name in ["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"] {
        child.env(name, &proxy);
    }
    let out = child.env("CRS_TEST_EODHD", server.url()).output().unwrap();
    assert!(out.status.success(), "{out:?}");
    assert_eq!(server.seen().len(), 1, "{out:?}");
}

#[test]
#[ignore = "the other half of no_proxy_of_the_environment_is_used"]
fn asked_by_a_child() {
    let Ok(url) = std::env::var("CRS_TEST_EODHD") else { return };
    ask(url, Duration::from_mins(1)).unwrap();
}
