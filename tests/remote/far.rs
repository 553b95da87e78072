//! Mission control's hands on another machine: real processes behind a real
//! sshd, and what becomes of them when the line is cut.

use crate::common::sandbox::free_port;
use crate::common::wait::until;
use crate::host::{Host, LONG};
use crs::config::Origin;
use crs::domain::Text;
use crs::domain::mission::LineLevel;
use crs::mission::hands::{End, Hands, Ident, Seen, Undone, Vars};
use crs::mission::lines::{Output, Reads, Source};
use crs::mission::remote::Remote;
use crs::mission::spec::{self, OnDeath, Platform, Process};
use crs::mission::usage;
use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// By process, and whether it is standard error.
pub type Streams = BTreeMap<(String, bool), Vec<u8>>;

/// Keeps every byte of every stream.
#[derive(Default)]
pub struct Kept(Arc<Mutex<Streams>>);

impl Reads for Kept {
    fn attach(&self, source: Source) {
        let Output::Pipe(pipe) = source.output else { panic!("a pipe is expected") };
        let all = Arc::clone(&self.0);
        std::thread::spawn(move || {
            let (mut pipe, mut chunk) = (fs::File::from(pipe), [0; 4_096]);
            while let Ok(n @ 1..) = pipe.read(&mut chunk) {
                let key = (source.process.clone(), source.stderr);
                all.lock().unwrap().entry(key).or_default().extend(&chunk[..n]);
            }
        });
    }
    fn ended(&self, _process: &str, _run: u64) {}
    fn has_said(&self, _process: &str, _run: u64, _text: &str) -> bool {
        false
    }
    fn note(&self, _process: &str, _level: LineLevel, _text: &Text) {}
}

impl Kept {
    fn text(&self, process: &str, stderr: bool) -> String {
        let all = self.0.lock().unwrap();
        let bytes = all.get(&(process.to_owned(), stderr)).cloned().unwrap_or_default();
        // A letter of two bytes may have come by half.
        let whole = match std::str::from_utf8(&bytes) {
            Err(e) if e.error_len().is_none() => e.valid_up_to(),
            _ => bytes.len(),
        };
        String::from_utf8(bytes[..whole].to_vec()).unwrap()
    }
}

/// A daemon with hands on that machine.
pub struct Daemon {
    pub hands: Remote,
    kept: Arc<Kept>,
}

pub fn dir(host: &Host, name: &str) -> PathBuf {
    host.home.path().join(name)
}

fn machine(host: &Host) -> spec::Host {
    spec::Host {
        name: "FAR".to_owned(),
        ssh: "gtw".to_owned(),
        ssh_config: Some(PathBuf::from(host.at("client"))),
        platform: Platform::Linux,
        dir: Some(dir(host, "it's there").display().to_string()),
        at: Origin::Default,
    }
}

pub fn daemon(host: &Host, name: &str) -> Daemon {
    let kept = Arc::new(Kept::default());
    let reads: Arc<dyn Reads> = kept.clone();
    let kills = [dir(host, "mine.lock"), dir(host, "kill path")];
    let hands = Remote::new(&machine(host), &dir(host, name), &kills, reads).unwrap();
    Daemon { hands, kept }
}

pub fn process(name: &str, script: &str) -> Process {
    Process {
        name: name.to_owned(),
        display_name: Text::new(name),
        host: Some("FAR".to_owned()),
        cmd: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
        check: Vec::new(),
        cwd: None,
        env: BTreeMap::new(),
        secrets: BTreeMap::new(),
        depends: Vec::new(),
        ready: Vec::new(),
        live: Vec::new(),
        restart: spec::Restart::default(),
        stop: spec::Stop::default(),
        on_daemon_death: OnDeath::Keep,
        limits: spec::Limits::default(),
        ports: Vec::new(),
        shm: Vec::new(),
        files: Vec::new(),
        locks: Vec::new(),
        growth: None,
        at: Origin::Default,
    }
}

