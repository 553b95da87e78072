//! Each kind of find, and its end with its confirmation.

use crate::common::sandbox::{Sandbox, binary, free_port};
use crate::common::wait::until;
use crate::stage::{
    LONG, Stray, id, in_home, known, listener, mission, of, process, recorded, stray,
};
use crs::domain::Text;
use crs::domain::mission::LineLevel;
use crs::mission::hands::{Hands as _, Seen, Vars};
use crs::mission::lines::{Output, Reads, Source};
use crs::mission::local::{LocalHands, Setup};
use crs::mission::order::Refusal;
use crs::mission::parts::Zombies;
use crs::mission::rules::Ports;
use crs::mission::spec::Mission;
use crs::mission::zombies::{Daemon, Finder, Known, Knows, end, find};
use std::fs;
use std::sync::Arc;

#[test]
fn a_stranger_at_a_port_takes_its_number_and_its_name() {
    let home = Sandbox::new();
    let mut redis = process("Redis");
    redis.ports = vec![free_port()];
    let mut stranger = listener(&home, redis.ports[0], "");
    let (mission, known) = (mission(vec![redis.clone()]), known(&home));
    let all = find(&mission, &known);
    let found = of(&all, stranger.pid()).unwrap();
    assert!(!found.ours && found.never.is_none(), "{found:?}");
    assert!(found.why.as_str().contains("which Redis needs"), "{}", found.why);
    let wanted = found.confirm().to_string();
    assert!(wanted.starts_with(&format!("{} python3", stranger.pid())), "{wanted}");
    for typed in ["", "yes", "python3", &stranger.pid().to_string(), &wanted.to_uppercase()] {
        let (kind, why) = end(found, typed, &known).unwrap_err();
        assert_eq!(kind, Refusal::Confirmation, "{why}");
        assert!(why.as_str().contains(&wanted), "{why}");
    }
    assert!(stranger.lives());
    let said = end(found, &wanted, &known).unwrap();
    assert!(said.as_str().contains("SIGTERM") && said.as_str().contains("is free"), "{said}");
    assert!(stranger.gone());
    // What was shown is there no longer.
    let (kind, why) = end(found, &wanted, &known).unwrap_err();
    assert_eq!(kind, Refusal::Conflict, "{why}");
}

#[test]
fn ours_at_a_port_takes_a_yes_and_one_that_is_in_hand_is_no_find() {
    let home = Sandbox::new();
    let mut main = process("Main");
    main.ports = vec![free_port()];
    let mut left = listener(&home, main.ports[0], &format!("{}/Main/1/keep", id(&home)));
    let mission = mission(vec![main]);
    let mut known = known(&home);
    let all = find(&mission, &known);
    let found = of(&all, left.pid()).unwrap();
    assert!(found.ours && found.confirm() == Text::new("yes"), "{found:?}");
    assert_eq!(all.iter().filter(|z| z.who().is_some()).count(), 1, "once, as a port: {all:?}");
    known.recorded = vec![recorded("Main", left.ident(), true)];
    assert!(find(&mission, &known).is_empty(), "{:?}", find(&mission, &known));
    // What was found before it was taken in hand is refused now.
    let (kind, why) = end(found, "yes", &known).unwrap_err();
    assert_eq!(kind, Refusal::Conflict);
    assert!(why.as_str().contains("crs mission stop Main"), "{why}");
    assert!(left.lives());
    known.recorded.clear();
    end(found, "yes", &known).unwrap();
    assert!(left.gone());
}

