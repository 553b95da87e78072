//! Children that do what children do.

use crate::stage::{Stage, lives, mission, needs, never, probe, process, until};
use crs::domain::mission::ProcessState;
use crs::mission::crew::Crew;
use crs::mission::hands::{Hands, Ident, Vars};
use crs::mission::spec::{Condition, Look};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::time::Instant;

fn pid(text: &str) -> u32 {
    text.parse().unwrap()
}

#[test]
fn a_start_takes_little_of_its_own_and_an_end_is_seen_at_once() {
    let stage = Stage::new(vec![process("a", "exec sleep 600")]);
    let (mut starts, mut ends) = (Vec::new(), Vec::new());
    for _ in 0..30 {
        let begun = Instant::now();
        stage.crew.start("a").unwrap();
        stage.running("a");
        starts.push(begun.elapsed());
        let first = stage.record("a").pid.unwrap();
        let shot = Instant::now();
        rustix::process::kill_process(
            rustix::process::Pid::from_raw(i32::try_from(first).unwrap()).unwrap(),
            rustix::process::Signal::KILL,
        )
        .unwrap();
        let down = stage.until("a", |r| r.pid != Some(first) || !r.state.ready());
        ends.push(shot.elapsed());
        assert_eq!(down.last_error.as_str(), "SIGKILL");
        // Its restart comes by itself.
        let again = stage.until("a", |r| r.state.ready() && r.pid != Some(first));
        assert_ne!(again.pid, Some(first));
        stage.crew.stop("a", false).unwrap();
        stage.word("a", "exited");
    }
    for (what, mut times) in [("start", starts), ("end seen", ends)] {
        times.sort();
        let (p50, max) = (times[times.len() / 2], times[times.len() - 1]);
        println!("{what}: p50 {p50:?}, max {max:?}");
    }
}

#[test]
fn fifty_are_up_and_down_again_and_orders_come_by_the_hundred() {
    let names: Vec<String> = (0..50).map(|n| format!("p{n}")).collect();
    let stage = Stage::new(names.iter().map(|name| process(name, "exec sleep 600")).collect());
    let begun = Instant::now();
    stage.want_all();
    for name in &names {
        stage.running(name);
    }
    println!("50 up: {:?}", begun.elapsed());
    let begun = Instant::now();
    for name in names.iter().chain(&names) {
        stage.crew.restart(name).unwrap();
    }
    println!("100 restarts ordered: {:?}", begun.elapsed());
    for name in &names {
        stage.until(name, |r| r.state.ready());
    }
    println!("and carried out: {:?}", begun.elapsed());
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmRSS")).unwrap());
    let begun = Instant::now();
    stage.crew.want(&[], &Vars::default(), &BTreeMap::new());
    assert!(stage.crew.wait_down(crate::stage::PATIENCE));
    println!("50 down: {:?}", begun.elapsed());
}

#[test]
fn grandchildren_end_with_a_stop_wherever_they_went() {
    let deaf = "trap '' TERM; \
        setsid sh -c 'trap \"\" TERM; echo $$ >one; while :; do sleep 0.1; done' & \
        (setsid sh -c 'setsid sh -c \"echo \\$\\$ >two; exec sleep 600\" &' &) ; \
        env -i /bin/sh -c 'echo $$ >three; exec sleep 600' & \
        while :; do sleep 0.1; done";
    let stage = Stage::new(vec![process("deaf", deaf)]);
    stage.want_all();
    let leader = stage.running("deaf").pid.unwrap();
    let all =
        [leader, pid(&stage.wrote("one")), pid(&stage.wrote("two")), pid(&stage.wrote("three"))];
    assert!(all.iter().all(|pid| lives(*pid)), "{all:?}");
    stage.crew.stop("deaf", false).unwrap();
    stage.word("deaf", "exited");
    assert!(all.iter().all(|pid| !lives(*pid)), "{all:?}: said to have ended, and something lives");
}

#[test]
fn what_a_dead_process_leaves_ends_before_it_is_started_again() {
    let forks = "n=$(ls | grep -c run); echo $$ >run$n; \
        setsid sh -c \"echo \\$\\$ >left$n; exec sleep 600\" & \
        while [ ! -s left$n ]; do sleep 0.01; done; [ $n = 0 ] && exit 3; exec sleep 600";
    let stage = Stage::new(vec![process("forks", forks)]);
    stage.want_all();
    let left = pid(&stage.wrote("left0"));
    stage.until("forks", |r| r.state.ready() && r.restart_count == 1);
    assert!(!lives(left), "a part of the first copy lives beside the second");
}

