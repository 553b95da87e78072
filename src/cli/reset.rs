//! `crs reset`: the way back. Slow on purpose.

use super::exit::exits;
use super::reach::seconds;
use super::{Context, Exit, Failure, Outcome, confirm, wiring};
use crate::audit::LedgerReader;
use crate::breaker::{Gate, Stranger, strangers};
use crate::config::Settings;
use crate::control::kill::Hand;
use crate::control::kill::protocol::ResetRequest;
use crate::domain::{EngageId, KillIntent, Text};
use crate::event::{Event, Receiver, channel_pair};
use crate::host::{Identity, clock};
use std::sync::Arc;
use std::time::Duration;

/// Which decision, why, and the typed phrase where there is no terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "reset on record; the switch is DISARMED until `crs arm`",
    1 "refused, with the reason: nothing was changed",
))]
pub struct Args {
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The decision, as `crs status` shows it; asked for on the terminal otherwise
    #[arg(long, value_name = "ID")]
    engage_id: Option<EngageId>,
    /// The phrase, where there is no terminal: RESET and the id's last six characters
    #[arg(long, value_name = "TEXT", requires = "engage_id")]
    phrase: Option<String>,
    /// Insist although flat is not proven; goes on record as such
    #[arg(long = "override")]
    overrides: bool,
    /// How long to wait for the agent's proof, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    wait: Duration,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// The phrase for a decision.
#[must_use]
pub fn phrase(id: Option<EngageId>) -> String {
    let tail = id.map_or_else(
        || "EXTERNAL".to_owned(),
        |id| {
            let text = id.to_string();
            text.get(text.len().saturating_sub(6)..).unwrap_or_default().to_owned()
        },
    );
    format!("RESET {tail}")
}

/// Asks, then has the agent do it.
///
/// # Errors
/// Status 1 with the reason when it was refused.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let (known, foreign) = in_force(&loaded.settings);
    let shown = wiring::latch_home(&loaded.settings).named();
    let engage_id = args.engage_id.or(shown);
    let wanted = phrase(engage_id);
    match &args.phrase {
        Some(typed) if *typed == wanted => {}
        Some(_) => return Err(Failure::failed(format!("the phrase is: {wanted}"))),
        None => {
            let what = engage_id.map_or_else(|| "a foreign latch".to_owned(), |id| id.to_string());
            let files: Vec<String> =
                foreign.iter().map(|s| format!("\n  foreign: {}", s.words())).collect();
            let files = files.concat();
            let question = format!("RESET {what}: orders may pass again after `crs arm`.{files}");
            confirm::typed(&question, &wanted, "give --engage-id and --phrase")?;
        }
    }
    let (sender, receiver) = channel_pair();
    let hand = wiring::hand(&loaded.settings, "cli", false, Arc::new(Gate::default()), sender)?;
    agent_present(&receiver)?;
    let request = ResetRequest {
        engage_id: args.engage_id.or(shown),
        known,
        known_foreign: foreign.into_iter().map(|stranger| stranger.at).collect(),
        reason: Text::new(&args.reason),
        overrides: args.overrides,
        operator: Identity::here().operator(),
        until: None,
    };
    let done = insist(&hand, &request, args.wait).map_err(Failure::failed)?;
    if args.json {
        ctx.out.json(&serde_json::json!({ "reset": true, "engage_id": engage_id, "note": done }));
    } else {
        ctx.out.line(done.as_str());
    }
    Ok(Exit::OK)
}

/// Every decision in force that the operator could know of: taken before this
/// command was given; and every foreign latch there was by then. A later one
/// is news, and ends the reset.
fn in_force(settings: &Settings) -> (Vec<EngageId>, Vec<Stranger>) {
    let given = clock::started_ns().unwrap_or_else(clock::mono_ns);
    let boot = Identity::here().boot_id;
    let home = wiring::latch_home(settings);
    let mut reader = LedgerReader::new(&home.audit());
    let Ok(ledger) = reader.refresh() else { return (Vec::new(), Vec::new()) };
    let known = |i: &&KillIntent| i.boot_id != boot || i.pressed.mono_ns < given;
    let all: Vec<EngageId> =
        ledger.engaged().map(|e| &e.intent).filter(known).map(|i| i.engage_id).collect();
    let foreign = strangers(&home, &wiring::extra(settings), ledger, |id| all.contains(&id)).all;
    (all, foreign)
}

fn agent_present(receiver: &Receiver) -> Result<(), Failure> {
    let until = clock::mono_ns() + 5_000_000_000;
    let mut why = Text::new("it did not start within 5 s");
    while clock::mono_ns() < until {
        match receiver.urgent.recv_timeout(Duration::from_millis(100)) {
            Ok(Event::Agent(report)) if report.present => return Ok(()),
            Ok(Event::Agent(report)) => why = report.fault,
            _ => {}
        }
    }
    Err(Failure::failed(format!("there is no agent to reset: {why}; see `crs doctor`")))
}

/// An agent that just started has to prove flat first: ask again until then.
fn insist(hand: &Hand, request: &ResetRequest, wait: Duration) -> Result<Text, Text> {
    let until = clock::mono_ns() + u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
    loop {
        let outcome = hand.reset(request.clone(), Duration::from_secs(12));
        let unproven = outcome.as_ref().is_err_and(|e| e.as_str().starts_with("refused:"));
        if !unproven || clock::mono_ns() >= until {
            return outcome;
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}
