//! Who hears of trouble: the table, and what follows from an alert.
//!
//! One thread carries out recoveries and tells what repeats, another runs the
//! alert command; whoever raises an alert waits for neither.

use super::book::Rule;
use super::command::Commander;
use super::table::{Table, Try};
use super::work::{Job, worker};
use crate::config::{Origin, Problem};
use crate::domain::mission::{LineLevel, MissionAlert, Recovery};
use crate::domain::{Text, UtcMicros};
use crate::host::clock;
use crate::mission::crew::Crew;
use crate::mission::lines::{Raise, Raises, Reads};
use crate::mission::order::{Answer, By, Refusal};
use crate::mission::parts::{Alerts as Kept, Refused};
use crate::mission::rules::act::Ports;
use crate::mission::spec::Mission;
use crate::mission::told::{Hears, Told};
use crossbeam_channel::{Sender, TrySendError, bounded};
use regex::Regex;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, RwLock, Weak};
use std::time::Instant;

/// Recoveries that wait; more are said to be too many.
const WAITING: usize = 64;
/// What stands between the name of a secret and the end of it.
const SECRETS: &str = r#"(?i)\b(\w*(?:password|passwd|token|secret|api_?key|authorization)["']?\s*[:=]\s*["']?)(?:bearer\s+)?[^\s"',;&]{3,}"#;

/// Something done about an alert, for the audit log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// Who: an operator, or `the daemon`.
    pub by: By,
    /// The alert's number.
    pub alert: u64,
    /// Its kind.
    pub kind: Text,
    /// Its process.
    pub process: Text,
    /// `restart`, `ack`, `alert_command`.
    pub action: String,
    /// How it went, or that it was refused, and why.
    pub outcome: Text,
}

/// Who writes the audit log.
pub type Audited = Arc<dyn Fn(&Deed) + Send + Sync>;

/// Who carries out what an alert proposes. The alerts keep none of them alive.
#[derive(Clone)]
pub struct Ties {
    /// Starts and stops.
    pub crew: Weak<dyn Crew>,
    /// Has the lines, where recoveries are announced.
    pub reads: Weak<dyn Reads>,
    /// Knows who holds a port.
    pub ports: Arc<dyn Ports>,
}

/// What the configuration allows.
#[derive(Clone, Debug, Default)]
struct Allowed {
    automatic: Vec<String>,
}

/// The alerts of a daemon.
pub struct Alerts {
    table: Mutex<Table>,
    allowed: RwLock<Allowed>,
    hears: Arc<dyn Hears>,
    audited: Audited,
    ties: OnceLock<Ties>,
    jobs: Sender<Job>,
    commander: Commander,
    secrets: Option<Regex>,
}

impl Alerts {
    /// An empty table. Recoveries begin when it is tied to those who carry
    /// them out ([`Alerts::tie`]).
    ///
    /// # Errors
    /// The system has no thread to give.
    pub fn start(
        mission: &Mission,
        hears: Arc<dyn Hears>,
        audited: Audited,
    ) -> Result<Arc<Self>, Problem> {
        let system = |e: std::io::Error| {
            let cause = format!("no thread for alerts: {e}");
            Problem::new(Origin::Default, cause, "see `ulimit -a`")
        };
        let (jobs, todo) = bounded(WAITING);
        let alerts = Arc::new(Self {
            table: Mutex::default(),
            allowed: RwLock::new(Allowed { automatic: mission.daemon.automatic.clone() }),
            hears,
            audited,
            ties: OnceLock::new(),
            jobs,
            commander: Commander::new(mission.daemon.alert_command.clone()),
            secrets: Regex::new(SECRETS).ok(),
        });
        let weak = Arc::downgrade(&alerts);
        let thread = std::thread::Builder::new().name(String::from("mission-alerts"));
        thread.spawn(move || worker(&weak, &todo)).map_err(system)?;
        let weak = Arc::downgrade(&alerts);
        let told = move |id: u64, outcome: Text| {
            if let Some(alerts) = weak.upgrade() {
                alerts.was_done(id, &Text::new("the daemon"), "alert_command", &outcome);
            }
        };
        alerts.commander.start(told).map_err(system)?;
        Ok(alerts)
    }

