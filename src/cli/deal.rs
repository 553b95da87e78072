//! Commands that move money, from a shell: sent once, recorded before and
//! after, never repeated, and believed only when an independent read agrees.

use super::reach::number;
use super::{Context, Exit, Failure, wiring};
use crate::audit::{Act, Chain};
use crate::breaker::{Gate, Permit, Watcher};
use crate::config::{Settings, dirs};
use crate::domain::{Position, Text, Ticket};
use crate::host::Identity;
use crate::link::Peer;
use crate::wire::{OrderFill, Request};
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;

/// Role of these verbs in the audit log.
const ROLE: &str = "cli";
/// The first look at the latch must be done by then.
const FIRST_LOOK: Duration = Duration::from_secs(2);

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Done, and a read of the positions agrees.
    Done,
    /// The gateway said no.
    Refused,
    /// It never left this process.
    NotSent,
    /// A gate denied it; nothing was sent.
    Denied,
    /// Sent, and no answer came: it may have happened, or still happen.
    Unknown,
    /// The gateway claims success, and no read agrees.
    Unproven,
}

impl Ending {
    /// The status for scripts, the same for every such verb.
    #[must_use]
    pub const fn exit(self) -> Exit {
        match self {
            Self::Done => Exit::OK,
            Self::Refused => Exit::FAILED,
            Self::NotSent => Exit::TIMEOUT,
            Self::Denied => Exit(3),
            Self::Unknown => Exit(4),
            Self::Unproven => Exit(5),
        }
    }
}

/// What is printed in the end.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `CLOSE_POSITION 1000003`
    pub what: Text,
    /// Its identity on the wire and in the audit log; none when not sent.
    pub req_id: Option<Text>,
    /// How it ended.
    pub ending: Ending,
    /// Number at the broker, where one is known.
    pub ticket: Option<u64>,
    /// Lots filled, as claimed.
    pub lots: Option<Box<RawValue>>,
    /// Price filled, as claimed.
    pub price: Option<Box<RawValue>>,
    /// In words: cause and next step.
    pub note: Text,
}

impl Report {
    /// A report on a command that was not sent.
    pub fn unsent(what: &str, ending: Ending, note: impl AsRef<str>) -> Self {
        let (what, note) = (Text::new(what), Text::new(note.as_ref()));
        Self { what, req_id: None, ending, ticket: None, lots: None, price: None, note }
    }

    /// A report on one that was.
    pub fn sent(what: &str, request: &Request, ending: Ending, note: impl AsRef<str>) -> Self {
        let req_id = Some(Text::new(request.req_id.as_str()));
        Self { req_id, ..Self::unsent(what, ending, note) }
    }

    /// Prints it; gives back its status.
    pub fn finish(&self, json: bool, ctx: &mut Context) -> Exit {
        if json {
            ctx.out.json(self);
        } else {
            ctx.out.line(format!("{}: {}", self.what, self.note));
        }
        self.ending.exit()
    }

    /// With what the gateway claims to have done.
    #[must_use]
    pub fn with(self, fill: &OrderFill) -> Self {
        Self {
            ticket: Some(fill.ticket.0),
            lots: fill.volume.and_then(number),
            price: fill.price.and_then(number),
            ..self
        }
    }
}

/// What the gateway made of a command.
#[derive(Debug)]
pub enum Fate {
    /// It claims success.
    Claimed(OrderFill),
    /// It did not happen.
    Not(Ending, Text),
    /// Nobody knows.
    Unknown(Text),
}

/// The record of one run.
pub struct Deal {
    chain: Chain,
}

impl Deal {
    /// Opens the audit log of this latch.
    ///
    /// # Errors
    /// When the state directory can't be used.
    pub fn open(settings: &Settings) -> Result<Self, Failure> {
        dirs::ensure_private(&settings.state_dir).map_err(Failure::failed)?;
        let home = wiring::latch_home(settings);
        home.prepare().map_err(|e| {
            Failure::failed(format!("{}: {e}; `crs doctor` looks at it", home.dir.display()))
        })?;
        Ok(Self { chain: Chain::new(&home.audit(), Identity::here(), ROLE) })
    }

