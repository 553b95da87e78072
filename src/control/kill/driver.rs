//! The kill thread of one gateway: carries out what its machine decides, on
//! sockets and a zmq context of its own. It shares no lock, no queue and no
//! runtime with screen, feeds or recording.

use super::call::{Call, Finding};
use super::machine::{CallId, Effect, Input, Machine, Timing};
use super::schedule::ACCOUNT_WAIT;
use super::warm::Warm;
use super::witness::Witness;
use crate::audit::Act;
use crate::domain::{
    GatewayAddr, GatewayPhase, Intent, KillIntent, KillProgress, LatchPhase, Position, Text,
};
use crate::host::clock;
use crate::link::context;
use crossbeam_channel as channel;
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::thread::JoinHandle;

/// Longest sleep of the loop, in ms.
const IDLE_MS: i64 = 200;

/// What a driver tells its owner.
#[derive(Clone, Debug)]
pub enum Told {
    /// The kill moved.
    Progress(Box<KillProgress>),
    /// Something that must be seen at once.
    Alarm(Text),
    /// Evidence for the audit log: what travelled, what was open.
    Record(Box<Act>),
    /// A gateway was read and nothing else: what is open, or why that can't
    /// be trusted.
    Seen(Text, Result<Vec<Position>, Text>),
}

#[derive(Debug)]
enum Order {
    Begin(Box<KillIntent>),
    LookOn(Box<KillIntent>),
    ProbeAgain,
    StandDown(Text),
    End,
    Quit,
}

/// Which gateway, and how patient.
#[derive(Clone, Debug)]
pub struct DriverConfig {
    /// Index into the targets of an intent.
    pub target: u16,
    /// The gateway.
    pub gateway: GatewayAddr,
    /// Poll intervals.
    pub timing: Timing,
    /// `agent` or `console`, as shown.
    pub role: &'static str,
    /// Whether to keep a warm, fingerprinted line between kills.
    pub warm: bool,
}

