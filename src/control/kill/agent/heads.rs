//! The agent as the voice of the audit log: every chain's head goes out as
//! telemetry where that is configured, and a chain that loses what the agent
//! had read of it is an alarm.

use crate::audit::HeadFollower;
use crate::breaker::LatchHome;
use crate::domain::{Endpoint, Text};
use crate::host::clock;
use crate::link::{context, publisher};
use crate::wire::{AuditHeadTold, Telemetry};
use crossbeam_channel as channel;
use std::time::Duration;

/// Between two looks at the chains.
const LOOK: Duration = Duration::from_millis(500);
/// Between two rounds for whoever began to listen meanwhile, in looks.
const ROUND: u32 = 10;
/// Chains in a round; the others are in the first lines of these.
const IN_A_ROUND: usize = 64;
/// Heads that one look may send: chains of short lives come in numbers.
const IN_A_LOOK: usize = 128;

/// Ends with this value.
pub(super) struct Voice {
    _end: channel::Sender<()>,
}

/// Starts it; `alarm` hears what nobody may miss.
///
/// # Errors
/// The system's, when it has no thread to give.
pub(super) fn start(
    home: &LatchHome,
    publish: Option<Endpoint>,
    alarm: impl Fn(Text) + Send + 'static,
) -> std::io::Result<Voice> {
    let (end, ended) = channel::bounded::<()>(0);
    let mut follower = HeadFollower::new(&home.audit());
    std::thread::Builder::new().name("audit-heads".to_owned()).spawn(move || {
        let mut stage = publish.map(Stage::new);
        let (mut round, mut deaf) = (0_u32, false);
        loop {
            let news = follower.look();
            if let Some(why) = news.fault.as_ref().filter(|_| !deaf) {
                alarm(Text::new(&format!("audit heads can't be followed, tried on: {why}")));
            }
            deaf = news.fault.is_some();
            for head in &news.lost {
                let line = head.n.saturating_add(1);
                let (chain, by) = (&head.chain, &head.role);
                alarm(Text::new(&format!(
                    "audit log cut: {chain} (by {by}) had {line} lines and has lost some"
                )));
            }
            if let Some(stage) = &mut stage {
                let heads = if round == 0 {
                    follower.newest(IN_A_ROUND).into_iter().cloned().collect()
                } else {
                    news.moved
                };
                let told = heads.into_iter().take(IN_A_LOOK).map(AuditHeadTold::from);
                stage.send(told.map(Telemetry::AuditHead), &alarm);
            }
            round = (round + 1) % ROUND;
            if ended.recv_timeout(LOOK) != Err(channel::RecvTimeoutError::Timeout) {
                return;
            }
        }
    })?;
    Ok(Voice { _end: end })
}

/// Where heads are published.
struct Stage {
    at: Endpoint,
    context: Option<zmq::Context>,
    socket: Option<zmq::Socket>,
    /// When binding failed last (monotonic ns), and that it was told.
    failed: Option<u64>,
}

impl Stage {
    fn new(at: Endpoint) -> Self {
        Self { at, context: None, socket: None, failed: None }
    }

    /// Binds when it has to; told once, tried again every 5 s, for the port
    /// may be an elder agent's that is about to leave.
    fn bound(&mut self, alarm: &impl Fn(Text)) -> Option<&zmq::Socket> {
        let now = clock::mono_ns();
        let tried = self.failed.is_some_and(|at| now.saturating_sub(at) < 5_000_000_000);
        if self.socket.is_none() && !tried {
            match self.bind() {
                Ok(socket) => self.socket = Some(socket),
                Err(e) => {
                    if self.failed.is_none() {
                        alarm(Text::new(&format!("audit heads are not published: {e}")));
                    }
                    self.failed = Some(now);
                }
            }
        }
        self.socket.as_ref()
    }

    fn bind(&mut self) -> Result<zmq::Socket, Text> {
        let words = |e: &dyn std::fmt::Display| Text::new(&e.to_string());
        let context = match &mut self.context {
            Some(context) => context,
            empty @ None => empty.insert(context().map_err(|e| words(&e))?),
        };
        publisher(context, &self.at).map_err(|e| words(&e))
    }

    fn send(&mut self, messages: impl Iterator<Item = Telemetry>, alarm: &impl Fn(Text)) {
        let Some(socket) = self.bound(alarm) else { return };
        for message in messages {
            if let Ok(body) = message.encode() {
                let frames = [message.topic().as_bytes(), &body];
                let _ = socket.send_multipart(frames, zmq::DONTWAIT);
            }
        }
    }
}
