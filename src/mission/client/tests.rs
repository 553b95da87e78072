//! Against a small server of the same protocol, on a real Unix socket.

use super::*;
use crate::domain::UtcMicros;
use crate::domain::mission::{LineLevel, ProcessRecord, ProcessState};
use crate::event::{MissionAnswer, Receiver, channel_pair};
use crate::mission::api::message::{
    Asked, Initial, ModeShape, Output, Outward, ProcessAction, Status,
};
use crate::mission::order::{Answer, Refusal};
use std::os::unix::net::{UnixListener, UnixStream};
use tempfile::TempDir;
use tungstenite::{Message as Frame, WebSocket};

/// Longest wait for anything; a slow machine needs some of it.
const LONG: Duration = Duration::from_secs(20);

struct Rig {
    home: TempDir,
    follower: Follower,
    receiver: Receiver,
}

fn rig() -> Rig {
    let home = tempfile::tempdir().unwrap();
    let (sender, receiver) = channel_pair();
    let follower = Follower::start(home.path().join("m.sock"), sender).unwrap();
    Rig { home, follower, receiver }
}

impl Rig {
    fn listen(&self) -> UnixListener {
        let path = self.home.path().join("m.sock");
        let _ = std::fs::remove_file(&path);
        UnixListener::bind(path).unwrap()
    }

    /// The next news that `wanted` takes; others are passed over.
    fn until<T>(&self, wanted: impl Fn(&MissionNews) -> Option<T>) -> T {
        let end = Instant::now() + LONG;
        while Instant::now() < end {
            let event = self.receiver.urgent.recv_timeout(Duration::from_millis(100));
            if let Ok(Event::Mission(news)) = event
                && let Some(found) = wanted(&news)
            {
                return found;
            }
        }
        panic!("nothing of the kind came");
    }

    fn link(&self, present: bool) -> Text {
        self.until(|news| match news {
            MissionNews::Link(link) if link.present == present => Some(link.why.clone()),
            _ => None,
        })
    }

    fn answer(&self) -> MissionAnswer {
        self.until(|news| match news {
            MissionNews::Answer(answer) => Some((**answer).clone()),
            _ => None,
        })
    }
}

struct Peer {
    socket: WebSocket<UnixStream>,
    seq: u64,
}

impl Peer {
    fn of(listener: &UnixListener) -> Self {
        let (stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(LONG)).unwrap();
        Self { socket: tungstenite::accept(stream).unwrap(), seq: 0 }
    }

    fn say(&mut self, message: Message) {
        self.seq += 1;
        let json = serde_json::to_string(&Outward { seq: self.seq, message }).unwrap();
        self.socket.send(Frame::text(json)).unwrap();
    }

    fn begin(&mut self, processes: &[ProcessRecord]) {
        let shape = |record| crate::mission::api::message::ProcessShape::of(record, UtcMicros(0));
        let status = Status {
            mode: Text::new("PAPER"),
            processes: processes.iter().map(shape).collect(),
            ..Status::default()
        };
        let modes = vec![ModeShape {
            name: Text::new("LIVE"),
            confirm: Text::new("LIVE 10000 25000"),
            ..ModeShape::default()
        }];
        self.say(Message::InitialStatus { data: Box::new(Initial { status, modes }) });
    }

    /// The next thing that is asked, pings answered.
    fn asked(&mut self) -> Asked {
        loop {
            let Frame::Text(text) = self.socket.read().unwrap() else { continue };
            let asked: Asked = serde_json::from_str(&text).unwrap();
            if asked.inward != Inward::Ping {
                return asked;
            }
            self.say(Message::Answer {
                req_id: asked.req_id,
                data: Answer::Accepted,
                lines: Vec::new(),
            });
        }
    }
}

fn process(name: &str, pid: u32) -> ProcessRecord {
    ProcessRecord {
        name: Text::new(name),
        pid: Some(pid),
        state: ProcessState::Running { ready: true },
        ..ProcessRecord::default()
    }
}

#[test]
fn it_follows_a_daemon_that_comes_goes_and_comes_again() {
    let rig = rig();
    assert_eq!(rig.link(false).as_str(), "not connected yet");
    let why = rig.link(false);
    assert!(why.as_str().contains("is \"crs mission serve\" running?"), "{why}");
    for pid in [7, 8] {
        let listener = rig.listen();
        let mut peer = Peer::of(&listener);
        peer.begin(&[process("engine", pid)]);
        let to = match peer.asked().inward {
            Inward::Subscribe { to } => to,
            other => panic!("{other:?}"),
        };
        assert_eq!((to.lines, to.batch, to.level), (true, true, LineLevel::Trace));
        let whole = rig.until(|news| match news {
            MissionNews::Whole(whole) => Some(whole.clone()),
            _ => None,
        });
        assert_eq!(whole.status.processes, [process("engine", pid)]);
        assert_eq!(whole.modes[0].confirm.as_str(), "LIVE 10000 25000");
        assert_eq!(rig.link(true).as_str(), "");
        drop(peer);
        drop(listener);
        assert!(!rig.link(false).is_empty());
    }
}

