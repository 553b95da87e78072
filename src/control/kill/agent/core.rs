//! The one thread of the agent that decides.

use super::alarms::Alarms;
use super::clients::accept;
use super::crew::{Crew, Threads};
use super::heads;
use super::lying::{Lying, Moved};
use super::noting::Noted;
use super::onlook::Onlook;
use crate::audit::{Act, ForeignAt};
use crate::breaker::word::LatchWord;
use crate::breaker::{Gate, LatchHome, Verdict, WatchConfig, Watcher};
use crate::control::kill::KillRules;
use crate::control::kill::driver::Told;
use crate::control::kill::latch::{LatchStep, TAMPERED};
use crate::control::kill::log::Log;
use crate::control::kill::protocol::{FromAgent, ToAgent};
use crate::domain::{Endpoint, EngageId, GatewayAddr, Intent, KillIntent, KillProgress, Text};
use crate::host::{Errand, clock};
use crossbeam_channel as channel;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;

/// Between two beats to the clients.
const BEAT: Duration = Duration::from_millis(250);
/// An agent that nobody needs leaves after so long, in nanoseconds.
const LONELY: u64 = 10_000_000_000;

/// What an agent is started with.
#[derive(Clone, Debug)]
pub struct AgentConfig {
    /// The latch and its private directory.
    pub home: LatchHome,
    /// Further latch files.
    pub extra: Vec<PathBuf>,
    /// Configured gateways, kept warm; a resumed kill goes nowhere else.
    pub gateways: Vec<GatewayAddr>,
    /// Settings of the kill.
    pub kill: KillRules,
    /// Where the heads of the audit chains are published, if anywhere.
    pub publish: Option<Endpoint>,
}

/// Why there is no agent.
#[derive(Debug, Error)]
pub enum AgentError {
    /// Another process is it already.
    #[error("another agent holds {0}")]
    Elected(Text),
    /// The private directory, its lock or its socket can't be used.
    #[error("agent: {what} {path}: {cause}")]
    Io {
        /// Doing what.
        what: &'static str,
        /// Where.
        path: Text,
        /// The system's words.
        cause: std::io::Error,
    },
}

/// What the core hears.
#[derive(Debug)]
pub(super) enum Msg {
    Came(u64, UnixStream),
    Said(u64, ToAgent),
    Gone(u64),
    /// Nobody can be let in any more.
    Deaf(Text),
    Told(Told),
    Latch(Box<KillIntent>, LatchStep),
    Verdict(Box<Verdict>),
    /// The latch's word was written, or not.
    Noted(LatchWord, bool),
    Alarm(Text),
    /// The audit log can't be written: told, and never recorded into it.
    AuditFault(Text),
}

/// Takes the lock, opens the socket and serves until nobody needs it.
///
/// # Errors
/// [`AgentError`]
pub fn run(config: AgentConfig) -> Result<(), AgentError> {
    let io = |what, path: &std::path::Path| {
        let path = Text::new(&path.to_string_lossy());
        move |cause| AgentError::Io { what, path, cause }
    };
    config.home.prepare().map_err(io("prepare", &config.home.dir))?;
    let lock = elect(&config.home)?;
    let socket = config.home.agent_socket();
    // We hold the lock, so a socket that lies there belongs to nobody.
    let _ = std::fs::remove_file(&socket);
    let listener = UnixListener::bind(&socket).map_err(io("listen at", &socket))?;
    let (core, inbox) = channel::unbounded();
    let accepting = core.clone();
    std::thread::Builder::new()
        .name("accept".to_owned())
        .spawn(move || accept(&listener, &accepting))
        .map_err(io("start", &socket))?;
    let watching = core.clone();
    let watch =
        WatchConfig { home: config.home.clone(), extra: config.extra.clone(), role: "agent" };
    let watcher = Watcher::start(watch, Arc::new(Gate::default()), move |verdict| {
        let _ = watching.send(Msg::Verdict(Box::new(verdict)));
    });
    let hearing = core.clone();
    let voice = heads::start(&config.home, config.publish.clone(), move |text| {
        let _ = hearing.send(Msg::Alarm(text));
    })
    .map_err(io("follow the audit log of", &config.home.dir))?;
    let crew = Threads::start(&config.home, core).map_err(io("start threads", &socket))?;
    let mut agent = Core::new(config, crew);
    agent.begins();
    agent.serve(&inbox);
    drop(voice);
    watcher.stop();
    let _ = std::fs::remove_file(&socket);
    drop(lock);
    Ok(())
}

