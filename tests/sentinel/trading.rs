//! The daemon as a process, with the paper gateway: what it orders, what it
//! does not, and that every way tells the same.

use crate::common::paper::Paper;
use crate::common::sandbox::{Sandbox, free_port};
use crate::common::wait::until;
use crate::stage::{Plan, SOON, Services, Stage, TOKEN, get_from, state_file};
use crs::domain::{Decision, Side};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::net::TcpStream;
use std::time::Duration;

fn nothing(_: &Sandbox) {}

fn of(port: u16, args: &'static [&'static str]) -> Plan<'static> {
    Plan { gateway_port: port, args, log: "crs=info", before: nothing }
}

fn is(action: &str) -> impl Fn(&Decision) -> bool + '_ {
    move |d| d.action.as_str() == action
}

fn port(paper: &Paper) -> u16 {
    paper.port("commands").parse().unwrap()
}

fn positions(paper: &Paper, home: &Sandbox) -> Vec<Value> {
    let read = paper.ask(home, &["positions", "--json"]);
    let document = read.json();
    document["gateways"][0]["positions"].as_array().unwrap_or_else(|| panic!("{read:#?}")).clone()
}

fn by_action<'a>(all: impl IntoIterator<Item = &'a Decision>) -> BTreeMap<String, usize> {
    let mut counts = BTreeMap::new();
    for decision in all {
        *counts.entry(decision.action.to_string()).or_default() += 1;
    }
    counts
}

#[test]
fn a_signal_is_one_order_for_each_bar_and_every_way_tells_the_same() {
    let there = Sandbox::new();
    let mut paper = Paper::start(&there, &["--ignore-latch"]);
    let mut stage = Stage::start(&of(port(&paper), &["--live"]));
    let bought = stage.wait_for("order", is("ORDER_GENERATED")).pop().unwrap();
    assert_eq!((bought.side, bought.live), (Some(Side::Buy), Some(true)));
    assert!(bought.order.as_str().starts_with("ticket "), "{bought:#?}");
    let steps: Vec<&str> = bought.steps.iter().map(|s| s.name.as_str()).collect();
    assert_eq!(steps, ["bars", "features", "model", "order"]);
    let again = stage.next("second word on that bar", is("NO_ORDER"));
    assert!(again.why.as_str().starts_with("BUY was acted on for this bar: ord-"), "{again:#?}");
    // A new bar, with the position still open.
    stage.services.set(|mood| mood.withheld = 4);
    let held = |d: &Decision| d.why.as_str().contains("a position of this side is open");
    let held = stage.next("look at the positions", held);
    assert_eq!((held.action.as_str(), held.order.as_str()), ("NO_ORDER", ""));
    assert_eq!(positions(&paper, &stage.home).len(), 1);
    // The other side is another signal.
    stage.services.set(|mood| mood.shares = [0.7, 0.2, 0.1]);
    let sold = stage.next("sale", is("ORDER_GENERATED"));
    assert_eq!((sold.side, positions(&paper, &stage.home).len()), (Some(Side::Sell), 2));
    assert_eq!(stage.counter("trading_signals_executed_total{action=\"SELL\"}"), 1);
    assert_eq!(stage.counter("trading_signals_executed_total{action=\"BUY\"}"), 1);
    let (status, health) = stage.health();
    assert_eq!((status, health["orders"].as_u64()), (200, Some(2)), "{health:#}");
    // Nothing above the threshold, so that the counts rest between two looks.
    stage.services.set(|mood| mood.shares = [0.2, 0.6, 0.2]);
    stage.next("hold", |d| d.side.is_none());
    let agree = until(SOON, || {
        let (before, counted, after) = (stage.log(), stage.counted(), stage.log());
        let heard = stage.heard.lock().unwrap().decisions.clone();
        let first = heard.first()?.number;
        let told: Vec<&Decision> = after.iter().filter(|d| d.number >= first).collect();
        let same = before.len() == after.len()
            && by_action(&after) == counted
            && heard.iter().collect::<Vec<_>>() == told;
        let status = stage.heard.lock().unwrap().status.clone()?;
        (same && usize::try_from(status.told).unwrap() == after.len()).then_some((status, after))
    });
    let (status, all) =
        agree.unwrap_or_else(|| panic!("{:#?} {:#?}", stage.log(), stage.counted()));
    assert_eq!((status.orders, status.lost, status.live, status.safe), (2, 0, true, true));
    assert!(status.next.is_some() && status.last.is_some());
    let numbers: Vec<u64> = all.iter().filter_map(|d| d.number).collect();
    assert!(numbers.windows(2).all(|pair| pair[0] < pair[1]) && numbers[0] == 1, "{numbers:?}");
    let heard = until(SOON, || stage.heard.lock().unwrap().evidence.clone());
    let evidence = heard.expect("evidence");
    assert_eq!((evidence.consumer.as_str(), evidence.engaged), ("sentinel", Some(false)));
    let (code, took) = stage.stop();
    assert_eq!(code, Some(0), "{}", stage.said());
    assert!(took < Duration::from_secs(10), "{took:?}");
    assert_eq!(paper.stop(), Some(0));
}