/// A running driver; dropping it ends the thread and with it every socket.
#[derive(Debug)]
pub struct Driver {
    orders: channel::Sender<Order>,
    bell: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Driver {
    /// Starts the thread and, when asked to, its warm line.
    ///
    /// # Errors
    /// The system's, when it has no more descriptors or threads.
    pub fn start(
        config: DriverConfig,
        tell: impl FnMut(Told) + Send + 'static,
    ) -> std::io::Result<Self> {
        let (orders, inbox) = channel::unbounded();
        let (bell, ear) = UnixStream::pair()?;
        bell.set_nonblocking(true)?;
        ear.set_nonblocking(true)?;
        let zmq = context()?;
        let thread = std::thread::Builder::new()
            .name(format!("kill-{}", config.target))
            .spawn(move || Loop::new(config, zmq, inbox, ear, Box::new(tell)).run())?;
        Ok(Self { orders, bell, thread: Some(thread) })
    }

    /// Begins the kill, or for a block only the reading that proves flat; a
    /// second call while one runs changes nothing.
    pub fn begin(&self, intent: KillIntent) {
        self.order(Order::Begin(Box::new(intent)));
    }

    /// Reads the gateway now and then, for as long as nothing else is begun.
    pub fn look_on(&self, intent: KillIntent) {
        self.order(Order::LookOn(Box::new(intent)));
    }

    /// One more HEARTBEAT to a peer that was refused.
    pub fn probe_again(&self) {
        self.order(Order::ProbeAgain);
    }

    /// Ends the attempts, for the record.
    pub fn stand_down(&self, why: Text) {
        self.order(Order::StandDown(why));
    }

    /// The decision is over (an audited reset): back to idle.
    pub fn end(&self) {
        self.order(Order::End);
    }

    fn order(&self, order: Order) {
        let _ = self.orders.send(order);
        let _ = (&self.bell).write(&[1]);
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        self.order(Order::Quit);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Running {
    intent: KillIntent,
    machine: Machine,
    calls: BTreeMap<CallId, Call>,
    told: Option<KillProgress>,
    witness: Witness,
    onlooker: Option<Onlooker>,
}

/// Who only looks on leaves the warm line to the kill that may come, and lets
/// it greet the peer.
struct Onlooker {
    since: u64,
    begun: bool,
}

impl Running {
    /// What an input leaves on record; asked before the machine drops the
    /// call that it came on.
    fn evidence(&mut self, input: &Input) -> Option<Act> {
        match input {
            Input::Sent(id) => self.witness.sent(self.calls.get(id)?),
            Input::Reply(id, bytes) => {
                self.witness.answered(self.calls.get(id)?, bytes, clock::mono_ns())
            }
            Input::NotV1(id, _) => self.witness.refused(self.calls.get(id)?, clock::mono_ns()),
            _ => None,
        }
    }
}

struct Loop {
    config: DriverConfig,
    inbox: channel::Receiver<Order>,
    ear: UnixStream,
    tell: Box<dyn FnMut(Told) + Send>,
    warm: Warm,
    running: Option<Running>,
}

impl Loop {
    fn new(
        config: DriverConfig,
        zmq: zmq::Context,
        inbox: channel::Receiver<Order>,
        ear: UnixStream,
        tell: Box<dyn FnMut(Told) + Send>,
    ) -> Self {
        let warm = Warm::new(zmq, config.gateway.cmd.clone());
        Self { config, inbox, ear, tell, warm, running: None }
    }

    fn run(mut self) {
        loop {
            let now = clock::mono_ns();
            if self.is_idle() && self.config.warm {
                self.warm.tend(now);
            }
            self.wait(now);
            let mut inputs = Vec::new();
            loop {
                match self.inbox.try_recv() {
                    Ok(Order::Quit) | Err(channel::TryRecvError::Disconnected) => return,
                    Ok(order) => self.obey(order, &mut inputs),
                    Err(channel::TryRecvError::Empty) => break,
                }
            }
            self.step(inputs);
        }
    }

    /// Sleeps until a socket, the bell or a deadline.
    fn wait(&mut self, now: u64) {
        let wake = self.running.as_ref().and_then(|r| r.machine.wake());
        let left = wake.map_or(IDLE_MS, |at| {
            i64::try_from(at.saturating_sub(now).div_ceil(1_000_000)).unwrap_or(IDLE_MS)
        });
        let mut items = vec![zmq::PollItem::from_fd(self.ear.as_raw_fd(), zmq::POLLIN)];
        let warm = if self.is_idle() { self.warm.sockets() } else { None };
        let calls = self.running.iter().flat_map(|r| r.calls.values().map(Call::sockets));
        for (socket, monitor) in warm.into_iter().chain(calls) {
            items.push(socket.as_poll_item(zmq::POLLIN));
            items.push(monitor.as_poll_item(zmq::POLLIN));
        }
        // An error here is EINTR or a defect; the short sleep of the next
        // round keeps the loop alive either way.
        if zmq::poll(&mut items, left.clamp(0, IDLE_MS)).is_err() {
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
        let mut sink = [0_u8; 64];
        while self.ear.read(&mut sink).is_ok_and(|n| n == sink.len()) {}
    }

    fn obey(&mut self, order: Order, inputs: &mut Vec<Input>) {
        match order {
            Order::Begin(intent) if self.is_free_for(&intent) => {
                let machine = machine_for(&intent, self.config.timing);
                self.start(*intent, machine, None);
                inputs.push(Input::Begin);
            }
            Order::LookOn(intent) if self.is_free_for(&intent) => {
                let machine = machine_for(&intent, self.config.timing.looking_on());
                let onlooker = Onlooker { since: clock::mono_ns(), begun: false };
                self.start(*intent, machine, Some(onlooker));
            }
            Order::Begin(_) | Order::LookOn(_) | Order::Quit => {}
            Order::ProbeAgain => {
                self.warm.probe_again();
                inputs.push(Input::ProbeAgain);
            }
            Order::StandDown(_) if self.is_idle() => {}
            Order::StandDown(why) => inputs.push(Input::StandDown(why)),
            Order::End => self.running = None,
        }
    }

    fn start(&mut self, intent: KillIntent, machine: Machine, onlooker: Option<Onlooker>) {
        tracing::debug!("kill {}: begun at {}", intent.engage_id, self.config.gateway.name);
        let witness = Witness::new(intent.clone(), self.config.gateway.name.clone());
        let (calls, told) = (BTreeMap::new(), None);
        self.running = Some(Running { intent, machine, calls, told, witness, onlooker });
    }

    /// The warm line is nobody's but its own.
    fn is_idle(&self) -> bool {
        self.running.as_ref().is_none_or(|running| running.onlooker.is_some())
    }

    /// Whether somebody who looks on begins now: once the peer has proven
    /// itself on the warm line, was refused, or does not answer.
    fn begins_to_look(&self, running: &mut Running, now: u64) -> bool {
        let Some(onlooker) = running.onlooker.as_mut().filter(|onlooker| !onlooker.begun) else {
            return false;
        };
        let greeted = self.warm.stands(now) || self.warm.refused().is_some();
        let waited = now.saturating_sub(onlooker.since) >= ACCOUNT_WAIT;
        onlooker.begun = greeted || waited || !self.config.warm;
        onlooker.begun
    }

    fn is_free_for(&self, intent: &KillIntent) -> bool {
        self.running.as_ref().is_none_or(|r| is_free(&r.intent, r.machine.phase, intent))
    }

    fn step(&mut self, mut inputs: Vec<Input>) {
        if self.is_idle() {
            self.warm.read(clock::mono_ns());
        }
        let Some(mut running) = self.running.take() else { return };
        if self.begins_to_look(&mut running, clock::mono_ns()) {
            inputs.push(Input::Begin);
        }
        for call in running.calls.values_mut() {
            let from = inputs.len();
            let findings = [call.link_events(&mut inputs), call.answers(&mut inputs)];
            for finding in findings.into_iter().flatten() {
                let why = inputs.get(from..).and_then(|new| {
                    new.iter().find_map(|i| if let Input::NotV1(_, w) = i { Some(w) } else { None })
                });
                self.warm.learn(clock::mono_ns(), finding, why);
            }
        }
        inputs.push(Input::Tick);
        let mut effects = Vec::new();
        let mut queue: std::collections::VecDeque<Input> = inputs.into();
        let before = running.machine.phase;
        // Opening a call may succeed or fail at once, which is input again.
        while let Some(input) = queue.pop_front() {
            let seen = running.evidence(&input);
            running.machine.on(clock::mono_ns(), input, &mut effects);
            self.record(seen);
            for effect in effects.drain(..) {
                let mut more = Vec::new();
                self.carry_out(effect, &mut running, &mut more);
                queue.extend(more);
            }
        }
        let progress = progress(&self.config, &running.intent, &running.machine);
        let looks_on = running.onlooker.is_some();
        let moved = std::mem::discriminant(&before) != std::mem::discriminant(&progress.phase);
        if moved && !looks_on {
            self.record(running.witness.decided());
            if progress.phase == GatewayPhase::Verified {
                self.record(running.witness.found(Vec::new()));
            }
        }
        if running.told.as_ref() != Some(&progress) && !looks_on {
            running.told = Some(progress.clone());
            (self.tell)(Told::Progress(Box::new(progress)));
        }
        self.running = Some(running);
    }

    fn record(&mut self, acts: impl IntoIterator<Item = Act>) {
        for act in acts {
            (self.tell)(Told::Record(Box::new(act)));
        }
    }

    fn carry_out(&mut self, effect: Effect, running: &mut Running, inputs: &mut Vec<Input>) {
        match effect {
            Effect::Drop(call) => {
                running.calls.remove(&call);
            }
            Effect::Doubt => self.warm.learn(clock::mono_ns(), Finding::LinkLost, None),
            Effect::Alarm(text) => (self.tell)(Told::Alarm(text)),
            Effect::Found(open) => self.record(running.witness.found(open)),
            Effect::Seen(read) => (self.tell)(Told::Seen(self.config.gateway.name.clone(), read)),
            Effect::Open(id, req, action) => {
                if let Some(why) = self.warm.refused() {
                    inputs.push(Input::NotV1(id, why.clone()));
                    return;
                }
                let now = clock::mono_ns();
                let shake = !self.warm.stands(now);
                let line = match &running.onlooker {
                    Some(_) => self.warm.fresh(),
                    None => self.warm.line(now, shake),
                };
                match line {
                    Ok(line) => {
                        let call = Call::begin(id, line, shake, (req, action), inputs);
                        running.calls.insert(id, call);
                    }
                    Err(why) => inputs.push(Input::Lost(id, why)),
                }
            }
        }
    }
}

/// A block flattens nothing: its driver may only prove.
pub(super) fn machine_for(intent: &KillIntent, timing: Timing) -> Machine {
    let make = match intent.intent {
        Intent::Kill => Machine::new,
        Intent::Block => Machine::prover,
    };
    make(intent.engage_id, intent.pressed.mono_ns, timing)
}

/// A kill that runs is not begun twice; after a proven one a new decision is
/// a new kill, for the operator has a reason to press again.
pub(super) fn is_free(running: &KillIntent, phase: GatewayPhase, next: &KillIntent) -> bool {
    running.engage_id != next.engage_id && (running.intent == Intent::Block || is_over(phase))
}

/// Whether a new decision begins a new kill there.
pub(super) const fn is_over(phase: GatewayPhase) -> bool {
    matches!(phase, GatewayPhase::Verified | GatewayPhase::StoodDown | GatewayPhase::NotV1)
}

/// Where the kill of one gateway stands.
pub(super) fn progress(
    config: &DriverConfig,
    intent: &KillIntent,
    machine: &Machine,
) -> KillProgress {
    KillProgress {
        engage_id: intent.engage_id,
        intent: intent.intent,
        target: config.target,
        gateway: config.gateway.name.clone(),
        phase: machine.phase,
        latch: LatchPhase::default(),
        attempts: machine.attempts,
        claimed: machine.claimed,
        good_polls: machine.good,
        last_poll: machine.last_poll.clone(),
        survivors: machine.survivors.values().cloned().collect(),
        times: machine.times,
        driver: Text::new(config.role),
        note: machine.note.clone(),
        plan: machine.plan(),
    }
}
