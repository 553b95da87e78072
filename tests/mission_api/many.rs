//! Many clients, and one that does not read. `CRS_MISSION_FIGURES=1` with
//! `--release --nocapture` prints what was measured.

use super::doubles::{line, record};
use super::house::{House, Http};
use crs::domain::mission::{LineLevel, ProcessState};
use crs::mission::told::{Hears, Told};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

fn figures() -> bool {
    std::env::var_os("CRS_MISSION_FIGURES").is_some()
}

fn lines(from: u64, count: u64) -> Told {
    Told::Lines((from..from + count).map(|n| line(n, "engine", LineLevel::Info)).collect())
}

#[test]
fn a_client_that_does_not_read_harms_nobody() {
    let house = House::new();
    let stuck = house.ws();
    let mut reads = house.ws();
    reads.next();
    let http = Http::unix(&house);
    // Far more than its socket and its queue hold.
    let began = Instant::now();
    for n in 0..400 {
        house.hub.hear(lines(1 + n * 500, 500));
    }
    let taken = began.elapsed();
    house.hub.hear(Told::Process(Arc::new(record("engine", ProcessState::Starting))));
    let mut last = 0;
    let mut missing = 0;
    while last < 200_000 {
        let next = reads.next();
        if next["type"] == "console_output" {
            let seq = next["data"]["seq"].as_u64().unwrap();
            assert!(seq > last);
            last = seq;
        } else if next["type"] == "lagged" {
            missing += next["data"]["lines"].as_u64().unwrap();
        }
    }
    assert_eq!(http.get("/api/status").json()["processes"][1]["state"], "starting");
    assert!(house.hub.counts().dropped >= 200_000 - 8_192 - 50_000 + missing);
    let mut stuck = stuck;
    // Once it reads, it is told what it lost, and ends with the truth.
    let lag = stuck.next_of("lagged");
    assert!(lag["data"]["lines"].as_u64().unwrap() > 100_000, "{lag}");
    assert_eq!(stuck.next_of("status_update")["data"]["processes"][1]["state"], "starting");
    if figures() {
        println!("200,000 lines told in {taken:?} with a stuck and a slow client");
    }
}

#[test]
fn two_hundred_clients_get_every_message() {
    let house = House::new();
    let (clients, each) = (200, if figures() { 500 } else { 20 });
    let mut all: Vec<_> = (0..clients).map(|_| house.ws()).collect();
    for ws in &mut all {
        ws.next();
    }
    assert_eq!(house.hub.counts().listeners, clients);
    let got = AtomicU64::new(0);
    let began = Instant::now();
    let gap = std::thread::scope(|scope| {
        for ws in &mut all {
            let got = &got;
            scope.spawn(move || {
                let mut seqs = 0;
                while seqs < each {
                    let next = ws.next();
                    if next["type"] == "console_output" {
                        seqs += 1;
                        assert_eq!(next["data"]["seq"], seqs, "without a hole");
                        got.fetch_add(1, Ordering::Relaxed);
                    }
                }
            });
        }
        let began = Instant::now();
        for n in 0..each / 20 {
            house.hub.hear(lines(1 + n * 20, 20));
            std::thread::sleep(Duration::from_millis(1));
        }
        began.elapsed()
    });
    let took = began.elapsed();
    let total = got.into_inner();
    assert_eq!(total, 200 * each);
    assert_eq!(house.hub.counts().dropped, 0);
    if figures() {
        let rate = u128::from(total) * 1_000_000 / took.as_micros().max(1);
        println!("200 clients: {total} messages in {took:?} ({rate}/s), told within {gap:?}");
    }
}

#[test]
fn a_status_is_at_the_client_at_once() {
    let house = House::new();
    let mut ws = house.ws();
    ws.next();
    let rounds = if figures() { 2_000 } else { 50 };
    let mut took = Vec::new();
    for n in 0..rounds {
        let state =
            if n % 2 == 0 { ProcessState::Stopping } else { ProcessState::Running { ready: true } };
        let word = state.word();
        let began = Instant::now();
        house.hub.hear(Told::Process(Arc::new(record("engine", state))));
        loop {
            let next = ws.next();
            if next["type"] == "status_update" && next["data"]["processes"][1]["state"] == word {
                break;
            }
        }
        took.push(began.elapsed());
    }
    took.sort();
    let p99 = took[took.len() * 99 / 100];
    assert!(p99 < Duration::from_secs(5), "{p99:?}");
    if figures() {
        println!("status update at the client: p50 {:?}, p99 {p99:?}", took[took.len() / 2]);
    }
}
