//! The polls: what they ask, what they report, and what they spare a gateway.

use crate::fake::{Fake, Say, endpoint, eventually, free_port, honest, success};
use crs::domain::{Endpoint, Fingerprint, GatewayAddr, LinkState, Text};
use crs::event::{
    AccountRead, Event, GatewayReport, Level, LogLine, PositionsRead, RawPort, Read, Receiver,
    channel_pair,
};
use crs::feeds::polls::{self, PollHandle, Rhythm};
use serde_json::json;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(20);

/// Polls under test and what they have told so far.
struct Polls {
    handle: Option<PollHandle>,
    receiver: Receiver,
    gateway: Vec<GatewayReport>,
    positions: Vec<PositionsRead>,
    account: Vec<AccountRead>,
    log: Vec<LogLine>,
}

impl Polls {
    fn start(to: &Endpoint) -> Self {
        let (sender, receiver) = channel_pair();
        let (often, timeout) = (Duration::from_millis(50), Duration::from_millis(200));
        let rhythm = Rhythm { heartbeat: often, positions: often, account: often, timeout };
        let gateway = GatewayAddr { name: Text::new("main"), cmd: to.clone(), data: endpoint(1) };
        let ctx = zmq::Context::new();
        let handle = polls::start(&ctx, 1, &gateway, rhythm, sender).unwrap();
        Self {
            handle: Some(handle),
            receiver,
            gateway: Vec::new(),
            positions: Vec::new(),
            account: Vec::new(),
            log: Vec::new(),
        }
    }

    fn until(&mut self, what: impl Fn(&Self) -> bool) {
        let came = eventually(LONG, || {
            for event in self.receiver.urgent.try_iter() {
                match event {
                    Event::Gateway(report) => self.gateway.push(*report),
                    Event::Positions(read) => self.positions.push(*read),
                    Event::Account(read) => self.account.push(*read),
                    Event::Log(line) => self.log.push(line),
                    Event::Raw(raw) => assert_eq!((raw.peer, raw.port), (1, RawPort::Reply)),
                    other => panic!("polls told {other:?}"),
                }
            }
            what(self)
        });
        assert!(came, "{:?} {:?} {:?}", self.gateway.last(), self.positions.last(), self.log);
    }

    fn stop(&mut self) {
        let start = Instant::now();
        assert!(self.handle.take().unwrap().stop());
        assert!(start.elapsed() < Duration::from_secs(2));
    }

    fn alive(&self) -> bool {
        self.gateway.last().is_some_and(|g| g.fault.is_empty() && g.rtt_us.is_some())
    }
}

fn is_fault<T>(read: &Read<T>, words: &str) -> bool {
    matches!(read, Read::Fault(text) if text.as_str().contains(words))
}

#[test]
fn an_honest_gateway_is_read_in_full() {
    let fake = Fake::start(|r| vec![Say::Now(honest(r))]);
    let mut polls = Polls::start(&fake.at);
    polls.until(|p| p.gateway.len() > 2 && p.positions.len() > 2 && p.account.len() > 2);
    polls.stop();
    assert_eq!(fake.heard().first().map(String::as_str), Some("HEARTBEAT"));
    let report = polls.gateway.last().unwrap();
    assert_eq!((report.gateway, report.link), (1, LinkState::Up));
    assert_eq!((report.fingerprint, report.service.as_str()), (Fingerprint::V1, "fake"));
    assert!(polls.alive());
    let Read::Good(rows) = &polls.positions.last().unwrap().read else { panic!("no positions") };
    assert_eq!(rows.len(), 1);
    assert!(
        matches!(&polls.account.last().unwrap().read, Read::Good(a) if a.balance.text(0) == "1000")
    );
    assert_eq!(polls.log.len(), 1, "{:?}", polls.log);
}

#[test]
fn an_absent_gateway_is_told_once_and_met_when_it_comes() {
    let port = free_port();
    let mut polls = Polls::start(&endpoint(port));
    polls.until(|p| p.gateway.len() >= 3);
    assert_eq!(polls.log.len(), 1, "{:?}", polls.log);
    assert_eq!(polls.log[0].level, Level::Warn);
    assert!(polls.log[0].text.as_str().contains("crs doctor"), "{:?}", polls.log);
    assert_eq!((polls.positions.len(), polls.account.len()), (1, 1));
    assert!(is_fault(&polls.positions[0].read, "can't be reached"));
    let _fake = Fake::start_at(port, |r| vec![Say::Now(honest(r))]);
    polls
        .until(|p| p.alive() && matches!(p.positions.last().map(|r| &r.read), Some(Read::Good(_))));
    assert_eq!(polls.log.len(), 2);
    polls.stop();
}

