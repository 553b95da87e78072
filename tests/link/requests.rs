//! The request line: whose answer is whose, and what outlives what.

use crate::fake::{Fake, Say, answer, endpoint, eventually, free_port, honest, success};
use crs::event::LinkState;
use crs::link::{CallError, Req, peer};
use crs::wire::{Action, Reply};
use serde_json::json;
use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::{Duration, Instant};

const LONG: Duration = Duration::from_secs(10);
const SHORT: Duration = Duration::from_millis(300);
const MAX: u64 = 1_048_576;

#[test]
fn a_dead_peer_costs_its_timeout_and_no_more() {
    let ctx = zmq::Context::new();
    let mut req = Req::connect(&ctx, &endpoint(free_port()), MAX).unwrap();
    let start = Instant::now();
    let result = req.call(&peer::request(Action::Heartbeat), SHORT);
    assert_eq!(result, Err(CallError::NotConnected));
    assert!(start.elapsed() >= SHORT && start.elapsed() < Duration::from_secs(5));
    assert_eq!(req.link_state(), LinkState::Connecting);
    let start = Instant::now();
    drop((req, ctx));
    assert!(start.elapsed() < Duration::from_secs(1), "ending must not wait for the peer");
}

#[test]
fn an_answer_to_another_request_is_skipped_and_the_wait_goes_on() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|r| {
        let alive = json!({"status": "alive", "service": "fake"});
        vec![
            Say::Now(answer("somebody-elses", &alive)),
            Say::Bare(vec![b"noise".to_vec()]),
            Say::Later(Duration::from_millis(50), success(r, &alive)),
        ]
    });
    let mut req = Req::connect(&ctx, &fake.at, MAX).unwrap();
    let request = peer::request(Action::Heartbeat);
    let body = req.call(&request, LONG).unwrap();
    assert_eq!(Reply::decode(&body).unwrap().heartbeat(&request.req_id).unwrap().as_str(), "fake");
    assert_eq!(req.strays(), 2);
}

#[test]
fn an_answer_without_its_own_id_is_no_answer() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|_| vec![Say::Now(answer("unknown", &json!({"status": "alive"})))]);
    let mut req = Req::connect(&ctx, &fake.at, MAX).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let result = req.call(&peer::request(Action::Heartbeat), SHORT);
    assert_eq!((result, req.strays()), (Err(CallError::Timeout), 1));
}

#[test]
fn a_late_answer_is_never_matched_to_another_request() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|r| match r["action"].as_str() {
        // The late one is a fill that a heartbeat must not be taken for, nor
        // the other way round.
        Some("CLOSE_POSITION") => vec![Say::Later(Duration::from_millis(600), honest(r))],
        _ => vec![Say::Later(Duration::from_millis(900), honest(r))],
    });
    let mut req = Req::connect(&ctx, &fake.at, MAX).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let close = peer::request(Action::ClosePosition(crs::domain::Ticket(7)));
    assert_eq!(req.call(&close, SHORT), Err(CallError::Timeout));
    let beat = peer::request(Action::Heartbeat);
    let body = req.call(&beat, LONG).unwrap();
    let reply = Reply::decode(&body).unwrap();
    assert!(reply.heartbeat(&beat.req_id).is_ok());
    assert_eq!(req.strays(), 1, "the late answer was dropped and counted");
}

#[test]
fn a_link_that_breaks_ends_the_wait_at_once() {
    let ctx = zmq::Context::new();
    let fake = Fake::start(|_| Vec::new());
    let mut req = Req::connect(&ctx, &fake.at, MAX).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let killer = std::thread::spawn(move || {
        std::thread::sleep(SHORT);
        drop(fake);
    });
    let start = Instant::now();
    let result = req.call(&peer::request(Action::Heartbeat), Duration::from_mins(1));
    assert_eq!(result, Err(CallError::LinkDown));
    assert!(start.elapsed() < Duration::from_secs(10));
    assert_eq!(req.link_state(), LinkState::Down);
    killer.join().unwrap();
}

/// Accepts connections and lets `act` ruin each of them.
fn ruin(
    port: u16,
    connections: usize,
    act: impl Fn(&mut std::net::TcpStream) + Send + 'static,
) -> std::thread::JoinHandle<()> {
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming().take(connections) {
            act(&mut stream.unwrap());
        }
    })
}

#[test]
fn a_peer_that_greets_with_garbage_does_not_silence_the_line_for_good() {
    let ctx = zmq::Context::new();
    let port = free_port();
    // A greeting of the right length, signature included, that is no ZMTP.
    let rogue = ruin(port, 1, |s| {
        let mut greeting = [0x5a_u8; 64];
        greeting[0] = 0xff;
        greeting[9] = 0x7f;
        let _ = s.write_all(&greeting);
        let _ = s.read(&mut [0; 64]);
        std::thread::sleep(Duration::from_millis(100));
    });
    let mut req = Req::connect(&ctx, &endpoint(port), MAX).unwrap();
    let first = req.call(&peer::request(Action::Heartbeat), Duration::from_secs(1));
    assert_eq!(first, Err(CallError::NotConnected));
    rogue.join().unwrap();
    let _fake = Fake::start_at(port, |r| vec![Say::Now(honest(r))]);
    assert!(req.call(&peer::request(Action::Heartbeat), LONG).is_ok());
}

#[test]
fn a_frame_beyond_the_limit_does_not_silence_the_line_for_good() {
    let ctx = zmq::Context::new();
    let mut big = true;
    let fake = Fake::start(move |r| {
        let huge = std::mem::take(&mut big);
        vec![Say::Now(if huge { vec![b'x'; 4_096] } else { honest(r) })]
    });
    let mut req = Req::connect(&ctx, &fake.at, 1_024).unwrap();
    assert!(eventually(LONG, || req.link_state() == LinkState::Up));
    let first = req.call(&peer::request(Action::Heartbeat), LONG);
    assert_eq!(first, Err(CallError::LinkDown));
    assert!(req.call(&peer::request(Action::Heartbeat), LONG).is_ok());
}
