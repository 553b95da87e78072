//! What the core has done by others: threads, sockets and files in the agent;
//! a simulation's in the crate's tests.

use super::clients::Clients;
use super::core::Msg;
use crate::audit::Act;
use crate::breaker::word::{self, LatchWord};
use crate::breaker::{LatchHome, file};
use crate::control::kill::driver::{Driver, DriverConfig};
use crate::control::kill::latch::{LatchMaker, LatchStep, VISIBLE_WAIT};
use crate::control::kill::protocol::FromAgent;
use crate::control::kill::recorder::Recorder;
use crate::domain::{EngageId, KillIntent, Text};
use crate::host::{Errand, clock};
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The core's hands. Nothing here decides.
pub trait Crew {
    /// Says something to one client.
    fn tell(&mut self, client: u64, message: &FromAgent);
    /// Says something to all of them.
    fn tell_all(&mut self, message: &FromAgent);
    /// Whether anybody is connected.
    fn is_alone(&self) -> bool;
    /// Puts on record, some time soon.
    fn record(&mut self, act: Act);
    /// Puts on record and waits until it is durable.
    ///
    /// # Errors
    /// Why it is not known to be on disk.
    fn record_now(&mut self, act: Act) -> Result<(), Text>;
    /// Has the latch of a decision made.
    fn make(&mut self, intent: &KillIntent);
    /// As [`Crew::make`]; waits until it is visible or can't be made, at most
    /// [`VISIBLE_WAIT`].
    fn make_and_wait(&mut self, intent: &KillIntent);
    /// Has a latch of nobody's made again, with this body, unless that is under
    /// way.
    ///
    /// # Errors
    /// In words, when nobody can be sent to do it.
    fn make_again(&mut self, path: PathBuf, body: Vec<u8>) -> std::io::Result<()>;
    /// Has the latch, and its stand-in, say how far the kills `ids` are; false
    /// while an earlier word is still being written.
    fn note(&mut self, ids: Vec<EngageId>, word: LatchWord) -> bool;
    /// A driver for a gateway; nothing happens when there is one.
    ///
    /// # Errors
    /// The system's, when it has no more descriptors or threads.
    fn hire(&mut self, config: DriverConfig) -> std::io::Result<()>;
    /// How many drivers there are.
    fn hired(&self) -> usize;
    /// The driver of that command endpoint begins; false where there is none.
    fn begin(&mut self, gateway: &str, intent: KillIntent) -> bool;
    /// That driver reads now and then until something else is begun; false
    /// where there is none.
    fn look_on(&mut self, gateway: &str, intent: KillIntent) -> bool;
    /// Every driver is free again.
    fn end(&mut self);
    /// Every driver ends its attempts.
    fn stand_down(&mut self, why: &Text);
    /// Every refused peer is asked once more.
    fn probe_again(&mut self);
}

/// Threads and sockets.
pub(super) struct Threads {
    pub clients: Clients,
    pub mailbox: channel::Sender<Msg>,
    drivers: BTreeMap<String, Driver>,
    recorder: Recorder,
    maker: LatchMaker,
    /// Decisions whose latch the maker saw, or gave up.
    visible: channel::Receiver<EngageId>,
    again: Errand<()>,
    home: LatchHome,
    /// Writes a word into the latch; it may hang with its file system.
    noting: Errand<()>,
}

impl Threads {
    /// Starts the recorder and the latch maker; the rest when it is needed.
    pub fn start(home: &LatchHome, mailbox: channel::Sender<Msg>) -> std::io::Result<Self> {
        let alarming = mailbox.clone();
        let recorder = Recorder::start(home, "agent", move |text| {
            let _ = alarming.send(Msg::AuditFault(text));
        })?;
        let latching = mailbox.clone();
        let (seen, visible) = channel::bounded(16);
        let maker = LatchMaker::start(home, move |intent, step| {
            if matches!(step, LatchStep::Visible { .. } | LatchStep::Failed { .. }) {
                let _ = seen.try_send(intent.engage_id);
            }
            let _ = latching.send(Msg::Latch(Box::new(intent.clone()), step));
        })?;
        let (clients, drivers) = (Clients::default(), BTreeMap::new());
        let (home, noting, again) = (home.clone(), Errand::default(), Errand::default());
        Ok(Self { clients, mailbox, drivers, recorder, maker, visible, again, home, noting })
    }

