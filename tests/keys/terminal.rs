//! A console in a real terminal, through every way the terminal can behave.

use crate::common::console::{Console, SOON};
use crate::common::sandbox::{Sandbox, Signal, signal};
use crate::common::wait::until;
use std::fs;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

const CHORD: &str = "\x0b";
const CHILD: [&str; 5] =
    ["child::console", "--exact", "--ignored", "--nocapture", "--test-threads=1"];

fn notes(home: &Sandbox) -> String {
    fs::read_to_string(home.path().join("notes")).unwrap_or_default()
}

fn noted(home: &Sandbox, what: &str) {
    let found = until(SOON, || notes(home).lines().any(|l| l == what).then_some(()));
    assert!(found.is_some(), "no note \"{what}\" but\n{}", notes(home));
}

fn home() -> Sandbox {
    let home = Sandbox::new();
    fs::write(home.path().join("child"), "").unwrap();
    home
}

fn console(home: &Sandbox, columns: u16, rows: u16) -> Console {
    let exe = std::env::current_exe().unwrap();
    let console = Console::start(home, &exe, &CHILD, columns, rows);
    console.see("guard: none");
    console
}

/// Longer than the guard's 150 ms, far shorter than its 5 s.
fn think() {
    sleep(Duration::from_millis(400));
}

/// The last bytes may still be on their way to the screen.
fn left_behind_clean(console: &Console) {
    let left = until(SOON, || (!console.is_full_screen()).then_some(()));
    assert!(left.is_some(), "the alternate screen is still there:\n{}", console.text());
}

#[test]
fn the_chord_and_y_fire_and_q_leaves_a_clean_terminal() {
    let home = home();
    let mut console = console(&home, 80, 24);
    assert!(console.is_full_screen());
    console.keys(CHORD);
    console.see("guard: armed");
    think();
    console.keys("y");
    console.see("guard: fired");
    noted(&home, "fired KILL");
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
    left_behind_clean(&console);
    let written = String::from_utf8(console.written()).unwrap();
    for (on, off) in [
        ("\x1b[?1049h", "\x1b[?1049l"),
        ("\x1b[?25l", "\x1b[?25h"),
        ("\x1b[?2004h", "\x1b[?2004l"),
        ("\x1b[?1004h", "\x1b[?1004l"),
        ("\x1b[?2026h", "\x1b[?2026l"),
    ] {
        assert!(written.contains(on), "{on:?}");
        assert!(written.rfind(off) > written.rfind(on), "{off:?} comes last");
    }
    noted(&home, "exit Quit");
}

#[test]
fn a_position_is_closed_only_after_the_second_question() {
    let home = home();
    let mut console = console(&home, 80, 24);
    console.keys("xx");
    console.see("guard: armed");
    think();
    console.keys("y");
    noted(&home, "close 7 of 1");
    assert!(!notes(&home).contains("fired"));
}

#[test]
fn kill_by_its_name_opens_the_guard_and_never_fires() {
    let home = home();
    let mut console = console(&home, 80, 24);
    console.keys(":kill\ryyyyy");
    think();
    assert!(!notes(&home).contains("fired"), "{}", notes(&home));
    console.keys("j");
    console.see("guard: stood down");
    console.keys(":kill\r");
    console.see("guard: armed");
    think();
    console.keys("y");
    console.see("guard: fired");
    noted(&home, "fired KILL");
    console.keys(":block\r");
    console.see("guard: armed");
    think();
    console.keys("y");
    noted(&home, "fired BLOCK");
}

#[test]
fn the_chords_work_in_a_text_field() {
    let home = home();
    let mut console = console(&home, 80, 24);
    // The command line, with half a line in it, and the search of the help.
    for (open, chord, fired) in [
        (":the", CHORD, "fired KILL"),
        (":", "\x14", "fired BLOCK"),
        (":search\rx", CHORD, "fired KILL"),
    ] {
        console.keys("\x1b");
        think();
        console.keys(open);
        think();
        console.keys(chord);
        console.see("guard: armed");
        think();
        console.keys("y");
        console.see("guard: fired");
        noted(&home, fired);
        fs::write(home.path().join("notes"), "").unwrap();
    }
    // The field is still there, and what was typed stays in it.
    assert!(!notes(&home).contains("row"), "{}", notes(&home));
}

