//! A panic in a cycle costs that cycle, in every build that unwinds; a release
//! build's keeper is seen in `unknown`.

use crate::common::wait::until;
use crate::stage::{SOON, Services};
use crs::breaker::{Gate, LatchHome, WatchConfig, Watcher};
use crs::config::Settings;
use crs::domain::{OrderTicket, Secret, Symbol, Text};
use crs::sentinel::eodhd::EodhdOptions;
use crs::sentinel::hub::HubOptions;
use crs::sentinel::{Desk, Look, Options, Pace, Placed, PlacedAs, Sentinel};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

/// Falls over its first order, and takes no later one.
#[derive(Default)]
struct Clumsy(AtomicUsize);

impl Desk for Clumsy {
    fn open(
        &self,
        _: &OrderTicket,
        _: Duration,
        intent: &mut dyn FnMut(&str) -> Result<(), Text>,
    ) -> Placed {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        if n == 0 {
            intent("ord-clumsy").unwrap();
            panic!("over its own feet");
        }
        Placed::without_ticket(PlacedAs::NotSent, "no")
    }
}

#[test]
fn a_panic_in_an_order_is_unknown_and_the_next_cycle_comes() {
    let dir = tempfile::tempdir().unwrap();
    let services = Services::start();
    let settings = Settings::defaults(dir.path().into(), dir.path().join("state"));
    let (gate, stop) = (Arc::new(Gate::default()), Arc::new(AtomicBool::new(false)));
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
        pace: Pace::Every(Duration::from_millis(500)),
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
    let desk = Arc::new(Clumsy::default());
    let sentinel = Sentinel::open(options, look, desk.clone(), false).unwrap();
    let ends = Arc::clone(&stop);
    let thread = std::thread::spawn(move || sentinel.run(&ends));
    let told = || std::fs::read_to_string(&log).unwrap_or_default();
    let went_on = until(SOON, || (desk.0.load(Ordering::SeqCst) >= 4).then_some(()));
    assert!(went_on.is_some(), "{}", told());
    stop.store(true, Ordering::SeqCst);
    thread.join().unwrap().unwrap();
    watcher.stop();
    let unknown: Vec<String> =
        told().lines().filter(|l| l.contains("\"UNKNOWN\"")).map(str::to_owned).collect();
    assert_eq!(unknown.len(), 1, "{}", told());
    assert!(unknown[0].contains("over its own feet"), "{unknown:?}");
    assert!(told().contains("acted on for this bar: ord-clumsy (sent)"), "{}", told());
}