pub fn start(daemon: &Daemon, process: &Process, run: u64) -> Ident {
    daemon.hands.spawn(process, run, &Vars::default()).unwrap()
}

pub fn ended(daemon: &Daemon, who: &Ident) -> End {
    let end = until(LONG, || match daemon.hands.look(who) {
        Seen::Ended(end) => Some(end),
        _ => None,
    });
    end.expect("it ends")
}

pub fn alive(seen: &Seen) -> bool {
    matches!(seen, Seen::Alive(_))
}

/// Waits for a file with so many lines.
pub fn lines(file: &Path, at_least: usize) -> usize {
    let count = || fs::read_to_string(file).map_or(0, |text| text.lines().count());
    until(LONG, || (count() >= at_least).then_some(())).expect("the file grows");
    count()
}

#[test]
fn it_starts_apart_says_what_it_uses_and_how_it_ended() {
    let test = "it_starts_apart_says_what_it_uses_and_how_it_ended";
    let Some(host) = Host::start(test) else { return };
    let daemon = daemon(&host, "daemon");
    let mut one = process("one", "echo \"out $A\"; printf err >&2; pwd; exec sleep 1000");
    one.env.insert("A".to_owned(), "it's {env:CRS_TEST_HOME} $x".to_owned());
    one.secrets.insert("S".to_owned(), ["printf", "a b"].map(str::to_owned).to_vec());
    one.cwd = Some(host.home.path().to_owned());
    let who = start(&daemon, &one, 1);
    let stat = usage::stat(who.pid).unwrap();
    assert_eq!((stat.start, stat.session, stat.group), (who.start, who.pid, who.pid));
    let Seen::Alive(usage) = daemon.hands.look(&who) else { panic!("it lives") };
    assert!(usage.memory > 100_000 && usage.files >= Some(3), "{usage:?}");
    let environ = fs::read(format!("/proc/{}/environ", who.pid)).unwrap();
    assert!(String::from_utf8_lossy(&environ).contains("\0S=a b\0"));
    let home = host.home.path().display().to_string();
    let wanted = format!("out it's {home}/ $x\n{home}\n");
    let came = until(LONG, || (daemon.kept.text("one", false) == wanted).then_some(()));
    assert!(came.is_some(), "{:?}, not {wanted:?}", daemon.kept.text("one", false));
    let came = until(LONG, || (daemon.kept.text("one", true) == "err").then_some(()));
    assert!(came.is_some(), "{:?}", daemon.kept.text("one", true));
    daemon.hands.signal(&who, 15, true).unwrap();
    assert_eq!(ended(&daemon, &who), End { code: None, signal: Text::new("SIGTERM") });
    let gone = daemon.hands.signal(&who, 15, true).unwrap_err();
    assert!(gone.why().as_str().contains("is gone"), "{gone:?}");
    // Its last words come before its end is told.
    let two = process("two", "echo last; exit 7");
    let who = start(&daemon, &two, 1);
    assert_eq!(ended(&daemon, &who), End { code: Some(7), signal: Text::default() });
    let came = until(LONG, || (daemon.kept.text("two", false) == "last\n").then_some(()));
    assert!(came.is_some());
}

#[test]
fn what_can_not_be_started_says_why() {
    let Some(host) = Host::start("what_can_not_be_started_says_why") else { return };
    let daemon = daemon(&host, "daemon");
    let mut wrong = process("wrong", "");
    wrong.cmd = vec!["/no/such/it's".to_owned()];
    let why = daemon.hands.spawn(&wrong, 1, &Vars::default()).unwrap_err();
    let Undone::No(why) = why else { panic!("{why:?}") };
    assert!(why.as_str().contains("no program /no/such/it's"), "{why}");
    wrong.cmd = vec!["sleep".to_owned(), "1000".to_owned()];
    wrong.cwd = Some(PathBuf::from("/no/such/dir"));
    let why = daemon.hands.spawn(&wrong, 1, &Vars::default()).unwrap_err();
    assert!(why.why().as_str().contains("/no/such/dir"), "{why:?}");
    wrong.cmd = vec!["{mode:nope}".to_owned()];
    assert!(daemon.hands.spawn(&wrong, 1, &Vars::default()).is_err());
}

