//! The whole kill path in a simulated world: console and command, agent,
//! latch, watch, log and gateway, with every order of their steps that a seed
//! makes, shot at any moment, on disks that fill up and gateways that lie.
//!
//! The code that runs is the real one. Simulated are time and files
//! (`host::world`), threads and sockets (the two `Crew`s), and the gateway.
//! What holds must hold for every seed; one that fails prints its story.
//!
//! `cargo test` runs 500 seeds; `CRS_STORIES=1000000 cargo test --release --lib kill::sim`
//! as many as told, from `CRS_STORY` on, in `CRS_LANES` lanes (one a core without).

mod crews;
mod disk;
mod hung;
mod mail;
mod net;
pub mod parts;
mod rules;
mod story;
mod time;

use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// Seeds that once failed.
const REGRESSIONS: &[u64] = &[487];

fn number(key: &str, or: u64) -> u64 {
    std::env::var(key).ok().and_then(|v| v.parse().ok()).unwrap_or(or)
}

/// Keeps this thread, and those that it starts, on one core: of all threads of
/// a story only one runs, and to wake another is cheapest there.
fn stay(lane: u64) {
    let Ok(may) = sched_getaffinity(None) else { return };
    let mine: Vec<usize> = (0..CpuSet::MAX_CPU).filter(|cpu| may.is_set(*cpu)).collect();
    let mut one = CpuSet::new();
    one.set(mine[usize::try_from(lane).unwrap() % mine.len()]);
    let _ = sched_setaffinity(None, &one);
}

#[test]
fn no_story_loses_a_kill_or_shows_safe_what_is_not() {
    let (first, count) = (number("CRS_STORY", 1), number("CRS_STORIES", 500));
    let next = std::sync::atomic::AtomicU64::new(0);
    let regressions = u64::try_from(REGRESSIONS.len()).unwrap();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let lanes = number("CRS_LANES", u64::try_from(cores).unwrap());
    let began = std::time::Instant::now();
    let failed = std::sync::Mutex::new(Vec::new());
    let orders = std::sync::atomic::AtomicU64::new(0);
    std::thread::scope(|scope| {
        let (next, failed, orders) = (&next, &failed, &orders);
        for lane in 0..lanes {
            scope.spawn(move || {
                stay(lane);
                loop {
                    let n = next.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                    let known = usize::try_from(n).ok().and_then(|n| REGRESSIONS.get(n));
                    let seed = known.copied().unwrap_or_else(|| first + n - regressions);
                    if n >= regressions + count || failed.lock().unwrap().len() > 5 {
                        return;
                    }
                    match story::run(seed) {
                        Ok(passed) => {
                            orders.fetch_add(passed, std::sync::atomic::Ordering::Relaxed);
                        }
                        Err(why) => failed.lock().unwrap().push((seed, why)),
                    }
                }
            });
        }
    });
    println!("{count} stories from {first} in {:.1} s", began.elapsed().as_secs_f64());
    let failed = failed.into_inner().unwrap();
    let seeds: Vec<u64> = failed.iter().map(|(seed, _)| *seed).collect();
    if let Some((seed, why)) = failed.iter().min_by_key(|(_, why)| why.len()) {
        panic!("seeds {seeds:?} failed; the story of {seed}:\n{why}");
    }
    // Gates that never open would prove nothing.
    assert!(orders.into_inner() > count, "hardly an order passed");
}
