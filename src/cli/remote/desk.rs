//! The console's way to the gateway's process on its own machine: one errand at
//! a time on a thread of its own, each step told as it happens.
//!
//! The same steps, proofs and records as `crs remote gateway`. Leaving the
//! console ends the waiting, not what was begun there; the audit log has it.

use super::super::Exit;
use super::conduct::proven;
use super::probe;
use super::read::{Located, Looked};
use super::record::{OnRecord, Open, gateway_name};
use crate::breaker::Gate;
use crate::config::Settings;
use crate::control::{Remote, RemoteVerb};
use crate::domain::{CheckReport, CheckResult, CheckStatus, Text};
use crate::event::{CommandPhase, CommandReport, Event, Level, Sender};
use crate::host::clock;
use crate::mesh::remote::{Ask, Conduct, Done, Failed, Fate, Gateway, Probe, Ssh, Step};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What a look there proves for so long; then it has to be asked again.
const GOOD_FOR_MS: u64 = 60_000;

/// Takes errands.
pub struct RemoteDesk {
    settings: Arc<Settings>,
    gate: Arc<Gate>,
    sender: Sender,
    /// What is on its way.
    way: Arc<Way>,
}

/// One errand at a time.
#[derive(Default)]
struct Way {
    taken: AtomicBool,
    by: Mutex<&'static str>,
}

impl RemoteDesk {
    /// Under these settings, beside the gate of this process.
    #[must_use]
    pub fn new(settings: Settings, gate: Arc<Gate>, sender: Sender) -> Self {
        Self { settings: Arc::new(settings), gate, sender, way: Arc::default() }
    }

    fn refuse(&self, verb: RemoteVerb, why: &Text) {
        let what = Text::new(&format!("{} {}", name(verb), self.settings.remote.host));
        tell(&self.sender, None, &what, CommandPhase::Denied, why);
    }
}

impl Remote for RemoteDesk {
    fn remote(&self, verb: RemoteVerb) {
        if let Some(why) = self.denies_remote(verb) {
            return self.refuse(verb, &why);
        }
        let Some(busy) = Busy::take(&self.way, verb.word()) else {
            return self.refuse(verb, &on_its_way(&self.way));
        };
        let errand = Errand {
            settings: Arc::clone(&self.settings),
            gate: Arc::clone(&self.gate),
            sender: self.sender.clone(),
            verb,
        };
        let spawned = std::thread::Builder::new().name("remote".to_owned()).spawn(move || {
            errand.run(busy);
        });
        if let Err(e) = spawned {
            self.refuse(verb, &Text::new(&format!("no thread, nothing was done: {e}")));
        }
    }

    fn denies_remote(&self, verb: RemoteVerb) -> Option<Text> {
        if let Err(fault) = Ssh::new(&self.settings.remote) {
            return Some(Text::new(&fault.to_string()));
        }
        if self.way.taken.load(Ordering::Acquire) {
            return Some(on_its_way(&self.way));
        }
        // Doubt is for the errand's own look; what is known needs none.
        (verb.starts() && self.gate.is_engaged()).then(|| engaged(&self.gate))
    }
}

fn engaged(gate: &Gate) -> Text {
    Text::new(&format!(
        "not started, the switch is engaged ({}): lead it back first (crs status)",
        gate.why()
    ))
}

fn on_its_way(way: &Way) -> Text {
    let by = *way.by.lock().unwrap_or_else(PoisonError::into_inner);
    Text::new(&format!("another is on its way ({by}): wait for its outcome"))
}

/// As in the audit log, for what acts.
const fn name(verb: RemoteVerb) -> &'static str {
    match verb {
        RemoteVerb::Status => "REMOTE_STATUS",
        RemoteVerb::Locate => "REMOTE_LOCATE",
        RemoteVerb::Logs(_) => "REMOTE_LOGS",
        RemoteVerb::Start => "REMOTE_START",
        RemoteVerb::Stop => "REMOTE_STOP",
        RemoteVerb::Restart => "REMOTE_RESTART",
    }
}

/// Lines of the gateway's own log.
fn quoted(lines: &[Text]) -> Vec<String> {
    lines.iter().map(|line| format!("| {line}")).collect()
}

/// An errand is on its way for as long as this lives.
struct Busy(Arc<Way>);

impl Busy {
    fn take(way: &Arc<Way>, word: &'static str) -> Option<Self> {
        if way.taken.swap(true, Ordering::AcqRel) {
            return None;
        }
        *way.by.lock().unwrap_or_else(PoisonError::into_inner) = word;
        Some(Self(Arc::clone(way)))
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::Release);
    }
}

fn tell(sender: &Sender, id: Option<&Text>, what: &Text, phase: CommandPhase, note: &Text) {
    sender.send(Event::Command(Box::new(CommandReport {
        req_id: id.cloned().unwrap_or_default(),
        what: what.clone(),
        phase,
        note: note.clone(),
    })));
}

/// The thread's belongings.
struct Errand {
    settings: Arc<Settings>,
    gate: Arc<Gate>,
    sender: Sender,
    verb: RemoteVerb,
}

impl Errand {
    fn run(&self, busy: Busy) {
        let ready = Ssh::new(&self.settings.remote)
            .map_err(|fault| fault.to_string())
            .and_then(|ssh| Ok((ssh, probe(&self.settings).map_err(|failure| failure.text)?)));
        match ready {
            Ok((ssh, probe)) => self.go(&ssh, &probe, busy),
            Err(why) => self.say(Level::Warn, &why),
        }
    }

