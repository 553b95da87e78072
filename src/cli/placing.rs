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
use crate::link::{self, Peer};
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
        self.gate.permit().err().map(|denied| denied.0)
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
            work.run(&settings, &gate, busy);
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
    fn run(&self, settings: &Settings, gate: &Gate, busy: Busy) {
        let mut deal = Deal::open(settings);
        let (report, price) = match self.place(settings, gate, &mut deal) {
            Ok(placed) => placed,
            Err((ending, why)) => (Report::unsent(&self.opening.what, ending, why), None),
        };
        let note = match (report.ending, report.ticket, price) {
            (Ending::Done, Some(ticket), Some(price)) => {
                format!("filled as {ticket} at {price}, {}", self.slipped(price))
            }
            (Ending::NotSent, ..) => format!("not sent: {}", report.note),
            (Ending::Refused, ..) => format!("refused: {}", report.note),
            _ => report.note.to_string(),
        };
        // The way is free before anybody hears that it is.
        drop(busy);
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
        gate.permit().map_err(|denied| (Ending::Denied, denied.to_string()))?;
        let index = usize::from(self.proposal.gateway);
        let gateway = settings
            .gateways
            .get(index)
            .ok_or_else(|| (Ending::Refused, String::from("no such gateway is configured")))?;
        self.tell(CommandPhase::Sent, &format!("to {}", gateway.name));
        let zmq = link::context().map_err(|e| (Ending::Refused, e.to_string()))?;
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::breaker::Watcher;
    use crate::cli::wiring;
    use crate::domain::{Endpoint, GatewayAddr, Lots, OrderTicket, Side, Symbol};
    use crate::event::{Receiver, channel_pair};
    use crate::gateway::{Gateway, GatewayOptions, SimOptions};
    use std::net::TcpListener;

    /// Limits, on any machine.
    const SOON: Duration = Duration::from_secs(30);

    fn proposal(shown: Option<&str>) -> Proposal {
        let order = OrderTicket::market(
            Symbol::new("EURUSD").unwrap(),
            Side::Buy,
            Lots::parse("0.01").unwrap(),
        );
        let shown = shown.map(|text| Price::parse(text).unwrap());
        Proposal { gateway: 0, order, live: false, shown, digits: 5 }
    }

    fn settings(dir: &std::path::Path, cmd: Endpoint) -> Settings {
        let mut settings = Settings::defaults(dir.into(), dir.join("state"));
        settings.kill_switch_file = dir.join("kill.lock");
        let data = cmd.clone();
        settings.gateways = vec![GatewayAddr { name: Text::new("main"), cmd, data }];
        settings
    }

    /// A gate that is open, as the watcher of a console holds it.
    fn watched(settings: &Settings) -> (Arc<Gate>, Watcher) {
        let gate = Arc::new(Gate::default());
        let (tell, told) = crossbeam_channel::bounded(1);
        let config = wiring::watch_config(settings, "console");
        let watcher = Watcher::start(config, Arc::clone(&gate), move |_| {
            let _ = tell.try_send(());
        });
        told.recv_timeout(SOON).unwrap();
        assert!(gate.is_safe(), "{}", gate.why());
        (gate, watcher)
    }

    fn next(receiver: &Receiver) -> (CommandPhase, String) {
        match receiver.urgent.recv_timeout(SOON).unwrap() {
            Event::Command(report) => (report.phase, report.note.to_string()),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_order_is_filled_once_and_a_closed_gate_sends_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let options = GatewayOptions::embedded(SimOptions::default(), dir.path().join("paper"));
        let paper = Gateway::start(&options).unwrap();
        let settings = settings(dir.path(), paper.addresses().cmd.clone());
        let (gate, watcher) = watched(&settings);
        let (sender, receiver) = channel_pair();
        let placing = Placing::new(settings, Arc::clone(&gate), sender);
        assert_eq!(placing.denied(), None);
        placing.order(proposal(Some("0.00001")));
        assert_eq!(next(&receiver).0, CommandPhase::Sent);
        let (phase, note) = next(&receiver);
        assert_eq!(phase, CommandPhase::Done, "{note}");
        assert!(note.starts_with("filled as ") && note.ends_with("points worse"), "{note}");
        gate.close();
        assert!(placing.denied().is_some());
        placing.order(proposal(None));
        let (phase, note) = next(&receiver);
        assert_eq!(phase, CommandPhase::Denied);
        assert!(note.contains("the gate of this process is closed"), "{note}");
        assert_eq!(paper.counts().orders_accepted, 1);
        watcher.stop();
    }

    #[test]
    fn while_one_is_on_its_way_no_second_one_waits_behind_it() {
        let dir = tempfile::tempdir().unwrap();
        // It takes the connection and never says a word.
        let mute = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = mute.local_addr().unwrap().port();
        let settings = settings(dir.path(), Endpoint::new("127.0.0.1", port).unwrap());
        let (gate, watcher) = watched(&settings);
        let (sender, receiver) = channel_pair();
        let placing = Placing::new(settings, gate, sender);
        placing.order(proposal(None));
        assert_eq!(next(&receiver).0, CommandPhase::Sent);
        placing.order(proposal(None));
        let (phase, note) = next(&receiver);
        assert_eq!(phase, CommandPhase::Denied);
        assert!(note.contains("another order is on its way"), "{note}");
        let (phase, note) = next(&receiver);
        assert_eq!(phase, CommandPhase::Failed);
        assert!(note.starts_with("not sent: "), "{note}");
        // The way is free again.
        placing.order(proposal(None));
        assert_eq!(next(&receiver).0, CommandPhase::Sent);
        watcher.stop();
    }
}
