//! Orders for the mission as a whole: launch a mode, take it down, the
//! emergency shutdown, and the way back from one.
//!
//! Orders are taken one at a time, and the latest intent wins: a launch that
//! runs is superseded, but for the emergency shutdown, which runs to its end.
//! Nothing here clears a kill switch. What does not belong here: how a process
//! is started or stopped (`Crew`), and who may ask.

mod api;
mod enter;
pub mod kept;
mod restore;
mod resume;
pub mod safe;
mod single;
#[cfg(test)]
mod tests;
pub mod verdict;

use super::crew::Crew;
use super::file::words;
use super::modes::{self, Document, Pen};
use super::order::{Answer, By, Order, Refusal};
use super::plan::{Plan, Standing, plan};
use super::ports::Switch;
use super::requires::machines;
use super::spec::{Mission, ModeSpec};
use super::told::{Hears, Told};
use crate::domain::Text;
use crate::domain::mission::{HostRecord, Launch, LaunchPhase};
use crate::host::{clock, world};
use kept::InForce;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Where the last lines of a process lie, in words for a dump.
pub type LastLines = Arc<dyn Fn(&str) -> Text + Send + Sync>;

/// Longest wait for a disk: an order behind this one may be a stop.
const DISK: Duration = Duration::from_secs(5);

/// For the disks and threads between the steps of an emergency shutdown.
const SPARE: Duration = Duration::from_secs(20);

/// Work on a disk that may hang: then it is left behind.
fn disk<T: Send + 'static>(work: impl FnOnce() -> io::Result<T> + Send + 'static) -> io::Result<T> {
    world::within(DISK, work).unwrap_or_else(|| {
        let why = format!("the disk does not answer ({} s)", DISK.as_secs());
        Err(io::Error::new(io::ErrorKind::TimedOut, why))
    })
}

/// How long is waited for what.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// Until every process of a launch is ready.
    pub launch: Duration,
    /// Until one process of a restore is ready.
    pub each: Duration,
    /// Until what a shutdown stops is gone.
    pub down: Duration,
    /// For the proof of a kill, in seconds.
    pub kill_s: u64,
    /// Between two looks at the records.
    pub look: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            launch: Duration::from_mins(2),
            each: Duration::from_mins(1),
            down: Duration::from_mins(1),
            kill_s: 60,
            look: Duration::from_millis(50),
        }
    }
}

/// What a launcher works with.
pub struct Parts {
    /// What is to run.
    pub mission: Arc<Mission>,
    /// Directory of everything the daemon writes; made where it is not there.
    pub dir: PathBuf,
    /// Who supervises.
    pub crew: Arc<dyn Crew>,
    /// The kill switch.
    pub switch: Arc<dyn Switch>,
    /// Who is told.
    pub hears: Arc<dyn Hears>,
    /// Where the last lines of a process lie; none: below `dir`.
    pub lines: Option<LastLines>,
    /// How long is waited.
    pub patience: Patience,
}

/// The mode in force, as a status says it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mode {
    /// Its name; empty: none.
    pub name: Text,
    /// It trades real money, by its settings.
    pub live: bool,
    /// The last launch.
    pub launch: Option<Launch>,
}

/// Takes the orders that are for the mission as a whole.
pub struct Launcher {
    shared: Arc<Shared>,
}

/// What the launcher and the threads of its launches share.
struct Shared {
    dir: PathBuf,
    crew: Arc<dyn Crew>,
    switch: Arc<dyn Switch>,
    hears: Arc<dyn Hears>,
    lines: LastLines,
    patience: Patience,
    /// Held while an order is taken, or a step of a launch is done: two orders
    /// never change things at once.
    acts: Mutex<()>,
    state: Mutex<State>,
    /// Writes settings and mode in force, in the order of the orders.
    pen: Pen,
}

/// How far an emergency shutdown is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Emergency {
    /// None runs.
    #[default]
    No,
    /// Kill path, dump, stop.
    Steps,
    /// All of that is done, and its mode is followed.
    Follows,
}

#[derive(Default)]
struct State {
    mission: Arc<Mission>,
    /// Which launch may act: the one of this number.
    generation: u64,
    /// Launches so far.
    count: u64,
    launch: Option<Launch>,
    in_force: Option<InForce>,
    document: Option<Document>,
    /// What is in force was entered in this daemon's life, and not only found.
    confirmed: bool,
    /// How far the emergency shutdown is.
    emergency: Emergency,
    /// The daemon ends: nothing is begun any more.
    closed: bool,
    /// What could not be read at the start.
    doubts: Vec<Text>,
}