    /// Who carries out recoveries; said once, later ones are ignored.
    pub fn tie(&self, ties: Ties) {
        let _ = self.ties.set(ties);
    }

    /// Another configuration.
    pub fn reload(&self, mission: &Mission) {
        let allowed = Allowed { automatic: mission.daemon.automatic.clone() };
        *self.allowed.write().unwrap_or_else(PoisonError::into_inner) = allowed;
        self.commander.reload(mission.daemon.alert_command.clone());
    }

    pub(super) fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn crew(&self) -> Option<Arc<dyn Crew>> {
        self.ties.get().and_then(|ties| ties.crew.upgrade())
    }

    pub(super) fn ports(&self) -> Option<Arc<dyn Ports>> {
        self.ties.get().map(|ties| Arc::clone(&ties.ports))
    }

    /// All alerts that are kept, oldest first.
    #[must_use]
    pub fn list(&self) -> Vec<MissionAlert> {
        self.table().all()
    }

    /// How many nobody acknowledged.
    #[must_use]
    pub fn open(&self) -> u32 {
        u32::try_from(self.table().open()).unwrap_or(u32::MAX)
    }

    /// An operator has seen it.
    #[must_use]
    pub fn ack(&self, id: u64, by: &By) -> Answer {
        let acknowledged = |alert: &mut MissionAlert| {
            if alert.acknowledged.is_empty() {
                alert.acknowledged = by.clone();
            }
        };
        let changed = self.table().change(id, Instant::now(), acknowledged);
        let Some(alert) = changed else {
            return refused(Refusal::Unknown, &format!("no alert has the number {id}"));
        };
        self.audit(&alert, by, "ack", &Text::new("acknowledged"));
        self.hears.hear(Told::Alert(Arc::new(alert)));
        Answer::Accepted
    }

    /// Lines of a process matched a rule so often; `line` is the last of them.
    pub fn seen(&self, rule: &Rule, process: &str, line: &[u8], times: u64) {
        let spec = &rule.spec;
        let actions = [spec.action.clone()];
        self.take(
            &Raise {
                kind: spec.name.clone(),
                severity: spec.severity,
                process: process.to_owned(),
                title: spec.title.clone(),
                message: self.masked(line),
                solution: spec.solution.clone(),
                strategy: spec.strategy,
                actions: actions.into_iter().filter(|action| !action.is_empty()).collect(),
            },
            times,
        );
    }

    /// A line without what looks like a secret.
    fn masked(&self, line: &[u8]) -> Text {
        let line = line.get(..2_048).unwrap_or(line);
        let line = crate::mission::output::level::plain(line).map_or_else(
            || String::from_utf8_lossy(line).into_owned(),
            |line| String::from_utf8_lossy(&line).into_owned(),
        );
        let masked = self.secrets.as_ref().map(|secrets| secrets.replace_all(&line, "$1***"));
        Text::new(masked.as_deref().unwrap_or(""))
    }

    fn take(&self, raise: &Raise, times: u64) {
        let (at, now): (UtcMicros, Instant) = (clock::utc(), Instant::now());
        let (mut alert, new) = self.table().raise(raise, times, at, now);
        let automatic = alert.strategy == Recovery::Automatic;
        if automatic && new {
            alert = self.demoted(alert, now);
        }
        if new {
            self.hears.hear(Told::Alert(Arc::new(alert.clone())));
        }
        if alert.strategy == Recovery::Escalate && new {
            self.escalate(&alert);
        }
        if alert.strategy == Recovery::Automatic {
            self.recover(&alert, now);
        }
    }

    /// What nobody allowed is proposed.
    fn demoted(&self, alert: MissionAlert, now: Instant) -> MissionAlert {
        let allowed = self.allowed.read().unwrap_or_else(PoisonError::into_inner);
        let may = |action: &Text| allowed.automatic.iter().any(|known| known == action.as_str());
        if alert.actions.first().is_some_and(may) {
            return alert;
        }
        let guided = |alert: &mut MissionAlert| alert.strategy = Recovery::Guided;
        self.table().change(alert.id, now, guided).unwrap_or(alert)
    }

