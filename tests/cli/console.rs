//! The console as an operator opens it: what it needs, whom it reaches, how
//! it ends.

use super::common::console::Console;
use super::common::sandbox::{Sandbox, Signal, signal};
use super::common::wait::until;
use super::demo::{far_ends, is_loopback};
use super::gateway::Paper;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const LIMIT: Duration = Duration::from_mins(1);

/// Ends the agents that a console left behind, as it should.
fn end_agents(home: &Sandbox) {
    for pid in home.processes() {
        signal(pid, Signal::TERM);
    }
}

#[test]
fn without_a_terminal_it_starts_nothing() {
    let home = Sandbox::new();
    for args in [&[][..], &["console"]] {
        let outcome = home.run(args, LIMIT);
        assert_eq!(outcome.code, Some(1), "{outcome:#?}");
        assert!(outcome.stderr.contains("needs a terminal"), "{outcome:#?}");
    }
    assert_eq!(home.processes(), [0_u32; 0], "no agent for a console that never was");
}

#[test]
fn a_wrong_configuration_keeps_it_closed() {
    let home = Sandbox::new();
    let dir = home.path().join("home/.config/crs");
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("config.toml"), "[screen]\nfps = 0\n").unwrap();
    let mut console = Console::crs(&home, &[], 80, 24);
    assert_eq!(console.exit(LIMIT).expect("it ends").exit_code(), 78);
    assert!(console.text().contains("config.toml:2:7"), "{}", console.text());
    assert_eq!(home.processes(), [0_u32; 0]);
}

#[test]
fn unconfigured_it_reaches_nobody_but_this_machine() {
    let home = Sandbox::new();
    let mut console = Console::crs(&home, &[], 80, 24);
    console.see("q leave");
    let agent = until(LIMIT, || (home.processes().len() >= 2).then_some(()));
    assert!(agent.is_some(), "console and agent run");
    for _ in 0..20 {
        for pid in home.processes() {
            let strangers: Vec<_> = far_ends(pid).into_iter().filter(|f| !is_loopback(f)).collect();
            assert!(strangers.is_empty(), "process {pid} reaches {strangers:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    console.keys("q");
    assert_eq!(console.exit(LIMIT).expect("it ends").exit_code(), 0);
    end_agents(&home);
}

#[test]
fn it_shows_the_configured_gateway_and_follows_a_decision_log() {
    let home = Sandbox::new();
    let paper = Paper::start(&home, &[]);
    let log = home.path().join("engine.jsonl");
    let dir = home.path().join("home/.config/crs");
    fs::create_dir_all(&dir).unwrap();
    let text = format!(
        "decision_logs = [{log:?}]\n[[gateway]]\nname = \"desk\"\nhost = \"127.0.0.1\"\n\
         cmd_port = {}\ndata_port = {}\n",
        paper.port("commands"),
        paper.port("ticks")
    );
    fs::write(dir.join("config.toml"), text).unwrap();
    let mut console = Console::crs(&home, &["--theme", "no-such-theme"], 120, 40);
    console.see("PAPER");
    console.see("EURUSD");
    console.see("no-such-theme");
    let line = r#"{"timestamp":"2026-01-14T13:56:58.271512","tick_id":5,"symbol":"XAUUSD","action":"NO_ORDER","signal":"HOLD","lag_ms":1.9}"#;
    fs::write(&log, format!("{line}\n")).unwrap();
    console.see("XAUUSD");
    console.keys("q");
    assert!(console.exit(LIMIT).is_some());
    end_agents(&home);
}

#[test]
fn it_ends_when_its_terminal_does() {
    let home = Sandbox::new();
    let mut console = Console::crs(&home, &[], 80, 24);
    console.see("q leave");
    console.hang_up();
    assert!(console.exit(LIMIT).is_some());
    end_agents(&home);
}

const MINE: &str = "inherits = \"dark\"\n[palette]\n\
    accent = { rgb = \"#010203\", ansi = \"blue\" }\n";

#[test]
fn a_theme_is_read_again_while_it_runs_and_what_was_chosen_is_kept() {
    let home = Sandbox::new();
    let dir = home.path().join("home/.config/crs/themes");
    fs::create_dir_all(&dir).unwrap();
    let file = dir.join("mine.toml");
    fs::write(&file, "inherits = \"dark\"\n").unwrap();
    let args = ["--theme", "mine", "--color", "always"];
    let mut console = Console::crs(&home, &args, 120, 40);
    console.see("Ctrl-K KILL");
    let before = console.colour("Ctrl-K");
    std::thread::sleep(Duration::from_secs(2));
    fs::write(&file, MINE).unwrap();
    console.see("theme mine was read again");
    let changed = until(LIMIT, || (console.colour("Ctrl-K") != before).then_some(()));
    assert!(changed.is_some(), "the colour of a key");
    fs::write(&file, "[roles]\n\"pnl.upp\" = {}\n").unwrap();
    console.see("mine.toml:2:1: unknown role");
    assert_ne!(console.colour("Ctrl-K"), before, "the last good one stays");
    console.keys(":theme mono\r");
    console.see("theme mono");
    console.keys(":keymap vim\r");
    console.see("keymap vim");
    console.keys("ZZ");
    assert_eq!(console.exit(LIMIT).expect("it ends").exit_code(), 0);
    // The next one begins as this one ended, but for what its flags say.
    let mut console = Console::crs(&home, &["--color", "always"], 120, 40);
    console.see("Ctrl-K KILL");
    console.keys(":\x1b[A");
    console.see(":keymap vim");
    console.keys("\x1b");
    std::thread::sleep(Duration::from_millis(300));
    console.keys("ZZ");
    assert_eq!(console.exit(LIMIT).expect("it ends").exit_code(), 0);
    let kept = fs::read_to_string(home.path().join("home/.local/state/crs/console.json"));
    assert!(kept.unwrap().contains("\"chosen\": \"mono\""));
    let told = |args: &[&str]| home.run(&[args, &["config", "show"]].concat(), LIMIT).stdout;
    for what in ["screen.theme = \"mono\"", "screen.keymap = \"vim\""] {
        let line = format!("# the console begins with {what}, chosen in it: ");
        assert!(told(&[]).contains(&line), "{}", told(&[]));
    }
    assert!(!told(&["--keymap", "emacs"]).contains("begins with screen.keymap"));
    end_agents(&home);
}

#[test]
fn broken_choices_of_the_last_session_are_told_and_ignored() {
    let home = Sandbox::new();
    let dir = home.path().join("home/.local/state/crs");
    fs::create_dir_all(&dir).unwrap();
    fs::set_permissions(&dir, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(dir.join("console.json"), "{\"version\":1,\u{1b}[2J").unwrap();
    let mut console = Console::crs(&home, &[], 120, 40);
    console.see("the last session's choices");
    console.keys("q");
    assert_eq!(console.exit(LIMIT).expect("it ends").exit_code(), 0);
    end_agents(&home);
}