#[test]
fn a_flood_a_closed_pipe_and_a_slow_end_are_no_trouble() {
    let stage = Stage::new(vec![
        process("flood", "exec yes a line of a flood"),
        process("shut", "exec >&- 2>&-; exec sleep 600"),
        process(
            "slow",
            "trap 'sleep 0.2; exit 7' TERM; echo ok >trapped; while :; do sleep 0.05; done",
        ),
    ]);
    stage.want_all();
    for name in ["flood", "shut", "slow"] {
        stage.running(name);
    }
    stage.wrote("trapped");
    stage.crew.want(&[], &Vars::default(), &BTreeMap::new());
    assert!(stage.crew.wait_down(crate::stage::PATIENCE));
    let slow = stage.record("slow").state;
    let code = |code| matches!(&slow, ProcessState::Exited { code: c, .. } if *c == Some(code));
    assert!(code(7), "it had its time: {slow:?}");
    let flood = stage.record("flood").state;
    assert!(matches!(&flood, ProcessState::Exited { signal, .. } if signal.as_str() == "SIGTERM"));
}

#[test]
fn who_dies_at_once_fails_for_good_and_says_why() {
    let mut once = process("once", "echo no such luck >&2; exit 3");
    once.restart.max = 3;
    once.ready = vec![probe(Look::Exec(vec![String::from("false")]))];
    let after = needs(process("after", "exec sleep 600"), "once", Condition::Ready);
    let none = never(process("none", "true"));
    let none = crs::mission::spec::Process { cmd: vec![String::from("no-such-program")], ..none };
    let stage = Stage::new(vec![once, after, none]);
    stage.want_all();
    let failed = stage.word("once", "failed");
    assert!(failed.state.to_string().contains("3 restarts in 10 min: exit status 3"), "{failed:?}");
    assert_eq!(stage.ears.raised.lock().unwrap()[0].kind, "crash-loop");
    let skipped = stage.word("after", "skipped");
    assert!(skipped.state.to_string().contains("once (failed"), "{skipped:?}");
    let none = stage.word("none", "failed");
    assert!(none.state.to_string().contains("command not found: no-such-program"), "{none:?}");
    let why = stage.crew.why("after").unwrap();
    assert!(why.iter().any(|line| line.as_str().contains("needs once")), "{why:?}");
    assert!(stage.crew.why("nobody").is_err());
}

#[test]
fn a_port_that_is_held_names_its_holder() {
    let held = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    let mut late = process("late", "exec sleep 600");
    late.ports = vec![port];
    late.restart.max = 1_000;
    late.restart.cap = std::time::Duration::from_millis(50);
    let stage = Stage::new(vec![late]);
    stage.want_all();
    let down = stage.word("late", "backoff");
    let want = format!("port {port} is held by");
    assert!(down.last_error.as_str().starts_with(&want), "{down:?}");
    assert!(down.last_error.as_str().contains(&std::process::id().to_string()), "{down:?}");
    drop(held);
    stage.running("late");
}

#[test]
fn orders_at_once_make_one_copy() {
    let script = "echo $$ >>copies; exec sleep 600";
    let stage = Stage::new(vec![process("a", script)]);
    stage.want_all();
    stage.running("a");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..4 {
                    stage.crew.restart("a").unwrap();
                    stage.crew.stop("a", false).unwrap();
                    stage.crew.start("a").unwrap();
                }
            });
        }
    });
    let last = stage.until("a", |r| r.state.ready() && r.wanted).pid;
    until("the order of the last moment is carried out", || {
        let copies = std::fs::read_to_string(stage.dir.path().join("copies")).unwrap();
        let alive: Vec<u32> = copies.lines().map(pid).filter(|pid| lives(*pid)).collect();
        assert!(alive.len() <= 1, "{alive:?}");
        alive == last.map_or(vec![], |pid| vec![pid]) || stage.record("a").pid != last
    });
}

#[test]
fn a_start_that_takes_its_time_is_no_end_of_before() {
    let job = never(process("job", "exit 0"));
    let stage = Stage::new(vec![job.clone()]);
    stage.want_all();
    stage.word("job", "exited");
    let mut slow = job;
    slow.secrets.insert(String::from("KEY"), ["sleep", "2"].map(String::from).to_vec());
    stage.crew.reload(mission(vec![slow]), true);
    stage.want_all();
    let record = stage.record("job");
    assert_eq!(record.state, ProcessState::Starting, "{record:?}");
}

