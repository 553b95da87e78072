//! `crs reset`: the way back. Slow on purpose.

mod shown;

use super::exit::exits;
use super::reach::seconds;
use super::remembers::{self, Memory};
use super::{Context, Exit, Failure, Outcome, confirm, status, wiring};
use crate::audit::LedgerReader;
use crate::breaker::Gate;
use crate::config::Settings;
use crate::control::kill::Hand;
use crate::control::kill::protocol::ResetRequest;
use crate::domain::{EngageId, LatchPhase, Text};
use crate::event::{Event, Receiver, channel_pair};
use crate::host::{Identity, clock};
use shown::Shown;
use std::sync::Arc;
use std::time::Duration;

/// A file that somebody touched has no id that a script could have read, so a
/// human looks at it.
const FOREIGN: &str = "a foreign latch names no decision that flags could give, so it is reset at a \
                       terminal (over SSH: ssh -t), with the phrase RESET EXTERNAL";

/// Which decision, why, and the typed phrase where there is no terminal.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "reset on record; the switch is DISARMED until `crs arm`",
    1 "refused, with the reason, or nothing is engaged: nothing was changed",
))]
pub struct Args {
    /// Why, in your words
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// The decision, as `crs status` shows it; asked for on the terminal otherwise
    #[arg(long, value_name = "ID")]
    engage_id: Option<EngageId>,
    /// The phrase, where there is no terminal: RESET and the id's last six characters. A foreign
    /// latch (made by touch, say) has no id, and is reset at a terminal only (over SSH: ssh -t)
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
    let settings = ctx.strict()?.settings;
    let (home, extra) = (wiring::latch_home(&settings), wiring::extra(&settings));
    let mut reader = LedgerReader::new(&home.audit());
    // A log that can't be read is the agent's to judge: it refuses.
    let shown = reader.refresh().map(|ledger| Shown::of(&home, &extra, ledger));
    let shown = shown.unwrap_or_default();
    // Who names one is answered by the agent, which knows why it is not in force.
    if args.engage_id.is_none() {
        something_to_reset(&shown, &settings)?;
    }
    let named = home.named();
    let engage_id = args.engage_id.or(named);
    agreed(args, engage_id, &shown)?;
    let (sender, receiver) = channel_pair();
    let hand = wiring::hand(&settings, "cli", false, Arc::new(Gate::default()), sender)?;
    agent_present(&receiver)?;
    let request = ResetRequest {
        engage_id,
        known: shown.decisions,
        known_foreign: shown.foreign.into_iter().map(|stranger| stranger.at).collect(),
        reason: Text::new(&args.reason),
        overrides: args.overrides,
        operator: Identity::here().operator(),
        until: None,
    };
    let done = insist(&hand, &request, args.wait).map_err(Failure::failed)?;
    let memories = remembers::ask(&settings);
    if args.json {
        ctx.out.json(&serde_json::json!({
            "reset": true, "engage_id": engage_id, "note": done, "gateways": memories,
        }));
        return Ok(Exit::OK);
    }
    ctx.out.line(done.as_str());
    // Nobody sent a KILL_SWITCH under a block, so only one that stands is news.
    let tells = |m: &Memory| if shown.kill { m.after_a_kill() } else { m.warning() };
    for line in memories.iter().filter_map(tells) {
        ctx.out.line(line);
    }
    Ok(Exit::OK)
}

/// Refuses at once where a look finds nothing engaged: no phrase is worth asking
/// for. In doubt the agent is asked.
fn something_to_reset(shown: &Shown, settings: &Settings) -> Result<(), Failure> {
    if !shown.decisions.is_empty() || !shown.foreign.is_empty() {
        return Ok(());
    }
    let next = match status::look(settings).phase {
        LatchPhase::Safe => "",
        LatchPhase::Disarmed => "; the switch is DISARMED: crs arm, when trading may go on",
        _ => return Ok(()),
    };
    Err(Failure::failed(format!("nothing is engaged, so there is nothing to reset{next}")))
}

/// Shows what it is about, and has the phrase typed, unless it was given.
fn agreed(args: &Args, engage_id: Option<EngageId>, shown: &Shown) -> Result<(), Failure> {
    let wanted = phrase(engage_id);
    match &args.phrase {
        Some(typed) if *typed == wanted => return Ok(()),
        Some(_) => return Err(Failure::failed(format!("the phrase is: {wanted}"))),
        None => {}
    }
    let what = engage_id.map_or_else(|| "a foreign latch".to_owned(), |id| id.to_string());
    let lines: String = shown.lines.iter().fold(String::new(), |all, line| all + "\n" + line);
    let question = format!("RESET {what}: orders may pass again after `crs arm`.{lines}");
    let without = match engage_id {
        Some(id) => format!("give --engage-id {id} --phrase \"{wanted}\""),
        None => FOREIGN.to_owned(),
    };
    confirm::typed(&question, &wanted, &without)
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
