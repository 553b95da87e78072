//! The orders of the console's ticket: each on a thread of its own, the same
//! one way as `crs order`, and never two at once.
//!
//! None waits behind another: an order that was confirmed a while ago is no
//! longer the order that was meant. Leaving the console ends the waiting, not
//! the order; the audit log has it as sent, and so it is UNKNOWN until reads
//! tell.

use super::deal::{Deal, Ending, Opening, RealMoney, Report};
use super::live::LiveTerms;
use crate::breaker::Gate;
use crate::config::Settings;
use crate::control::Proposal;
use crate::control::ticket::sums::slippage;
use crate::domain::{Price, Text};
use crate::event::{CommandPhase, CommandReport, Event, Level, Sender};
use crate::link::Peer;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// Longest wait for each answer, as `crs order` has it.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes orders, one at a time.
pub struct Placing {
    settings: Settings,
    gate: Arc<Gate>,
    sender: Sender,
    busy: Arc<AtomicBool>,
}

impl Placing {
    /// Under these settings, through the gate of this process.
    #[must_use]
    pub fn new(settings: Settings, gate: Arc<Gate>, sender: Sender) -> Self {
        Self { settings, gate, sender, busy: Arc::default() }
    }

    /// Why the gate denies orders now; none while it is open.
    #[must_use]
    pub fn denied(&self) -> Option<Text> {
        (!self.gate.is_safe()).then(|| self.gate.why())
    }

    /// Starts to place one; its story comes back as events.
    pub fn order(&self, proposal: Proposal) {
        let opening = Opening::new(proposal.order, PATIENCE);
        let work = Work { opening, proposal, sender: self.sender.clone() };
        if self.busy.swap(true, Ordering::AcqRel) {
            let why = "another order is on its way: wait for its outcome";
            return work.tell(CommandPhase::Denied, why);
        }
        let busy = Busy(Arc::clone(&self.busy));
        let (settings, gate) = (self.settings.clone(), Arc::clone(&self.gate));
        let fault = work.teller();
        let spawned = std::thread::Builder::new().name("order".to_owned()).spawn(move || {
            let _busy = busy;
            work.run(&settings, &gate);
        });
        if let Err(e) = spawned {
            fault(CommandPhase::Failed, &format!("no thread, nothing was sent: {e}"));
        }
    }
}

/// An order is on its way for as long as this lives.
struct Busy(Arc<AtomicBool>);

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

/// The thread's belongings.
struct Work {
    opening: Opening,
    proposal: Proposal,
    sender: Sender,
}

impl Work {
    fn run(&self, settings: &Settings, gate: &Gate) {
        let mut deal = Deal::open(settings);
        let (report, price) = match self.place(settings, gate, &mut deal) {
            Ok(placed) => placed,
            Err((ending, why)) => (Report::unsent(&self.opening.what, ending, why), None),
        };
        let note = match (report.ending, report.ticket, price) {
            (Ending::Done, Some(ticket), Some(price)) => {
                format!("filled as {ticket} at {price}, {}", self.slipped(price))
            }
            _ => report.note.to_string(),
        };
        self.tell(phase(report.ending), &note);
        if let Some(why) = deal.unrecorded() {
            let what = &self.opening.what;
            self.sender.log(Level::Warn, "audit", format!("{what} is not on record: {why}"));
        }
    }

    fn place(
        &self,
        settings: &Settings,
        gate: &Gate,
        deal: &mut Deal,
    ) -> Result<(Report, Option<Price>), (Ending, String)> {
        if !gate.is_safe() {
            return Err((Ending::Denied, format!("denied: {}", gate.why())));
        }
        let index = usize::from(self.proposal.gateway);
        let gateway = settings
            .gateways
            .get(index)
            .ok_or_else(|| (Ending::Refused, String::from("no such gateway is configured")))?;
        self.tell(CommandPhase::Sent, &format!("to {}", gateway.name));
        let zmq = zmq::Context::new();
        let max_message = settings.feed.max_message_bytes;
        let mut peer = Peer::connect(&zmq, &gateway.cmd, max_message)
            .map_err(|e| (Ending::Refused, e.to_string()))?;
        let real_money = RealMoney { said: self.proposal.live, how: "type LIVE in the ticket" };
        let terms = LiveTerms::of(settings);
        let before = self.opening.look_first(&terms, real_money, &mut peer)?;
        Ok(self.opening.place(deal, gate, &mut peer, &before))
    }

    /// The price against the one that was shown at the confirming key.
    fn slipped(&self, price: Price) -> String {
        let Proposal { order, shown, digits, .. } = self.proposal;
        let Some(shown) = shown else { return String::from("slippage not known") };
        match slippage(order.side, shown, price, digits) {
            0 => String::from("no slippage"),
            n => {
                let points = if n.unsigned_abs() == 1 { "point" } else { "points" };
                let word = if n > 0 { "worse" } else { "better" };
                format!("slippage {} {points} {word}", n.unsigned_abs())
            }
        }
    }

    fn tell(&self, phase: CommandPhase, note: &str) {
        self.teller()(phase, note);
    }

    fn teller(&self) -> impl Fn(CommandPhase, &str) + use<> {
        let (req_id, what) = (Text::new(self.opening.id()), Text::new(&self.opening.what));
        let sender = self.sender.clone();
        move |phase, note: &str| {
            let (req_id, what, note) = (req_id.clone(), what.clone(), Text::new(note));
            sender.send(Event::Command(Box::new(CommandReport { req_id, what, phase, note })));
        }
    }
}

const fn phase(ending: Ending) -> CommandPhase {
    match ending {
        Ending::Done => CommandPhase::Done,
        Ending::Refused | Ending::NotSent => CommandPhase::Failed,
        Ending::Denied => CommandPhase::Denied,
        // A claim that nothing proves is no outcome either.
        Ending::Unknown | Ending::Unproven => CommandPhase::Unknown,
    }
}