fn elect(home: &LatchHome) -> Result<File, AgentError> {
    let path = home.agent_lock();
    let text = Text::new(&path.to_string_lossy());
    let io = |what| {
        let path = text.clone();
        move |cause| AgentError::Io { what, path, cause }
    };
    let mut file = File::options()
        .create(true)
        .truncate(false)
        .read(true)
        .write(true)
        .open(&path)
        .map_err(io("open"))?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Err(AgentError::Elected(text)),
        Err(std::fs::TryLockError::Error(e)) => return Err(io("lock")(e)),
    }
    // The lock is the election; the number in it is a courtesy that a full
    // disk may refuse.
    let _ = file.set_len(0).and_then(|()| writeln!(file, "{}", std::process::id()));
    Ok(file)
}

/// What is in force, and who works on it.
pub struct Core<C> {
    pub(super) config: AgentConfig,
    pub(in crate::control::kill) crew: C,
    /// Decisions in force, by identity.
    pub(super) active: BTreeMap<EngageId, KillIntent>,
    /// The decision each driver works for.
    pub(super) running: BTreeMap<String, EngageId>,
    /// Where each gateway stands.
    pub(super) progress: BTreeMap<Text, KillProgress>,
    pub(super) verdict: Verdict,
    /// Decisions that the latch names and that are not for us to take up;
    /// judged again with the next look that sees something else.
    pub(super) not_ours: BTreeSet<EngageId>,
    /// Foreign latches that were told; their records may still be on the way.
    pub(super) foreign_told: BTreeSet<ForeignAt>,
    /// The latch that the last reset put aside: a look from before it may still
    /// call it foreign.
    pub(super) put_aside: Option<ForeignAt>,
    /// Further latches of which it was told that they went.
    pub(super) gone_told: BTreeSet<ForeignAt>,
    /// Decisions that latches of others named, and that were told.
    pub(super) strangers: BTreeSet<EngageId>,
    pub(super) noted: Noted,
    alarms: Alarms,
    /// Decisions whose latch could not be made yet.
    pub(super) unmade: BTreeSet<EngageId>,
    /// Kills of which a gateway has no driver yet: no thread was to be had.
    pub(super) unbegun: BTreeSet<EngageId>,
    needed_at: u64,
    /// Deaf or without drivers, and since when: somebody else shall be the agent.
    pub(super) given_up: bool,
    pub(super) idle_since: Option<u64>,
    /// The last reset, on the monotonic clock.
    pub(super) reset_at: u64,
    /// Flat being proven on demand, for the reset of a foreign latch.
    pub(super) proving: Option<EngageId>,
    /// How far that is, by gateway.
    pub(super) proofs: BTreeMap<Text, KillProgress>,
    /// When it was asked for last, on the monotonic clock.
    pub(super) proof_asked_at: u64,
    pub(super) onlook: Onlook,
    /// The disk is asked by errands only: one that hangs holds up no kill.
    pub(super) log: Log,
    pub(super) look: Errand<Lying>,
    pub(super) moving: Errand<Moved>,
    /// Decisions from before, taken while no log said whether they are over.
    pub(super) unsure: BTreeSet<EngageId>,
}

