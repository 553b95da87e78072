//! The one scenario: trade, kill, hold, lead back, trade, kill, hold, lead
//! back, trade; then every count against every other.
//!
//! `CRS_TOGETHER_SECONDS` is how long it trades, the holds included; the
//! counts and the weights are printed.

use crate::books::{Kept, by_action, log, ticket};
use crate::common::sandbox::Signal;
use crate::common::wait::until;
use crate::rig::Rig;
use crate::stage::SOON;
use crate::weight::{Weight, weigh};
use crs::domain::{Decision, DecisionSource, UtcMicros};
use crs::host::clock;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Ctrl-K.
const CHORD: &str = "\x0b";
/// Growth of anonymous memory that is no leak yet, in KiB: buffers that fill
/// once, a recording's queue among them.
const GROWTH: i64 = 8 * 1_024;
/// Threads and descriptors that may differ by chance of the moment.
const CHANCE: i64 = 2;

/// One kill and its way back, by this host's clock.
struct Stop {
    /// The screen says VERIFIED.
    proven: UtcMicros,
    /// Just before `crs arm`.
    armed: UtcMicros,
    /// Accepted by the gateway when it first said that it is killed, and last
    /// before it was armed.
    accepted: (u64, u64),
}

/// What is seen on the way.
#[derive(Default)]
struct Diary {
    step: u64,
    tickets: BTreeSet<u64>,
    stops: Vec<Stop>,
    early: BTreeMap<u32, Weight>,
}

#[test]
fn four_processes_two_kills_and_every_count_agrees() {
    let seconds = std::env::var("CRS_TOGETHER_SECONDS").map_or(40, |n| n.parse().unwrap());
    let whole = Duration::from_secs(seconds);
    let (mut rig, mut diary) = (Rig::start(), Diary::default());
    rig.services.set(|mood| mood.withheld = 90);
    let began = Instant::now();
    let mut marks = vec![whole * 2 / 3, whole / 3];
    while began.elapsed() < whole {
        diary.step(&rig);
        if diary.early.is_empty() && began.elapsed() >= whole / 5 {
            diary.early = weigh(&rig.home.processes());
        }
        if marks.last().is_some_and(|at| began.elapsed() >= *at) {
            marks.pop();
            diary.kill(&mut rig, (whole / 12).clamp(Duration::from_secs(3), SOON));
        }
    }
    diary.end(rig);
}

impl Diary {
    /// Half a second of an operator's and a model's life.
    fn step(&mut self, rig: &Rig) {
        self.step += 1;
        let cycle = self.step / 4;
        rig.services.set(|mood| {
            mood.shares = match cycle % 4 {
                0 => [0.1, 0.2, 0.7],
                1 => [0.3, 0.4, 0.3],
                2 => [0.7, 0.2, 0.1],
                _ => [0.05, 0.05, 0.9],
            };
            mood.hub_status = if cycle % 7 == 5 { 500 } else { 200 };
            let late = if cycle % 11 == 9 { 3 } else { 0 };
            mood.hub_delay = Duration::from_secs(late);
            // A new bar, as long as there are some.
            if self.step.is_multiple_of(20) {
                mood.withheld = mood.withheld.saturating_sub(1);
            }
        });
        std::thread::sleep(Duration::from_millis(500));
        if self.step.is_multiple_of(6) {
            let open = rig.open();
            self.tickets.extend(&open);
            // Room for the next order.
            for ticket in open {
                let closed = rig.run(&["close", &ticket.to_string(), "--yes"]);
                assert_eq!(closed.code, Some(0), "{closed:#?}");
            }
        }
    }

