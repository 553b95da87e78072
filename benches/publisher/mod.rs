//! Who publishes the ticks that a bench measures.

use crs::domain::Endpoint;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// A PUB on loopback that publishes at a steady rate until it is dropped.
pub struct Publisher {
    /// Where to subscribe.
    pub at: Endpoint,
    stop: Arc<AtomicBool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Publisher {
    /// `rate` ticks a second, in shape T7, numbered.
    pub fn start(rate: u64) -> Self {
        Self::of(rate, tick)
    }

    /// As [`Publisher::start`], what `tick` makes of each number.
    pub fn of(rate: u64, tick: fn(u64) -> String) -> Self {
        let socket = zmq::Context::new().socket(zmq::PUB).unwrap();
        socket.set_linger(0).unwrap();
        socket.set_sndhwm(1_000_000).unwrap();
        socket.bind("tcp://127.0.0.1:*").unwrap();
        let at = socket.get_last_endpoint().unwrap().unwrap().parse().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let ends = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            publish_of(&socket, rate, tick, || !ends.load(Ordering::Relaxed));
        });
        Self { at, stop, thread: Some(thread) }
    }
}

impl Drop for Publisher {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Publishes `rate` ticks a second for as long as there is to be more; how
/// many it were.
#[allow(dead_code, reason = "each bench takes what it needs")]
pub fn publish(socket: &zmq::Socket, rate: u64, more: impl Fn() -> bool) -> u64 {
    publish_of(socket, rate, tick, more)
}

fn publish_of(
    socket: &zmq::Socket,
    rate: u64,
    tick: fn(u64) -> String,
    more: impl Fn() -> bool,
) -> u64 {
    let start = Instant::now();
    let mut seq = 0;
    while more() {
        let due = u64::try_from(start.elapsed().as_micros()).unwrap() * rate / 1_000_000;
        while seq < due {
            seq += 1;
            socket.send(&tick(seq), 0).unwrap();
        }
        std::thread::sleep(Duration::from_micros(200));
    }
    seq
}

/// Tick number `seq`, of one of 20 symbols that walk.
#[allow(dead_code, reason = "each bench takes what it needs")]
pub fn busy(seq: u64) -> String {
    let (symbol, step) = (seq % 20, seq / 20 * 7_919 % 97);
    format!(
        "{{\"symbol\": \"PAIR{symbol:02}\", \"bid\": 1.{:05}, \"ask\": 1.{:05}, \
         \"timestamp\": 1767115660.{:06}, \"seq\": {seq}}}",
        8_500 + step,
        8_510 + step,
        seq % 1_000_000
    )
}

/// Tick number `seq`.
pub fn tick(seq: u64) -> String {
    format!(
        "{{\"symbol\": \"EURUSD\", \"bid\": 1.{:05}, \"ask\": 1.{:05}, \
         \"timestamp\": 1767115660.{:06}, \"seq\": {seq}}}",
        8_500 + seq % 50,
        8_510 + seq % 50,
        seq % 1_000_000
    )
}