#[test]
fn two_daemons_start_one() {
    let Some(host) = Host::start("two_daemons_start_one") else { return };
    let (a, b) = (daemon(&host, "a"), daemon(&host, "b"));
    let began = dir(&host, "began");
    let one = process("one", &format!("echo x >>'{}'; exec sleep 1000", began.display()));
    let both = std::thread::scope(|scope| {
        let other = scope.spawn(|| b.hands.spawn(&one, 1, &Vars::default()));
        let first = a.hands.spawn(&one, 1, &Vars::default());
        [first, other.join().unwrap()]
    });
    let good: Vec<&Ident> = both.iter().filter_map(|end| end.as_ref().ok()).collect();
    assert_eq!(good.len(), 1, "{both:?}");
    let why = both.iter().find_map(|end| end.as_ref().err()).unwrap();
    let wanted = format!("already running as pid {}", good[0].pid);
    assert!(why.why().as_str().contains(&wanted), "{why:?}");
    let again = a.hands.spawn(&one, 2, &Vars::default()).unwrap_err();
    assert!(again.why().as_str().contains(&wanted), "{again:?}");
    assert_eq!(lines(&began, 1), 1);
}

/// Command lines are everybody's to read, here and over there.
#[test]
fn no_argument_holds_a_script_or_a_value() {
    let Some(host) = Host::start("no_argument_holds_a_script_or_a_value") else { return };
    let daemon = daemon(&host, "daemon");
    let mut one = process("one", "exec sleep 1000");
    one.env.insert("A".to_owned(), "value-of-nobody-else".to_owned());
    let over = std::sync::atomic::AtomicBool::new(false);
    // Other tests have machines of their own.
    let home = host.home.path().to_string_lossy().into_owned();
    let seen = std::thread::scope(|scope| {
        let watch = scope.spawn(|| {
            let mut seen = Vec::new();
            while !over.load(std::sync::atomic::Ordering::SeqCst) {
                let all = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
                seen.extend(all.filter_map(|entry| {
                    let line = fs::read(entry.path().join("cmdline")).ok()?;
                    let line = String::from_utf8_lossy(&line).into_owned();
                    let tells = line.contains("value-of-nobody-else")
                        || (line.contains("boot_id") && line.contains(&home));
                    tells.then_some(line)
                }));
            }
            seen
        });
        let who = start(&daemon, &one, 1);
        assert!(alive(&daemon.hands.look(&who)));
        std::thread::sleep(Duration::from_millis(300));
        let environ = fs::read(format!("/proc/{}/environ", who.pid)).unwrap();
        assert!(String::from_utf8_lossy(&environ).contains("\0A=value-of-nobody-else\0"));
        over.store(true, std::sync::atomic::Ordering::SeqCst);
        watch.join().unwrap()
    });
    assert!(seen.is_empty(), "{seen:#?}");
}

/// How many `sleep SECONDS` of this host's live.
pub fn sleepers(host: &Host, seconds: &str) -> usize {
    let wanted = format!("sleep\0{seconds}\0");
    let is = |pid: &&u32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line == wanted.as_bytes())
    };
    host.home.processes().iter().filter(is).count()
}

