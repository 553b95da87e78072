//! `crs mission alerts`: what is wrong, and what to do about it.

use super::Reach;
use super::client::Client;
use crate::cli::{Context, Exit, Outcome};
use crate::domain::mission::{Gravity, MissionAlert, Recovery};
use crate::mission::api::page::{ActBody, ConfirmBody, Done};
use serde::{Deserialize, Serialize};

/// What to do with alerts.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Those too that somebody acknowledged
    #[arg(long)]
    all: bool,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
    #[command(subcommand)]
    what: Option<What>,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Acknowledge one: it is seen, and is open no more
    Ack {
        /// Its number
        #[arg(value_name = "ID")]
        id: u64,
    },
    /// Carry out one of its proposed actions
    Act {
        /// Its number
        #[arg(value_name = "ID")]
        id: u64,
        /// The action, by its name
        #[arg(value_name = "ACTION")]
        action: String,
    },
}

/// `GET /api/alerts`
#[derive(Debug, Deserialize, Serialize)]
struct Page {
    alerts: Vec<MissionAlert>,
}

/// Shows, acknowledges or acts.
pub(super) fn run(args: &Args, reach: &Reach, ctx: &mut Context) -> Outcome {
    let client = Client::new(reach, ctx)?;
    match &args.what {
        Some(What::Ack { id }) => {
            let _: Done = client.post(&format!("/api/alerts/{id}/ack"), &ConfirmBody::default())?;
            ctx.out.line(format!("alert {id} is acknowledged"));
            Ok(Exit::OK)
        }
        Some(What::Act { id, action }) => {
            let path = format!("/api/alerts/{id}/act");
            let body = |confirm| ActBody { action: action.clone(), confirm };
            let _: Done = client.post_confirmed(&path, body, Exit::FAILED)?;
            let end = "crs mission alerts says how it ends";
            ctx.out.line(format!("alert {id}, {action}: accepted; {end}"));
            Ok(Exit::OK)
        }
        None => {
            let query = if args.all { vec![("all", "true".to_owned())] } else { Vec::new() };
            let page: Page = client.get("/api/alerts", &query)?;
            let open = page.alerts.iter().any(|a| a.acknowledged.is_empty());
            if args.json {
                ctx.out.json(&page);
            } else {
                for alert in &page.alerts {
                    show(alert, ctx);
                }
                if page.alerts.is_empty() {
                    ctx.out.line("no alert is open");
                }
            }
            Ok(if open { Exit::FAILED } else { Exit::OK })
        }
    }
}

fn show(alert: &MissionAlert, ctx: &mut Context) {
    let gravity = match alert.severity {
        Gravity::Low => "LOW",
        Gravity::Medium => "MEDIUM",
        Gravity::High => "HIGH",
        Gravity::Critical => "CRITICAL",
    };
    let who = if alert.process.is_empty() { String::new() } else { format!(" {}", alert.process) };
    let often = if alert.count > 1 {
        format!(", {} times, last {}", alert.count, alert.last.hms())
    } else {
        String::new()
    };
    let out = &mut ctx.out;
    let at = alert.timestamp.hms();
    out.line(format!("{:>4} {gravity:<8} {at}{who}: {}{often}", alert.id, alert.title));
    out.line(format!("       {}", alert.message));
    if !alert.solution.is_empty() {
        let who = match alert.strategy {
            Recovery::Automatic => "by the daemon",
            Recovery::Guided => "step by step",
            Recovery::Manual => "by hand",
            Recovery::Escalate => "others are called",
        };
        out.line(format!("       To do ({who}): {}", alert.solution));
    }
    for action in &alert.actions {
        out.line(format!("       crs mission alerts act {} {action}", alert.id));
    }
    if !alert.done.is_empty() {
        out.line(format!("       Done: {}", alert.done));
    }
    if !alert.acknowledged.is_empty() {
        out.line(format!("       Seen by {}", alert.acknowledged));
    }
}
