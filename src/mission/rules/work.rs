//! The thread that carries out recoveries and tells what repeats.

use super::act::Holder;
use super::alerts::Alerts;
use crate::domain::Text;
use crate::domain::mission::MissionAlert;
use crate::host::clock;
use crate::mission::order::By;
use crossbeam_channel::{Receiver, RecvTimeoutError};
use std::sync::Weak;
use std::time::{Duration, Instant};

/// So often it looks for alerts that repeated.
const TICK: Duration = Duration::from_millis(100);
/// A port is free after so long, or somebody else has it.
const FREE: Duration = Duration::from_secs(3);

/// A recovery that may be carried out.
pub struct Job {
    /// For which alert.
    pub alert: MissionAlert,
    /// Which.
    pub action: String,
    /// Who wanted it.
    pub by: By,
    /// Who is ended first, as an operator confirmed it; none: whoever of ours
    /// holds the port.
    pub holders: Option<Vec<Holder>>,
}

/// Works until the alerts are gone.
pub fn worker(alerts: &Weak<Alerts>, jobs: &Receiver<Job>) {
    loop {
        let job = jobs.recv_timeout(TICK);
        let Some(alerts) = alerts.upgrade() else { return };
        match job {
            Ok(job) => {
                let outcome = done(&alerts, &job).unwrap_or_else(|why| why);
                alerts.was_done(job.alert.id, &job.by, &job.action, &outcome);
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        alerts.tell_changed();
    }
}

/// How it went; or why it did not.
fn done(alerts: &Alerts, job: &Job) -> Result<Text, Text> {
    match job.action.as_str() {
        "restart" => restart(alerts, job),
        "kill_port_and_retry" => {
            let holders = match &job.holders {
                Some(confirmed) => confirmed.clone(),
                None => alerts.only_ours(&job.alert)?,
            };
            free(alerts, &holders)?;
            restart(alerts, job)
        }
        other => Err(Text::new(&format!("not done: {other} is for an operator"))),
    }
}

fn restart(alerts: &Alerts, job: &Job) -> Result<Text, Text> {
    let Some(crew) = alerts.crew() else {
        return Err(Text::new("not done: the supervision is not there"));
    };
    // Between the line and this moment somebody may have stopped it, and a
    // process may say what a rule knows because it is being stopped.
    match crew.restart_if_wanted(job.alert.process.as_str()) {
        Ok(record) => Ok(Text::new(&format!("restarted; {}: {}", record.name, record.state))),
        Err((_, why)) => Err(Text::new(&format!("not done: {why}"))),
    }
}

/// Ends the holders and waits until they hold it no more.
fn free(alerts: &Alerts, holders: &[Holder]) -> Result<(), Text> {
    let Some(ports) = alerts.ports() else {
        return Err(Text::new("not done: nobody can say who holds a port"));
    };
    for holder in holders {
        ports.end(holder)?;
    }
    let until = Instant::now() + FREE;
    let held = |holder: &Holder| {
        let now = ports.holders(holder.port).unwrap_or_default();
        now.iter().any(|other| other.who == holder.who)
    };
    while let Some(holder) = holders.iter().find(|holder| held(holder)) {
        if Instant::now() >= until {
            let text = format!("{} still holds port {}", holder.words(), holder.port);
            return Err(Text::new(&text));
        }
        clock::sleep(Duration::from_millis(20));
    }
    Ok(())
}
