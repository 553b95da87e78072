//! Orders at a real paper gateway, by this process and by one that is stopped.

use super::*;
use crate::breaker::Watcher;
use crate::domain::{Lots, OrderTicket, Side, Symbol};
use crate::gateway::{Gateway, GatewayOptions, RunningGateway, SimOptions};
use crate::link::peer;
use crate::wire::Action;
use rustix::process::{Pid, Signal, getpid, kill_process};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;

pub(in crate::cli) const WAIT: Duration = Duration::from_secs(20);
/// Where a stopped process lives, whom it trades with, where it is stopped.
const HOME: &str = "CRS_TEST_HOME";
const TO: &str = "CRS_TEST_TO";
const FORM: &str = "CRS_TEST_FORM";

pub(in crate::cli) fn paper(dir: &Path) -> RunningGateway {
    let options = GatewayOptions::embedded(SimOptions::default(), dir.join("paper"));
    Gateway::start(&options).unwrap()
}

pub(in crate::cli) fn settings(dir: &Path) -> Settings {
    let mut settings = Settings::defaults(dir.into(), dir.join("state"));
    settings.kill_switch_file = dir.join("kill.lock");
    settings
}

pub(in crate::cli) fn request() -> Request {
    peer::request(Action::OpenOrder(OrderTicket::market(
        Symbol::new("EURUSD").unwrap(),
        Side::Buy,
        Lots::parse("0.01").unwrap(),
    )))
}

#[test]
fn a_gate_that_closed_in_the_meantime_denies_on_record() {
    let dir = tempfile::tempdir().unwrap();
    let (paper, settings) = (paper(dir.path()), settings(dir.path()));
    let zmq = zmq::Context::new();
    let mut peer = Peer::connect(&zmq, &paper.addresses().cmd, 65_536).unwrap();
    peer.heartbeat(WAIT).unwrap();
    let mut deal = Deal::open(&settings);
    let fate = deal.order(&Gate::default(), &mut peer, &request(), "OPEN_ORDER", WAIT);
    assert!(matches!(fate, Fate::Not(Ending::Denied, _)), "{fate:?}");
    assert!(deal.was_gated() && peer.positions(WAIT).unwrap().value.is_empty());
    assert_eq!((paper.counts().orders_accepted, deal.unrecorded()), (0, None));
    assert_eq!(deal.handed_ns(), None);
    let chain = std::fs::read_dir(wiring::latch_home(&settings).audit()).unwrap();
    let path = chain.map(|c| c.unwrap().path()).next().unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    assert!(text.contains("\"denied\""), "{text}");
}

#[test]
fn an_order_that_never_left_is_not_taken_for_the_one_before() {
    let dir = tempfile::tempdir().unwrap();
    let (paper, settings) = (paper(dir.path()), settings(dir.path()));
    let (gate, config) = (Arc::new(Gate::default()), wiring::watch_config(&settings, ROLE));
    let watcher = Watcher::start(config, Arc::clone(&gate), |_| {});
    let zmq = zmq::Context::new();
    let mut peer = Peer::connect(&zmq, &paper.addresses().cmd, 65_536).unwrap();
    peer.heartbeat(WAIT).unwrap();
    let mut deal = Deal::open(&settings);
    let until = clock::now().plus(WAIT).mono_ns;
    while gate.permit().is_err() {
        assert!(clock::mono_ns() < until, "{}", gate.why());
    }
    let fate = deal.order(&gate, &mut peer, &request(), "OPEN_ORDER", WAIT);
    assert!(matches!(fate, Fate::Claimed(_)) && deal.handed_ns().is_some(), "{fate:?}");
    watcher.stop();
    let fate = deal.order(&Gate::default(), &mut peer, &request(), "OPEN_ORDER", WAIT);
    assert!(matches!(fate, Fate::Not(Ending::Denied, _)), "{fate:?}");
    assert_eq!(deal.handed_ns(), None);
}