#[test]
fn limits_and_environment_reach_the_program_and_a_secret_nobody_else() {
    let script = "{ ulimit -n; nice; grep Cpus_allowed_list /proc/self/status | cut -f2; pwd; \
        echo $TOKEN $PLAIN; tr '\\0' ' ' </proc/$$/cmdline; echo; } >told; exec sleep 600";
    let mut one = process("one", script);
    one.limits.nofile = Some(77);
    one.limits.nice = Some(3);
    one.limits.affinity = vec![0];
    one.limits.memory = Some(256 << 20);
    one.limits.cpu_pct = Some(50);
    one.env.insert(String::from("PLAIN"), String::from("{dir}"));
    one.secrets.insert(String::from("TOKEN"), ["echo", "hush-hush"].map(String::from).to_vec());
    let stage = Stage::new(vec![one]);
    stage.want_all();
    let who = stage.running("one").pid.unwrap();
    let dir = stage.dir.path().canonicalize().unwrap();
    until("it wrote all", || stage.wrote("told").lines().count() == 6);
    let told = stage.wrote("told");
    let told: Vec<&str> = told.lines().collect();
    let plain = format!("hush-hush {}", dir.display());
    assert_eq!(&told[..5], ["77", "3", "0", dir.to_str().unwrap(), &plain]);
    assert!(!told[5].contains("hush-hush"), "{told:?}");
    let environ = std::fs::read(format!("/proc/{who}/environ")).unwrap();
    assert!(String::from_utf8_lossy(&environ).contains("CRS_MISSION="));
    let noted = stage.lines.noted.lock().unwrap().join("\n");
    assert!(!noted.contains("hush-hush") && noted.contains("limits.cpu is ignored"), "{noted}");
}

#[test]
fn a_reload_restarts_only_what_changed() {
    let sleep = "exec sleep 600";
    let stage = Stage::new(vec![process("a", sleep), process("b", sleep), process("c", sleep)]);
    stage.want_all();
    let before = ["a", "b", "c"].map(|name| stage.running(name).pid);
    let mut patient = process("c", sleep);
    patient.stop.timeout = std::time::Duration::from_secs(1);
    let said = stage.crew.reload(
        mission(vec![
            process("a", sleep),
            process("b", "exec sleep 601"),
            patient,
            process("d", sleep),
        ]),
        true,
    );
    assert_eq!(said.len(), 3, "{said:?}");
    stage.until("b", |r| r.state.ready() && r.pid != before[1]);
    assert_eq!((stage.record("a").pid, stage.record("c").pid), (before[0], before[2]));
    assert_eq!(stage.record("d").state, ProcessState::Stopped);
    let gone = stage.record("b").pid.unwrap();
    let said = stage.crew.reload(mission(vec![process("a", sleep), process("c", sleep)]), true);
    assert_eq!(said.len(), 3, "{said:?}");
    until("what left the file ends", || !lives(gone));
    assert_eq!(stage.record("a").pid, before[0]);
}