#[test]
fn a_stop_reaches_who_left_the_group_and_who_does_not_listen() {
    let test = "a_stop_reaches_who_left_the_group_and_who_does_not_listen";
    let Some(host) = Host::start(test) else { return };
    let daemon = daemon(&host, "daemon");
    let script = "trap '' TERM; sleep 1001 & setsid sh -c 'sleep 1002 & exit' & \
                  echo up; while :; do sleep 0.1; done";
    let who = start(&daemon, &process("deaf", script), 1);
    until(LONG, || (daemon.kept.text("deaf", false) == "up\n").then_some(())).unwrap();
    until(LONG, || (sleepers(&host, "1002") == 1).then_some(())).unwrap();
    let other = start(&daemon, &process("other", "exec sleep 1003"), 1);
    daemon.hands.signal(&who, 15, true).unwrap();
    std::thread::sleep(Duration::from_millis(300));
    assert!(alive(&daemon.hands.look(&who)), "it does not listen");
    let rest = daemon.hands.rest(&who).unwrap();
    assert!(rest.contains(&who), "{rest:?}");
    daemon.hands.signal(&who, 9, true).unwrap();
    assert_eq!(ended(&daemon, &who), End { code: None, signal: Text::new("SIGKILL") });
    let none = until(LONG, || daemon.hands.rest(&who).unwrap().is_empty().then_some(()));
    assert!(none.is_some(), "{:?}", daemon.hands.rest(&who));
    assert_eq!(sleepers(&host, "1001") + sleepers(&host, "1002"), 0);
    assert!(alive(&daemon.hands.look(&other)), "nobody else's");
    // Another identity of the same number is nobody to be signalled.
    let wrong = Ident { start: other.start + 1, ..other.clone() };
    let why = daemon.hands.signal(&wrong, 9, false).unwrap_err();
    assert!(why.why().as_str().contains("another process"), "{why:?}");
    assert!(daemon.hands.signal(&wrong, 9, true).is_err());
    assert!(alive(&daemon.hands.look(&other)));
}

#[test]
fn a_lost_line_is_unknown_and_comes_back() {
    let Some(host) = Host::start("a_lost_line_is_unknown_and_comes_back") else { return };
    let daemon = daemon(&host, "daemon");
    let who = start(&daemon, &process("one", "exec sleep 1000"), 1);
    assert!(alive(&daemon.hands.look(&who)));
    let cuts: [(&dyn Fn(), &str); 3] = [
        (&|| host.client(free_port(), "key", "127.0.0.1"), "no connection"),
        (&|| host.client(host.any_port(), "other_key", "127.0.0.1"), "takes none of our keys"),
        (&|| host.knows("other_host"), "THE KEY OF THIS HOST HAS CHANGED"),
    ];
    for (cut, words) in cuts {
        cut();
        let why = until(LONG, || match daemon.hands.look(&who) {
            Seen::Unknown(why) => Some(why),
            Seen::Alive(_) => None,
            Seen::Ended(end) => panic!("a lost line is no end: {end:?}"),
        });
        let why = why.unwrap();
        assert!(why.as_str().contains(words) && why.as_str().contains(" on FAR"), "{why}");
        assert!(daemon.hands.reach().is_err());
        host.client(host.any_port(), "key", "127.0.0.1");
        host.knows("host");
        assert!(until(LONG, || alive(&daemon.hands.look(&who)).then_some(())).is_some());
    }
    daemon.hands.reach().unwrap();
}

/// This host's clients of ours: those that follow an output, or the others.
pub fn clients(host: &Host, follow: bool) -> Vec<u32> {
    let children = fs::read_dir("/proc").unwrap().filter_map(Result::ok);
    let ours = children.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let ours = ours.filter(|pid| {
        let parent = usage::stat(*pid).is_some_and(|stat| stat.parent == std::process::id());
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let line = String::from_utf8_lossy(&line).into_owned();
        parent && line.contains(&host.at("client")) && line.contains("\0-E\0") == follow
    });
    ours.collect()
}

/// Ends those that follow an output.
fn cut_followers(host: &Host) -> usize {
    let ours = clients(host, true);
    for pid in &ours {
        crate::common::sandbox::signal(*pid, rustix::process::Signal::KILL);
    }
    ours.len()
}

