//! The steps of a launch, and what follows it to its end.

use super::kept::{self, InForce, Unproven};
use super::verdict::{Verdict, judge};
use super::{Shared, State, disk};
use crate::domain::Text;
use crate::domain::mission::{Launch, LaunchPhase};
use crate::host::clock;
use crate::mission::hands::Vars;
use crate::mission::modes::{self, Document};
use crate::mission::order::By;
use crate::mission::plan::{Standing, wanted};
use crate::mission::spec::{Mission, ModeSpec, Name, Restart};
use std::collections::BTreeMap;
use std::sync::{Arc, MutexGuard};
use std::time::{Duration, Instant};

/// A mode that is being entered.
#[derive(Clone, Debug, Default)]
pub struct Entry {
    /// Which; empty: none, everything is stopped.
    pub mode: Name,
    /// Its settings.
    pub document: Document,
    /// What runs in it.
    pub wanted: Vec<Name>,
    /// Restart rules in it.
    pub restart: BTreeMap<Name, Restart>,
    /// Who asked.
    pub by: By,
    /// What was done so far, one line for each step.
    pub notes: Vec<Text>,
    /// It engages the breaker: whatever fails, it goes on.
    pub engages: bool,
    /// A step failed: the launch can't end complete.
    pub degraded: bool,
    /// It is an emergency's, and nothing is proven yet.
    pub emergency: Option<Unproven>,
}

impl Entry {
    /// Into `mode`, as things stand.
    pub fn of(mission: &Mission, mode: &ModeSpec, now: &Standing, by: &By) -> Self {
        Self {
            mode: mode.name.clone(),
            document: Document::of(mission, mode),
            wanted: wanted(mission, mode, now),
            restart: mode.restart.clone(),
            by: by.clone(),
            notes: Vec::new(),
            engages: mode.engage,
            degraded: false,
            emergency: None,
        }
    }

    /// One more line.
    pub fn note(&mut self, text: &str) {
        self.notes.push(Text::new(text));
    }
}

impl Shared {
    /// Begins a launch record and makes its launch the one that may act.
    pub(super) fn begin(&self, entry: &Entry) -> (u64, Launch) {
        let generation = self.supersede();
        let mut state = self.state();
        state.count += 1;
        let launch = Launch {
            id: state.count,
            mode: Text::new(&entry.mode),
            by: entry.by.clone(),
            began: clock::utc(),
            ended: None,
            phase: LaunchPhase::Running,
            notes: entry.notes.clone(),
        };
        state.launch = Some(launch.clone());
        drop(state);
        self.tell(&launch);
        (generation, launch)
    }

    /// Settings, mode in force, processes: in this order, so that nothing is
    /// ever started under another mode's settings. Then it is followed.
    ///
    /// # Errors
    /// The settings can't be written; nothing was changed then.
    pub(super) fn enter(
        self: &Arc<Self>,
        mission: &Arc<Mission>,
        mut entry: Entry,
    ) -> Result<Launch, String> {
        self.settle(&mut entry)?;
        let (generation, launch) = self.begin(&entry);
        self.want(&entry, &entry.wanted);
        self.follow(generation, mission, entry);
        Ok(self.state().launch.clone().unwrap_or(launch))
    }

    /// Writes the settings and the mode in force. A mode that stops things is
    /// entered without its settings where they can't be written.
    ///
    /// # Errors
    /// The settings can't be written; the old ones stand.
    pub(super) fn settle(&self, entry: &mut Entry) -> Result<(), String> {
        let in_force = InForce {
            v: 1,
            mode: entry.mode.clone(),
            wanted: entry.wanted.clone(),
            by: entry.by.clone(),
            at: clock::utc(),
            emergency: entry.emergency.clone(),
        };
        let ticket = self.pen.order(&self.dir, modes::FILE);
        let (own, document) = (ticket.clone(), entry.document.clone());
        // Settings of a launch that is refused must not come after all; those
        // of a mode that stops things may, as long as nothing newer was ordered.
        let failed = disk(move || document.write(&own)).err();
        if let Some(e) = failed.filter(|_| entry.engages || ticket.give_up()) {
            let why = format!("the settings of {} could not be written: {e}", entry.mode);
            if !entry.engages {
                return Err(why);
            }
            entry.degraded = true;
            entry.note(&why);
        }
        let (ticket, state) = (self.pen.order(&self.dir, kept::STATE), in_force.clone());
        if let Err(e) = disk(move || kept::put(&ticket, &state)) {
            entry.degraded = true;
            entry.note(&format!("a daemon's restart would not find this mode: {e}"));
        }
        let mut state = self.state();
        state.in_force = Some(in_force);
        state.document = Some(entry.document.clone());
        state.confirmed = true;
        self.tell_mode(&state);
        Ok(())
    }

