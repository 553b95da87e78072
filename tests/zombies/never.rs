//! Whom nothing that is typed ends.

use crate::common::sandbox::Sandbox;
use crate::common::wait::until;
use crate::stage::{LONG, Stray, in_home, known, mission, of, process, recorded, stray};
use crs::mission::hands::Ident;
use crs::mission::usage;
use crs::mission::zombies::{Find, Known, Who, Zombie, end, find};
use std::fs;
use std::net::TcpListener;
use std::process::{Command, Stdio};

/// As if it had been found, ours and without a word against it: the end itself
/// must refuse.
fn found(pid: u32) -> Zombie {
    let stat = usage::stat(pid).unwrap();
    let who = Ident { pid, start: stat.start, boot: crate::stage::boot() };
    Zombie {
        find: Find::Orphan(Who {
            who,
            program: crs::domain::Text::new(&stat.comm),
            ..Who::default()
        }),
        process: "Main".to_owned(),
        ours: true,
        why: crs::domain::Text::default(),
        never: None,
    }
}

fn refused(pid: u32, known: &Known, words: &str) {
    let zombie = found(pid);
    let confirm = zombie.confirm();
    let (_, why) = end(&zombie, confirm.as_str(), known).unwrap_err();
    assert!(why.as_str().contains(words), "{pid}: {why}, not {words}");
}

#[test]
fn this_program_and_what_it_descends_from() {
    let home = Sandbox::new();
    let known = known(&home);
    let own = std::process::id();
    refused(own, &known, "this program itself");
    let mut pid = usage::stat(own).unwrap().parent;
    let mut line = 0;
    while pid > 1 {
        refused(pid, &known, "descends from it");
        pid = usage::stat(pid).unwrap().parent;
        line += 1;
    }
    assert!(line > 0, "cargo runs the test");
}

#[test]
fn a_port_of_this_program_is_shown_and_stays() {
    let home = Sandbox::new();
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut main = process("Main");
    main.ports = vec![held.local_addr().unwrap().port()];
    let all = find(&mission(vec![main]), &known(&home));
    let zombie = of(&all, std::process::id()).unwrap();
    assert!(zombie.never.is_some() && zombie.record().action.is_empty(), "{zombie:?}");
    let typed = zombie.confirm();
    assert!(end(zombie, typed.as_str(), &known(&home)).is_err());
}

#[test]
fn the_first_process_and_threads_of_the_kernel() {
    let home = Sandbox::new();
    refused(1, &known(&home), "never ended");
    // Not in every container.
    if let Some(thread) = usage::stat(2).filter(|stat| stat.kernel) {
        refused(thread.pid, &known(&home), "the kernel");
        let below = fs::read_dir("/proc").unwrap().flatten();
        let pids = below.filter_map(|e| e.file_name().to_str()?.parse::<u32>().ok());
        let one = pids.filter_map(usage::stat).find(|stat| stat.parent == 2).unwrap();
        refused(one.pid, &known(&home), "the kernel");
    }
}

#[test]
fn who_lets_operators_in() {
    let home = Sandbox::new();
    // The very name is what counts, so that no sshd of this host is needed.
    let sleep = ["/bin/sleep", "/usr/bin/sleep"].into_iter().find(|p| fs::metadata(p).is_ok());
    let program = in_home(&home, "sshd");
    fs::copy(sleep.unwrap(), &program).unwrap();
    let child = Command::new(&program).arg("1000").stdin(Stdio::null()).spawn();
    let mut sshd = Stray(child.unwrap());
    let named = || usage::stat(sshd.pid()).is_some_and(|stat| stat.comm == "sshd");
    until(LONG, || named().then_some(())).unwrap();
    refused(sshd.pid(), &known(&home), "lets operators in");
    assert!(sshd.lives());
}

#[test]
fn the_agent_of_a_kill() {
    let home = Sandbox::new();
    let latch = home.latch();
    // In its own directory, by the program itself, as a console starts it.
    let (latch, dir) = (latch.display().to_string(), home.path().display().to_string());
    let mut command = home.crs(&["__agent", "--latch", &latch, "--state-dir", &dir]);
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut agent = Stray(command.spawn().unwrap());
    let line = || fs::read(format!("/proc/{}/cmdline", agent.pid())).unwrap_or_default();
    let is = until(LONG, || line().windows(7).any(|w| w == b"__agent").then_some(()));
    assert!(is.is_some());
    refused(agent.pid(), &known(&home), "carries out kills");
    assert!(agent.lives());
}

#[test]
fn whoever_has_a_latch_open() {
    let home = Sandbox::new();
    let mut known = known(&home);
    let (mine, named) = (in_home(&home, "latch"), in_home(&home, "a_kill_switch.lock"));
    known.latches = vec![mine.clone()];
    for latch in [&mine, &named] {
        fs::write(latch, "").unwrap();
        let mut holder = stray(&home, &format!("exec sleep 1000 5<'{}'", latch.display()), "");
        let opens = || {
            let fd = format!("/proc/{}/fd/5", holder.pid());
            fs::read_link(fd).is_ok_and(|to| to == *latch)
        };
        until(LONG, || opens().then_some(())).unwrap();
        refused(holder.pid(), &known, "has a latch open");
        assert!(holder.lives() && latch.exists());
    }
}

#[test]
fn a_later_process_of_the_same_number() {
    let home = Sandbox::new();
    let mut sleeper = stray(&home, "exec sleep 1000", "");
    let mut zombie = found(sleeper.pid());
    if let Find::Orphan(who) = &mut zombie.find {
        who.who.start -= 1;
    }
    let (_, why) = end(&zombie, "yes", &known(&home)).unwrap_err();
    assert!(why.as_str().contains("another process"), "{why}");
    assert!(sleeper.lives());
}

#[test]
fn what_the_daemon_runs() {
    let home = Sandbox::new();
    let mut runs = stray(&home, "sleep 1000 & wait", "");
    let mut known = known(&home);
    known.recorded = vec![recorded("Main", runs.ident(), true)];
    refused(runs.pid(), &known, "crs mission stop Main");
    assert!(runs.lives());
}
