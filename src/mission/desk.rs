//! Where every order arrives, whoever gave it and by which way: it goes on
//! record, to whom it concerns, and its answer goes on record too.

use super::annals::Recorder;
use super::crew::Crew;
use super::order::{Answer, By, Order, Refusal};
use super::parts::{Alerts, Orders, Refused};
use crate::domain::Text;
use std::sync::Arc;

/// Why an order is not taken now, whatever it asks for; none: it may be.
pub type Against = Box<dyn Fn(&Order) -> Option<Refused> + Send + Sync>;
/// Reads the configuration again; what changed.
pub type Reload = Box<dyn Fn(&By) -> Result<Vec<Text>, Refused> + Send + Sync>;
/// Begins the end of the daemon.
pub type End = Box<dyn Fn() + Send + Sync>;

/// The desk.
pub struct Desk {
    /// What is not taken now: during an emergency shutdown, at the end.
    pub against: Against,
    /// Launches, downs, emergency shutdowns, restorations.
    pub launcher: Arc<dyn Orders>,
    /// Starts, stops, restarts.
    pub crew: Arc<dyn Crew>,
    /// What is done about alerts.
    pub alerts: Arc<dyn Alerts>,
    /// Reads the configuration again.
    pub reload: Reload,
    /// Begins the end.
    pub end: End,
    /// Keeps the record.
    pub recorder: Arc<Recorder>,
}

impl Orders for Desk {
    fn order(&self, order: &Order, by: &By) -> Answer {
        let what = words(order);
        self.recorder.ordered(by, &what);
        let answer = self.carry_out(order, by);
        self.recorder.answered(by, &what, typed(order), &answer);
        answer
    }
}

impl Desk {
    fn carry_out(&self, order: &Order, by: &By) -> Answer {
        let record = |came: Result<_, Refused>| came.map_or_else(refused, Answer::Process);
        let done = |came: Result<(), Refused>| came.map_or_else(refused, |()| Answer::Accepted);
        if let Some(against) = (self.against)(order) {
            return refused(against);
        }
        match order {
            Order::Launch { .. } | Order::Down | Order::Safe { .. } | Order::Restore { .. } => {
                self.launcher.order(order, by)
            }
            Order::Start { process } => record(self.crew.start(process)),
            Order::Stop { process, dependants } => record(self.crew.stop(process, *dependants)),
            Order::Restart { process } => record(self.crew.restart(process)),
            Order::Reload => done((self.reload)(by).map(|_| ())),
            Order::Ack { alert } => done(self.alerts.acknowledge(*alert, by)),
            Order::Act { alert, action, confirm } => {
                done(self.alerts.act(*alert, action, confirm, by).map(|_| ()))
            }
            Order::Shutdown => {
                (self.end)();
                Answer::Accepted
            }
        }
    }
}

fn refused((kind, why): (Refusal, Text)) -> Answer {
    Answer::Refused { kind, why }
}

/// Whether it came with words that somebody typed.
fn typed(order: &Order) -> bool {
    match order {
        Order::Launch { confirm, .. }
        | Order::Act { confirm, .. }
        | Order::Safe { confirm, .. }
        | Order::Restore { confirm } => !confirm.is_empty(),
        _ => false,
    }
}

/// An order in words; what was typed as a confirmation is not in them.
#[must_use]
pub fn words(order: &Order) -> String {
    match order {
        Order::Launch { mode, .. } => format!("launch {mode}"),
        Order::Down => "down".to_owned(),
        Order::Start { process } => format!("start {process}"),
        Order::Stop { process, dependants: false } => format!("stop {process}"),
        Order::Stop { process, dependants: true } => {
            format!("stop {process} and what depends on it")
        }
        Order::Restart { process } => format!("restart {process}"),
        Order::Reload => "reload".to_owned(),
        Order::Ack { alert } => format!("acknowledge alert {alert}"),
        Order::Act { alert, action, .. } => format!("{action} for alert {alert}"),
        Order::Safe { reason, .. } => format!("emergency shutdown: {reason}"),
        Order::Restore { .. } => "restore the last dump".to_owned(),
        Order::Shutdown => "end the daemon".to_owned(),
    }
}