    /// Tells the crew what runs from now on.
    pub(super) fn want(&self, entry: &Entry, names: &[Name]) {
        let vars: Vars = entry.document.vars(&self.dir);
        self.crew.want(names, &vars, &entry.restart);
    }

    /// Follows a launch to its end, on a thread of its own.
    fn follow(self: &Arc<Self>, generation: u64, mission: &Arc<Mission>, entry: Entry) {
        let (shared, mission) = (Arc::clone(self), Arc::clone(mission));
        let notes = entry.notes.clone();
        let spawned =
            std::thread::Builder::new().name("mission-launch".to_owned()).spawn(move || {
                let longest = shared.patience.launch;
                shared.watch(generation, &mission, &entry, longest);
            });
        if let Err(e) = spawned {
            let mut notes = notes;
            notes.push(Text::new(&format!("nobody follows this launch: {e}")));
            self.end(generation, LaunchPhase::Partial, &notes);
        }
    }

    /// Watches the records until nothing changes by itself any more, at most
    /// so long, and ends the launch.
    pub(super) fn watch(
        &self,
        generation: u64,
        mission: &Mission,
        entry: &Entry,
        longest: Duration,
    ) {
        let until = Instant::now() + longest;
        let mut last: Option<Verdict> = None;
        loop {
            std::thread::sleep(self.patience.look);
            // Before the records: who has taken the order by then says so there.
            let waiting = self.crew.waiting();
            let verdict = judge(mission, &entry.wanted, &self.crew.records(), &waiting);
            let late = Instant::now() >= until;
            // Twice the same: one that has just come down may be about to come
            // up again.
            let settled = verdict.settled() && last.as_ref() == Some(&verdict);
            let mut notes = entry.notes.clone();
            notes.extend(verdict.notes.iter().cloned());
            if settled || late {
                if late && !settled {
                    let waited = format!("not ready after {} s", longest.as_secs());
                    notes.push(Text::new(&waited));
                }
                let phase = match verdict.phase() {
                    LaunchPhase::Complete if entry.degraded => LaunchPhase::Partial,
                    phase => phase,
                };
                self.end(generation, phase, &notes);
                return;
            }
            if last.as_ref() != Some(&verdict) && !self.report(generation, notes) {
                return;
            }
            last = Some(verdict);
        }
    }

    /// The state, while this launch may still act.
    pub(super) fn acting(&self, generation: u64) -> Option<MutexGuard<'_, State>> {
        let state = self.state();
        (state.generation == generation).then_some(state)
    }

    /// Tells how the launch stands; false where another took its place.
    pub(super) fn report(&self, generation: u64, notes: Vec<Text>) -> bool {
        let Some(mut state) = self.acting(generation) else { return false };
        let Some(launch) = state.launch.as_mut() else { return false };
        if launch.notes != notes {
            launch.notes = notes;
            let launch = launch.clone();
            drop(state);
            self.tell(&launch);
        }
        true
    }

    /// Ends the launch; none where another took its place.
    pub(super) fn end(
        &self,
        generation: u64,
        phase: LaunchPhase,
        notes: &[Text],
    ) -> Option<Launch> {
        let mut state = self.acting(generation)?;
        let launch = state.launch.as_mut()?;
        launch.phase = phase;
        launch.ended = Some(clock::utc());
        launch.notes = notes.to_vec();
        let launch = launch.clone();
        drop(state);
        self.tell(&launch);
        Some(launch)
    }
}