impl<C: Crew> Core<C> {
    /// Nothing in force yet.
    pub fn new(config: AgentConfig, crew: C) -> Self {
        let log = Log::new(&config.home.audit());
        Self {
            config,
            crew,
            active: BTreeMap::new(),
            running: BTreeMap::new(),
            progress: BTreeMap::new(),
            verdict: Verdict::default(),
            not_ours: BTreeSet::new(),
            foreign_told: BTreeSet::new(),
            put_aside: None,
            gone_told: BTreeSet::new(),
            strangers: BTreeSet::new(),
            noted: Noted::default(),
            alarms: Alarms::default(),
            unmade: BTreeSet::new(),
            unbegun: BTreeSet::new(),
            needed_at: clock::mono_ns(),
            given_up: false,
            idle_since: None,
            reset_at: 0,
            proving: None,
            proofs: BTreeMap::new(),
            proof_asked_at: 0,
            onlook: Onlook::default(),
            log,
            look: Errand::default(),
            moving: Errand::default(),
            unsure: BTreeSet::new(),
        }
    }

    /// Lines to the configured gateways, and what is in force taken up.
    pub fn begins(&mut self) {
        for gateway in self.config.gateways.clone() {
            self.hire(&gateway);
        }
        self.resume();
    }

    /// What is due four times a second.
    pub fn beat(&mut self) {
        self.crew.tell_all(&FromAgent::Beat { at: clock::now() });
        for act in self.alarms.due(clock::mono_ns()) {
            self.crew.record(act);
        }
        if self.verdict.missing {
            self.make_anew();
        }
        for id in self.unbegun.clone() {
            match self.active.get(&id).cloned() {
                Some(intent) => drop(self.begin(&intent)),
                None => drop(self.unbegun.remove(&id)),
            }
        }
        self.make_sure();
        self.adopt();
        self.look_on();
        self.note_word();
    }

    /// Whether nobody has needed it for a while.
    fn is_lonely(&mut self) -> bool {
        let now = clock::mono_ns();
        let engaged = !self.active.is_empty() || self.verdict.seen.phase.is_engaged();
        if engaged || !self.crew.is_alone() {
            self.needed_at = now;
        }
        now.saturating_sub(self.needed_at) > LONELY
    }

    /// First words to a new client.
    pub fn welcome(&mut self, id: u64) {
        let version = Text::new(env!("CARGO_PKG_VERSION"));
        self.crew.tell(id, &FromAgent::Hello { pid: std::process::id(), version });
        self.crew.tell(id, &FromAgent::Latch(Box::new(self.verdict.seen.clone())));
        for progress in self.progress.values() {
            self.crew.tell(id, &FromAgent::Progress(Box::new(progress.clone())));
        }
    }

    /// What a client says.
    pub fn said(&mut self, id: u64, said: ToAgent) {
        match said {
            ToAgent::Engage { intent, again } => self.engage(id, *intent, again),
            ToAgent::Reset(request) => {
                let outcome = self.reset(&request);
                self.crew.tell(id, &FromAgent::Reset { outcome });
            }
            ToAgent::StandDown { reason } => {
                for engage_id in self.active.keys().copied() {
                    self.crew.record(Act::StandDown { engage_id, reason: reason.clone() });
                }
                self.crew.stand_down(&Text::new(&format!("stood down: {reason}")));
            }
            ToAgent::ProbeAgain => self.crew.probe_again(),
        }
    }

    /// A kill that names no gateway, from a console whose configuration could
    /// not be read, goes to those of this agent.
    pub(super) fn aimed(&mut self, mut intent: KillIntent) -> KillIntent {
        if intent.intent == Intent::Kill && intent.targets.is_empty() {
            intent.targets.clone_from(&self.config.gateways);
            let to: Vec<&str> = intent.targets.iter().map(|t| t.name.as_str()).collect();
            let words = if to.is_empty() {
                String::from("and none is configured: NOTHING is sent, act by the card")
            } else {
                format!("it goes to those of the agent: {}", to.join(", "))
            };
            self.alarm(&format!("kill {} names no gateway, {words}", intent.engage_id));
        }
        intent
    }