    /// Notes a step on disk.
    ///
    /// # Errors
    /// In words; the caller decides whether a command goes unrecorded.
    pub fn note(
        &mut self,
        what: &str,
        req_id: &str,
        outcome: &str,
        ticket: Option<Ticket>,
    ) -> Result<(), Text> {
        let (req_id, what) = (Text::new(req_id), Text::new(what));
        let act = Act::Command { req_id, what, outcome: Text::new(outcome), ticket };
        self.chain.append(act).map_err(|e| Text::new(&e.to_string()))
    }

    /// Sends a close, which no gate and no full disk holds up.
    pub fn close(
        &mut self,
        peer: &mut Peer,
        request: &Request,
        (what, ticket): (&str, Ticket),
        timeout: Duration,
    ) -> Fate {
        if let Err(why) = self.note(what, request.req_id.as_str(), "sent", Some(ticket)) {
            tracing::warn!("not recorded: {why}");
        }
        self.send(peer, request, what, timeout)
    }

    /// Sends an order. The permit is used up here, right before the socket;
    /// an order that can't be recorded is not sent.
    pub fn order(
        &mut self,
        _permit: Permit,
        peer: &mut Peer,
        request: &Request,
        what: &str,
        timeout: Duration,
    ) -> Fate {
        if let Err(why) = self.note(what, request.req_id.as_str(), "sent", None) {
            return Fate::Not(Ending::Denied, why);
        }
        self.send(peer, request, what, timeout)
    }

    fn send(&mut self, peer: &mut Peer, request: &Request, what: &str, timeout: Duration) -> Fate {
        let answer = peer.order(request, timeout);
        let (outcome, fate) = match answer {
            Ok(answer) => ("done", Fate::Claimed(answer.value)),
            Err(e) => {
                let why = Text::new(&e.to_string());
                if e.may_have_happened() {
                    ("unknown", Fate::Unknown(why))
                } else if e.is_silence() {
                    ("failed", Fate::Not(Ending::NotSent, why))
                } else {
                    ("failed", Fate::Not(Ending::Refused, why))
                }
            }
        };
        let ticket = if let Fate::Claimed(fill) = &fate { Some(fill.ticket) } else { None };
        if let Err(why) = self.note(what, request.req_id.as_str(), outcome, ticket) {
            tracing::warn!("not recorded: {why}");
        }
        fate
    }
}

/// The gate of this process after its first look at the latch.
pub struct Guarded {
    gate: Arc<Gate>,
    watcher: Watcher,
}

impl Guarded {
    /// Looks at the latch and goes on watching it.
    #[must_use]
    pub fn start(settings: &Settings) -> Self {
        let gate = Arc::new(Gate::default());
        let (tell, told) = crossbeam_channel::bounded(1);
        let config = wiring::watch_config(settings, ROLE);
        let watcher = Watcher::start(config, Arc::clone(&gate), move |_| {
            let _ = tell.try_send(());
        });
        // A look that hangs leaves the gate closed, as it began.
        let _ = told.recv_timeout(FIRST_LOOK);
        Self { gate, watcher }
    }

    /// A permit for one order, or why there is none.
    ///
    /// # Errors
    /// The gate's words.
    pub fn permit(&self) -> Result<Permit, Text> {
        self.gate.permit().map_err(|denied| Text::new(&denied.to_string()))
    }

    /// Ends the watch.
    pub fn stop(self) {
        self.watcher.stop();
    }
}

/// One position in one line.
#[must_use]
pub fn line_of(p: &Position) -> String {
    format!(
        "{} {} {} {} lots, open {}, P/L {}",
        p.ticket,
        p.symbol,
        p.side.word(),
        p.lots,
        p.open,
        p.profit.text(2)
    )
}

/// Whether a position is still there.
pub enum Look {
    /// It is not, and the account can be read.
    Gone,
    /// It is; in one line.
    There(String),
    /// Nobody can tell; why.
    Blind(String),
}

/// An independent read. An empty list counts only beside an account that can
/// be read.
pub fn look(peer: &mut Peer, ticket: Ticket, wait: Duration) -> Look {
    let blind = |e: crate::link::AskError| Look::Blind(e.to_string());
    let open: Vec<Position> = match peer.positions(wait) {
        Ok(read) => read.value,
        Err(e) => return blind(e),
    };
    if let Some(position) = open.iter().find(|p| p.ticket == ticket) {
        return Look::There(line_of(position));
    }
    peer.account(wait).map_or_else(blind, |_| Look::Gone)
}