#[test]
fn an_engaged_latch_blocks_and_is_told() {
    let there = Sandbox::new();
    let paper = Paper::start(&there, &["--ignore-latch"]);
    let latched = |home: &Sandbox| fs::write(home.latch(), "").unwrap();
    let plan = Plan { before: latched, ..of(port(&paper), &["--live"]) };
    let stage = Stage::start(&plan);
    let blocked = stage.wait_for("block", is("BLOCKED")).pop().unwrap();
    assert_eq!((blocked.side, blocked.order.as_str()), (Some(Side::Buy), ""));
    assert!(!blocked.why.is_empty() && blocked.probabilities.is_some());
    let told = until(SOON, || {
        let heard = stage.heard.lock().unwrap();
        heard.evidence.clone().filter(|e| e.last_blocked.is_some())
    });
    let told = told.expect("evidence");
    assert_eq!((told.engaged, told.file.is_some()), (Some(true), true));
    let (status, health) = stage.health();
    assert_eq!(status, 503, "{health:#}");
    assert!(health["causes"][0].as_str().unwrap().starts_with("orders don't pass: "));
    assert!(positions(&paper, &stage.home).is_empty());
    assert_eq!(stage.counter("trading_cycles_failed_total"), 0, "a block is no failure");
}

#[test]
fn what_fails_costs_one_cycle_and_is_told_everywhere() {
    // In a dry run nothing is sent, so there is no gateway at all.
    let stage = Stage::start(&of(free_port(), &[]));
    stage.services.set(|mood| mood.hub_status = 500);
    let skipped = stage.next("error of the model", is("SKIPPED"));
    assert!(skipped.why.as_str().contains("HTTP status 500"), "{skipped:#?}");
    stage.services.set(|mood| (mood.hub_status, mood.hub_delay) = (200, Duration::from_secs(3)));
    stage.next("timeout of the model", |d| d.why.as_str().contains("no whole answer within 400"));
    let (status, health) = stage.health();
    assert_eq!(status, 503);
    assert!(health["causes"].to_string().contains("the last cycle: EURUSD SKIPPED"), "{health:#}");
    stage.services.set(|mood| (mood.hub_delay, mood.bars_status) = (Duration::ZERO, 403));
    let skipped = stage.next("refusal of the bars", |d| d.why.as_str().contains("403"));
    assert_eq!((skipped.action.as_str(), skipped.steps.len()), ("SKIPPED", 1));
    assert!(stage.counter("api_errors_total{endpoint=\"eodhd\",error_code=\"http_403\"}") > 0);
    assert!(stage.counter("api_errors_total{endpoint=\"hub\",error_code=\"http_500\"}") > 0);
    // Guests that never say a word take every seat.
    let guests: Vec<_> =
        (0..40).map(|_| TcpStream::connect(("127.0.0.1", stage.metrics))).collect();
    stage.services.set(|mood| (mood.bars_status, mood.withheld) = (200, 3));
    let made = stage.next("dry order", is("DRY_RUN"));
    assert!(made.order.as_str().starts_with("dry ORD_"), "{made:#?}");
    stage.next("cycle beside the guests", is("NO_ORDER"));
    let (status, _) = until(SOON, || get_from(stage.metrics, "/health")).expect("a seat gets free");
    assert_eq!(status, 200);
    drop(guests);
    assert!(stage.counter("trading_cycles_failed_total") >= 3);
    assert_eq!(stage.counter("trading_signals_executed_total{action=\"BUY\"}"), 0);
}