    /// The order matters: first the gateways, then word to the client, then
    /// disk. None of them waits for another.
    pub(super) fn engage(&mut self, client: u64, intent: KillIntent, again: bool) {
        let intent = self.aimed(intent);
        let engage_id = intent.engage_id;
        tracing::debug!("agent: told of {engage_id}");
        // A client that comes back with an old decision may not know that it
        // is over. Fresh ones are never held up by a look into the log.
        let old = again || clock::now().since(intent.pressed) > Duration::from_secs(1);
        let news = !self.active.contains_key(&engage_id);
        if news && old {
            match self.log.was_reset(engage_id) {
                Some(true) => return self.crew.tell(client, &FromAgent::Over { engage_id }),
                Some(false) => {}
                None => drop(self.unsure.insert(engage_id)),
            }
        }
        if news {
            // The latch comes before the gateway: orders of others must be
            // denied by then.
            self.crew.make_and_wait(&intent);
        } else {
            self.crew.make(&intent);
        }
        let mut took = true;
        let each: Vec<EngageId> = match intent.intent {
            Intent::Kill => {
                took = self.begin(&intent);
                let running = |t: &GatewayAddr| self.running.get(&t.cmd.to_string()).copied();
                intent.targets.iter().map(|t| running(t).unwrap_or(engage_id)).collect()
            }
            Intent::Block => Vec::new(),
        };
        let under = each.first().copied().unwrap_or(engage_id);
        // Who can't carry it out does not take it: the client stands in.
        if took {
            self.crew.tell(client, &FromAgent::Accepted { engage_id, under, each });
            // How far the kills are that are carried out in its stead.
            for told in intent.targets.iter().filter_map(|t| self.progress.get(&t.name)) {
                if told.engage_id != engage_id {
                    self.crew.tell(client, &FromAgent::Progress(Box::new(told.clone())));
                }
            }
        }
        if self.active.insert(engage_id, intent.clone()).is_none() {
            self.crew.record(Act::Engage { intent });
        }
        self.look_on();
    }

    /// What the watch saw.
    pub fn saw(&mut self, verdict: Verdict) {
        if verdict.seen.tampered > self.verdict.seen.tampered {
            let ids: Vec<EngageId> = verdict.engaged.clone();
            self.crew.record(Act::Tampered { ids });
            self.alarm(TAMPERED);
        }
        self.meet_strangers(&verdict);
        self.not_ours.clear();
        let seen = verdict.seen.clone();
        let remake = verdict.missing;
        self.verdict = verdict;
        self.crew.tell_all(&FromAgent::Latch(Box::new(seen)));
        if remake {
            self.make_anew();
        }
    }

    /// To everyone connected, and on record: at 3 am nobody may be.
    pub fn alarm(&mut self, text: &str) {
        let text = Text::new(text);
        self.crew.tell_all(&FromAgent::Alarm { text: text.clone() });
        if let Some(act) = self.alarms.raise(clock::mono_ns(), &text) {
            self.crew.record(act);
        }
    }

    /// The log can't be written: told, and never recorded into it.
    pub fn audit_fault(&mut self, text: Text) {
        self.crew.tell_all(&FromAgent::Alarm { text });
    }
}

impl Core<Threads> {
    fn serve(&mut self, inbox: &channel::Receiver<Msg>) {
        let mut beat_at = clock::mono_ns();
        loop {
            match inbox.recv_timeout(BEAT) {
                Ok(msg) => self.hear(msg),
                Err(channel::RecvTimeoutError::Timeout) => {}
                Err(channel::RecvTimeoutError::Disconnected) => return,
            }
            let now = clock::mono_ns();
            if u128::from(now.saturating_sub(beat_at)) >= BEAT.as_nanos() {
                beat_at = now;
                self.beat();
            }
            if self.is_lonely() || self.has_given_up() {
                return;
            }
        }
    }

    fn hear(&mut self, msg: Msg) {
        match msg {
            Msg::Came(id, stream) => self.came(id, &stream),
            Msg::Deaf(why) => self.give_up(&why),
            Msg::Gone(id) => self.crew.clients.remove(id),
            Msg::Said(id, said) => self.said(id, said),
            Msg::Told(told) => self.told(told),
            Msg::Latch(intent, step) => self.latch_step(&intent, step),
            Msg::Verdict(verdict) => self.saw(*verdict),
            Msg::Noted(word, stands) => self.noted(word, stands),
            Msg::Alarm(text) => self.alarm(text.as_str()),
            Msg::AuditFault(text) => self.audit_fault(text),
        }
    }
}