    /// The way is free before anybody hears that it is.
    fn go(&self, ssh: &Ssh, probe: &Probe, busy: Busy) {
        let (level, lines) = match self.verb {
            RemoteVerb::Start | RemoteVerb::Stop | RemoteVerb::Restart => {
                return self.act(ssh, probe, busy);
            }
            RemoteVerb::Status => {
                let looked = self.look(ssh, probe);
                let level = if looked.exit() == Exit::OK { Level::Info } else { Level::Warn };
                (level, looked.lines(ssh, probe))
            }
            RemoteVerb::Locate => match Located::now(ssh) {
                Ok(located) => {
                    let level = if located.fit { Level::Info } else { Level::Warn };
                    (level, located.lines())
                }
                Err(fault) => (Level::Warn, vec![fault.to_string()]),
            },
            RemoteVerb::Logs(lines) => {
                match ssh.ask(&Ask::Logs { lines: u32::from(lines), follow: false }) {
                    Ok(said) => (Level::Info, quoted(&said.free)),
                    Err(fault) => (Level::Warn, vec![fault.to_string()]),
                }
            }
        };
        drop(busy);
        self.say_all(level, &lines);
    }

    fn act(&self, ssh: &Ssh, probe: &Probe, busy: Busy) {
        let record = OnRecord::new(&self.settings, (name(self.verb), "console"));
        let mut teller = Teller { errand: self, record };
        let mut gateway = Gateway { ssh, probe, conduct: &mut teller };
        let came = match self.verb {
            RemoteVerb::Stop => gateway.stop(None),
            RemoteVerb::Restart => gateway.restart(None),
            _ => gateway.start(),
        };
        drop(busy);
        teller.over(&came);
        // What the pane shows of it is a look of its own, not what the steps say.
        self.look(ssh, probe);
    }

    /// Looks there, and has the Mesh pane show it.
    fn look(&self, ssh: &Ssh, probe: &Probe) -> Looked {
        let looked = Looked::now(ssh, probe);
        let at = clock::now();
        let good = looked.exit() == Exit::OK;
        let status = match looked.is_seen() {
            _ if good => CheckStatus::Ok,
            true => CheckStatus::Failed,
            false => CheckStatus::Unknown,
        };
        let said = looked.process().map(|process| format!("pid {}", process.pid));
        let (cause, next) = match (good, looked.process(), looked.silence()) {
            (true, ..) => (Text::default(), ""),
            (false, Some(_), Some(why)) => (why.clone(), ":remote-logs, then :remote-restart"),
            _ => (looked.word(), ":remote-start, when it may run"),
        };
        self.sender.send(Event::Check(Box::new(CheckReport {
            node: gateway_name(&self.settings),
            name: Text::new("process"),
            by: Text::new("ssh"),
            phase: None,
            critical: false,
            period_ms: GOOD_FOR_MS,
            timeout_ms: 0,
            result: CheckResult {
                status,
                latency_us: looked.is_seen().then_some(looked.took_us),
                said: Text::new(said.as_deref().unwrap_or_default()),
                cause,
                next: Text::new(next),
                at,
            },
        })));
        looked
    }

    fn say_all(&self, level: Level, lines: &[String]) {
        for line in lines {
            self.say(level, line);
        }
    }

    fn say(&self, level: Level, text: &str) {
        self.sender.log(level, "remote", format!("{}: {text}", self.verb.word()));
    }
}

/// Tells each step, proves the latch, and has it on record.
struct Teller<'a> {
    errand: &'a Errand,
    record: OnRecord<'a>,
}

impl Teller<'_> {
    fn over(&mut self, came: &Result<Done, Failed>) {
        let open = self.record.over(came);
        self.unrecorded();
        let (phase, why) = match came {
            Ok(done) => (CommandPhase::Done, &done.what),
            Err(failed) => {
                self.errand.say_all(Level::Info, &quoted(&failed.log));
                let phase = match failed.fate {
                    Fate::Denied => CommandPhase::Denied,
                    Fate::Failed => CommandPhase::Failed,
                    Fate::Unknown => CommandPhase::Unknown,
                };
                (phase, &failed.why)
            }
        };
        self.report(open.as_ref(), phase, why);
    }

    fn report(&self, open: Option<&Open>, phase: CommandPhase, note: &Text) {
        let sender = &self.errand.sender;
        if let Some(open) = open {
            return tell(sender, Some(&open.id), &open.what, phase, note);
        }
        let host = &self.errand.settings.remote.host;
        let what = Text::new(&format!("{} {host}", name(self.errand.verb)));
        tell(sender, None, &what, phase, note);
    }

    fn unrecorded(&mut self) {
        if let Some(why) = self.record.fault() {
            self.errand.sender.log(Level::Warn, "audit", why);
        }
    }
}

impl Conduct for Teller<'_> {
    fn step(&mut self, step: &Step) {
        let (level, word) = if step.ok { (Level::Info, "ok") } else { (Level::Warn, "NO") };
        let Step { step, ms, note, .. } = step;
        self.errand.say(level, &format!("{step} {word}, {ms} ms: {note}"));
    }

    fn may_start(&mut self) -> Result<Text, Text> {
        // The switch of this very console first: its kill may not be a file yet.
        if self.errand.gate.is_engaged() {
            return Err(engaged(&self.errand.gate));
        }
        proven(&self.errand.settings).map_err(|why| {
            Text::new(&format!("not started, {why}: lead the switch back first (crs status)"))
        })
    }

    fn acting(&mut self, what: &str) {
        if let Some(before) = self.record.begin(what) {
            let note = Text::new("both ports are free");
            self.report(Some(&before), CommandPhase::Done, &note);
        }
        self.unrecorded();
        let open = self.record.open().cloned();
        self.report(open.as_ref(), CommandPhase::Sent, &Text::default());
    }
}
