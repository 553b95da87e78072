//! Every count against every other: printed as one table, then judged.

use crate::books::{Kept, by_action, ticket};
use crate::day::Diary;
use crate::ear::Ear;
use crate::weight::Weight;
use crs::domain::{Decision, DecisionSource};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// Growth of anonymous memory that is no leak yet, in KiB: buffers that fill
/// once, a recording's queue among them; and for each second of the first ten
/// minutes, in which histories fill.
const GROWTH: i64 = 8 * 1_024;
const FILLING: i64 = 40;
const FULL: i64 = 600;
/// Threads and descriptors that may differ by chance of the moment.
const CHANCE: i64 = 2;

/// All that was found when everything had ended.
pub struct Found<'a> {
    pub diary: &'a Diary,
    /// How long it traded.
    pub seconds: i64,
    pub ear: &'a Ear,
    pub kept: &'a Kept,
    /// Lines of `crs record export --what decisions`.
    pub exported: usize,
    /// The two decision logs.
    pub engine: &'a [Decision],
    pub sentinel: &'a [Decision],
    /// The sentinel's page of metrics.
    pub counted: &'a BTreeMap<String, usize>,
    pub late: &'a BTreeMap<u32, Weight>,
}

impl Found<'_> {
    const fn logs(&self) -> [(DecisionSource, &[Decision]); 2] {
        [(DecisionSource::Engine, self.engine), (DecisionSource::Sentinel, self.sentinel)]
    }

    /// What goes to whoever watches the test.
    pub fn table(&self) -> String {
        let mut out = String::from("\n");
        let page: usize = self.counted.values().sum();
        for (source, all) in self.logs() {
            let told = self.ear.trader(source).unwrap();
            let copies = self.kept.copies(source);
            let twice = copies.values().filter(|n| **n == 2).count();
            let page =
                if source == DecisionSource::Sentinel { page.to_string() } else { "-".into() };
            let _ = writeln!(
                out,
                "{:<9} log {:>6}  trader.status {:>6}  recording {:>6} (by both ways {twice})  \
                 screen {:>6}  /metrics {page}  lost {}\n          {:?}",
                source.word(),
                all.len(),
                told.told,
                copies.len(),
                self.kept.on_screen[&source],
                told.lost,
                by_action(all),
            );
        }
        let gateway = self.ear.gateway();
        let last = gateway.last().unwrap();
        let _ = writeln!(
            out,
            "gateway   accepted {}  refused {}  tickets in logs {}  seen open {}  ticks {}",
            last.orders_accepted,
            last.orders_refused,
            self.tickets().len(),
            self.diary.tickets.len(),
            last.ticks_published,
        );
        for stop in &self.diary.stops {
            let (from, to) = stop.accepted;
            let ms = (stop.armed.0 - stop.proven.0) / 1_000;
            let _ = writeln!(out, "kill      accepted {from} to {to} in {ms} ms until crs arm");
        }
        let (kept, exported) = (self.kept.decisions.len(), self.exported);
        let (gaps, dropped) = (self.kept.gaps, self.kept.not_kept());
        let _ = writeln!(
            out,
            "recording decisions {kept}  exported {exported}  gaps {gaps}  too many {dropped}"
        );
        for (pid, now) in self.late {
            let Some(then) = self.diary.early.get(pid) else { continue };
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

    /// All tickets of both logs, as often as they stand there.
    fn tickets(&self) -> Vec<u64> {
        self.engine.iter().chain(self.sentinel).filter_map(ticket).collect()
    }

    pub fn judge(&self) {
        assert_eq!(&by_action(self.sentinel), self.counted, "the sentinel's page and log");
        for (source, all) in self.logs() {
            self.judge_counts(source, all);
        }
        assert_eq!((self.kept.gaps, self.kept.not_kept()), (0, 0));
        assert_eq!(self.exported, self.kept.decisions.len());
        self.judge_tickets();
        self.judge_stops();
        self.judge_weights();
    }

    fn judge_counts(&self, source: DecisionSource, all: &[Decision]) {
        let count = u64::try_from(all.len()).unwrap();
        let numbers: Vec<u64> = all.iter().map(|d| d.number.unwrap()).collect();
        assert!(numbers.iter().copied().eq(1..=count), "{numbers:?}");
        let copies = self.kept.copies(source);
        assert!(copies.keys().eq(&numbers), "{copies:?}");
        // Until its port is joined a trader is heard by its log alone.
        let joined = copies.values().position(|n| *n == 2).expect("heard by both ways");
        assert!(copies.values().skip(joined).all(|n| *n == 2), "{copies:?}");
        assert_eq!(self.kept.on_screen[&source], count, "{}", source.word());
        let told = self.ear.trader(source).unwrap();
        assert_eq!((told.told, told.lost), (count, 0), "{told:#?}");
        let word = |d: &Decision| format!("{:?}", (d.number, &d.action, d.at, d.side, &d.symbol));
        let logged: BTreeSet<String> = all.iter().map(word).collect();
        let heard = self.kept.decisions.iter().filter(|d| d.source == source);
        assert_eq!(heard.map(word).collect::<BTreeSet<_>>(), logged, "both ways tell the same");
    }

    fn judge_tickets(&self) {
        let mut all = self.tickets();
        all.sort_unstable();
        // The gateway numbers them one by one.
        let first = *all.first().expect("orders");
        let end = first + u64::try_from(all.len()).unwrap();
        assert!(all.iter().copied().eq(first..end), "{all:?}");
        assert!(self.diary.tickets.iter().all(|ticket| all.contains(ticket)), "{all:?}");
        let told = self.ear.gateway().last().unwrap().orders_accepted;
        assert_eq!(told, end - first, "accepted by the gateway, and in the logs");
        let armed = self.diary.stops.last().unwrap().armed;
        assert!(self.sentinel.iter().any(|d| ticket(d).is_some()), "the sentinel ordered");
        let later = |d: &Decision| d.at.unwrap() > armed && ticket(d).is_some();
        assert!(self.engine.iter().any(later), "orders after the last way back");
    }

    fn judge_stops(&self) {
        assert_eq!(self.diary.stops.len(), 2);
        for stop in &self.diary.stops {
            let within = |d: &&Decision| (stop.pressed..stop.armed).contains(&d.at.unwrap());
            let is_blocked = |d: &&Decision| d.action.as_str() == "BLOCKED";
            for (source, all) in self.logs() {
                // From the first word of its own gate on.
                let closed: Vec<&Decision> =
                    all.iter().filter(within).skip_while(|d| !is_blocked(d)).collect();
                assert!(!closed.is_empty(), "{} was never blocked", source.word());
                let made: Vec<_> = closed.iter().filter(|d| !d.order.is_empty()).collect();
                assert!(made.is_empty(), "{made:#?}");
                let engine = source == DecisionSource::Engine;
                assert!(!engine || closed.iter().all(is_blocked), "{closed:#?}");
                let proven =
                    all.iter().filter(|d| (stop.proven..stop.armed).contains(&d.at.unwrap()));
                let made: Vec<_> = proven.filter(|d| !d.order.is_empty()).collect();
                assert!(made.is_empty(), "{made:#?}");
            }
            assert_eq!(stop.accepted.0, stop.accepted.1, "accepted while it was stopped");
        }
    }

    fn judge_weights(&self) {
        let early = &self.diary.early;
        assert!(early.len() >= 5, "{early:?}");
        let growth = GROWTH + FILLING * self.seconds.min(FULL);
        for (pid, then) in early {
            let now = self.late.get(pid).unwrap_or_else(|| panic!("{then:?} is gone"));
            assert!((now.threads - then.threads).abs() <= CHANCE, "{then:?} {now:?}");
            assert!((now.descriptors - then.descriptors).abs() <= CHANCE, "{then:?} {now:?}");
            assert!(now.anonymous - then.anonymous <= growth, "{then:?} {now:?}");
        }
    }
}
