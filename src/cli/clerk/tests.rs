//! Commands at real paper gateways, which all give out the same numbers.

use super::*;
use crate::cli::deal::tests::{WAIT, paper, request, settings};
use crate::cli::wiring;
use crate::domain::{Endpoint, Position};
use crate::event::{Receiver, channel_pair};
use crate::gateway::RunningGateway;
use std::net::TcpListener;

fn named(name: &str, paper: &RunningGateway) -> GatewayAddr {
    let at = paper.addresses();
    GatewayAddr { name: Text::new(name), cmd: at.cmd.clone(), data: at.data.clone() }
}

/// The number of one new position.
fn bought(zmq: &zmq::Context, paper: &RunningGateway) -> Ticket {
    let mut peer = Peer::connect(zmq, &paper.addresses().cmd, 65_536).unwrap();
    peer.heartbeat(WAIT).unwrap();
    peer.order(&request(), WAIT).unwrap().value.ticket
}

fn open(zmq: &zmq::Context, paper: &RunningGateway) -> Vec<Position> {
    let mut peer = Peer::connect(zmq, &paper.addresses().cmd, 65_536).unwrap();
    peer.positions(WAIT).unwrap().value
}

/// How the next command ended, and the gateways' words.
fn ended(receiver: &Receiver) -> (CommandPhase, String) {
    loop {
        match receiver.urgent.recv_timeout(2 * WAIT).unwrap() {
            Event::Command(report) if report.phase == CommandPhase::Sent => {}
            Event::Command(report) => return (report.phase, report.note.to_string()),
            other => panic!("{other:?}"),
        }
    }
}

#[test]
fn a_close_never_reaches_another_gateway_that_holds_the_same_number() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let (one, two) = (paper(here.path()), paper(there.path()));
    let mut settings = settings(here.path());
    settings.gateways = vec![named("one", &one), named("two", &two)];
    let zmq = zmq::Context::new();
    let ticket = bought(&zmq, &one);
    assert_eq!(bought(&zmq, &two), ticket, "paper tickets begin alike");
    let (sender, receiver) = channel_pair();
    let mut room = Room { settings, sender, zmq: None };

    // Both are up and both hold it: the one that is meant is closed.
    room.close(1, ticket);
    assert_eq!(ended(&receiver).0, CommandPhase::Done);
    assert_eq!((open(&zmq, &one).len(), open(&zmq, &two).len()), (1, 0));
    // What is gone there, as after a stop loss, is not sought elsewhere.
    room.close(1, ticket);
    let (phase, note) = ended(&receiver);
    assert_eq!(phase, CommandPhase::Failed, "{note}");
    assert!(note.starts_with("two shows no position") && note.contains("nothing was sent"));
    assert_eq!(open(&zmq, &one).len(), 1);
    // Nor is that of a gateway that is dead.
    let other = bought(&zmq, &two);
    one.stop();
    room.close(0, other);
    let (phase, note) = ended(&receiver);
    assert_eq!(phase, CommandPhase::Failed, "{note}");
    assert!(note.starts_with("one can't show position"), "{note}");
    room.close(0, ticket);
    assert_eq!(ended(&receiver).0, CommandPhase::Failed);
    assert_eq!(open(&zmq, &two).len(), 1);
    // One that this console does not know is nobody's.
    room.close(2, ticket);
    assert_eq!(ended(&receiver).0, CommandPhase::Failed);
}

/// The records of this latch's audit log.
fn recorded(settings: &Settings) -> String {
    let files = std::fs::read_dir(wiring::latch_home(settings).audit()).into_iter().flatten();
    files.map(|file| std::fs::read_to_string(file.unwrap().path()).unwrap()).collect()
}

#[test]
fn what_waited_behind_a_slow_command_is_not_done() {
    let dir = tempfile::tempdir().unwrap();
    // It takes the connection and never says a word.
    let mute = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = Endpoint::new("127.0.0.1", mute.local_addr().unwrap().port()).unwrap();
    let mut settings = settings(dir.path());
    crate::config::dirs::ensure_private(&settings.state_dir).unwrap();
    settings.gateways = vec![GatewayAddr { name: Text::new("mute"), cmd: at.clone(), data: at }];
    let (sender, receiver) = channel_pair();
    let room = Room { settings: settings.clone(), sender, zmq: None };
    let (jobs, thread) = room.open().unwrap();
    for job in [Job::Close(0, Ticket(7)), Job::Arm, Job::Close(0, Ticket(8))] {
        jobs.send((Instant::now(), job)).unwrap();
    }
    drop(jobs);
    thread.join().unwrap();
    let told: Vec<Event> = receiver.urgent.try_iter().collect();
    let denied = |event: &Event| match event {
        Event::Command(report) => {
            report.phase == CommandPhase::Denied && report.what.as_str().ends_with(" 8")
        }
        _ => false,
    };
    assert!(told.iter().any(denied), "{told:?}");
    assert!(!recorded(&settings).contains("\"ARM\""), "{}", recorded(&settings));
    // What is asked of a clerk that is free is done.
    let room = Room { settings: settings.clone(), sender: channel_pair().0, zmq: None };
    room.arm();
    assert!(recorded(&settings).contains("\"ARM\""), "{}", recorded(&settings));
}
