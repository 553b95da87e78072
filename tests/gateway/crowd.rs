//! Many clients, good and bad.

use crate::peer::{PATIENCE_MS, Peer, fresh, options, request};
use crs::gateway::{Gateway, RunningGateway, SimOptions, TickSource};
use serde_json::json;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const HEALTHY: usize = 60;
const DEAD: usize = 20;
const SLOW: usize = 20;

/// Connections of the three kinds of dead: no handshake, half a greeting, and
/// a request whose sender is gone before the answer.
fn die(context: &zmq::Context, gateway: &RunningGateway, n: usize) -> Option<TcpStream> {
    let cmd = &gateway.addresses().cmd;
    match n % 3 {
        0 => TcpStream::connect((cmd.host(), cmd.port())).ok(),
        1 => {
            let mut stream = TcpStream::connect((cmd.host(), cmd.port())).unwrap();
            stream.write_all(&[0xff, 0, 0, 0, 0]).unwrap();
            Some(stream)
        }
        _ => {
            let socket = context.socket(zmq::REQ).unwrap();
            socket.set_linger(100).unwrap();
            socket.connect(&cmd.zmq()).unwrap();
            socket.send(&request(&fresh(), "GET_POSITIONS", &json!({})), 0).unwrap();
            None
        }
    }
}

/// A client that asks without end and never reads an answer.
fn pester(context: &zmq::Context, gateway: &RunningGateway) -> zmq::Socket {
    let socket = context.socket(zmq::DEALER).unwrap();
    socket.set_linger(0).unwrap();
    socket.set_rcvhwm(1).unwrap();
    socket.connect(&gateway.addresses().cmd.zmq()).unwrap();
    socket
}

#[test]
fn a_hundred_clients_dead_and_slow_among_them_disturb_nobody() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let mut options = options(dir.path());
    let storm = SimOptions { seed: 1, rate_hz: 2_000, ..SimOptions::default() };
    options.ticks = TickSource::Simulator(storm);
    let gateway = Gateway::start(&options).unwrap();
    let _dead: Vec<_> = (0..DEAD).map(|n| die(&context, &gateway, n)).collect();
    let stop = Arc::new(AtomicBool::new(false));
    let slow: Vec<_> = (0..SLOW)
        .map(|_| {
            let (socket, stop) = (pester(&context, &gateway), Arc::clone(&stop));
            std::thread::spawn(move || {
                let text = request("slow", "GET_ACCOUNT_INFO", &json!({}));
                while !stop.load(Ordering::Relaxed) {
                    for _ in 0..20 {
                        let _ = socket.send_multipart(["", text.as_str()], zmq::DONTWAIT);
                    }
                    std::thread::sleep(Duration::from_millis(20));
                }
            })
        })
        .collect();
    let healthy: Vec<_> = (0..HEALTHY)
        .map(|n| {
            let peer = Peer::new(&context, &gateway);
            std::thread::spawn(move || {
                for round in 0..5 {
                    assert_eq!(peer.ask("HEARTBEAT", &json!({}))["status"], "alive");
                    let side = if (n + round) % 2 == 0 { "BUY" } else { "SELL" };
                    assert_eq!(peer.open(side, "EURUSD", 0.01, 0.0)["status"], "SUCCESS");
                }
            })
        })
        .collect();
    for client in healthy {
        client.join().unwrap();
    }
    let peer = Peer::new(&context, &gateway);
    assert_eq!(peer.positions().len(), HEALTHY * 5);
    let began = Instant::now();
    let kill = peer.kill();
    let took = began.elapsed();
    stop.store(true, Ordering::Relaxed);
    for client in slow {
        client.join().unwrap();
    }
    assert_eq!(kill["positions_closed"], HEALTHY * 5);
    assert!(took < Duration::from_secs(5), "a kill among {SLOW} pesterers took {took:?}");
    assert_eq!(gateway.counts().orders_accepted, HEALTHY as u64 * 5);
}

#[test]
fn a_kill_overtakes_the_orders_it_arrives_with_and_none_is_accepted_after() {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let gateway = Gateway::start(&options(dir.path())).unwrap();
    let order = json!({"symbol": "EURUSD", "volume": 0.01, "type": "BUY"});
    let traders: Vec<_> = (0..8)
        .map(|_| {
            let (peer, order) = (Peer::new(&context, &gateway), order.clone());
            std::thread::spawn(move || {
                let mut taken = 0_u64;
                while peer.ask("OPEN_ORDER", &order)["status"] == "SUCCESS" {
                    taken += 1;
                }
                taken
            })
        })
        .collect();
    std::thread::sleep(Duration::from_millis(200));
    let peer = Peer::new(&context, &gateway);
    let kill = peer.kill();
    let taken: u64 = traders.into_iter().map(|t| t.join().unwrap()).sum();
    assert!(taken > 0, "nobody traded");
    assert_eq!(kill["total_positions"].as_u64(), Some(taken), "every order came before the kill");
    assert!(peer.positions().is_empty());
    assert_eq!(gateway.orders_after_kill(), 0);

    // In one pipe, the order first: both are there when the desk looks, or the
    // order is done and closed; it is never open afterwards.
    let dealer = context.socket(zmq::DEALER).unwrap();
    dealer.set_linger(0).unwrap();
    dealer.set_rcvtimeo(PATIENCE_MS).unwrap();
    dealer.connect(&gateway.addresses().cmd.zmq()).unwrap();
    dealer.send(&request(&fresh(), "OPEN_ORDER", &order), 0).unwrap();
    dealer.send(&request("k-2", "KILL_SWITCH", &json!({})), 0).unwrap();
    for _ in 0..2 {
        dealer.recv_bytes(0).unwrap();
    }
    assert!(peer.positions().is_empty());
    assert_eq!(gateway.orders_after_kill(), 0);
}
