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
use crate::verdict::Found;
use crate::weight::{Weight, weigh};
use crs::domain::{Decision, DecisionSource, UtcMicros};
use crs::host::clock;
use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::time::{Duration, Instant};

/// Ctrl-K.
const CHORD: &str = "\x0b";
/// One kill and its way back, by this host's clock.
pub struct Stop {
    /// Just before the second key.
    pub pressed: UtcMicros,
    /// The screen says VERIFIED.
    pub proven: UtcMicros,
    /// Just before `crs arm`.
    pub armed: UtcMicros,
    /// Accepted by the gateway when it first said that it is killed, and last
    /// before it was armed.
    pub accepted: (u64, u64),
}

/// What is seen on the way.
#[derive(Default)]
pub struct Diary {
    step: u64,
    /// Of positions that were seen open.
    pub tickets: BTreeSet<u64>,
    pub stops: Vec<Stop>,
    /// What each process held after a fifth of the time.
    pub early: BTreeMap<u32, Weight>,
}

#[test]
fn four_processes_two_kills_and_every_count_agrees() {
    let seconds = std::env::var("CRS_TOGETHER_SECONDS").map_or(30, |n| n.parse().unwrap());
    let whole = Duration::from_secs(seconds);
    let (mut rig, mut diary) = (Rig::start(), Diary::default());
    rig.services.set(|mood| mood.withheld = 90);
    let began = Instant::now();
    let mut marks = vec![whole * 2 / 3, whole / 3];
    // Both kills, and an order after them: on a loaded machine that is later.
    let is_over = |diary: &Diary, rig: &Rig| {
        diary.stops.len() == 2 && (diary.has_ordered(rig) || began.elapsed() > whole + SOON * 2)
    };
    while began.elapsed() < whole || !is_over(&diary, &rig) {
        diary.step(&rig);
        if diary.early.is_empty() && began.elapsed() >= whole / 5 {
            diary.early = weigh(&rig.home.processes());
        }
        if marks.last().is_some_and(|at| began.elapsed() >= *at) {
            marks.pop();
            diary.kill(&mut rig, (whole / 12).clamp(Duration::from_secs(3), SOON));
        }
    }
    diary.end(rig, i64::try_from(began.elapsed().as_secs()).unwrap());
}

impl Diary {
    /// Whether the engine has ordered since the last way back.
    fn has_ordered(&self, rig: &Rig) -> bool {
        let armed = self.stops.last().map(|stop| stop.armed);
        log(&rig.engine_log()).iter().any(|d| d.at > armed && ticket(d).is_some())
    }

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
        let pressed = clock::utc();
        rig.console.keys("y");
        // The kill before keeps its proof on the screen, as the last one.
        let proof = |line: &str| line.contains("VERIFIED flat") && !line.contains("last KILL");
        rig.console.wait_for("proof", SOON, |text| text.lines().any(proof));
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
        rig.hear_gateway();
        let words = rig.ear.gateway();
        let killed = words[before..].iter().find(|word| word.killed).expect("killed, it says");
        let accepted = (killed.orders_accepted, words.last().unwrap().orders_accepted);
        let armed = clock::utc();
        let done = rig.run(&["arm"]);
        assert_eq!(done.code, Some(0), "{done:#?}");
        self.stops.push(Stop { pressed, proven, armed, accepted });
        rig.console.keys("\u{1b}");
        let passes = |d: &Decision| d.action.as_str() == "NO_ORDER" && d.at.unwrap() > armed;
        let again = until(SOON, || log(&rig.engine_log()).iter().any(passes).then_some(()));
        assert!(again.is_some(), "the engine goes on: {:?}", log(&rig.engine_log()).last());
    }

    /// Ends one after the other, and compares.
    fn end(self, mut rig: Rig, seconds: i64) {
        rig.services.set(|mood| {
            (mood.hub_status, mood.hub_delay) = (200, Duration::ZERO);
            mood.shares = [0.2, 0.6, 0.2];
        });
        let counted = quiet(&rig);
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
        let recordings = rig.recordings().display().to_string();
        let export = ["record", "export", &recordings, "--format", "jsonl", "--what", "decisions"];
        let exported = rig.run(&export);
        assert_eq!(exported.code, Some(0), "{}", exported.stderr);
        rig.hear_gateway();
        assert_eq!(rig.stop("gateway"), Some(0), "{}", rig.said("gateway"));
        let gone = until(SOON, || rig.home.processes().is_empty().then_some(()));
        let left = weigh(&rig.home.processes());
        let found = Found {
            diary: &self,
            seconds,
            ear: &rig.ear,
            kept: &kept,
            exported: exported.stdout.lines().count(),
            engine: &engine,
            sentinel: &sentinel,
            counted: &counted,
            late: &late,
        };
        let _ = std::io::stderr().write_all(found.table().as_bytes());
        assert!(gone.is_some(), "still running: {left:?}");
        found.judge();
    }
}

/// Waits until the page and the log rest, and gives the page.
fn quiet(rig: &Rig) -> BTreeMap<String, usize> {
    let n = log(&rig.sentinel_log()).len();
    let agreed = until(SOON, || {
        let (before, page) = (log(&rig.sentinel_log()), rig.counted());
        (before.len() > n && by_action(&before) == page).then_some(page)
    });
    agreed.unwrap_or_else(|| {
        panic!("{:?} is not {:?}", by_action(&log(&rig.sentinel_log())), rig.counted())
    })
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
