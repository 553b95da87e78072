//! The emergency shutdown: breaker, settings, kill path, dump, stop in order.
//! Each step is told; one that fails does not keep the next from being done.

use super::enter::Entry;
use super::kept::{self, Claim, Dump, InForce, KillSaid, Unproven};
use super::{Emergency, Shared, disk, refuse};
use crate::domain::Text;
use crate::domain::mission::LaunchPhase;
use crate::host::clock;
use crate::mission::order::{Answer, By, Refusal, SAFE_PHRASE};
use crate::mission::plan::Standing;
use crate::mission::ports::KillEnd;
use crate::mission::spec::{Mission, ModeSpec, Name};
use std::sync::Arc;

/// The mode of an emergency, by its documented name.
pub const SAFE_MODE: &str = "SAFE_MODE";

/// How the note of the kill path begins, once everything is proven closed.
const VERIFIED: &str = "kill path: VERIFIED: ";
/// How it begins where nothing proves that.
const NOT_VERIFIED: &str = "kill path: NOT VERIFIED: ";

/// Whether the notes of an emergency shutdown hold the proof that everything
/// is closed.
#[must_use]
pub fn proven(notes: &[Text]) -> bool {
    notes.iter().any(|note| note.as_str().starts_with(VERIFIED))
}

/// A kill on its way, or one that has ended.
type Kill = Result<std::thread::JoinHandle<KillEnd>, KillEnd>;

/// How things stood when the order came.
struct Before {
    mode: Name,
    wanted: Vec<Name>,
    standing: Standing,
    reason: Text,
}

impl Shared {
    /// The order. It is answered once the breaker is engaged; the rest follows.
    pub(super) fn safe(self: &Arc<Self>, confirm: &str, reason: &str, by: &By) -> Answer {
        if confirm != SAFE_PHRASE {
            let why = format!(
                "type exactly: {SAFE_PHRASE}. It engages the breaker, cancels pending orders and \
                 closes every position by the kill path: Protocol v1.0 has no other way"
            );
            return refuse(Refusal::Confirmation, &why);
        }
        let reason = Text::new(if reason.trim().is_empty() { "no reason given" } else { reason });
        // It waits for no other order, and for no disk that one hangs at.
        let kill = self.fire(&reason);
        let _act = self.act();
        {
            let state = self.state();
            let runs = state.emergency != Emergency::No;
            if let (true, Some(launch)) = (runs, state.launch.clone()) {
                // The first one goes on; the kill was sent once more.
                return Answer::Launched(launch);
            }
        }
        let mission = self.mission();
        let standing = self.standing();
        let mode = emergency_mode(&mission);
        let mut entry = match mode {
            Some(mode) => Entry::of(&mission, mode, &standing, by),
            None => Entry { by: by.clone(), degraded: true, ..Entry::default() },
        };
        let said = format!("emergency shutdown by {by}: {reason}");
        let engage_id = self.engage(&said, &mut entry);
        let (mode, wanted) = {
            let state = self.state();
            let before = |i: &InForce| match &i.emergency {
                // Ordered once more: what is restored later is what it was then.
                Some(open) => (open.mode.clone(), open.wanted.clone()),
                None => (i.mode.clone(), i.wanted.clone()),
            };
            state.in_force.as_ref().map(before).unwrap_or_default()
        };
        entry.emergency = Some(Unproven {
            reason: reason.clone(),
            mode: mode.clone(),
            wanted: wanted.clone(),
            settings: standing.document.clone(),
            engage_id: engage_id.clone(),
            dumped: false,
        });
        let before = Before { mode, wanted, standing, reason };
        let (generation, launch) = self.begin(&entry);
        self.state().emergency = Emergency::Steps;
        let shared = Arc::clone(self);
        let work = move || {
            shared.shut_down(generation, &mission, entry, (&before, kill), &engage_id);
            shared.state().emergency = Emergency::No;
        };
        // A system without a thread for it has time to wait.
        let work = Arc::new(std::sync::Mutex::new(Some(work)));
        let taken = Arc::clone(&work);
        let run = move || {
            let work = taken.lock().ok().and_then(|mut work| work.take());
            if let Some(work) = work {
                work();
            }
        };
        let named = std::thread::Builder::new().name("mission-safe".to_owned());
        if named.spawn(run.clone()).is_err() {
            run();
        }
        Answer::Launched(self.state().launch.clone().unwrap_or(launch))
    }

