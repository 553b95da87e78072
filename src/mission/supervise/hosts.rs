//! Whether the other machines answer: each is asked now and then on a thread
//! of its own, and what it said is good for a while only.

use super::shared::{Shared, lock};
use crate::domain::Text;
use crate::domain::mission::HostRecord;
use crate::host::clock;
use crate::mission::hands::Hands;
use crate::mission::spec::{Mission, Name};
use crate::mission::told::Told;
use crossbeam_channel::{Receiver, Sender, bounded};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

/// Enough for a start; only what is touched costs memory.
const STACK: usize = 512 << 10;
/// Between two questions whether a machine answers.
const EVERY: Duration = Duration::from_secs(5);
/// How long its answer is shown as one; then nobody knows.
const DUE: Duration = Duration::from_secs(10);
/// How long it is good for a decision.
const FRESH: Duration = Duration::from_secs(2);
/// Longest wait for a new one: a connection takes 5 s at most.
const LONGEST: Duration = Duration::from_secs(7);
/// Between two looks at the age of answers.
const LOOK: Duration = Duration::from_millis(500);

/// One machine.
struct One {
    record: HostRecord,
    /// When it answered last, or was found not to, in ns since boot.
    at: Option<u64>,
    /// Asks its thread to ask anew.
    wake: Sender<()>,
}

impl One {
    fn age(&self) -> Duration {
        let since = |at| Duration::from_nanos(clock::mono_ns().saturating_sub(at));
        self.at.map_or(Duration::MAX, since)
    }

    /// Its record as it may be shown; true where that is news.
    fn ages(&mut self) -> bool {
        let old = self.record.reachable.is_some() && self.age() > DUE;
        if old {
            let why = format!("no answer for more than {} s; it is being asked", DUE.as_secs());
            (self.record.reachable, self.record.why) = (None, Text::new(&why));
            self.record.since = clock::utc();
        }
        old
    }

    /// Notes whether it answered; true where that is news.
    fn answered(&mut self, reached: Result<(), Text>) -> bool {
        self.at = Some(clock::mono_ns());
        let why = reached.err().unwrap_or_default();
        let now = Some(why.is_empty());
        let record = &mut self.record;
        if record.reachable == now && record.why == why {
            return false;
        }
        if record.reachable != now {
            record.since = clock::utc();
        }
        (record.reachable, record.why) = (now, why);
        true
    }
}

type All = Mutex<BTreeMap<Name, One>>;

/// Every machine of the configuration but the daemon's own.
#[derive(Default)]
pub struct Hosts(Arc<All>);

impl Hosts {
    /// Asks from now on, until this is dropped.
    ///
    /// # Errors
    /// The system has no threads to give.
    pub fn watch(&self, mission: &Mission, shared: &Arc<Shared>) -> Result<(), Text> {
        for host in &mission.hosts {
            let Ok(hands) = shared.hands(Some(&host.name)) else { continue };
            let name = host.name.clone();
            let record = HostRecord { name: Text::new(&name), ..HostRecord::default() };
            let (wake, woken) = bounded(1);
            lock(&self.0).insert(name.clone(), One { record, at: None, wake });
            let (hosts, shared) = (Arc::downgrade(&self.0), Arc::downgrade(shared));
            start(&format!("m-host-{name}"), move || ask(&name, &hands, &woken, &hosts, &shared))?;
        }
        if !mission.hosts.is_empty() {
            let (hosts, shared) = (Arc::downgrade(&self.0), Arc::downgrade(shared));
            start("m-hosts", move || age(&hosts, &shared))?;
        }
        Ok(())
    }

    /// As they may be shown, in the order of the configuration.
    pub fn records(&self, mission: &Mission) -> Vec<HostRecord> {
        let mut all = lock(&self.0);
        let shown = |one: &mut One| {
            one.ages();
            one.record.clone()
        };
        mission.hosts.iter().filter_map(|host| all.get_mut(&host.name).map(shown)).collect()
    }