#[test]
fn a_blind_gateway_is_flat_by_its_own_words_and_faulty_by_its_account() {
    let fake = Fake::start(|r| {
        let data = match r["action"].as_str() {
            Some("GET_POSITIONS") => json!([]),
            Some("GET_ACCOUNT_INFO") => json!({"error": "MT5 not connected"}),
            _ => return vec![Say::Now(honest(r))],
        };
        vec![Say::Now(success(r, &data))]
    });
    let mut polls = Polls::start(&fake.at);
    polls.until(|p| !p.positions.is_empty() && !p.account.is_empty());
    assert!(matches!(&polls.positions[0].read, Read::Good(rows) if rows.is_empty()));
    assert!(is_fault(&polls.account[0].read, "MT5 not connected"));
    polls.stop();
}

#[test]
fn a_question_without_an_answer_is_not_piled_up_and_starves_nobody() {
    let fake = Fake::start(|r| {
        let mute = r["action"] == "GET_ACCOUNT_INFO";
        if mute { Vec::new() } else { vec![Say::Now(honest(r))] }
    });
    let mut polls = Polls::start(&fake.at);
    polls.until(|p| p.gateway.len() > 12 && p.positions.len() > 12 && !p.account.is_empty());
    polls.stop();
    let asked = fake.heard().iter().filter(|a| *a == "GET_ACCOUNT_INFO").count();
    assert_eq!((asked, polls.account.len()), (1, 1));
    assert!(is_fault(&polls.account[0].read, "does not answer"));
    assert!(polls.alive());
}

#[test]
fn a_late_answer_counts_with_its_true_age() {
    let fake = Fake::start(|r| {
        if r["action"] == "GET_POSITIONS" {
            return vec![Say::Later(Duration::from_millis(600), honest(r))];
        }
        vec![Say::Now(honest(r))]
    });
    let mut polls = Polls::start(&fake.at);
    polls.until(|p| p.positions.len() >= 2);
    polls.stop();
    let [late, good, ..] = polls.positions.as_slice() else { panic!("two reads") };
    assert!(is_fault(&late.read, "does not answer"));
    assert!(matches!(&good.read, Read::Good(_)) && good.asked == late.asked);
    assert!(good.rtt_us >= 500_000, "{}", good.rtt_us);
}

#[test]
fn a_rogue_gets_one_message_and_an_alarm() {
    let fake = Fake::start(|_| vec![Say::Now(b"OK_ACK".to_vec())]);
    let mut polls = Polls::start(&fake.at);
    polls.until(|p| p.gateway.last().is_some_and(|g| g.fingerprint == Fingerprint::NotV1));
    assert!(!eventually(Duration::from_millis(500), || fake.heard().len() > 1));
    polls.until(|p| !p.log.is_empty() && !p.positions.is_empty());
    assert_eq!(polls.log[0].level, Level::Alarm);
    assert!(is_fault(&polls.positions[0].read, "no v1.0 gateway"));
    polls.handle.as_ref().unwrap().probe_again();
    assert!(eventually(LONG, || fake.heard() == ["HEARTBEAT", "HEARTBEAT"]));
    polls.stop();
}

#[test]
fn a_lost_link_is_told_before_the_next_one_is_waited_for() {
    let fake = Fake::start(|r| vec![Say::Now(honest(r))]);
    let port = fake.at.port();
    let mut polls = Polls::start(&fake.at);
    polls.until(Polls::alive);
    drop(fake);
    polls.until(|p| p.gateway.last().is_some_and(|g| g.link == LinkState::Down));
    polls.until(|p| is_fault(&p.positions.last().unwrap().read, "broke before it answered"));
    let fake = Fake::start_at(port, |r| vec![Say::Now(honest(r))]);
    polls.until(Polls::alive);
    assert_eq!(fake.heard().first().map(String::as_str), Some("HEARTBEAT"));
    polls.stop();
}

#[test]
fn a_hung_gateway_does_not_delay_the_end() {
    let fake = Fake::start(|_| Vec::new());
    let mut polls = Polls::start(&fake.at);
    assert!(eventually(LONG, || !fake.heard().is_empty()));
    polls.stop();
    let mut nobody = Polls::start(&endpoint(free_port()));
    nobody.stop();
}