#[test]
fn output_goes_on_at_the_byte_where_it_stopped() {
    let Some(host) = Host::start("output_goes_on_at_the_byte_where_it_stopped") else { return };
    let first = daemon(&host, "daemon");
    let (go, enough, count) = (dir(&host, "go"), dir(&host, "enough"), dir(&host, "count"));
    // It writes for as long as the line is still to be cut: a loaded machine
    // lets all of a fixed number come in one look.
    let script = format!(
        "i=0; until [ -e '{}' ]; do i=$((i+1)); printf 'line %s é' $i; echo \" end\"; sleep \
         0.01; done; echo $i >'{}'; echo half >&2; until [ -e '{}' ]; do sleep 0.05; done; \
         printf 'one more'",
        enough.display(),
        count.display(),
        go.display()
    );
    let one = process("one", &script);
    let who = start(&first, &one, 3);
    // More than it can write within LONG.
    let endless = (1..=20_000).fold(String::new(), |all, i| all + &format!("line {i} é end\n"));
    let mut cuts = 0;
    let cut = until(LONG, || {
        let text = first.kept.text("one", false);
        assert!(endless.starts_with(&text), "doubled or lost: {text}");
        if text.len() > (cuts + 1) * 600 {
            cuts += usize::from(cut_followers(&host) > 0);
        }
        (cuts == 3).then_some(())
    });
    assert!(cut.is_some(), "the line was cut in the middle {cuts} times");
    fs::write(&enough, "").unwrap();
    let written = until(LONG, || {
        let text = fs::read_to_string(&count).unwrap_or_default();
        text.strip_suffix('\n').map(|n| n.parse::<usize>().unwrap())
    });
    let written = written.expect("it comes to an end");
    let wanted: String = endless.split_inclusive('\n').take(written).collect();
    let whole = until(LONG, || (first.kept.text("one", false) == wanted).then_some(()));
    assert!(whole.is_some(), "{}, not {written} lines", first.kept.text("one", false));
    let half = until(LONG, || (first.kept.text("one", true) == "half\n").then_some(()));
    assert!(half.is_some(), "{:?}", first.kept.text("one", true));
    // The next daemon takes it up behind what this one has read.
    drop(first.hands);
    let next = daemon(&host, "daemon");
    let record = next.hands.found(&one).unwrap().unwrap();
    assert_eq!((&record.who, record.run), (&who, 3));
    assert_eq!(record.stamp, crs::mission::supervise::stamp(&one, &Vars::default()));
    assert!(record.since.0 > 0);
    assert_eq!(next.hands.found(&one).unwrap(), Some(record), "it is in hand already");
    fs::write(&go, "").unwrap();
    assert_eq!(ended(&next, &who), End { code: Some(0), signal: Text::default() });
    let came = until(LONG, || (next.kept.text("one", false) == "one more").then_some(()));
    assert!(came.is_some(), "{:?}", next.kept.text("one", false));
    assert_eq!(next.kept.text("one", true), "", "it was read by the first");
    assert_eq!(first.kept.text("one", true), "half\n");
    assert_eq!(next.hands.found(&one).unwrap(), None, "it has ended");
}

#[test]
fn the_next_daemon_ends_what_must_not_outlive_the_last() {
    let test = "the_next_daemon_ends_what_must_not_outlive_the_last";
    let Some(host) = Host::start(test) else { return };
    let mut one = process("one", "trap '' TERM; setsid sleep 1004 & while :; do sleep 0.1; done");
    one.on_daemon_death = OnDeath::Kill;
    let first = daemon(&host, "daemon");
    let who = start(&first, &one, 1);
    until(LONG, || (sleepers(&host, "1004") == 1).then_some(())).unwrap();
    drop(first);
    assert!(usage::of(who.pid).is_some());
    let next = daemon(&host, "daemon");
    assert_eq!(next.hands.found(&one).unwrap(), None);
    assert_eq!(sleepers(&host, "1004"), 0);
    assert!(usage::of(who.pid).is_none_or(|(start, _)| start != who.start));
    assert_ne!(start(&next, &one, 2), who);
}

