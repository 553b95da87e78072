//! Answers that do not come, come in part or say nothing: behind a real sshd,
//! with something between it and the shell.

use crate::common::wait::until;
use crate::far::{Daemon, alive, clients, daemon, dir, ended, lines, process, sleepers, start};
use crate::host::{Host, LONG};
use crs::mission::hands::{Hands, Seen, Undone, Vars};
use crs::mission::spec::{OnDeath, Process};
use std::fs;
use std::time::Duration;

/// Between sshd and the shell: directories say what becomes of a start, and of
/// every answer. The first line of a script says what it is.
const FORCE: &str = r#"h=$CRS_TEST_HOME
run() { (eval "$SSH_ORIGINAL_COMMAND"); }
IFS= read -r first
case $first in
*'start the process'*)
  if rmdir "$h/cut-before" 2>/dev/null; then kill -9 $PPID; exit; fi
  if rmdir "$h/cut-behind" 2>/dev/null || [ -d "$h/cut-always" ]; then
    run >/dev/null 2>&1; kill -9 $PPID; exit; fi
  if rmdir "$h/cut-late" 2>/dev/null; then
    cat >"$h/late"
    setsid sh -c 'until [ -d "$1/go-late" ]; do sleep 0.05; done; sh -s <"$1/late"' - "$h" >/dev/null 2>&1 </dev/null &
    kill -9 $PPID; exit; fi
  [ ! -d "$h/slow" ] || sleep 0.5 ;;
*'read the output'*) run; exit ;;
esac
if [ -d "$h/no-answer" ]; then run >/dev/null 2>&1; exit 0; fi
if [ -d "$h/no-end" ]; then run | grep -v ' end$'; exit 0; fi
if [ -d "$h/no-words" ]; then run | grep -E ' (begin|end)$'; exit 0; fi
run"#;

/// A start whose answer is lost, in words.
fn lost(daemon: &Daemon, process: &Process, run: u64) -> String {
    match daemon.hands.spawn(process, run, &Vars::default()) {
        Err(Undone::Lost(why)) => why.to_string(),
        other => panic!("nobody can know that: {other:?}"),
    }
}

/// The session's sshd is shot, before or behind the start, once or as long as
/// a file is there: one process each time, and never a word that there is none.
#[test]
fn a_start_that_is_cut_has_one_process() {
    let Some(host) = Host::with("a_start_that_is_cut_has_one_process", Some(FORCE)) else { return };
    let home = host.home.path().to_owned();
    let first = daemon(&host, "daemon");
    for (cut, comes) in [("cut-before", false), ("cut-behind", true)] {
        fs::create_dir(home.join(cut)).unwrap();
        let began = dir(&host, &format!("began-{cut}"));
        let one = process(cut, &format!("echo x >>'{}'; exec sleep 1000", began.display()));
        lost(&first, &one, 1);
        assert!(!home.join(cut).exists(), "it was cut");
        // Whatever asks for it again: it is looked for first.
        assert!(lost(&first, &one, 2).contains("looked for first"));
        let found = first.hands.found(&one).unwrap();
        assert_eq!(found.is_some(), comes, "{cut}: {found:?}");
        let who = found.map_or_else(|| start(&first, &one, 2), |found| found.who);
        assert!(alive(&first.hands.look(&who)));
        assert_eq!(lines(&began, 1), 1);
    }
    fs::create_dir(home.join("cut-always")).unwrap();
    let began = dir(&host, "began");
    let one = process("one", &format!("echo x >>'{}'; exec sleep 1000", began.display()));
    let why = lost(&first, &one, 1);
    assert!(why.contains("cut in the middle"), "{why}");
    assert_eq!(lines(&began, 1), 1);
    // The supervision looks for what it may have started: it is not ended,
    // though it would not outlive this daemon.
    let mut brief = one.clone();
    brief.on_daemon_death = OnDeath::Kill;
    let found = first.hands.found(&brief).unwrap().unwrap();
    assert!(alive(&first.hands.look(&found.who)));
    fs::remove_dir(home.join("cut-always")).unwrap();
    let why = first.hands.spawn(&one, 2, &Vars::default()).unwrap_err();
    let Undone::No(why) = why else { panic!("{why:?}") };
    assert!(why.as_str().contains("already running"), "{why}");
    first.hands.signal(&found.who, 9, true).unwrap();
    ended(&first, &found.who);
    // The daemon goes before it could look: the next one finds it.
    fs::create_dir(home.join("cut-always")).unwrap();
    lost(&first, &one, 2);
    drop(first);
    fs::remove_dir(home.join("cut-always")).unwrap();
    assert_eq!(lines(&began, 2), 2);
    let next = daemon(&host, "daemon");
    let found = next.hands.found(&one).unwrap().unwrap();
    assert!(found.run == 2 && alive(&next.hands.look(&found.who)));
    // What a lost start left when it ended is no second copy's neighbour.
    next.hands.signal(&found.who, 9, true).unwrap();
    ended(&next, &found.who);
    fs::create_dir(home.join("cut-always")).unwrap();
    let left = process("left", "sleep 1005 & exit 0");
    lost(&next, &left, 1);
    fs::remove_dir(home.join("cut-always")).unwrap();
    until(LONG, || (sleepers(&host, "1005") == 1).then_some(())).unwrap();
    let none = || matches!(next.hands.found(&left), Ok(None)).then_some(());
    assert!(until(LONG, none).is_some());
    assert_eq!(sleepers(&host, "1005"), 0);
    assert_eq!(sleepers(&host, "1000"), 2, "those of the first two");
}