#[test]
fn a_restart_remembers_and_a_second_one_is_refused() {
    let stage = Stage::start(&of(free_port(), &[]));
    let first = stage.wait_for("dry order", is("DRY_RUN")).pop().unwrap();
    let second = {
        let mut command = stage.home.crs(&["sentinel", "--once"]);
        command.env("EODHD_API_TOKEN", TOKEN).output().unwrap()
    };
    let words = String::from_utf8_lossy(&second.stderr).into_owned();
    assert_eq!(second.status.code(), Some(1), "{words}");
    let running = format!("runs on this state already (process {}", stage.pid());
    assert!(words.contains(&running), "{words}");
    let (home, services) = stage.leave();
    let stage = Stage::again(home, services, &of(free_port(), &[]));
    let later = |d: &Decision| d.number > first.number && d.why.as_str().contains("acted on");
    let all = stage.wait_for("memory", later);
    assert_eq!(all.iter().filter(|d| d.action.as_str() == "DRY_RUN").count(), 1, "{all:#?}");
}

#[test]
fn a_damaged_state_file_holds_the_bar_and_says_so() {
    let garbage = |home: &Sandbox| {
        let path = state_file(home);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "once this was a state file").unwrap();
        for dir in ["home/.local/state/crs", "home/.local/state/crs/sentinel"] {
            use std::os::unix::fs::PermissionsExt;
            let mode = fs::Permissions::from_mode(0o700);
            fs::set_permissions(home.path().join(dir), mode).unwrap();
        }
    };
    let stage = Stage::start(&Plan { before: garbage, ..of(free_port(), &[]) });
    let held = stage.wait_for("held bar", is("SKIPPED")).pop().unwrap();
    assert!(held.why.as_str().contains("the state file was damaged"), "{held:#?}");
    assert!(stage.said().contains("STATE FILE DAMAGED"), "{}", stage.said());
    assert!(stage.health().1["warning"].as_str().unwrap().contains("set aside as"));
    stage.services.set(|mood| mood.withheld = 4);
    stage.next("order on the next bar", is("DRY_RUN"));
}

#[test]
fn the_token_is_nowhere() {
    let there = Sandbox::new();
    let paper = Paper::start(&there, &["--ignore-latch"]);
    let services = Services::start();
    services.set(|mood| mood.bars_status = 401);
    let plan = Plan { log: "trace", ..of(port(&paper), &["--live"]) };
    let stage = Stage::again(Sandbox::new(), services, &plan);
    stage.wait_for("refused token", |d| d.why.as_str().contains("401"));
    stage.services.set(|mood| mood.bars_status = 200);
    stage.wait_for("order", is("ORDER_GENERATED"));
    let mut all = stage.leavings();
    assert!(stage.said().contains("TRACE"), "the loudest log there is: {}", stage.said());
    all.push(("metrics".to_owned(), stage.get("/metrics").1.into_bytes()));
    all.push(("health".to_owned(), stage.get("/health").1.into_bytes()));
    for pid in [stage.pid(), stage.keeper()] {
        let cmdline = fs::read(format!("/proc/{pid}/cmdline")).unwrap();
        assert!(!cmdline.is_empty());
        all.push((format!("cmdline of {pid}"), cmdline));
    }
    assert!(all.iter().any(|(name, _)| name.ends_with("memory.sqlite")));
    for (name, bytes) in all {
        let found = bytes.windows(TOKEN.len()).any(|part| part == TOKEN.as_bytes());
        assert!(!found, "the token is in {name}");
    }
}

#[test]
fn a_threshold_that_is_no_share_ends_with_2_and_words() {
    let home = Sandbox::new();
    for text in ["1.5", "-0.1", "NaN"] {
        let ended = home.run(&["sentinel", "--threshold", text], SOON);
        assert_eq!(ended.code, Some(2), "{ended:#?}");
        assert!(ended.stderr.contains("give a number from 0 to 1"), "{ended:#?}");
    }
    let ended = home.run(&["sentinel", "--once"], SOON);
    assert_eq!(ended.code, Some(78), "{ended:#?}");
    assert!(ended.stderr.contains("EODHD_API_TOKEN"), "{ended:#?}");
}