    /// The two keys, the hold, and the way back.
    fn kill(&mut self, rig: &mut Rig, hold: Duration) {
        // A model that wants to order, on a bar of its own.
        rig.services.set(|mood| {
            (mood.hub_status, mood.hub_delay) = (200, Duration::ZERO);
            mood.shares = [0.05, 0.05, 0.9];
            mood.withheld = mood.withheld.saturating_sub(1);
        });
        let before = rig.ear.gateway().len();
        rig.console.keys(CHORD);
        rig.console.see("stop trading, close everything");
        std::thread::sleep(Duration::from_millis(400));
        rig.console.keys("y");
        rig.console.see("VERIFIED flat");
        let proven = clock::utc();
        rig.services.set(|mood| mood.withheld = mood.withheld.saturating_sub(1));
        let blocked = |all: &[Decision]| {
            all.iter().any(|d| d.action.as_str() == "BLOCKED" && d.at.unwrap() > proven)
        };
        for path in [rig.engine_log(), rig.sentinel_log()] {
            let said = until(SOON, || blocked(&log(&path)).then_some(()));
            assert!(said.is_some(), "{}: {:#?}", path.display(), log(&path).last());
        }
        let until_then = Instant::now() + hold;
        while Instant::now() < until_then {
            assert_eq!(rig.open(), Vec::<u64>::new(), "flat");
            std::thread::sleep(Duration::from_millis(500));
        }
        lead_back(rig);
        let words = rig.ear.gateway();
        let killed = words[before..].iter().find(|word| word.killed).expect("killed, it says");
        let accepted = (killed.orders_accepted, words.last().unwrap().orders_accepted);
        let armed = clock::utc();
        let done = rig.run(&["arm"]);
        assert_eq!(done.code, Some(0), "{done:#?}");
        self.stops.push(Stop { proven, armed, accepted });
        rig.console.keys("\u{1b}");
        let passes = |d: &Decision| d.action.as_str() == "NO_ORDER" && d.at.unwrap() > armed;
        let again = until(SOON, || log(&rig.engine_log()).iter().any(passes).then_some(()));
        assert!(again.is_some(), "the engine goes on: {:?}", log(&rig.engine_log()).last());
    }

    /// Ends one after the other, and compares.
    fn end(self, mut rig: Rig) {
        rig.services.set(|mood| {
            (mood.hub_status, mood.hub_delay) = (200, Duration::ZERO);
            mood.shares = [0.2, 0.6, 0.2];
        });
        let counted = self.quiet(&rig);
        let late = weigh(&rig.home.processes());
        for name in ["sentinel", "engine"] {
            assert_eq!(rig.stop(name), Some(0), "{name}: {}", rig.said(name));
        }
        let (engine, sentinel) = (log(&rig.engine_log()), log(&rig.sentinel_log()));
        // The console has read both to their ends.
        let last = |all: &[Decision]| all.last().unwrap().number.unwrap();
        let heard = until(SOON, || {
            let kept = Kept::read(&rig.recordings())?;
            let has = |source, all: &[Decision]| {
                kept.copies(source).last_key_value().is_some_and(|(n, _)| *n == last(all))
            };
            let all =
                has(DecisionSource::Engine, &engine) && has(DecisionSource::Sentinel, &sentinel);
            all.then_some(())
        });
        assert!(heard.is_some(), "the recording has the last decisions");
        rig.console.signal(Signal::TERM);
        let ended = rig.console.exit(SOON).expect("the console ends");
        assert_eq!(ended.exit_code(), 143, "{}", rig.console.text());
        let kept = Kept::read(&rig.recordings()).expect("a recording");
        assert_eq!(rig.stop("gateway"), Some(0), "{}", rig.said("gateway"));
        let gone = until(SOON, || rig.home.processes().is_empty().then_some(()));
        let left = weigh(&rig.home.processes());
        let mut table = self.counts(&rig, &kept, (&engine, &sentinel), &counted);
        table.push_str(&self.weights(&late));
        let _ = std::io::stderr().write_all(table.as_bytes());
        assert!(gone.is_some(), "still running: {left:?}");
        self.judge_counts(&rig, &kept, (&engine, &sentinel), &counted);
        self.judge_tickets(&rig, (&engine, &sentinel));
        self.judge_stops((&engine, &sentinel));
        self.judge_weights(&late);
    }