    /// The same, once these were asked anew, which takes 7 s at most. One that
    /// has not answered by then is unknown.
    pub fn fresh(&self, mission: &Mission, names: &[Name], shared: &Shared) -> Vec<HostRecord> {
        let stale = |one: &One| one.age() > FRESH;
        let which: Vec<&Name> = {
            let all = lock(&self.0);
            names.iter().filter(|name| all.get(*name).is_some_and(stale)).collect()
        };
        for one in which.iter().filter_map(|name| lock(&self.0).get(*name).map(|o| o.wake.clone()))
        {
            // One that waits already is enough.
            let _ = one.try_send(());
        }
        let begun = clock::now();
        let open = || which.iter().any(|name| lock(&self.0).get(*name).is_some_and(stale));
        while open() && clock::now().since(begun) < LONGEST {
            shared.pause(Duration::from_millis(20));
        }
        let mut records = self.records(mission);
        let all = lock(&self.0);
        let late = |record: &&mut HostRecord| {
            which
                .iter()
                .any(|name| record.name.as_str() == *name && all.get(*name).is_some_and(stale))
        };
        for record in records.iter_mut().filter(late) {
            let why = format!("it was asked anew and has not answered in {} s", LONGEST.as_secs());
            (record.reachable, record.why) = (None, Text::new(&why));
        }
        records
    }
}

fn start(name: &str, run: impl FnOnce() + Send + 'static) -> Result<(), Text> {
    let thread = std::thread::Builder::new().name(name.to_owned()).stack_size(STACK);
    thread
        .spawn(run)
        .map(drop)
        .map_err(|e| Text::new(&format!("{name}: no thread: {e}; `crs doctor` shows the limits")))
}

/// Asks one machine, at its time or when somebody wants to know.
fn ask(
    name: &str,
    hands: &Arc<dyn Hands>,
    woken: &Receiver<()>,
    hosts: &Weak<All>,
    shared: &Weak<Shared>,
) {
    loop {
        let reached = hands.reach();
        let (Some(all), Some(shared)) = (hosts.upgrade(), shared.upgrade()) else { return };
        let news = lock(&all)
            .get_mut(name)
            .and_then(|one| one.answered(reached).then(|| one.record.clone()));
        if let Some(record) = news {
            shared.hears.hear(Told::Host(Arc::new(record)));
        }
        drop((all, shared));
        let _ = woken.recv_timeout(EVERY);
    }
}

/// An answer that is overdue is told as unknown, though nobody came back with
/// another one.
fn age(hosts: &Weak<All>, shared: &Weak<Shared>) {
    loop {
        std::thread::sleep(LOOK);
        let (Some(all), Some(shared)) = (hosts.upgrade(), shared.upgrade()) else { return };
        let aged: Vec<HostRecord> = lock(&all)
            .values_mut()
            .filter_map(|one| one.ages().then(|| one.record.clone()))
            .collect();
        for record in aged {
            shared.hears.hear(Told::Host(Arc::new(record)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(ago: Duration) -> One {
        let ns = u64::try_from(ago.as_nanos()).unwrap();
        let (wake, _) = bounded(1);
        let record = HostRecord { reachable: Some(true), ..HostRecord::default() };
        // A host that was booted a moment ago has no such past.
        One { record, at: Some(clock::mono_ns().saturating_sub(ns)), wake }
    }

    #[test]
    fn an_answer_that_is_overdue_is_no_answer() {
        let mut fresh = one(DUE / 2);
        assert!(!fresh.ages() && fresh.record.reachable == Some(true));
        let mut old = one(DUE * 2);
        assert!(old.ages(), "that is news");
        assert_eq!(old.record.reachable, None);
        assert!(old.record.why.as_str().contains("no answer for"), "{}", old.record.why);
        assert!(!old.ages(), "once");
        assert!(old.answered(Ok(())) && old.record.reachable == Some(true));
        assert!(old.record.why.is_empty());
    }
}
