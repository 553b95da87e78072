//! Wrong usage is 64, wrong configuration 78, whatever the verb.

use super::common::sandbox::Sandbox;
use std::fs;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn wrong_usage_is_64_and_says_so_on_standard_error() {
    let home = Sandbox::new();
    for args in [
        &["nonsense"][..],
        &["--no-such-flag"],
        &["heartbeat", "--timeout", "0"],
        &["heartbeat", "--timeout", "soon"],
        &["--cmd-port", "0", "heartbeat"],
        &["--cmd-port", "70000", "heartbeat"],
        &["--gateway", "127.0.0.1:5555", "heartbeat"],
        &["--events", "no-port", "doctor"],
        &["--theme", "../evil", "doctor"],
        &["--color", "sometimes", "doctor"],
        &["--kill-switch-file", "", "doctor"],
        &["config"],
        &["positions", "--on", "nobody"],
    ] {
        let outcome = home.run(args, LIMIT);
        assert_eq!(outcome.code, Some(64), "{args:?}: {outcome:#?}");
        assert_eq!(outcome.stdout, "", "{args:?}");
        assert!(!outcome.stderr.is_empty(), "{args:?}");
    }
}

#[test]
fn help_and_version_are_answers() {
    let home = Sandbox::new();
    for args in [&["--help"][..], &["-h"], &["--version"], &["heartbeat", "--help"]] {
        let outcome = home.run(args, LIMIT);
        assert_eq!(outcome.code, Some(0), "{args:?}");
        assert!(outcome.stdout.contains("crs"), "{args:?}: {}", outcome.stdout);
        assert_eq!(outcome.stderr, "", "{args:?}");
    }
}

#[test]
fn a_wrong_configuration_is_78_and_every_mistake_is_named() {
    let home = Sandbox::new();
    let file = home.path().join("bad.toml");
    fs::write(&file, "[[gatway]]\nhost = 'x'\n[screen]\nfps = 99\n").unwrap();
    let file = file.to_str().unwrap();
    for verb in [&["heartbeat"][..], &["positions"], &["account"], &["config", "show"]] {
        let outcome = home.run(&[&["--config", file], verb].concat(), LIMIT);
        assert_eq!(outcome.code, Some(78), "{verb:?}: {outcome:#?}");
        assert_eq!(outcome.stdout, "", "{verb:?}");
        for words in
            ["bad.toml:1:3: unknown key \"gatway\" (did you mean \"gateway\"?)", "bad.toml:4:7"]
        {
            assert!(outcome.stderr.contains(words), "{verb:?}: {}", outcome.stderr);
        }
    }
}

#[test]
fn what_the_terminal_would_obey_is_not_printed() {
    let home = Sandbox::new();
    let file = home.path().join("\u{1b}]0;owned\u{7}\u{202e}.toml");
    fs::write(&file, "[\"\u{1b}[2J\"]\n").unwrap();
    let outcome = home.run(&["--config", file.to_str().unwrap(), "config", "check"], LIMIT);
    assert_eq!(outcome.code, Some(78));
    let steering = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
    assert!(!outcome.stdout.chars().chain(outcome.stderr.chars()).any(steering), "{outcome:#?}");
}