    /// Waits until the page and the log rest, and gives the page.
    fn quiet(&self, rig: &Rig) -> BTreeMap<String, usize> {
        let n = log(&rig.sentinel_log()).len();
        let agreed = until(SOON, || {
            let (before, page) = (log(&rig.sentinel_log()), rig.counted());
            (before.len() > n && by_action(&before) == page).then_some(page)
        });
        agreed.unwrap_or_else(|| {
            panic!("{:?} is not {:?}", by_action(&log(&rig.sentinel_log())), rig.counted())
        })
    }

    fn counts(
        &self,
        rig: &Rig,
        kept: &Kept,
        (engine, sentinel): (&[Decision], &[Decision]),
        counted: &BTreeMap<String, usize>,
    ) -> String {
        let mut out = String::from("\n");
        let page: usize = counted.values().sum();
        for (source, all, page) in [
            (DecisionSource::Engine, engine, String::from("-")),
            (DecisionSource::Sentinel, sentinel, page.to_string()),
        ] {
            let told = rig.ear.trader(source).unwrap();
            let copies = kept.copies(source);
            let twice = copies.values().filter(|n| **n == 2).count();
            let _ = writeln!(
                out,
                "{:<9} log {:>6}  trader.status {:>6}  recording {:>6} (by both ways {twice})  \
                 screen {:>6}  /metrics {page}  lost {}\n          {:?}",
                source.word(),
                all.len(),
                told.told,
                copies.len(),
                kept.on_screen(source),
                told.lost,
                by_action(all),
            );
        }
        let gateway = rig.ear.gateway();
        let last = gateway.last().unwrap();
        let tickets = [engine, sentinel].concat().iter().filter_map(ticket).count();
        let _ = writeln!(
            out,
            "gateway   accepted {}  refused {}  tickets in logs {tickets}  seen open {}  ticks {}",
            last.orders_accepted,
            last.orders_refused,
            self.tickets.len(),
            last.ticks_published,
        );
        for stop in &self.stops {
            let (from, to) = stop.accepted;
            let ms = (stop.armed.0 - stop.proven.0) / 1_000;
            let _ = writeln!(out, "kill      accepted {from} to {to} in {ms} ms until crs arm");
        }
        let (gaps, not_kept) = (kept.gaps, kept.not_kept());
        let _ = writeln!(out, "recording gaps {gaps}  too many decisions {not_kept}");
        out
    }

    fn weights(&self, late: &BTreeMap<u32, Weight>) -> String {
        let mut out = String::new();
        for (pid, now) in late {
            let Some(then) = self.early.get(pid) else { continue };
            let _ = writeln!(
                out,
                "{:<9} VmRSS {} to {} KiB  RssAnon {} to {}  threads {} to {}  descriptors {} to {}",
                now.verb,
                then.resident,
                now.resident,
                then.anonymous,
                now.anonymous,
                then.threads,
                now.threads,
                then.descriptors,
                now.descriptors,
            );
        }
        out
    }

    fn judge_counts(
        &self,
        rig: &Rig,
        kept: &Kept,
        (engine, sentinel): (&[Decision], &[Decision]),
        counted: &BTreeMap<String, usize>,
    ) {
        assert_eq!(&by_action(sentinel), counted, "the sentinel's page and log");
        for (source, all) in
            [(DecisionSource::Engine, engine), (DecisionSource::Sentinel, sentinel)]
        {
            let numbers: Vec<u64> = all.iter().map(|d| d.number.unwrap()).collect();
            assert!(numbers.iter().copied().eq(1..=numbers.len() as u64), "{numbers:?}");
            let copies = kept.copies(source);
            assert!(copies.keys().copied().eq(numbers.iter().copied()), "{copies:?}");
            assert!(copies.values().all(|n| *n <= 2), "{copies:?}");
            assert_eq!(kept.on_screen(source), all.len() as u64, "{}", source.word());
            let told = rig.ear.trader(source).unwrap();
            assert_eq!((told.told, told.lost), (all.len() as u64, 0), "{told:#?}");
            let word = |d: &Decision| (d.number, d.action.clone(), d.at, d.side);
            let logged: BTreeSet<_> = all.iter().map(|d| format!("{:?}", word(d))).collect();
            let heard = kept.decisions.iter().filter(|d| d.source == source);
            let heard: BTreeSet<_> = heard.map(|d| format!("{:?}", word(d))).collect();
            assert_eq!(heard, logged, "a decision is told in one way only");
        }
        assert_eq!((kept.gaps, kept.not_kept()), (0, 0));
    }

