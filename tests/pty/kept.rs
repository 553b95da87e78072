//! The screen as it was left: kept over a restart, whatever ended the console,
//! and never in a kill's way.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::{Sandbox, Signal};
use crate::common::wait::until;
use crate::place::{Place, QUICK, kill_blind};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

const ZOOMED: &str = r#"{"version":1,"layout":{"focus":"ticks","zoom":true}}"#;

fn file(home: &Sandbox) -> PathBuf {
    home.path().join("home/.local/state/crs/console.json")
}

/// What an earlier session would have left.
fn leave(home: &Sandbox, text: &str) {
    let file = file(home);
    let dir = file.parent().unwrap();
    fs::create_dir_all(dir).unwrap();
    fs::set_permissions(dir, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(file, text).unwrap();
}

fn quit(mut console: Console) {
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0), "{}", console.text());
}

/// Ticks fill the screen: no other pane has a title.
fn zoomed(text: &str) -> bool {
    text.contains(" Ticks ") && !text.contains(" Positions ") && !text.contains(" Gateway ")
}

#[test]
fn a_sort_a_filter_and_a_zoom_are_there_again_and_a_kill_works_under_them() {
    let place = Place::new(QUICK);
    let _gateway = place.gateway(&["--symbols", "EURUSD,USDJPY"]);
    let mut console = place.console(120, 40);
    console.see("USDJPY");
    console.keys("2");
    console.keys(":sort spread\r");
    console.see("SPR↓");
    console.keys(":filter USDJ\r");
    console.see("/USDJ 1 of 2");
    console.keys(":period 5m\r");
    console.keys("z");
    let left = console.wait_for("the zoom", SOON, zoomed);
    assert!(left.contains("SPR↓") && left.contains("/USDJ 1 of 2"), "{left}");
    quit(console);
    let kept = fs::read_to_string(file(&place.home)).unwrap();
    assert!(kept.contains("\"period\": \"5m\""), "{kept}");
    let mut console = Console::crs(&place.home, &["console"], 120, 40);
    let again = console.wait_for("the same again", SOON, |t| {
        zoomed(t) && t.contains("SPR↓") && t.contains("/USDJ 1 of 2") && t.contains("SAFE")
    });
    assert!(!again.contains("EURUSD"), "{again}");
    // What hides rows is told in the log as well.
    console.keys("0");
    console.see("filtered as it was left: Ticks by \"USDJ\"");
    console.keys("2");
    console.wait_for("the ticks", SOON, zoomed);
    kill_blind(&mut console);
    console.see("ENGAGED");
    place.is_stopped();
    quit(console);
}

#[test]
fn whatever_ends_it_the_last_key_before_is_kept() {
    for hung_up in [true, false] {
        let home = Sandbox::new();
        let mut console = Console::crs(&home, &["console"], 120, 40);
        console.see("Ctrl-K KILL");
        console.keys("2z");
        console.wait_for("the zoom", SOON, zoomed);
        if hung_up {
            console.hang_up();
        } else {
            console.signal(Signal::TERM);
        }
        assert!(console.exit(SOON).is_some());
        let kept = fs::read_to_string(file(&home)).unwrap();
        assert!(kept.contains("\"focus\": \"ticks\"") && kept.contains("\"zoom\": true"), "{kept}");
    }
}

#[test]
fn it_is_kept_while_the_console_runs_for_one_that_is_shot() {
    let home = Sandbox::new();
    let mut console = Console::crs(&home, &["console"], 120, 40);
    console.see("Ctrl-K KILL");
    console.keys("2z");
    let kept = || fs::read_to_string(file(&home)).ok().filter(|t| t.contains("\"zoom\": true"));
    assert!(until(SOON, kept).is_some());
    console.signal(Signal::KILL);
    assert!(console.exit(SOON).is_some());
    let console = Console::crs(&home, &["console"], 120, 40);
    console.wait_for("the zoom", SOON, zoomed);
    quit(console);
}

#[test]
fn the_configuration_goes_before_what_was_kept() {
    let place = Place::new("[screen]\nkeep_layout = false\n");
    leave(&place.home, ZOOMED);
    let mut console = Console::crs(&place.home, &["console"], 120, 40);
    console.wait_for("all panes", SOON, |t| t.contains(" Positions ") && t.contains(" Gateway "));
    console.keys("0z");
    console.wait_for("the log alone", SOON, |t| !t.contains(" Positions "));
    quit(console);
    assert_eq!(fs::read_to_string(file(&place.home)).unwrap(), ZOOMED);
}

#[test]
fn a_damaged_file_and_strange_names_are_told_and_cost_nothing_else() {
    let home = Sandbox::new();
    leave(&home, r#"{"version":1,"layout":{"focus":"radar","sorts":{"ticks":{"by":"charm"}}}}"#);
    let console = Console::crs(&home, &["console"], 200, 60);
    console.wait_for("both names", SOON, |t| {
        t.contains("focus = \"radar\"") && t.contains("\"charm\"")
    });
    quit(console);
    leave(&home, "{\"version\":1,\u{1b}[2J");
    let mut console = Console::crs(&home, &["console"], 200, 60);
    console.see("the last session's choices");
    console.keys("0z");
    console.see("set aside as");
    quit(console);
    let aside = file(&home).with_extension("json.damaged-1");
    assert_eq!(fs::read_to_string(aside).unwrap(), "{\"version\":1,\u{1b}[2J");
}

#[test]
fn the_demo_neither_begins_as_the_real_one_was_left_nor_changes_it() {
    let home = Sandbox::new();
    leave(&home, ZOOMED);
    let mut console = Console::crs(&home, &["demo"], 120, 40);
    console.wait_for("all panes", SOON, |t| t.contains("SIM") && t.contains(" Positions "));
    console.keys("0z");
    console.wait_for("the log alone", SOON, |t| !t.contains(" Positions "));
    quit(console);
    assert_eq!(fs::read_to_string(file(&home)).unwrap(), ZOOMED);
}