#[test]
fn orders_are_answered_by_their_own_number_and_lost_ones_are_told_as_such() {
    let rig = rig();
    rig.follower.ask(MissionAsk::Stop(Text::new("engine")));
    let answer = rig.answer();
    assert!(!answer.ok && answer.ask.as_str() == "stop engine", "{answer:?}");
    let listener = rig.listen();
    let mut peer = Peer::of(&listener);
    peer.begin(&[process("engine", 7)]);
    peer.asked();
    rig.link(true);
    let launch =
        MissionAsk::Launch { mode: Text::new("LIVE"), confirm: String::from("LIVE 10000 25000") };
    rig.follower.ask(launch);
    rig.follower.ask(MissionAsk::Plan(Text::new("LIVE")));
    let (first, second) = (peer.asked(), peer.asked());
    match &first.inward {
        Inward::Launch { mode, options } => {
            assert_eq!((mode.as_str(), options.confirm.as_str()), ("LIVE", "LIVE 10000 25000"));
        }
        other => panic!("{other:?}"),
    }
    let lines = vec![Text::new("1 stop gateway"), Text::new("2 start engine")];
    let data = Answer::Accepted;
    peer.say(Message::Answer { req_id: second.req_id, data, lines: lines.clone() });
    let refused = Answer::Refused { kind: Refusal::Requirement, why: Text::new("breaker engaged") };
    peer.say(Message::Answer { req_id: first.req_id, data: refused, lines: Vec::new() });
    let plan = rig.answer();
    assert_eq!((plan.ask.as_str(), plan.ok, plan.lines), ("plan LIVE", true, lines));
    let launch = rig.answer();
    assert_eq!((launch.ask.as_str(), launch.ok), ("launch LIVE", false));
    assert_eq!(launch.lines, [Text::new("breaker engaged")]);
    rig.follower.ask(MissionAsk::Restart(Text::new("engine")));
    let restart = Inward::ProcessAction {
        process: String::from("engine"),
        action: ProcessAction::Restart,
        dependants: false,
    };
    assert_eq!(peer.asked().inward, restart);
    drop((peer, listener));
    let lost = rig.answer();
    assert_eq!((lost.ask.as_str(), lost.ok), ("restart engine", false));
    assert!(lost.lines[0].as_str().contains("may have happened"), "{lost:?}");
}

#[test]
fn an_order_that_wants_words_is_handed_back_and_goes_out_with_them() {
    let rig = rig();
    let listener = rig.listen();
    let mut peer = Peer::of(&listener);
    peer.begin(&[]);
    peer.asked();
    rig.link(true);
    let order = |confirm: &str| MissionAsk::Act {
        alert: 3,
        action: Text::new("kill_port_and_retry"),
        confirm: confirm.to_owned(),
    };
    let why = Text::new("port 5555 is held by python (pid 4711); type \"kill 4711\" to end it");
    for (typed, kind) in [("", Refusal::Confirmation), ("kill 4711", Refusal::Conflict)] {
        rig.follower.ask(order(typed));
        let asked = peer.asked();
        let sent = Inward::Act {
            alert: 3,
            action: String::from("kill_port_and_retry"),
            confirm: typed.to_owned(),
        };
        assert_eq!(asked.inward, sent);
        let data = Answer::Refused { kind, why: why.clone() };
        peer.say(Message::Answer { req_id: asked.req_id, data, lines: Vec::new() });
        assert!(!rig.answer().ok);
        // It is there before the answer is.
        let wanted = rig.follower.unconfirmed();
        let expected = Unconfirmed { ask: order(typed), why: why.clone() };
        assert_eq!(wanted, (kind == Refusal::Confirmation).then_some(expected));
        assert_eq!(rig.follower.unconfirmed(), None, "once");
    }
}