#[test]
fn a_reload_that_starts_nothing_is_taken_up_by_the_next_launch() {
    let (was, now) = ("echo was >>ran; exec sleep 600", "echo now >>ran; exec sleep 601");
    let stage = Stage::new(vec![process("a", was), process("b", "exit 3")]);
    stage.crew.want(&["a".to_owned()], &Vars::default(), &BTreeMap::new());
    let first = stage.running("a").pid.unwrap();
    // A shell that was only just started has not said anything yet.
    stage.wrote("ran");
    let said = stage.crew.reload(mission(vec![process("a", now), process("b", now)]), false);
    assert_eq!(said.len(), 2, "{said:?}");
    // It ends by itself, and what it was confirmed as comes back.
    let pid = rustix::process::Pid::from_raw(i32::try_from(first).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    let second = stage.until("a", |r| r.state.ready() && r.pid != Some(first)).pid;
    let ran = || std::fs::read_to_string(stage.dir.path().join("ran")).unwrap();
    until("it ran twice", || ran().lines().count() == 2);
    assert_eq!(ran(), "was\nwas\n");
    stage.want_all();
    stage.until("a", |r| r.state.ready() && r.pid != second);
    stage.running("b");
    until("both ran", || ran().lines().count() == 4);
    assert_eq!(ran(), "was\nwas\nnow\nnow\n");
}

#[test]
fn what_left_the_file_is_on_record_until_it_has_ended() {
    let deaf = "trap '' TERM; echo >deaf; while :; do sleep 0.05; done";
    let stage = Stage::new(vec![process("a", "exec sleep 600"), process("deaf", deaf)]);
    stage.want_all();
    stage.running("a");
    stage.wrote("deaf");
    let pid = stage.running("deaf").pid.unwrap();
    stage.crew.reload(mission(vec![process("a", "exec sleep 600")]), true);
    let names = || {
        let all = stage.crew.records();
        all.iter().map(|r| (r.name.to_string(), r.state.may_live())).collect::<Vec<_>>()
    };
    until("it is off the record", || {
        let on_record = names().len() == 2;
        assert!(on_record || !lives(pid), "it lives, and nobody says so");
        !on_record
    });
    assert_eq!(names(), [(String::from("a"), true)]);
}

/// What the supervision wants and what the process was told last are the same,
/// whichever of two orders came last.
#[test]
fn a_restart_and_a_stop_at_once_leave_one_answer() {
    let stage = Stage::new(vec![process("a", "exec sleep 600")]);
    for _ in 0..100 {
        std::thread::scope(|scope| {
            scope.spawn(|| stage.crew.restart("a").unwrap());
            scope.spawn(|| stage.crew.stop("a", false).unwrap());
        });
        let wanted = stage.crew.restart_if_wanted("a").is_ok();
        until("what it was told is what is wanted", || stage.record("a").wanted == wanted);
    }
}

#[test]
fn nothing_is_started_while_the_supervision_ends() {
    let deaf = "trap '' TERM; echo >deaf; while :; do sleep 0.05; done";
    let mut patient = process("deaf", deaf);
    patient.stop.timeout = std::time::Duration::from_secs(2);
    let stage = Stage::new(vec![patient, process("late", "echo >late; exec sleep 600")]);
    stage.crew.start("deaf").unwrap();
    stage.wrote("deaf");
    std::thread::scope(|scope| {
        let ends = scope.spawn(|| stage.crew.shutdown());
        stage.word("deaf", "stopping");
        for order in [stage.crew.start("late"), stage.crew.restart("deaf")] {
            assert!(order.unwrap_err().1.as_str().contains("the daemon ends"));
        }
        stage.want_all();
        ends.join().unwrap();
    });
    assert!(!stage.dir.path().join("late").exists());
}

#[test]
fn starts_follow_dependencies_and_stops_go_backwards() {
    let say = |name: &str| {
        format!(
            "trap 'echo -{name} >>order; exit 0' TERM; echo +{name} >>order; while :; do sleep 0.02; done"
        )
    };
    let a = process("a", &say("a"));
    let b = needs(process("b", &say("b")), "a", Condition::Ready);
    let c = needs(process("c", &say("c")), "b", Condition::Started);
    let once = never(process("once", "echo once >>order"));
    let last = needs(process("last", &say("last")), "once", Condition::Succeeded);
    let stage = Stage::new(vec![c, b, a, last, once]);
    stage.crew.start("c").unwrap();
    stage.running("c");
    assert_eq!(stage.record("last").state, ProcessState::Stopped, "nobody asked for it");
    until("c wrote", || stage.wrote("order").contains("+c"));
    assert_eq!(stage.wrote("order"), "+a\n+b\n+c");
    stage.crew.stop("a", true).unwrap();
    stage.word("a", "exited");
    assert_eq!(stage.wrote("order"), "+a\n+b\n+c\n-c\n-b\n-a");
    stage.crew.start("last").unwrap();
    stage.running("last");
    assert_eq!(stage.record("once").exit_code, Some(0));
    // A mode without what it depends on does not wait for it.
    stage.crew.want(&[String::from("b")], &Vars::default(), &BTreeMap::new());
    stage.running("b");
    assert_eq!(stage.record("a").state.word(), "exited");
}

#[test]
fn strangers_are_never_signalled() {
    let stage = Stage::new(vec![process("a", "exec sleep 600")]);
    let mut stranger = std::process::Command::new("sleep").arg("600").spawn().unwrap();
    let boot = crs::mission::local::boot();
    let who = Ident { pid: stranger.id(), start: 1, boot };
    for all in [false, true] {
        assert!(stage.hands.signal(&who, 9, all).is_err());
    }
    assert!(stranger.try_wait().unwrap().is_none());
    stranger.kill().unwrap();
    stranger.wait().unwrap();
}

#[test]
fn somebody_elses_is_watched_and_never_touched() {
    let mut other = process("other", "exec sleep 600");
    other.check = ["/bin/sh", "-c", "test -e there"].map(String::from).to_vec();
    let dir = tempfile::tempdir().unwrap();
    let flag = dir.path().join("there");
    other.check[2] = format!("test -e {}", flag.display());
    std::fs::write(&flag, "").unwrap();
    let stage = Stage::new(vec![other]);
    assert!(stage.word("other", "external").external);
    assert!(stage.crew.start("other").is_err() && stage.crew.stop("other", false).is_err());
    stage.want_all();
    std::fs::remove_file(&flag).unwrap();
    stage.running("other");
}

#[test]
fn what_it_left_is_removed_and_a_latch_is_not() {
    let mut one = process("one", "touch a.lock mt5_crs_kill_switch.lock; exec sleep 600");
    one.locks = ["a.lock", "mt5_crs_kill_switch.lock"].map(std::path::PathBuf::from).to_vec();
    let stage = Stage::new(vec![one]);
    stage.want_all();
    stage.running("one");
    let at = |name: &str| stage.dir.path().join(name);
    until("both are there", || at("mt5_crs_kill_switch.lock").exists());
    stage.crew.stop("one", false).unwrap();
    stage.word("one", "exited");
    assert!(!at("a.lock").exists() && at("mt5_crs_kill_switch.lock").exists());
}
