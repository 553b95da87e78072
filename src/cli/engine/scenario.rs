//! `crs engine --scenario`: the documents' scenarios, each on a stage with a
//! latch of its own, engaged as a health check or a console engages.

use super::ROLE;
use crate::breaker::Gate;
use crate::cli::stage::Stage;
use crate::cli::{Context, Exit, Failure, Outcome, wiring};
use crate::config::Settings;
use crate::control::kill::Hand;
use crate::domain::{Intent, Text};
use crate::engine::scenario::{ALL, Scenario};
use crate::engine::{Latch, latch};
use crate::event::channel_pair;
use crate::gateway::SimOptions;
use crate::host::clock;
use serde::Serialize;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The stage must be looked at, and its latch made, within this time.
const PATIENCE: Duration = Duration::from_secs(10);

/// Which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Which {
    /// Normal operation: 10 ticks, none blocked
    #[value(name = "1")]
    One,
    /// The switch is engaged at tick 5 of 15
    #[value(name = "2")]
    Two,
    /// The switch is engaged at tick 1 of 5
    #[value(name = "3")]
    Three,
    /// All three
    All,
}

#[derive(Serialize)]
struct Verdict {
    scenario: u8,
    passed: bool,
    why: Text,
}

/// Plays them.
pub(super) fn run(which: Which, json: bool, settings: &Settings, ctx: &mut Context) -> Outcome {
    let chosen = ALL.iter().filter(|scenario| match which {
        Which::One => scenario.number == 1,
        Which::Two => scenario.number == 2,
        Which::Three => scenario.number == 3,
        Which::All => true,
    });
    let mut verdicts = Vec::new();
    for scenario in chosen {
        let outcome = staged(scenario, settings, json, ctx)?;
        let (number, name) = (scenario.number, scenario.name);
        let line = match &outcome {
            Ok(()) => format!("TEST SCENARIO {number} PASSED - {name}"),
            Err(why) => format!("TEST SCENARIO {number} FAILED - {name}: {why}"),
        };
        if !json {
            ctx.out.line(line);
        }
        let why = Text::new(&outcome.as_ref().err().cloned().unwrap_or_default());
        verdicts.push(Verdict { scenario: number, passed: outcome.is_ok(), why });
    }
    let passed = verdicts.iter().all(|verdict| verdict.passed);
    if json {
        ctx.out.json(&verdicts);
    } else if passed && which == Which::All {
        ctx.out.line("ALL TESTS PASSED");
    }
    Ok(if passed { Exit::OK } else { Exit::FAILED })
}

/// On a stage that is struck whatever comes of it.
fn staged(
    scenario: &Scenario,
    settings: &Settings,
    quiet: bool,
    ctx: &mut Context,
) -> Result<Result<(), String>, Failure> {
    let stage = Stage::set(ROLE, SimOptions::default(), settings.clone())?;
    let played = play(scenario, &stage, quiet, ctx);
    stage.strike();
    played
}

fn play(
    scenario: &Scenario,
    stage: &Stage,
    quiet: bool,
    ctx: &mut Context,
) -> Result<Result<(), String>, Failure> {
    let gate = Arc::new(Gate::default());
    let seen = latch::Latch::new(Arc::clone(&gate), &stage.settings.kill_switch_file);
    let watcher = wiring::watch(&stage.settings, ROLE, Arc::clone(&gate), seen.teller());
    let (sender, _receiver) = channel_pair();
    let hand = match wiring::hand(&stage.settings, ROLE, false, Arc::clone(&gate), sender) {
        Ok(hand) => hand,
        Err(failure) => {
            watcher.stop();
            return Err(failure);
        }
    };
    let outcome = with_hand(scenario, &seen, &hand, quiet, ctx);
    let outcome = outcome.and_then(|()| {
        let made = || stage.settings.kill_switch_file.exists();
        match scenario.engage_at {
            Some(_) if !until(made) => Err("the latch was not made".to_owned()),
            None if made() => Err("there is a latch that nobody made".to_owned()),
            _ => Ok(()),
        }
    });
    drop(hand);
    watcher.stop();
    Ok(outcome)
}

fn with_hand(
    scenario: &Scenario,
    seen: &Latch,
    hand: &Hand,
    quiet: bool,
    ctx: &mut Context,
) -> Result<(), String> {
    if !until(|| seen.gate().is_safe()) {
        return Err(format!("the stage is not safe: {}", seen.gate().why()));
    }
    let engage = |reason: &Text| {
        hand.decide(Intent::Block, reason.clone(), clock::now());
    };
    let mut says = |line: &str| {
        if !quiet {
            ctx.out.line(line);
        }
    };
    scenario.play(seen, &engage, &mut says)
}

fn until(probe: impl Fn() -> bool) -> bool {
    let end = Instant::now() + PATIENCE;
    while !probe() {
        if Instant::now() >= end {
            return false;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    true
}