#[test]
fn an_order_whose_time_is_up_asks_for_no_permit() {
    let dir = tempfile::tempdir().unwrap();
    let (paper, settings) = (paper(dir.path()), settings(dir.path()));
    let zmq = zmq::Context::new();
    let mut peer = Peer::connect(&zmq, &paper.addresses().cmd, 65_536).unwrap();
    peer.heartbeat(WAIT).unwrap();
    let mut deal = Deal::open(&settings).by(Instant::now());
    let fate = deal.order(&Gate::default(), &mut peer, &request(), "OPEN_ORDER", WAIT);
    assert!(matches!(&fate, Fate::Not(Ending::NotSent, why) if why.as_str() == LATE), "{fate:?}");
    assert_eq!((deal.was_gated(), deal.handed_ns()), (false, None));
    assert_eq!(paper.counts().orders_accepted, 0);
}

/// Stops this process; back at once when it goes on.
fn stop() {
    let began = clock::mono_ns();
    kill_process(getpid(), Signal::STOP).unwrap();
    // Another thread may be the one that takes the signal, a moment later.
    while clock::mono_ns() - began < 400_000_000 {}
}

#[test]
#[ignore = "the process that the other test stops"]
fn trader() {
    let [Ok(home), Ok(to), Ok(form)] = [HOME, TO, FORM].map(std::env::var) else { return };
    let settings = settings(Path::new(&home));
    let (gate, config) = (Arc::new(Gate::default()), wiring::watch_config(&settings, ROLE));
    let watcher = Watcher::start(config, Arc::clone(&gate), |_| {});
    let zmq = zmq::Context::new();
    let mut peer = Peer::connect(&zmq, &to.parse().unwrap(), 65_536).unwrap();
    peer.heartbeat(WAIT).unwrap();
    let mut deal = Deal::open(&settings);
    while gate.permit().is_err() {}
    // Whoever looks may get no CPU before the order does: as if there were
    // nobody.
    let watcher = if form == "nobody looks" {
        watcher.stop();
        None
    } else {
        Some(watcher)
    };
    let fate = match form.as_str() {
        "permit taken" => {
            let connection = deal.cleared(&mut peer, WAIT).unwrap();
            let permit = gate.permit().unwrap();
            stop();
            deal.post(permit, &mut peer, connection, &request(), WAIT)
        }
        "gate open" | "nobody looks" => {
            let connection = deal.cleared(&mut peer, WAIT).unwrap();
            stop();
            match gate.permit() {
                Ok(permit) => deal.post(permit, &mut peer, connection, &request(), WAIT),
                Err(denied) => denial(&denied),
            }
        }
        _ => {
            stop();
            deal.order(&gate, &mut peer, &request(), "OPEN_ORDER", WAIT)
        }
    };
    if let Some(watcher) = watcher {
        watcher.stop();
    }
    assert!(matches!(fate, Fate::Not(Ending::Denied, _)), "{fate:?}");
}

fn start(dir: &Path, to: &str, form: &str) -> Child {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.args(["cli::deal::tests::trader", "--exact", "--ignored", "--nocapture"]);
    command.env_clear().env(HOME, dir).env(TO, to).env(FORM, form).current_dir(dir);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

fn is_stopped(pid: u32) -> bool {
    let stat = std::fs::read_to_string(PathBuf::from(format!("/proc/{pid}/stat")));
    stat.is_ok_and(|stat| stat.rsplit_once(')').is_some_and(|(_, rest)| rest.starts_with(" T")))
}

/// Stopped there, the latch touched meanwhile: what came of it, in its words.
fn slept(form: &str) {
    let dir = tempfile::tempdir().unwrap();
    let paper = paper(dir.path());
    let child = start(dir.path(), &paper.addresses().cmd.to_string(), form);
    let until = clock::now().plus(WAIT).mono_ns;
    while !is_stopped(child.id()) && clock::mono_ns() < until {
        std::thread::sleep(Duration::from_millis(5));
    }
    let stopped = is_stopped(child.id());
    std::fs::write(dir.path().join("kill.lock"), "").unwrap();
    std::thread::sleep(Duration::from_millis(700));
    let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    let _ = kill_process(pid, Signal::CONT);
    let ended = child.wait_with_output().unwrap();
    assert!(stopped && ended.status.success(), "{form}: {ended:#?}");
    let counts = paper.counts();
    assert_eq!((counts.orders_accepted, counts.orders_refused), (0, 0), "{form}: it arrived");
}

#[test]
fn a_process_that_was_stopped_sends_no_order_on_what_was_proven_before() {
    for form in ["permit taken", "gate open", "nobody looks", "before the order"] {
        slept(form);
    }
}