#[test]
fn orphans_are_found_by_mark_and_by_record_and_one_that_is_deaf_ends_too() {
    let home = Sandbox::new();
    let ready = in_home(&home, "ready");
    let deaf = format!("trap '' TERM; : >'{}'; while :; do sleep 0.1; done", ready.display());
    let mut marked = stray(&home, &deaf, &format!("{}/Main/7/kill", id(&home)));
    let mut on_record = stray(&home, "exec sleep 1000", "");
    let other = stray(&home, "exec sleep 1000", "ffff0000/Main/7/kill");
    until(LONG, || ready.exists().then_some(())).unwrap();
    let mission = mission(vec![process("Main")]);
    let mut known = known(&home);
    // A record of another start of the same number is nobody's.
    let mut old = recorded("Other", other.ident(), false);
    old.who.start += 1;
    known.recorded = vec![recorded("Redis", on_record.ident(), false), old];
    let all = find(&mission, &known);
    assert_eq!(of(&all, marked.pid()).unwrap().process, "Main");
    assert_eq!(of(&all, on_record.pid()).unwrap().process, "Redis");
    assert!(of(&all, other.pid()).is_none(), "another daemon's, or a later one");
    let said = end(of(&all, marked.pid()).unwrap(), "yes", &known).unwrap();
    assert!(said.as_str().contains("SIGKILL"), "{said}");
    assert!(marked.gone());
    end(of(&all, on_record.pid()).unwrap(), "yes", &known).unwrap();
    assert!(on_record.gone());
    // What the first one waited for ends by itself.
    let none = until(LONG, || find(&mission, &known).is_empty().then_some(()));
    assert!(none.is_some(), "{:?}", find(&mission, &known));
}

#[test]
fn what_belongs_to_one_in_hand_is_no_orphan() {
    let home = Sandbox::new();
    let script = "setsid sleep 1001 & sleep 1002 & wait";
    let leader = stray(&home, script, &format!("{}/Main/1/kill", id(&home)));
    let mission = mission(vec![process("Main")]);
    let mut known = known(&home);
    until(LONG, || (home.processes().len() >= 3).then_some(())).unwrap();
    let orphans = || find(&mission, &known).len();
    assert!(until(LONG, || (orphans() == 3).then_some(())).is_some());
    known.recorded = vec![recorded("Main", leader.ident(), true)];
    assert_eq!(find(&mission, &known), []);
}

#[test]
fn files_are_removed_once_nobody_has_them() {
    let home = Sandbox::new();
    let shm = format!("crs-zombie-{}", std::process::id());
    let shm_file = std::path::Path::new("/dev/shm").join(&shm);
    let mut main = process("Main");
    main.shm = vec![shm];
    main.locks = vec!["a.lock".into(), "held.lock".into(), home.latch()];
    for path in [&shm_file, &in_home(&home, "a.lock"), &in_home(&home, "held.lock"), &home.latch()]
    {
        fs::write(path, "x").unwrap();
    }
    let held = fs::File::open(in_home(&home, "held.lock")).unwrap();
    let mission = mission(vec![main]);
    let known = known(&home);
    let all = find(&mission, &known);
    let at = |name: &str| {
        all.iter().find(|z| z.why.as_str().contains(name)).unwrap_or_else(|| panic!("{name}"))
    };
    assert!(at("held.lock").never.as_ref().unwrap().as_str().contains("has it open"));
    let latch = home.latch().display().to_string();
    assert!(at(&latch).never.is_some() && at(&latch).action().is_none());
    assert!(end(at(&latch), "yes", &known).is_err() && home.latch().exists());
    // Another file of the same name is another find.
    let found = at("a.lock").clone();
    fs::remove_file(in_home(&home, "a.lock")).unwrap();
    fs::write(in_home(&home, "new"), "").unwrap();
    fs::write(in_home(&home, "a.lock"), "y").unwrap();
    let same = find(&mission, &known).into_iter().any(|zombie| zombie.id() == found.id());
    if !same {
        assert!(end(&found, "yes", &known).is_err());
    }
    drop(held);
    let all = find(&mission, &known);
    let may: Vec<_> = all.iter().filter(|zombie| zombie.never.is_none()).collect();
    assert_eq!(may.len(), 3, "{all:?}");
    for zombie in may {
        assert!(end(zombie, "no", &known).is_err());
        end(zombie, "yes", &known).unwrap();
    }
    assert!(!shm_file.exists() && home.latch().exists());
    // As long as its process lives, nothing of it was left behind.
    fs::write(in_home(&home, "a.lock"), "x").unwrap();
    let runs = Stray(std::process::Command::new("sleep").arg("1000").spawn().unwrap());
    let mut lives = known.clone();
    lives.recorded = vec![recorded("Main", runs.ident(), false)];
    let kinds: Vec<_> = find(&mission, &lives).iter().map(|z| z.record().kind).collect();
    assert!(!kinds.contains(&Text::new("lock")), "{kinds:?}");
}

struct Fixed(Arc<Mission>, Known);

impl Knows for Fixed {
    fn mission(&self) -> Arc<Mission> {
        Arc::clone(&self.0)
    }
    fn known(&self) -> Known {
        self.1.clone()
    }
}

