//! No order leaves once the gate is closed, through the real way of an order
//! and a real paper gateway, in some hundred schedules: the gate is closed
//! before, by the line as one of the messages passes, or by a thread at any
//! moment. `CRS_SCHEDULES` says how many.

use super::tests::{WAIT, paper, request, settings};
use super::*;
use crate::breaker::WatchConfig;
use crate::breaker::watch::Check;
use std::hint::spin_loop;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::scope;

/// Schedules, unless told otherwise.
const SEEDS: u64 = 400;
/// Of these messages an order is made: account, its answer, order, its answer.
const MESSAGES: u64 = 4;

/// Close this gate as the so many-th message from now passes.
type Plan = Mutex<Option<(u64, Arc<Gate>)>>;

/// A line to the gateway that closes a gate at a message.
struct Wire {
    front: zmq::Socket,
    back: zmq::Socket,
    plan: Arc<Plan>,
    orders: Arc<AtomicU64>,
}

impl Wire {
    fn pass(&self, from: &zmq::Socket, to: &zmq::Socket) {
        while let Ok(frames) = from.recv_multipart(zmq::DONTWAIT) {
            let mut plan = self.plan.lock().unwrap();
            if let Some((left, gate)) = plan.take() {
                match left.checked_sub(1) {
                    Some(left) => *plan = Some((left, gate)),
                    None => gate.close(),
                }
            }
            drop(plan);
            let body = String::from_utf8_lossy(frames.last().unwrap());
            self.orders.fetch_add(u64::from(body.contains("OPEN_ORDER")), Ordering::SeqCst);
            to.send_multipart(&frames, 0).unwrap();
        }
    }

    fn run(&self, stop: &AtomicBool) {
        while !stop.load(Ordering::SeqCst) {
            let mut items =
                [self.front.as_poll_item(zmq::POLLIN), self.back.as_poll_item(zmq::POLLIN)];
            zmq::poll(&mut items, 10).unwrap();
            self.pass(&self.front, &self.back);
            self.pass(&self.back, &self.front);
        }
    }
}

/// Ends the line, after a failure too.
struct Ends<'a>(&'a AtomicBool);

impl Drop for Ends<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// xorshift: the same schedules each time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

#[test]
fn no_order_leaves_once_the_gate_is_closed() {
    let seeds = std::env::var("CRS_SCHEDULES").map_or(SEEDS, |text| text.parse().unwrap());
    let dir = tempfile::tempdir().unwrap();
    let (paper, settings) = (paper(dir.path()), settings(dir.path()));
    let zmq = zmq::Context::new();
    let (front, back) = (zmq.socket(zmq::ROUTER).unwrap(), zmq.socket(zmq::DEALER).unwrap());
    for socket in [&front, &back] {
        socket.set_linger(0).unwrap();
    }
    front.bind("tcp://127.0.0.1:*").unwrap();
    back.connect(&paper.addresses().cmd.zmq()).unwrap();
    let at = front.get_last_endpoint().unwrap().unwrap();
    let (plan, orders) = (Arc::<Plan>::default(), Arc::<AtomicU64>::default());
    let wire = Wire { front, back, plan: Arc::clone(&plan), orders: Arc::clone(&orders) };
    let stop = AtomicBool::new(false);
    let (mut left, mut denied) = (0, 0);
    let mut deal = Deal::open(&settings);
    let home = wiring::latch_home(&settings);
    home.prepare().unwrap();
    let mut check = Check::new(WatchConfig { home, extra: Vec::new(), role: ROLE });
    let mut random = Random(0x2545_f491_4f6c_dd1d);
    scope(|threads| {
        let running = &stop;
        threads.spawn(move || wire.run(running));
        let _ends = Ends(&stop);
        let to = at.strip_prefix("tcp://").unwrap().parse().unwrap();
        let mut peer = Peer::connect(&zmq, &to, 65_536).unwrap();
        peer.heartbeat(WAIT).unwrap();
        for seed in 0..seeds {
            let gate = Arc::new(Gate::default());
            check.once(&gate);
            assert!(gate.is_safe(), "{}", gate.why());
            let kind = random.below(MESSAGES + 3);
            let closer = Arc::clone(&gate);
            let spins = random.below(400_000);
            let racer = match kind {
                0..MESSAGES => {
                    *plan.lock().unwrap() = Some((kind, closer));
                    None
                }
                4 => {
                    gate.close();
                    None
                }
                5 => Some(threads.spawn(move || {
                    (0..spins).for_each(|_| spin_loop());
                    closer.close();
                })),
                _ => None,
            };
            let fate = deal.order(&gate, &mut peer, &request(), "OPEN_ORDER", WAIT);
            if let Some(racer) = racer {
                racer.join().unwrap();
            }
            *plan.lock().unwrap() = None;
            let handed = deal.handed_ns().is_some();
            let stopped = matches!(fate, Fate::Not(Ending::Denied, _));
            // Of one that left, its answer passed the line after it.
            assert_eq!(stopped, !handed, "seed {seed}, kind {kind}: {fate:?}");
            let closed_first = matches!(kind, 0 | 1 | 4);
            assert!(!(closed_first && handed), "seed {seed}, kind {kind}: {fate:?}");
            left += u64::from(handed);
            denied += u64::from(stopped);
            assert_eq!(orders.load(Ordering::SeqCst), left, "seed {seed}, kind {kind}: {fate:?}");
        }
    });
    println!("{seeds} schedules: {left} orders left, {denied} were denied");
    let counts = paper.counts();
    assert_eq!(counts.orders_accepted + counts.orders_refused, left);
    assert!(seeds < SEEDS || (left > 0 && denied > 0), "{left} left, {denied} denied");
}