    /// Waits until everything is on record, at most so long.
    pub fn flush(&self, wait: Duration) {
        self.recorder.flush(wait);
    }
}

impl Crew for Threads {
    fn tell(&mut self, client: u64, message: &FromAgent) {
        self.clients.tell(client, message);
    }

    fn tell_all(&mut self, message: &FromAgent) {
        self.clients.tell_all(message);
    }

    fn is_alone(&self) -> bool {
        self.clients.is_empty()
    }

    fn record(&mut self, act: Act) {
        self.recorder.record(act);
    }

    fn record_now(&mut self, act: Act) -> Result<(), Text> {
        self.recorder.record_now(act)
    }

    fn make(&mut self, intent: &KillIntent) {
        self.maker.make(intent);
    }

    fn make_and_wait(&mut self, intent: &KillIntent) {
        while self.visible.try_recv().is_ok() {}
        self.maker.make(intent);
        let until = clock::mono_ns() + VISIBLE_WAIT;
        loop {
            let left = Duration::from_nanos(until.saturating_sub(clock::mono_ns()));
            match self.visible.recv_timeout(left) {
                Ok(id) if id != intent.engage_id => {}
                Ok(_) | Err(_) => return,
            }
        }
    }

    fn make_again(&mut self, path: PathBuf, body: Vec<u8>) -> std::io::Result<()> {
        let _ = self.again.back();
        self.again.begin(Duration::ZERO, move || make_again(&path, &body))
    }

    fn note(&mut self, ids: Vec<EngageId>, word: LatchWord) -> bool {
        let _ = self.noting.back();
        if self.noting.is_out() {
            return false;
        }
        let (home, core) = (self.home.clone(), self.mailbox.clone());
        let writing = move || drop(core.send(Msg::Noted(word, note(&home, &ids, word))));
        self.noting.begin(Duration::ZERO, writing).is_ok()
    }

    fn hire(&mut self, config: DriverConfig) -> std::io::Result<()> {
        let key = config.gateway.cmd.to_string();
        if !self.drivers.contains_key(&key) {
            let core = self.mailbox.clone();
            let told = move |told| {
                let _ = core.send(Msg::Told(told));
            };
            self.drivers.insert(key, Driver::start(config, told)?);
        }
        Ok(())
    }

    fn hired(&self) -> usize {
        self.drivers.len()
    }

    fn begin(&mut self, gateway: &str, intent: KillIntent) -> bool {
        let driver = self.drivers.get(gateway);
        driver.inspect(|driver| driver.begin(intent)).is_some()
    }

    fn look_on(&mut self, gateway: &str, intent: KillIntent) -> bool {
        let driver = self.drivers.get(gateway);
        driver.inspect(|driver| driver.look_on(intent)).is_some()
    }

    fn end(&mut self) {
        self.drivers.values().for_each(Driver::end);
    }

    fn stand_down(&mut self, why: &Text) {
        self.drivers.values().for_each(|driver| driver.stand_down(why.clone()));
    }

    fn probe_again(&mut self) {
        self.drivers.values().for_each(Driver::probe_again);
    }
}

/// The same word in the latch and in what stands in for it.
pub(in crate::control::kill) fn note(home: &LatchHome, ids: &[EngageId], word: LatchWord) -> bool {
    let put = |path: &Path| word::write(path, ids, word, clock::utc());
    let (latch, stand_in) = (put(&home.latch), put(&home.fallback()));
    latch || stand_in
}

/// Losing this race means that somebody's latch is there: good.
pub(in crate::control::kill) fn make_again(path: &Path, body: &[u8]) {
    if let Ok(created) = file::create(path) {
        let _ = created.make_durable(body);
    }
}
