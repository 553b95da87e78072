//! `--help`, completions and manual pages of every verb.
//!
//! `UPDATE_GOLDEN=1` writes the golden texts anew; read the difference.

use super::common::sandbox::Sandbox;
use clap::CommandFactory;
use std::path::Path;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);
/// Verbs whose help is compared word for word.
const GOLDEN: &[&str] =
    &["heartbeat", "ticks", "positions", "close", "order", "doctor", "features"];

fn verbs() -> Vec<String> {
    let all = crs::cli::Cli::command();
    all.get_subcommands().filter(|c| !c.is_hide_set()).map(|c| c.get_name().to_owned()).collect()
}

#[test]
fn every_verb_lists_its_exit_statuses() {
    let home = Sandbox::new();
    for verb in verbs() {
        if crs::cli::Cli::command().find_subcommand(&verb).unwrap().has_subcommands() {
            continue;
        }
        let help = home.run(&[&verb, "--help"], LIMIT).stdout;
        for words in ["Exit status:", "64", "78"] {
            assert!(help.contains(words), "crs {verb} --help lacks {words}:\n{help}");
        }
    }
}

#[test]
fn the_help_of_stable_verbs_is_golden() {
    let home = Sandbox::new();
    for verb in GOLDEN {
        let help = home.run(&[verb, "--help"], LIMIT).stdout;
        let file = format!("tests/fixtures/help/{verb}.txt");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&path, &help).unwrap();
        }
        assert_eq!(help, std::fs::read_to_string(&path).unwrap_or_default(), "{verb}");
    }
}

#[test]
fn every_verb_has_a_manual_page_and_is_completed() {
    let home = Sandbox::new();
    let script = home.run(&["completions", "bash"], LIMIT).stdout;
    for verb in verbs() {
        let page = home.run(&["man", &verb], LIMIT);
        assert_eq!(page.code, Some(0), "{verb}");
        assert!(page.stdout.contains(".SH NAME"), "{verb}");
        assert!(script.contains(&verb), "{verb}");
    }
    assert_eq!(home.run(&["man", "nonsense"], LIMIT).code, Some(1));
}