#[test]
fn what_it_left_is_removed_and_never_a_latch() {
    let Some(host) = Host::start("what_it_left_is_removed_and_never_a_latch") else { return };
    let daemon = daemon(&host, "daemon");
    let at = |name: &str| dir(&host, name);
    let shm = format!("crs-far-{}", std::process::id());
    let shm_file = Path::new("/dev/shm").join(&shm);
    // Before the start: somebody's file, and what the kill path needs.
    fs::create_dir(at("kill path")).unwrap();
    fs::create_dir(at("latch-0123456789ab")).unwrap();
    for name in ["theirs.lock", "mine.lock"] {
        fs::write(at(name), "").unwrap();
    }
    std::os::unix::fs::symlink(at("mine.lock"), at("link.lock")).unwrap();
    fs::hard_link(at("mine.lock"), at("hard.lock")).unwrap();
    // And what is made while it runs.
    let made = ["it's a.lock", "x_kill_switch.lock", "kill path/a.lock", "agent.sock"];
    let made = [&made[..], &["latch-0123456789ab/any"]].concat();
    let mut script = String::from("echo up");
    for path in made.iter().map(|name| at(name)).chain([shm_file.clone()]) {
        script += "; : >";
        script += &crs::mesh::remote::quote::posix(path.to_str().unwrap());
    }
    let home = host.home.path().display();
    let link = format!("; ln -s '{home}/it'\\''s a.lock' '{home}/soft.lock'");
    script += &link;
    let mut one = process("one", &script);
    let there = ["theirs.lock", "mine.lock", "link.lock", "hard.lock"];
    let all = [&there[..], &made[..], &["soft.lock", "none.lock"]].concat();
    one.locks = all.iter().map(|name| at(name)).collect();
    one.shm = vec![shm, "../../etc/passwd".to_owned(), String::new()];
    assert_eq!(daemon.hands.tidy(&one), [], "nobody knows of a start");
    let who = start(&daemon, &one, 1);
    ended(&daemon, &who);
    assert!(shm_file.exists() && at("it's a.lock").exists());
    let said: Vec<String> = daemon.hands.tidy(&one).iter().map(Text::to_string).collect();
    let removed = said.iter().filter(|line| line.starts_with("removed ")).count();
    assert_eq!(removed, 2, "{said:#?}");
    assert_eq!(said.len(), 2 + there.len() + made.len() - 1 + 1, "{said:#?}");
    assert!(!at("it's a.lock").exists() && !shm_file.exists());
    for name in there.iter().chain(&made[1..]) {
        assert!(at(name).exists(), "{name} is gone: {said:#?}");
    }
    assert!(said.iter().any(|line| line.contains("theirs.lock") && line.contains("before")));
}

#[test]
fn somebody_elses_is_found_by_its_check() {
    let Some(host) = Host::start("somebody_elses_is_found_by_its_check") else { return };
    let daemon = daemon(&host, "daemon");
    let mut one = process("one", "exit 0");
    assert_eq!(daemon.hands.external(&one), Ok(false));
    one.check = ["test", "1", "=", "1"].map(str::to_owned).to_vec();
    assert_eq!(daemon.hands.external(&one), Ok(true));
    one.check = ["false"].map(str::to_owned).to_vec();
    assert_eq!(daemon.hands.external(&one), Ok(false));
    one.check = vec!["/nowhere/check".to_owned()];
    assert!(daemon.hands.external(&one).is_err(), "it can't be run");
    host.client(free_port(), "key", "127.0.0.1");
    one.check = vec!["true".to_owned()];
    assert!(daemon.hands.external(&one).is_err(), "nobody knows");
}

/// The clients that follow end with their daemon, however that ends.
#[test]
fn a_follower_ends_with_its_input() {
    let Some(host) = Host::start("a_follower_ends_with_its_input") else { return };
    let daemon = daemon(&host, "daemon");
    let who = start(&daemon, &process("one", "echo up; exec sleep 1000"), 1);
    until(LONG, || (daemon.kept.text("one", false) == "up\n").then_some(())).unwrap();
    assert!(tails(&host) >= 1);
    drop(daemon);
    assert!(until(LONG, || (tails(&host) == 0).then_some(())).is_some(), "tails are left");
    assert!(usage::of(who.pid).is_some());
}

fn tails(host: &Host) -> usize {
    let is = |pid: &&u32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.starts_with(b"tail\0"))
    };
    host.home.processes().iter().filter(is).count()
}