    /// The kill path, on a thread of its own; where the system has none to
    /// give, on this one.
    fn fire(&self, reason: &Text) -> Kill {
        let reason = format!("emergency shutdown: {reason}");
        let (switch, wait) = (Arc::clone(&self.switch), self.patience.kill_s);
        let thread = {
            let reason = reason.clone();
            let named = std::thread::Builder::new().name("mission-kill".to_owned());
            named.spawn(move || switch.kill(&reason, wait))
        };
        thread.map_err(|_| self.switch.kill(&reason, wait))
    }

    fn shut_down(
        &self,
        generation: u64,
        mission: &Mission,
        mut entry: Entry,
        (before, kill): (&Before, Kill),
        engage_id: &Text,
    ) {
        self.prepare(&mut entry);
        self.report(generation, entry.notes.clone());
        let gone = || KillEnd { verified: false, said: Text::new("the kill's thread is gone") };
        let end = match kill {
            Ok(thread) => thread.join().unwrap_or_else(|_| gone()),
            Err(end) => end,
        };
        entry.degraded |= !end.verified;
        let word = if end.verified { VERIFIED } else { NOT_VERIFIED };
        entry.note(&format!("{word}{}", end.said));
        self.report(generation, entry.notes.clone());

        let kill = KillSaid { verified: end.verified, said: end.said };
        let dump = self.dump(mission, &entry, before, engage_id, kill);
        self.keep(dump, &mut entry);
        self.report(generation, entry.notes.clone());

        self.want(&entry, &entry.wanted);
        if self.crew.wait_down(self.patience.down) {
            entry.note("everything that is not in the mode is down");
        } else {
            let waited = self.patience.down.as_secs();
            entry.degraded = true;
            entry.note(&format!("something still lives after {waited} s"));
        }
        self.report(generation, entry.notes.clone());
        let ends = {
            let mut state = self.state();
            if !state.closed {
                state.emergency = Emergency::Follows;
            }
            state.closed
        };
        if ends {
            entry.note("the daemon ends, and follows this no further");
        }
        if entry.mode.is_empty() || ends {
            self.end(generation, LaunchPhase::Partial, &entry.notes);
        } else {
            self.watch(generation, mission, &entry, self.patience.launch);
        }
    }

    /// Writes the dump, and for the next daemon what is still not proven.
    fn keep(&self, dump: Dump, entry: &mut Entry) {
        let verified = dump.kill.verified;
        let dir = self.dir.clone();
        match disk(move || kept::dump(&dir, &dump)) {
            Ok(path) => {
                entry.note(&format!("the state is in {}", path.display()));
                let proven = |open: &mut Unproven| open.dumped = true;
                entry.emergency = entry.emergency.take().filter(|_| !verified);
                entry.emergency.iter_mut().for_each(proven);
            }
            Err(e) => {
                entry.degraded = true;
                entry.note(&format!("the state could not be dumped: {e}"));
            }
        }
        self.open(entry);
    }

    /// Writes down what is not proven of an emergency, or that all is.
    fn open(&self, entry: &mut Entry) {
        let now = entry.emergency.clone();
        let state = {
            let mut state = self.state();
            let nobody = || InForce { by: entry.by.clone(), ..InForce::default() };
            match &mut state.in_force {
                Some(in_force) => {
                    in_force.emergency = now;
                    Some(in_force.clone())
                }
                // No mode: it is kept for its dump alone.
                None => now.map(|now| InForce { emergency: Some(now), ..nobody() }),
            }
        };
        let ticket = self.pen.order(&self.dir, kept::STATE);
        let write = move || match &state {
            Some(state) => kept::put(&ticket, state),
            None => ticket.land(None),
        };
        if let Err(e) = disk(write) {
            entry.degraded = true;
            entry.note(&format!("the next daemon would not know how this stands: {e}"));
        }
    }