#[test]
fn a_flood_of_lines_is_bounded_counted_and_ends_with_the_newest() {
    let rig = rig();
    let listener = rig.listen();
    let mut peer = Peer::of(&listener);
    peer.begin(&[]);
    peer.asked();
    let total = 50_000_u64;
    for batch in 0..total / 500 {
        let line = |n| Output {
            seq: batch * 500 + n,
            timestamp: UtcMicros(1),
            message: Text::new("line"),
            ..Output::default()
        };
        peer.say(Message::ConsoleLines { data: (1..=500).map(line).collect() });
    }
    let (mut kept, mut missed, mut last, mut batches) = (0, 0, 0, 0);
    while last < total {
        let heard = rig.until(|news| match news {
            MissionNews::Lines(lines) => Some(lines.clone()),
            _ => None,
        });
        assert!(heard.lines.len() <= 200, "{}", heard.lines.len());
        batches += 1;
        missed += heard.missed;
        kept += heard.lines.len() as u64;
        let next = heard.lines.last().map_or(last, |line| line.seq);
        assert!(next >= last);
        last = next;
    }
    assert_eq!(kept + missed, total);
    assert!(missed > 0 && batches >= 10, "{missed} {batches}");
}

#[test]
fn lines_that_were_heard_before_the_link_broke_are_not_told_twice() {
    let mut news = news::News::default();
    let now = Instant::now();
    let line = |seq, at| Output { seq, timestamp: UtcMicros(at), ..Output::default() };
    let told = |news: &mut news::News, lines: Vec<Output>| {
        news.take(Message::ConsoleLines { data: lines }, now);
        let found = news.due(now, true).into_iter().filter_map(|news| match news {
            MissionNews::Lines(lines) => Some(lines.lines),
            _ => None,
        });
        found.flatten().map(|line| line.seq).collect::<Vec<_>>()
    };
    news.connected();
    assert_eq!(told(&mut news, vec![line(1, 10), line(2, 20)]), [1, 2]);
    news.connected();
    assert_eq!(told(&mut news, vec![line(1, 10), line(2, 20), line(3, 20)]), [3]);
    // Another daemon counts from 1 again, later in time.
    news.connected();
    assert_eq!(told(&mut news, vec![line(1, 90)]), [1]);
}

#[test]
fn what_moves_is_told_at_once_and_measures_once_a_second() {
    let mut news = news::News::default();
    let now = Instant::now();
    let tell = |news: &mut news::News, record: &ProcessRecord, ms: u64| {
        let at = now + Duration::from_millis(ms);
        let message = Message::process(record, UtcMicros(0));
        let told = news.take(message, at).len();
        told + news.due(at, false).len()
    };
    let measured = |cpu| ProcessRecord { cpu_centi: Some(cpu), ..process("engine", 7) };
    assert_eq!(tell(&mut news, &measured(1), 0), 1);
    assert_eq!(tell(&mut news, &measured(2), 10), 0);
    assert_eq!(tell(&mut news, &measured(3), 20), 0);
    let moved = ProcessRecord { state: ProcessState::Stopping, ..measured(3) };
    assert_eq!(tell(&mut news, &moved, 30), 1);
    assert_eq!(tell(&mut news, &ProcessRecord { cpu_centi: Some(9), ..moved.clone() }, 900), 0);
    assert_eq!(news.due(now + Duration::from_millis(1_100), false).len(), 1);
}

#[test]
fn a_peer_that_is_no_daemon_is_named_and_an_unknown_message_is_passed_over() {
    let rig = rig();
    let listener = rig.listen();
    let (stream, _) = listener.accept().unwrap();
    drop(stream);
    let why = rig.until(|news| match news {
        MissionNews::Link(link) if link.why.as_str().contains("is no socket of") => {
            Some(link.why.clone())
        }
        _ => None,
    });
    assert!(why.as_str().contains("m.sock"), "{why}");
    let mut peer = Peer::of(&listener);
    peer.socket.send(Frame::text(r#"{"type":"weather","seq":1,"data":{"rain":true}}"#)).unwrap();
    peer.begin(&[]);
    rig.link(true);
    peer.socket.send(Frame::text(r#"{"type":"alert","seq":2,"data":7}"#)).unwrap();
    let why = rig.link(false);
    assert!(why.as_str().contains("does not speak as we do"), "{why}");
}

#[test]
fn one_look_has_its_answer_or_its_cause_in_time() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("m.sock");
    let longest = Duration::from_millis(300);
    assert!(initial(&path, longest).unwrap_err().as_str().contains("no socket"));
    let listener = UnixListener::bind(&path).unwrap();
    let serve = std::thread::spawn(move || {
        let mut peer = Peer::of(&listener);
        peer.begin(&[process("engine", 7)]);
        let mute = Peer::of(&listener);
        std::thread::sleep(Duration::from_secs(1));
        drop(mute);
    });
    let found = initial(&path, LONG).unwrap();
    assert_eq!(found.status.processes.len(), 1);
    assert!(initial(&path, longest).unwrap_err().as_str().contains("no status within"));
    serve.join().unwrap();
}