#[test]
fn the_api_names_a_find_until_it_changes() {
    let home = Sandbox::new();
    let mut main = process("Main");
    main.ports = vec![free_port()];
    let port = main.ports[0];
    let mut stranger = listener(&home, port, "");
    let finder = Finder::new(Arc::new(Fixed(Arc::new(mission(vec![main])), known(&home))));
    let by = Text::new("test");
    let record = Zombies::find(&finder).remove(0);
    assert_eq!(record.pid, Some(stranger.pid()));
    assert_eq!((record.kind.as_str(), record.process.as_str()), ("port", "Main"));
    assert_eq!(Zombies::find(&finder).remove(0), record, "a look changes nothing");
    assert_eq!(finder.at_port(port).len(), 1);
    let (kind, _) = Zombies::end(&finder, "z00000000", "yes", &by).unwrap_err();
    assert_eq!(kind, Refusal::Unknown);
    let (kind, _) = Zombies::end(&finder, record.id.as_str(), "", &by).unwrap_err();
    assert_eq!(kind, Refusal::Confirmation);
    Zombies::end(&finder, record.id.as_str(), record.confirm.as_str(), &by).unwrap();
    assert!(stranger.gone());
    // Another one at the same port is another find.
    let mut other = listener(&home, port, "");
    let (kind, _) =
        Zombies::end(&finder, record.id.as_str(), record.confirm.as_str(), &by).unwrap_err();
    assert_eq!(kind, Refusal::Unknown);
    assert!(other.lives());
}

/// Nobody wants its lines.
struct Deaf;

impl Reads for Deaf {
    fn attach(&self, source: Source) {
        if let Output::Pipe(pipe) = source.output {
            std::mem::forget(pipe);
        }
    }
    fn ended(&self, _process: &str, _run: u64) {}
    fn has_said(&self, _process: &str, _run: u64, _text: &str) -> bool {
        false
    }
    fn note(&self, _process: &str, _level: LineLevel, _text: &Text) {}
}

#[test]
fn what_the_hands_of_this_host_run_is_in_hand_until_it_has_ended() {
    let home = Sandbox::new();
    let setup = Setup {
        dir: in_home(&home, "mission"),
        crs: binary(),
        names: vec!["Main".to_owned()],
        latches: vec![home.latch()],
        kept_bytes: 1 << 20,
    };
    let hands = Arc::new(LocalHands::new(setup, Arc::new(Deaf)).unwrap());
    let mut main = process("Main");
    main.ports = vec![free_port()];
    let script = format!(
        "setsid python3 -c 'import socket,time\ns=socket.socket()\n\
         s.bind((\"127.0.0.1\",{}))\ns.listen()\ntime.sleep(1000)' & exec sleep 1000",
        main.ports[0]
    );
    main.cmd = ["/bin/sh", "-c", &script].map(str::to_owned).to_vec();
    let port = main.ports[0];
    let all = Arc::new(mission(vec![main.clone()]));
    let finder =
        Finder::new(Arc::new(Daemon { hands: hands.clone(), mission: move || all.clone() }));
    assert_eq!(Ports::of(&finder, "Main"), [port]);
    let who = hands.spawn(&main, 1, &Vars::default()).unwrap();
    let up = until(LONG, || std::net::TcpStream::connect(("127.0.0.1", port)).ok());
    assert!(up.is_some());
    assert_eq!(Zombies::find(&finder), [], "its own port, held by what it started");
    let held = finder.holders(port).unwrap();
    assert!(held[0].never.as_ref().is_some_and(|n| n.as_str().contains("crs mission stop Main")));
    assert!(Ports::end(&finder, &held[0]).is_err());
    // Its leader ends; who stays behind is left over, and holds the port.
    hands.signal(&who, 9, false).unwrap();
    let gone = until(LONG, || matches!(hands.look(&who), Seen::Ended(_)).then_some(()));
    assert!(gone.is_some());
    let left = until(LONG, || {
        let holders = finder.holders(port).unwrap();
        holders.into_iter().find(|holder| holder.never.is_none())
    });
    let left = left.unwrap();
    assert_eq!(left.ours.as_deref(), Some("Main"));
    Ports::end(&finder, &left).unwrap();
    assert_eq!(finder.holders(port).unwrap(), []);
}