    /// What an emergency shutdown left that did not come to its proof: its dump
    /// is written now, and its mode goes on, without being called complete.
    pub(super) fn take_up(
        self: &Arc<Self>,
        mission: &Arc<Mission>,
        in_force: &InForce,
        open: Unproven,
    ) -> Text {
        let records = self.crew.records();
        let standing = Standing { document: open.settings.clone(), records };
        let by = Text::new("the daemon's start");
        let same = mission.mode(&in_force.mode).filter(|mode| mode.engage);
        let mode = same.or_else(|| emergency_mode(mission));
        let mut entry = match mode {
            Some(mode) => Entry::of(mission, mode, &self.standing(), &by),
            None => Entry { by, ..Entry::default() },
        };
        entry.degraded = true;
        let how = if open.dumped { "ended without its proof" } else { "was cut off" };
        let said = format!(
            "the emergency shutdown {how}; flat is NOT VERIFIED: look at the positions, or order \
             it again"
        );
        entry.note(&said);
        entry.emergency = Some(open.clone());
        if !open.dumped {
            let said = Text::new("cut off with its daemon, no proof came");
            let before =
                Before { mode: open.mode, wanted: open.wanted, standing, reason: open.reason };
            let kill = KillSaid { verified: false, said };
            let ordered = Entry { by: in_force.by.clone(), ..entry.clone() };
            let dump = self.dump(mission, &ordered, &before, &open.engage_id, kill);
            self.keep(dump, &mut entry);
        }
        if !entry.mode.is_empty() {
            entry.engages = true;
            let notes = entry.notes.clone();
            return match self.enter(mission, entry) {
                Ok(_) => notes.first().cloned().unwrap_or_default(),
                Err(why) => Text::new(&format!("{said}; {why}")),
            };
        }
        let (generation, _) = self.begin(&entry);
        self.want(&entry, &[]);
        self.end(generation, LaunchPhase::Partial, &entry.notes);
        Text::new(&said)
    }

    /// From here on a daemon that dies comes back in the emergency's mode.
    fn prepare(&self, entry: &mut Entry) {
        if entry.mode.is_empty() {
            entry.note("the mission has no mode for an emergency: everything is stopped");
            if let Err(e) = self.forget() {
                entry.note(&format!("the next daemon would take up the mode again: {e}"));
            }
            self.open(entry);
        } else {
            let before = entry.notes.len();
            if let Err(why) = self.settle(entry) {
                entry.degraded = true;
                entry.note(&why);
            } else if entry.notes.len() == before {
                entry.note(&format!("the settings of {} are in force", entry.mode));
            }
        }
    }

    fn dump(
        &self,
        mission: &Mission,
        entry: &Entry,
        before: &Before,
        engage_id: &Text,
        kill: KillSaid,
    ) -> Dump {
        let lines = mission.processes.iter();
        let lines = lines.map(|process| (process.name.clone(), (self.lines)(&process.name)));
        let positions = self.switch.figures().map(|said| Claim {
            open: said.positions,
            profit: said.profit,
            exposure: said.exposure,
            at: said.at,
        });
        Dump {
            v: 1,
            at: clock::utc(),
            by: entry.by.clone(),
            reason: before.reason.clone(),
            mode: before.mode.clone(),
            wanted: before.wanted.clone(),
            engage_id: engage_id.clone(),
            kill,
            positions,
            settings: before.standing.document.clone(),
            processes: before.standing.records.clone(),
            lines: lines.collect(),
            steps: entry.notes.clone(),
        }
    }
}

/// The mode for an emergency: the documented one, else the first that engages
/// the breaker.
fn emergency_mode(mission: &Mission) -> Option<&ModeSpec> {
    let named = mission.mode(SAFE_MODE).filter(|mode| mode.engage);
    named.or_else(|| mission.modes.iter().find(|mode| mode.engage))
}
