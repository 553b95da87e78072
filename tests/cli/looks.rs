//! `crs themes`, `crs keys`, and what `crs config check` says of both.

use super::common::sandbox::Sandbox;
use crs::control::Action;
use crs::tui::keymap::Keymap;
use crs::tui::theme::{Role, Theme};
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

fn write(home: &Sandbox, file: &str, text: &str) -> PathBuf {
    let path = home.path().join("home/.config/crs").join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(&path, text).unwrap();
    path
}

#[test]
fn every_bundled_file_is_listed_and_holds() {
    let home = Sandbox::new();
    let themes: Vec<&str> = Theme::names().collect();
    let keymaps: Vec<&str> = Keymap::names().collect();
    assert_eq!(themes, ["dark", "light", "high-contrast", "colour-blind-safe", "mono"]);
    assert_eq!(keymaps, ["default", "vim", "emacs"]);
    for (verb, names) in [("themes", themes), ("keys", keymaps)] {
        for what in ["list", "check"] {
            let outcome = home.run(&[verb, what], LIMIT);
            assert_eq!(outcome.code, Some(0), "{outcome:#?}");
            for name in &names {
                let line = format!("{name:<18} bundled");
                assert!(outcome.stdout.lines().any(|l| l == line), "{verb} {what}: {name}");
            }
            let json = home.run(&[verb, what, "--json"], LIMIT).json();
            assert_eq!(json.as_array().map(Vec::len), Some(names.len()));
        }
    }
}

#[test]
fn a_mistake_in_ones_own_file_is_named_with_its_place() {
    let home = Sandbox::new();
    write(&home, "themes/mine.toml", "inherits = \"dark\"\n[roles]\n\"pnl.upp\" = {}\n");
    write(&home, "themes/a.toml", "inherits = \"b\"\n");
    write(&home, "themes/b.toml", "inherits = \"a\"\n");
    let pale = "inherits = \"light\"\n[palette]\nfaint = { rgb = \"#cccccc\", ansi = \"gray\" }\n";
    write(&home, "themes/pale.toml", pale);
    let outcome = home.run(&["themes", "check"], LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    for words in [
        "mine.toml:3:1: unknown role \"pnl.upp\" (did you mean \"pnl.up\"?)",
        "b.toml:1:12: inherits goes in a circle: a > b > a",
        "text.dim: contrast 1.4:1, WCAG level AA wants 4.5:1",
    ] {
        assert!(outcome.stdout.contains(words), "{words}\n{}", outcome.stdout);
    }
    let list = home.run(&["themes", "list"], LIMIT);
    assert_eq!(list.code, Some(0), "a list judges nobody");
    let keys = "inherits = \"vim\"\n[[global]]\non = \"ctrl-k\"\nrun = \"zoom\"\n";
    write(&home, "keymaps/mine.toml", keys);
    let outcome = home.run(&["keys", "check"], LIMIT);
    assert_eq!(outcome.code, Some(1), "{outcome:#?}");
    assert!(outcome.stdout.contains("mine.toml:3:6: Ctrl-K is the kill chord"), "{outcome:#?}");
}

#[test]
fn a_theme_is_shown_role_by_role() {
    let home = Sandbox::new();
    for name in Theme::names() {
        let outcome = home.run(&["themes", "show", name], LIMIT);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        assert!(
            outcome.stdout.is_ascii() && !outcome.stdout.contains('\u{1b}'),
            "no colours asked"
        );
        for role in Role::ALL {
            let row =
                outcome.stdout.lines().find(|l| l.split_whitespace().next() == Some(role.name()));
            assert!(row.is_some_and(|row| row.len() <= 80), "{name}: {}", role.name());
        }
        let painted = home.run(&["--color", "always", "themes", "show", name], LIMIT).stdout;
        assert!(painted.contains("\u{1b}[") && painted.trim_end().ends_with(|c| c != 'm'));
        assert_eq!(painted.matches("\u{1b}[0m").count(), Role::COUNT, "each look ends");
    }
    let outcome = home.run(&["themes", "show", "lihgt"], LIMIT);
    assert_eq!(outcome.code, Some(1));
    assert!(outcome.stderr.contains("(did you mean \"light\"?)"), "{outcome:#?}");
}

#[test]
fn a_keymap_is_a_sheet_and_every_action_has_its_row() {
    let home = Sandbox::new();
    for name in Keymap::names() {
        let sheet = home.run(&["keys", "sheet", name], LIMIT);
        assert_eq!(sheet.code, Some(0), "{sheet:#?}");
        assert!(sheet.stdout.lines().all(|line| line.chars().count() <= 80));
        let kill = sheet.stdout.lines().nth(2).unwrap();
        assert!(kill.contains("Ctrl-K, then y") && kill.contains("KILL"), "{kill}");
    }
    let actions = home.run(&["keys", "actions"], LIMIT).stdout;
    for action in Action::ALL {
        let named = |l: &&str| l.split_whitespace().next() == Some(action.name());
        let row = actions.lines().find(named).unwrap_or_else(|| panic!("{}", action.name()));
        assert!(row.contains(action.help()), "{row}");
    }
    assert!(actions.contains("theme NAME"), "{actions}");
    assert_eq!(home.run(&["keys", "sheet", "nope"], LIMIT).code, Some(1));
}

#[test]
fn config_check_looks_at_theme_and_keymap_too() {
    let home = Sandbox::new();
    let file = write(&home, "config.toml", "[screen]\ntheme = \"mien\"\nkeymap = \"mine\"\n");
    write(&home, "themes/mine.toml", "inherits = \"mono\"\n");
    write(&home, "keymaps/mine.toml", "inherits = \"default\"\n[[global]]\non = \"q\"\n");
    let outcome = home.run(&["config", "check"], LIMIT);
    assert_eq!(outcome.code, Some(78), "{outcome:#?}");
    let file = file.display();
    for words in [
        format!("{file}:2:9: screen.theme: no theme \"mien\" (did you mean \"mine\"?)"),
        format!("{file}:3:10: screen.keymap: "),
        String::from("keymaps/mine.toml:2:1: a row needs both on and run"),
    ] {
        assert!(outcome.stdout.contains(&words), "{words}\n{}", outcome.stdout);
    }
    write(&home, "config.toml", "[screen]\ntheme = \"mine\"\n");
    let outcome = home.run(&["config", "check"], LIMIT);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
}

#[test]
fn completions_are_scripts_of_their_shells_and_pages_go_as_deep_as_verbs() {
    let home = Sandbox::new();
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = home.run(&["completions", shell], LIMIT);
        assert_eq!(script.code, Some(0), "{shell}");
        for word in ["themes", "keys", "sheet", "actions", "keymap", "kill"] {
            assert!(script.stdout.contains(word), "{shell}: {word}");
        }
    }
    let script = home.path().join("crs.bash");
    fs::write(&script, home.run(&["completions", "bash"], LIMIT).stdout).unwrap();
    let parsed = std::process::Command::new("bash").arg("-n").arg(&script).status().unwrap();
    assert!(parsed.success(), "bash reads it");
    let page = home.run(&["man", "keys", "sheet"], LIMIT);
    assert_eq!(page.code, Some(0), "{page:#?}");
    assert!(page.stdout.contains("80 columns"), "{}", page.stdout);
    assert_eq!(home.run(&["man", "keys", "nonsense"], LIMIT).code, Some(1));
}
