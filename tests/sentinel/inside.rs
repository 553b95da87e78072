//! A sentinel inside this process, with a desk of the test's own; and that it
//! tells each symbol at once.

use crate::common::wait::until;
use crate::stage::{SOON, Services};
use crs::breaker::{Gate, LatchHome, WatchConfig, Watcher};
use crs::config::Settings;
use crs::domain::{OrderTicket, Secret, Side, Symbol, Text, Ticket};
use crs::sentinel::eodhd::EodhdOptions;
use crs::sentinel::hub::HubOptions;
use crs::sentinel::{Desk, Look, Options, Pace, Placed, PlacedAs, Sentinel};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Its surroundings: services, a latch that is proven safe, a decision log.
pub struct Inside {
    pub services: Services,
    log: PathBuf,
    watcher: Watcher,
    look: Arc<Look>,
    options: Options,
    _dir: TempDir,
}

impl Inside {
    /// With EURUSD and USDJPY, live.
    pub fn open(pace: Pace, desk: Arc<dyn Desk>) -> (Self, Sentinel) {
        let dir = tempfile::tempdir().unwrap();
        let services = Services::start();
        let settings = Settings::defaults(dir.path().into(), dir.path().join("state"));
        let gate = Arc::new(Gate::default());
        let look = Look::new(Arc::clone(&gate));
        let home = LatchHome::new(&settings.state_dir, &dir.path().join("kill.lock"));
        let config = WatchConfig { home, extra: Vec::new(), role: "sentinel" };
        let watcher = Watcher::start(config, Arc::clone(&gate), look.teller());
        until(SOON, || gate.is_safe().then_some(())).unwrap();
        let log = dir.path().join("decisions.jsonl");
        let options = Options {
            symbols: vec![Symbol::new("EURUSD").unwrap(), Symbol::new("USDJPY").unwrap()],
            suffix: String::new(),
            threshold: settings.sentinel.threshold,
            lots: settings.sentinel.lots,
            live: true,
            pace,
            dir: dir.path().join("state/sentinel"),
            decision_log: Some(log.clone()),
            web: None,
            events: None,
            eodhd: EodhdOptions {
                base_url: format!("http://127.0.0.1:{}", services.port),
                ..EodhdOptions::of(&settings.eodhd, Secret::new("token"))
            },
            max_age_h: 0,
            calendar: settings.calendar.clone(),
            hub: HubOptions {
                port: services.port,
                timeout: Duration::from_secs(10),
                ..HubOptions::of(&settings.hub)
            },
        };
        let sentinel = Sentinel::open(options.clone(), Arc::clone(&look), desk, false).unwrap();
        (Self { services, log, watcher, look, options, _dir: dir }, sentinel)
    }

    /// The next one on the same state.
    pub fn again(&self, desk: Arc<dyn Desk>) -> Sentinel {
        Sentinel::open(self.options.clone(), Arc::clone(&self.look), desk, false).unwrap()
    }

    /// Its directory.
    pub fn state(&self) -> &Path {
        &self.options.dir
    }

    /// The decision log.
    pub fn told(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn end(self) {
        self.watcher.stop();
    }
}

/// Fills everything.
#[derive(Default)]
struct Willing(AtomicUsize);

impl Desk for Willing {
    fn open(
        &self,
        _: &OrderTicket,
        _: Duration,
        _: Instant,
        intent: &mut dyn FnMut(&str) -> Result<(), Text>,
    ) -> Placed {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        intent(&format!("ord-{n}")).unwrap();
        Placed::without_ticket(PlacedAs::Done, "filled")
    }

    fn holds(&self, _: Symbol, _: Side, _: Duration) -> Result<Option<Ticket>, Text> {
        Err(Text::new("no look"))
    }
}

#[test]
fn an_order_is_told_while_another_symbol_waits_and_when_the_end_comes_first() {
    let desk = Arc::new(Willing::default());
    // So long a cycle that its own end does not come first.
    let (inside, sentinel) = Inside::open(Pace::Every(SOON * 10), desk.clone());
    inside.services.set(|mood| mood.slow = Some("USDJPY"));
    let stop = Arc::new(AtomicBool::new(false));
    let ends = Arc::clone(&stop);
    let thread = std::thread::spawn(move || sentinel.once(&ends));
    let ordered = until(SOON / 10, || inside.told().contains("ORDER_GENERATED").then_some(()));
    stop.store(true, Ordering::SeqCst);
    let ended = thread.join().unwrap().unwrap();
    assert!(ended.is_none(), "broken off: {ended:?}");
    assert!(ordered.is_some(), "not told: {:?}", inside.told());
    assert_eq!((desk.0.load(Ordering::SeqCst), inside.told().lines().count()), (1, 1));
    inside.end();
}
