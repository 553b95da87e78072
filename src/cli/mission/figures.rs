//! What the gateways say about the business, for who looks at metrics: asked
//! on a thread of its own, and only as long as somebody wants to know.

use crate::cli::Context;
use crate::cli::Out;
use crate::config::{Flags, Settings};
use crate::domain::UtcMicros;
use crate::host::clock;
use crate::link::{self, Peer};
use crate::mission::ports::Figures;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Between two readings.
const PERIOD: Duration = Duration::from_secs(5);
/// Nobody asked for so long: nothing is read any more.
const INTEREST: Duration = Duration::from_mins(1);
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(2);
/// Older than this, a reading is none.
const STALE_US: i64 = 30_000_000;

/// What is shared with the thread.
#[derive(Debug, Default)]
struct Known {
    last: Option<Figures>,
    wanted: Option<Instant>,
    runs: bool,
}

/// The readings.
pub struct Asked {
    flags: Flags,
    known: Arc<Mutex<Known>>,
}

impl Asked {
    /// Of the configured gateways; nothing is read before somebody asks.
    #[must_use]
    pub fn new(flags: Flags) -> Self {
        Self { flags, known: Arc::default() }
    }

    /// The last reading, where it is not old; asking keeps readings coming.
    #[must_use]
    pub fn last(&self) -> Option<Figures> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.wanted = Some(Instant::now());
        if !known.runs {
            let (shared, flags) = (Arc::clone(&self.known), self.flags.clone());
            let spawned = std::thread::Builder::new()
                .name("figures".to_owned())
                .spawn(move || read_on(&shared, flags));
            known.runs = spawned.is_ok();
        }
        let now = clock::utc().0;
        known.last.clone().filter(|figures| now - figures.at.0 < STALE_US)
    }
}

fn read_on(shared: &Mutex<Known>, flags: Flags) {
    let settings = Context { flags, out: Out::silent() }.loaded().settings;
    let mut peers = connect(&settings);
    loop {
        let read = read(&mut peers);
        let mut known = shared.lock().unwrap_or_else(PoisonError::into_inner);
        if read.is_some() {
            known.last = read;
        }
        if known.wanted.is_none_or(|wanted| wanted.elapsed() > INTEREST) {
            known.runs = false;
            return;
        }
        drop(known);
        std::thread::sleep(PERIOD);
    }
}

fn connect(settings: &Settings) -> Vec<Peer> {
    let Ok(zmq) = link::context() else { return Vec::new() };
    let most = settings.feed.max_message_bytes;
    settings.gateways.iter().filter_map(|to| Peer::connect(&zmq, &to.cmd, most).ok()).collect()
}

/// Sums over all gateways; none where one of them did not answer, as a part
/// would look like the whole.
fn read(peers: &mut [Peer]) -> Option<Figures> {
    if peers.is_empty() {
        return None;
    }
    let mut sum = Figures::default();
    for peer in peers {
        for position in peer.positions(PATIENCE).ok()?.value {
            sum.positions += 1;
            sum.profit = sum.profit.saturating_add(position.profit.raw());
            sum.exposure = sum.exposure.saturating_add(position.lots.raw());
        }
    }
    sum.at = UtcMicros(clock::utc().0);
    Some(sum)
}
