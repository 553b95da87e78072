//! `crs brief`: one page of 80 columns that says what is, and what to do.

use super::common::paper::Paper;
use super::common::sandbox::{Outcome, Sandbox, free_port};
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

/// Every page keeps the width and has its parts in their order.
fn page(outcome: &Outcome) -> &str {
    let parts = ["CRS BRIEF", "SWITCH", "RISK", "CHANGED", "BROKEN", "DO", "CARD"];
    let at: Vec<_> = parts.iter().map(|part| outcome.stdout.find(part)).collect();
    assert!(at.iter().all(Option::is_some) && at.is_sorted(), "{at:?} in {outcome:#?}");
    for line in outcome.stdout.lines() {
        assert!(line.chars().count() <= 80, "{line}");
        assert!(!line.contains('\x1b'), "no colour: {line}");
    }
    &outcome.stdout
}

#[test]
fn a_gateway_that_is_gone_is_no_flat_account() {
    let home = Sandbox::new();
    let port = free_port().to_string();
    let brief = home.run(&["--cmd-port", &port, "brief", "--timeout", "1"], LIMIT);
    assert_eq!(brief.code, Some(1), "{brief:#?}");
    let page = page(&brief);
    assert!(page.contains("main UNKNOWN: positions may be open"), "{page}");
    assert!(page.contains("can't be reached"), "{page}");
    assert!(page.contains("in doubt crs kill"), "{page}");
}

#[test]
fn it_follows_the_day_from_an_order_to_the_reset() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    let calm = paper.ask(&home, &["brief"]);
    assert_eq!(calm.code, Some(0), "{calm:#?}");
    let text = page(&calm);
    assert!(text.contains("a drill is due: crs drill"), "one action that agrees: {text}");

    assert_eq!(paper.ask(&home, &["order", "EURUSD", "buy", "0.1", "--yes"]).code, Some(0));
    let open = paper.ask(&home, &["brief"]);
    let text = page(&open);
    assert!(text.contains("main PAPER: 1 open") && text.contains("no sl"), "{text}");
    assert!(text.contains("OPEN_ORDER EURUSD BUY 0.1 lots to main: done"), "{text}");
    assert!(!text.contains(": sent"), "an answered command is told once: {text}");

    let reason = "a reason of some length \u{1b}[31m that must not leave its line, nor its colour";
    assert_eq!(paper.ask(&home, &["kill", "--yes", "--reason", reason]).code, Some(0));
    let killed = paper.ask(&home, &["brief"]);
    assert_eq!(killed.code, Some(1), "{killed:#?}");
    let text = page(&killed);
    assert!(text.contains("ENGAGED") && text.contains("VERIFIED (3 of 3 reads)"), "{text}");
    assert!(text.contains("0 open") && text.contains("leave it engaged"), "{text}");
    assert!(!text.contains('…') || text.matches('…').count() == 1, "nothing is cut: {text}");
    assert_eq!(text.matches("main VERIFIED: flat").count(), 1, "each step once: {text}");
    assert_eq!(text.matches("ENGAGE KILL").count(), 1, "each decision once: {text}");

    let status = paper.ask(&home, &["status"]);
    assert!(!status.stdout.contains("BUT"), "under a latch it does as it should: {status:#?}");
}

#[test]
fn orders_that_failed_alike_are_one_row_with_their_reason() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    for _ in 0..3 {
        let order = paper.ask(&home, &["order", "NOSUCH", "buy", "0.1", "--yes"]);
        assert_ne!(order.code, Some(0), "{order:#?}");
    }
    let brief = paper.ask(&home, &["brief"]);
    let text = page(&brief);
    assert_eq!(text.matches("OPEN_ORDER").count(), 1, "{text}");
    assert!(text.contains("\u{d7}3") && text.contains("failed: gateway"), "{text}");
}

#[test]
fn the_card_is_printed_by_its_verb_and_on_the_page() {
    let home = Sandbox::new();
    let card = |home: &Sandbox| home.run(&["card"], LIMIT);
    assert_eq!(card(&home).code, Some(0));
    assert!(card(&home).stdout.contains("no card configured"), "{:#?}", card(&home));
    let dir = home.path().join("home/.config/crs");
    std::fs::create_dir_all(&dir).unwrap();
    let text = "[card]\nbroker_phone = \"dial 0815 \u{1b}[31m\"\n";
    // TOML takes no raw escape: a card with one is a fault, and none is shown.
    std::fs::write(dir.join("config.toml"), text).unwrap();
    assert!(!card(&home).stdout.contains('\u{1b}'));
    let text = "[card]\nbroker_phone = \"dial 0815 \\u001b[31m\"\n[feed]\nnonsense = 1\n";
    std::fs::write(dir.join("config.toml"), text).unwrap();
    let said = card(&home);
    assert_eq!(said.code, Some(0), "{said:#?}");
    assert!(said.stdout.contains("broker       dial 0815 ·[31m"), "{said:#?}");
    assert!(said.stderr.contains("nonsense"), "a faulty file is no reason for no card: {said:#?}");
    let text = "[card]\nbroker_phone = \"dial 0815\"\n";
    std::fs::write(dir.join("config.toml"), text).unwrap();
    let brief = home.run(&["brief", "--timeout", "0.2"], LIMIT);
    assert!(page(&brief).contains("CARD     broker      dial 0815"), "{brief:#?}");
}