    /// Has the daemon's own recovery carried out, unless it was tried often.
    fn recover(&self, alert: &MissionAlert, now: Instant) {
        let attempt = self.table().may_try(alert.id, now);
        let by = Text::new("the daemon");
        match attempt {
            Try::Wait | Try::GaveUp => {}
            Try::GiveUp => {
                let action = alert.actions.first().map(Text::as_str).unwrap_or_default();
                let outcome = "tried 5 times in 10 min and given up; an operator has to look";
                self.was_done(alert.id, &by, action, &Text::new(outcome));
                self.escalate(alert);
            }
            Try::Now(n) => {
                let action = alert.actions.first().cloned().unwrap_or_default();
                let text = format!(
                    "{}: recovery by the daemon, {action}, try {n} of 5 in 10 min",
                    alert.title
                );
                self.announce(alert, LineLevel::Warn, &text);
                self.queue(Job {
                    alert: alert.clone(),
                    action: action.to_string(),
                    by,
                    holders: None,
                });
            }
        }
    }

    /// Gives a recovery to who carries it out; whether there was room.
    pub(super) fn queue(&self, job: Job) -> bool {
        let Err(TrySendError::Full(job) | TrySendError::Disconnected(job)) =
            self.jobs.try_send(job)
        else {
            return true;
        };
        let outcome = Text::new("not done: too many recoveries wait");
        self.was_done(job.alert.id, &job.by, &job.action, &outcome);
        false
    }

    fn escalate(&self, alert: &MissionAlert) {
        if self.commander.call(alert) {
            return;
        }
        let outcome = Text::new("not called: no alert_command is configured, or too many wait");
        self.was_done(alert.id, &Text::new("the daemon"), "alert_command", &outcome);
    }

    /// Says among the lines of its process what happens about an alert.
    pub(super) fn announce(&self, alert: &MissionAlert, level: LineLevel, text: &str) {
        let reads = self.ties.get().and_then(|ties| ties.reads.upgrade());
        if let Some(reads) = reads {
            reads.note(alert.process.as_str(), level, &Text::new(text));
        }
    }

    /// Notes what was done about an alert: told, announced and audited.
    pub(super) fn was_done(&self, id: u64, by: &By, action: &str, outcome: &Text) {
        let done = Text::new(&format!("{action} by {by}: {outcome}"));
        let changed = self.table().change(id, Instant::now(), |alert| alert.done = done.clone());
        let Some(alert) = changed else { return };
        self.audit(&alert, by, action, outcome);
        self.announce(&alert, LineLevel::Info, &format!("alert {id}: {done}"));
        self.hears.hear(Told::Alert(Arc::new(alert)));
    }

    pub(super) fn audit(&self, alert: &MissionAlert, by: &By, action: &str, outcome: &Text) {
        (self.audited)(&Deed {
            by: by.clone(),
            alert: alert.id,
            kind: alert.kind.clone(),
            process: alert.process.clone(),
            action: action.to_owned(),
            outcome: outcome.clone(),
        });
    }

    /// Tells what repeated.
    pub(super) fn tell_changed(&self) {
        let changed = self.table().changed(Instant::now());
        for alert in changed {
            self.hears.hear(Told::Alert(Arc::new(alert)));
        }
    }
}

impl Raises for Alerts {
    fn raise(&self, raise: Raise) {
        self.take(&raise, 1);
    }
}

impl Kept for Alerts {
    fn alerts(&self) -> Vec<MissionAlert> {
        self.list()
    }

    fn acknowledge(&self, alert: u64, by: &By) -> Result<(), Refused> {
        match self.ack(alert, by) {
            Answer::Refused { kind, why } => Err((kind, why)),
            _ => Ok(()),
        }
    }

    fn act(&self, alert: u64, action: &str, confirm: &str, by: &By) -> Result<Text, Refused> {
        match Self::act(self, alert, action, confirm, by) {
            Answer::Refused { kind, why } => Err((kind, why)),
            Answer::Process(record) => Ok(Text::new(&format!("{}: {}", record.name, record.state))),
            _ => Ok(Text::new(&format!("{action} begins; the alert tells its end"))),
        }
    }
}

/// A refusal with its cause.
pub(super) fn refused(kind: Refusal, why: &str) -> Answer {
    Answer::Refused { kind, why: Text::new(why) }
}