impl Launcher {
    /// Over these parts; the mode in force is the one that the directory says.
    /// Nothing is started before [`Launcher::resume`] or an order.
    ///
    /// # Errors
    /// The directory can't be made.
    pub fn new(parts: Parts) -> Result<Self, Text> {
        let Parts { mission, dir, crew, switch, hears, lines, patience } = parts;
        std::fs::create_dir_all(&dir)
            .map_err(|e| Text::new(&format!("{} can't be made: {e}", dir.display())))?;
        let mut doubts = Vec::new();
        let mut note = |e: io::Error| doubts.push(Text::new(&e.to_string()));
        let in_force = kept::in_force(&dir).map_err(&mut note).unwrap_or_default();
        let document = kept::document(&dir).map_err(&mut note).unwrap_or_default();
        let below = Text::new(&format!("below {}", dir.display()));
        let lines = lines.unwrap_or_else(|| Arc::new(move |_| below.clone()));
        let state = State { mission, in_force, document, doubts, ..State::default() };
        let (acts, state) = (Mutex::new(()), Mutex::new(state));
        let pen = Pen::default();
        let shared = Shared { dir, crew, switch, hears, lines, patience, acts, state, pen };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Whether this order is one of its own.
    #[must_use]
    pub const fn takes(order: &Order) -> bool {
        matches!(
            order,
            Order::Launch { .. } | Order::Down | Order::Safe { .. } | Order::Restore { .. }
        )
    }

    /// Carries out an order for the mission as a whole, or refuses it. A launch
    /// is answered once it has begun; it ends later, and listeners hear of it.
    #[must_use]
    pub fn order(&self, order: &Order, by: &By) -> Answer {
        let shared = &self.shared;
        match order {
            Order::Launch { mode, confirm } => shared.launch(mode, confirm, by),
            Order::Down => shared.down(),
            Order::Safe { confirm, reason } => shared.safe(confirm, reason, by),
            Order::Restore { confirm } => shared.restore(confirm, by),
            _ => refuse(Refusal::Invalid, "this is no order for the mission as a whole"),
        }
    }

    /// Takes up the mode that was in force when the last daemon ended. What
    /// trades real money is started again only where its requirements hold;
    /// what lives of it is left alone. What happened, in words.
    #[must_use]
    pub fn resume(&self) -> Vec<Text> {
        self.shared.resume()
    }

    /// Another configuration, which the crew has too. Settings of the mode in
    /// force that somebody typed a confirmation for stand until it is launched
    /// again. What happened, in words.
    #[must_use]
    pub fn reload(&self, mission: &Arc<Mission>) -> Vec<Text> {
        self.shared.reload(mission)
    }

    /// What a launch of this mode would do now; none: there is no such mode.
    #[must_use]
    pub fn plan(&self, mode: &str) -> Option<Plan> {
        let mission = self.shared.mission();
        let mode = mission.mode(mode)?;
        let hosts = self.shared.crew.fresh_hosts(&machines(mode));
        Some(self.shared.plan_of(&mission, mode, hosts))
    }

    /// What must be typed to restore the last dump; none: there is none that
    /// can be restored.
    #[must_use]
    pub fn restore_phrase(&self) -> Option<String> {
        self.shared.restore_phrase()
    }

    /// The mode in force and the last launch.
    #[must_use]
    pub fn mode(&self) -> Mode {
        let state = self.shared.state();
        let name = state.in_force.as_ref().map_or("", |in_force| &in_force.mode);
        Mode { name: Text::new(name), live: state.is_live(), launch: state.launch.clone() }
    }

    /// Waits for what an emergency shutdown still does, at most as long as its
    /// kill path and its stop may take; whether none is left. Its mode is
    /// followed no further then.
    #[must_use]
    pub fn emergency_done(&self) -> bool {
        let patience = &self.shared.patience;
        let longest = Duration::from_secs(patience.kill_s) + patience.down + SPARE;
        let until = Instant::now() + longest;
        while self.shared.state().emergency == Emergency::Steps {
            if Instant::now() >= until {
                return false;
            }
            std::thread::sleep(patience.look);
        }
        self.shared.state().generation += 1;
        true
    }

    /// The daemon ends: nothing is begun any more but an emergency shutdown,
    /// and launches are followed no further. The mode stays in force for the
    /// next daemon.
    pub fn close(&self) {
        // A launch that is being taken is taken whole.
        let _act = self.shared.act();
        let mut state = self.shared.state();
        state.closed = true;
        if state.emergency == Emergency::No {
            state.generation += 1;
        }
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        // A thread that panicked left nothing half-written in here.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn act(&self) -> MutexGuard<'_, ()> {
        self.acts.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn mission(&self) -> Arc<Mission> {
        Arc::clone(&self.state().mission)
    }

    fn standing(&self) -> Standing {
        let records = self.crew.records();
        let state = self.state();
        let document = state.document.clone().filter(|_| state.in_force.is_some());
        Standing { document, records }
    }

    /// The machines that a mode requires, asked anew: not while an order holds
    /// up others, as that may take seconds.
    fn hosts_for(&self, mode: &str) -> Vec<HostRecord> {
        let mission = self.mission();
        let names = mission.mode(mode).map(machines).unwrap_or_default();
        self.crew.fresh_hosts(&names)
    }

    fn plan_of(&self, mission: &Mission, mode: &ModeSpec, hosts: Vec<HostRecord>) -> Plan {
        plan(mission, mode, &self.standing(), &self.facts(mission, mode, hosts))
    }

    /// Tells the mode in force while it is held, so that listeners hear of two
    /// changes in the order in which they came.
    fn tell_mode(&self, state: &State) {
        let name = state.in_force.as_ref().map_or("", |in_force| &in_force.mode);
        self.hears.hear(Told::Mode { name: Text::new(name), live: state.is_live() });
    }

    fn tell(&self, launch: &Launch) {
        self.hears.hear(Told::Launch(Arc::new(launch.clone())));
    }

    /// Into a mode: requirements and confirmation first, and until both hold
    /// nothing is changed.
    fn launch(self: &Arc<Self>, name: &str, confirm: &str, by: &By) -> Answer {
        let hosts = self.hosts_for(name);
        let _act = self.act();
        if let Some(answer) = self.busy() {
            return answer;
        }
        let mission = self.mission();
        let Some(mode) = mission.mode(name) else { return unknown(&mission, name) };
        let plan = self.plan_of(&mission, mode, hosts);
        if let Some(held) = plan.refused() {
            let why = format!("{name} requires {}: {}", held.what, held.why);
            self.told_refused(name, by, &why);
            return refuse(Refusal::Requirement, &why);
        }
        if !plan.confirm.is_empty() && plan.confirm != confirm {
            let why = format!("{name} wants this typed, exactly: {}", plan.confirm);
            return refuse(Refusal::Confirmation, &why);
        }
        let mut entry = enter::Entry::of(&mission, mode, &self.standing(), by);
        if mode.engage {
            self.engage(&format!("mode {name}, launched by {by}"), &mut entry);
        }
        self.enter(&mission, entry).map_or_else(|why| self.failed(name, by, &why), Answer::Launched)
    }

    /// Nothing could be changed.
    fn failed(&self, mode: &str, by: &By, why: &str) -> Answer {
        self.told_refused(mode, by, why);
        refuse(Refusal::Failed, why)
    }

    /// Engages the breaker and notes how that went. A breaker that can't be
    /// engaged is one reason more to go on.
    fn engage(&self, reason: &str, entry: &mut enter::Entry) -> Text {
        match self.switch.engage(reason) {
            Ok(id) => {
                entry.note(&format!("the breaker is engaged: {id}"));
                id
            }
            Err(why) => {
                entry.degraded = true;
                entry.note(&format!("THE BREAKER COULD NOT BE ENGAGED: {why}"));
                Text::default()
            }
        }
    }

    /// Everything down, dependants first; no mode is in force afterwards.
    fn down(&self) -> Answer {
        let _act = self.act();
        if let Some(answer) = self.busy() {
            return answer;
        }
        self.supersede();
        if let Err(e) = self.forget() {
            let why = format!("the next daemon would take up the mode again: {e}");
            self.hears.hear(Told::Ordered(Text::new(&why)));
        }
        self.crew.want(&[], &super::hands::Vars::default(), &std::collections::BTreeMap::new());
        Answer::Accepted
    }

    /// No mode is in force from now on, for the next daemon neither.
    fn forget(&self) -> io::Result<()> {
        {
            let mut state = self.state();
            state.in_force = None;
            state.document = None;
            state.confirmed = false;
            self.tell_mode(&state);
        }
        // The mode first: settings alone are no mode that is taken up again.
        let tickets = [kept::STATE, modes::FILE].map(|name| self.pen.order(&self.dir, name));
        disk(move || tickets.iter().try_for_each(|ticket| ticket.land(None)))
    }

    /// The refusal while nothing is begun.
    fn busy(&self) -> Option<Answer> {
        self.state().busy().map(|why| refuse(Refusal::Conflict, why))
    }

    /// The launch that runs is over: another one takes its place.
    fn supersede(&self) -> u64 {
        let mut state = self.state();
        state.generation += 1;
        let generation = state.generation;
        let running = state.launch.as_mut().filter(|l| l.phase == LaunchPhase::Running);
        if let Some(launch) = running {
            launch.phase = LaunchPhase::Superseded;
            launch.ended = Some(clock::utc());
            let launch = launch.clone();
            drop(state);
            self.tell(&launch);
        }
        generation
    }

    /// Tells of a launch that a requirement refused; the last one stays.
    fn told_refused(&self, mode: &str, by: &By, why: &str) {
        let now = clock::utc();
        let id = {
            let mut state = self.state();
            state.count += 1;
            state.count
        };
        self.tell(&Launch {
            id,
            mode: Text::new(mode),
            by: by.clone(),
            began: now,
            ended: Some(now),
            phase: LaunchPhase::Refused,
            notes: vec![Text::new(why)],
        });
    }
}

fn refuse(kind: Refusal, why: &str) -> Answer {
    Answer::Refused { kind, why: Text::new(why) }
}

fn unknown(mission: &Mission, name: &str) -> Answer {
    let all: Vec<&str> = mission.modes.iter().map(|mode| mode.name.as_str()).collect();
    let hint = words::meant(name, all.iter().copied());
    let name = Text::limited(name, 60);
    let why = format!("no mode is called \"{name}\"{hint}; there are {}", all.join(", "));
    refuse(Refusal::Unknown, &why)
}