#[test]
fn what_is_pasted_opens_nothing_and_fires_nothing() {
    let home = home();
    let mut console = console(&home, 80, 24);
    console.keys("\x1b[200~\x0by\x0by\x0b\x1b[201~");
    think();
    console.keys("y");
    think();
    // Without brackets a chord is a chord, but nothing in the burst fires.
    console.keys("\x0by\x0byyyyy\x0byyy");
    think();
    console.keys("jj");
    noted(&home, "row-down");
    assert!(!notes(&home).contains("fired"), "{}", notes(&home));
}

#[test]
fn a_stuck_chord_kills_nothing() {
    let home = home();
    let mut console = console(&home, 80, 24);
    for _ in 0..1_000 {
        console.keys(CHORD);
    }
    console.see("guard: armed");
    console.keys("j");
    console.see("guard: stood down");
    assert!(!notes(&home).contains("fired"));
}

#[test]
fn a_blocked_terminal_holds_up_neither_kill_nor_exit() {
    let home = home();
    let mut console = console(&home, 200, 60);
    console.stop_output();
    sleep(Duration::from_secs(1));
    console.keys(CHORD);
    think();
    console.keys("y");
    noted(&home, "fired KILL");
    console.resume_output();
    console.see("guard: fired");
    console.stop_output();
    sleep(Duration::from_secs(1));
    console.keys("q");
    assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(0));
}

#[test]
fn a_line_that_drops_before_the_second_key_kills_nothing() {
    let home = home();
    let mut console = console(&home, 80, 24);
    console.keys(CHORD);
    console.see("guard: armed");
    console.hang_up();
    assert!(console.exit(SOON).is_some());
    noted(&home, "exit TerminalLost");
    assert!(!notes(&home).contains("fired"));
}

#[test]
fn a_console_outside_the_terminals_session_notices_the_hang_up_too() {
    // No SIGHUP reaches a session of its own: only the watcher can tell.
    let home = home();
    let exe = std::env::current_exe().unwrap();
    let script = format!("trap '' HUP; setsid '{}' {}; :", exe.display(), CHILD.join(" "));
    let args = ["-c", script.as_str()];
    let mut console = Console::start(&home, Path::new("/bin/sh"), &args, 80, 24);
    console.see("guard: none");
    console.hang_up();
    noted(&home, "exit TerminalLost");
}

#[test]
fn signals_end_it_with_the_terminal_restored() {
    for which in [Signal::TERM, Signal::INT] {
        let home = home();
        let mut console = console(&home, 80, 24);
        console.keys(CHORD);
        console.see("guard: armed");
        signal(console.pid(), which);
        assert_eq!(console.exit(SOON).map(|s| s.exit_code()), Some(4));
        left_behind_clean(&console);
        noted(&home, &format!("exit Signal({})", which.as_raw()));
    }
}

#[test]
fn a_program_that_lingers_after_its_console_can_still_be_ended() {
    let home = home();
    fs::write(home.path().join("linger"), "").unwrap();
    let mut console = console(&home, 80, 24);
    signal(console.pid(), Signal::TERM);
    noted(&home, "exit Signal(15)");
    assert!(console.exit(Duration::from_millis(100)).is_none(), "it lingers");
    signal(console.pid(), Signal::TERM);
    let end = console.exit(SOON);
    let status = fs::read_to_string(format!("/proc/{}/status", console.pid()));
    assert!(end.as_ref().is_some_and(|s| !s.success()), "{end:?}, {status:?}");
}

#[test]
fn any_size_takes_the_kill_keys() {
    let home = home();
    let mut console = console(&home, 80, 24);
    for n in 0..300_u16 {
        console.resize(1 + n % 50, 1 + n % 13);
    }
    console.resize(1, 1);
    think();
    console.keys(CHORD);
    think();
    console.keys("y");
    noted(&home, "fired KILL");
    console.resize(40, 12);
    console.see("40x12");
    console.see("guard: fired");
}

#[test]
fn a_panic_restores_the_terminal_and_speaks_clean_words() {
    let home = home();
    let mut console = console(&home, 80, 24);
    console.keys("pp");
    assert!(console.exit(SOON).is_some_and(|s| !s.success()));
    left_behind_clean(&console);
    console.see("the ·]52;c;aGk=· desk fell over");
    console.see("`crs kill` works from any shell.");
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let home = home();
    let exe = std::env::current_exe().unwrap();
    let mut command = std::process::Command::new(exe);
    command.args(CHILD).env_clear().envs(home.env()).current_dir(home.path());
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    assert_eq!(output.status.code(), Some(5));
    assert!(notes(&home).contains("the console needs a terminal, and standard input is none"));
}