/// A start is on its way still while it is looked for: it is called off, and
/// comes to nothing when it gets there.
#[test]
fn what_is_said_not_to_run_does_not_begin_later() {
    let test = "what_is_said_not_to_run_does_not_begin_later";
    let Some(host) = Host::with(test, Some(FORCE)) else { return };
    let home = host.home.path().to_owned();
    let daemon = daemon(&host, "daemon");
    let began = dir(&host, "began");
    let one = process("one", &format!("echo x >>'{}'; exec sleep 1000", began.display()));
    fs::create_dir(home.join("cut-late")).unwrap();
    lost(&daemon, &one, 1);
    assert_eq!(daemon.hands.found(&one).unwrap(), None, "it is not there");
    fs::create_dir(home.join("go-late")).unwrap();
    let done = || host.home.processes().len() == 1;
    let quiet = until(Duration::from_secs(20), || done().then_some(()));
    assert!(quiet.is_some() || !began.exists(), "sshd alone is left");
    assert!(!began.exists(), "it began after it was said not to run");
    let who = start(&daemon, &one, 2);
    assert!(alive(&daemon.hands.look(&who)));
    assert_eq!(lines(&began, 1), 1);
}

/// The client is shot at some moment of a start: one process or none, and what
/// is said of it holds.
#[test]
fn a_client_that_is_shot_in_a_start_leaves_one_process_or_none() {
    let test = "a_client_that_is_shot_in_a_start_leaves_one_process_or_none";
    let Some(host) = Host::with(test, Some(FORCE)) else { return };
    fs::create_dir(host.home.path().join("slow")).unwrap();
    let daemon = daemon(&host, "daemon");
    for n in 0..5_u64 {
        let began = dir(&host, &format!("began-{n}"));
        let script = format!("echo x >>'{}'; exec sleep 1006", began.display());
        let one = process(&format!("one-{n}"), &script);
        let end = std::thread::scope(|scope| {
            let asked = scope.spawn(|| daemon.hands.spawn(&one, 1, &Vars::default()));
            until(LONG, || (!clients(&host, false).is_empty()).then_some(())).unwrap();
            std::thread::sleep(Duration::from_millis(150 * n));
            for pid in clients(&host, false) {
                crate::common::sandbox::signal(pid, rustix::process::Signal::KILL);
            }
            asked.join().unwrap()
        });
        assert!(matches!(end, Ok(_) | Err(Undone::Lost(_))), "nobody can know that: {end:?}");
        let found = until(LONG, || daemon.hands.found(&one).ok()).unwrap();
        let who = found.map_or_else(|| start(&daemon, &one, 2), |found| found.who);
        assert!(alive(&daemon.hands.look(&who)));
        assert_eq!(lines(&began, 1), 1, "{n}");
        assert_eq!(sleepers(&host, "1006"), usize::try_from(n).unwrap() + 1);
    }
}

/// Nothing, a part, or marks without a word between them.
#[test]
fn an_answer_that_says_nothing_is_no_end() {
    let Some(host) = Host::with("an_answer_that_says_nothing_is_no_end", Some(FORCE)) else {
        return;
    };
    let daemon = daemon(&host, "daemon");
    let mut one = process("one", "exec sleep 1000");
    one.check = vec!["true".to_owned()];
    let who = start(&daemon, &one, 1);
    for way in ["no-answer", "no-end", "no-words"] {
        let way = host.home.path().join(way);
        fs::create_dir(&way).unwrap();
        let unknown = until(LONG, || match daemon.hands.look(&who) {
            Seen::Unknown(_) => Some(()),
            Seen::Alive(_) => None,
            Seen::Ended(end) => panic!("{}: {end:?}", way.display()),
        });
        assert!(unknown.is_some());
        let found = daemon.hands.found(&process("nobody", ""));
        assert!(found.is_err(), "{}: {found:?}", way.display());
        assert!(daemon.hands.rest(&who).is_err(), "{}", way.display());
        assert!(daemon.hands.external(&one).is_err(), "{}", way.display());
        let sent = daemon.hands.signal(&who, 0, false);
        assert!(matches!(sent, Err(Undone::Lost(_))), "{}: {sent:?}", way.display());
        let other = process(&way.file_name().unwrap().to_string_lossy(), "exec sleep 1007");
        lost(&daemon, &other, 1);
        fs::remove_dir(&way).unwrap();
        let found = daemon.hands.found(&other).unwrap().unwrap();
        assert!(until(LONG, || alive(&daemon.hands.look(&found.who)).then_some(())).is_some());
    }
    assert_eq!(daemon.hands.found(&process("nobody", "")).unwrap(), None);
}
