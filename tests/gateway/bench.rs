//! Figures, printed with `--nocapture`: how long a kill waits for the desk,
//! with and without a storm of ticks. Bounds are generous; the figures count.

use crate::peer::{Peer, options, subscribe};
use crs::gateway::{Gateway, SimOptions, TickSource};
use crs::host::clock::mono_ns;
use std::time::{Duration, Instant};

const KILLS: usize = 200;

fn kills_under(rate_hz: u32) {
    let (dir, context) = (tempfile::tempdir().unwrap(), zmq::Context::new());
    let mut options = options(dir.path());
    options.ticks = TickSource::Simulator(SimOptions { seed: 1, rate_hz, ..SimOptions::default() });
    let gateway = Gateway::start(&options).unwrap();
    let reader = subscribe(&context, &gateway.addresses().data);
    let peer = Peer::new(&context, &gateway);
    let (mut read, mut answered) = (Vec::new(), Vec::new());
    let (began, before) = (Instant::now(), gateway.counts().ticks_published);
    for _ in 0..KILLS {
        let asked = mono_ns();
        let kill = peer.kill();
        answered.push(mono_ns() - asked);
        read.push(kill["read_mono_ns"].as_u64().unwrap().saturating_sub(asked));
        while reader.recv_bytes(zmq::DONTWAIT).is_ok() {}
    }
    let ticks = gateway.counts().ticks_published - before;
    let rate = f64::from(u32::try_from(ticks).unwrap()) / began.elapsed().as_secs_f64();
    let show = |name: &str, times: &mut Vec<u64>| {
        times.sort_unstable();
        let at = |p: usize| Duration::from_nanos(times[(times.len() - 1) * p / 100]);
        println!("{name}: p50 {:?} p99 {:?} max {:?}", at(50), at(99), at(100));
        at(50)
    };
    println!("{KILLS} kills at {rate:.0} ticks/s (asked for {rate_hz})");
    show("  sent to read by the gateway", &mut read);
    let middle = show("  sent to answered, synced to disk", &mut answered);
    assert_eq!(gateway.kill_reads().len(), KILLS);
    assert!(middle < Duration::from_secs(1), "half of the kills took longer than {middle:?}");
}

#[test]
fn kills_on_a_quiet_market() {
    kills_under(1);
}

#[test]
fn kills_in_a_storm_of_ticks() {
    kills_under(100_000);
}