    fn judge_tickets(&self, rig: &Rig, (engine, sentinel): (&[Decision], &[Decision])) {
        let of = |all: &[Decision]| -> Vec<u64> { all.iter().filter_map(ticket).collect() };
        let (ours, theirs) = (of(engine), of(sentinel));
        assert!(!ours.is_empty() && !theirs.is_empty(), "both order: {ours:?} {theirs:?}");
        let all: BTreeSet<u64> = ours.iter().chain(&theirs).copied().collect();
        assert_eq!(all.len(), ours.len() + theirs.len(), "each ticket once");
        // The gateway numbers them one by one.
        let first = *all.first().unwrap();
        assert!(all.iter().copied().eq(first..first + all.len() as u64), "{all:?}");
        assert!(self.tickets.is_subset(&all), "{:?} {all:?}", self.tickets);
        let told = rig.ear.gateway().last().unwrap().orders_accepted;
        assert_eq!(told, all.len() as u64, "accepted by the gateway, and in the logs");
        let armed = self.stops.last().unwrap().armed;
        let later = |d: &&Decision| d.at.unwrap() > armed && ticket(d).is_some();
        assert!(engine.iter().any(|d| later(&d)), "orders after the last way back");
    }

    fn judge_stops(&self, (engine, sentinel): (&[Decision], &[Decision])) {
        assert_eq!(self.stops.len(), 2);
        for stop in &self.stops {
            let during =
                |d: &&Decision| (stop.proven..stop.armed).contains(&d.at.unwrap_or_default());
            let blocked = engine.iter().filter(during);
            let others: Vec<_> = blocked.filter(|d| d.action.as_str() != "BLOCKED").collect();
            assert!(others.is_empty(), "{others:#?}");
            let made: Vec<_> =
                sentinel.iter().filter(during).filter(|d| !d.order.is_empty()).collect();
            assert!(made.is_empty(), "{made:#?}");
            assert_eq!(stop.accepted.0, stop.accepted.1, "accepted while it was stopped");
        }
    }

    fn judge_weights(&self, late: &BTreeMap<u32, Weight>) {
        assert!(self.early.len() >= 5, "{:?}", self.early);
        for (pid, then) in &self.early {
            let now = late.get(pid).unwrap_or_else(|| panic!("{then:?} is gone"));
            assert!((now.threads - then.threads).abs() <= CHANCE, "{then:?} {now:?}");
            assert!((now.descriptors - then.descriptors).abs() <= CHANCE, "{then:?} {now:?}");
            assert!(now.anonymous - then.anonymous <= GROWTH, "{then:?} {now:?}");
        }
    }
}

/// As the screen prints it: reset, reset of the gateway; `crs arm` is left.
fn lead_back(rig: &Rig) {
    let reset = ["reset", "--reason", "the cause is known"];
    let asked = rig.run(&reset);
    let (_, given) = asked.stderr.split_once("give --engage-id ").expect("what to type");
    let (id, phrase) = given.split_once(" --phrase \"").unwrap();
    let phrase = phrase.split('"').next().unwrap();
    let done = rig.run(&[&reset[..], &["--engage-id", id, "--phrase", phrase]].concat());
    assert_eq!(done.code, Some(0), "{done:#?}");
    let done = rig.run(&["gateway", "reset", "--reason", "the cause is known"]);
    assert_eq!(done.code, Some(0), "{done:#?}");
}
