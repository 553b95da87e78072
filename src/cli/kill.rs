//! `crs kill`: the whole kill over bare SSH, without the console.

mod booked;

use super::alone::{self, Alone};
use super::exit::exits;
use super::reach::seconds;
use super::{Context, Exit, Outcome, card, confirm, status, wiring};
use crate::breaker::Gate;
use crate::config::Loaded;
use crate::domain::{EngageId, GatewayPhase, Intent, KillProgress, LatchPhase, StepTimes, Text};
use crate::event::{Event, Receiver, channel_pair};
use crate::host::clock;
use booked::{Balances, Booked};
use serde::Serialize;
use std::collections::BTreeMap;
use std::io::IsTerminal as _;
use std::sync::Arc;
use std::time::Duration;

/// Latched, but the gateway is not proven to have obeyed.
const UNCONFIRMED: Exit = Exit(3);
/// Positions survive.
const SURVIVORS: Exit = Exit(4);
/// The latch could not be made.
const LATCH_FAILED: Exit = Exit(5);

/// Why, and how long to wait for proof.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "VERIFIED: three independent reads of every gateway agree that it is flat",
    1 "not confirmed by you",
    3 "latched, but unconfirmed: the agent goes on trying",
    4 "latched, but positions survive: the agent goes on closing them",
    5 "the latch file could not be made",
))]
pub struct Args {
    /// Why, in your words; kept on this host, never sent to a gateway
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// Don't ask
    #[arg(long)]
    yes: bool,
    /// How long to wait for the proof, in seconds; bounds the waiting, not the kill
    #[arg(long, value_name = "S", default_value = "30", value_parser = seconds)]
    timeout: Duration,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// What is known when the waiting ends.
#[derive(Debug, Serialize)]
pub(super) struct Report {
    pub(super) engage_id: EngageId,
    pub(super) exit: u8,
    latch: LatchPhase,
    agent_pid: Option<u32>,
    /// Steps of this process, in microseconds since the key.
    times: StepTimes,
    pub(super) gateways: Vec<KillProgress>,
    /// Balances before the key and after the proof, where both were read.
    booked: Vec<Booked>,
    log: Vec<Text>,
}

/// Engages, waits for the proof, reports.
///
/// # Errors
/// Status 64 when it was not confirmed.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let mut balances = None;
    if !args.yes {
        let settings = ctx.loaded().settings;
        // While the operator reads and types; asked of nobody at the key.
        balances = std::io::stdin().is_terminal().then(|| Balances::before(&settings));
        let gateways = settings.gateways;
        let names: Vec<_> = gateways.iter().map(|g| format!("{} {}", g.name, g.cmd)).collect();
        let question = &format!(
            "KILL: latches, cancels pending orders, closes every position, blocks orders.\n  at {}",
            if names.is_empty() { String::from("no gateway") } else { names.join(", ") }
        );
        confirm::typed_to_stop(question, "KILL", "add --yes to kill without being asked")?;
    }
    Ok(engage_after(balances.as_ref(), Intent::Kill, &args.reason, (args.timeout, args.json), ctx))
}

/// Both verbs that stop trading.
pub(super) fn engage(
    intent: Intent,
    reason: &str,
    wait: Duration,
    json: bool,
    ctx: &mut Context,
) -> Exit {
    engage_after(None, intent, reason, (wait, json), ctx)
}

fn engage_after(
    balances: Option<&Balances>,
    intent: Intent,
    reason: &str,
    (wait, json): (Duration, bool),
    ctx: &mut Context,
) -> Exit {
    let report = stop(balances, intent, reason, (wait, json), ctx);
    finish(&report, intent, json, ctx);
    Exit(report.exit)
}

/// The stop itself and the wait for its proof, for who says it otherwise.
pub(super) fn carry_out(intent: Intent, reason: &str, wait: Duration, ctx: &mut Context) -> Report {
    stop(None, intent, reason, (wait, true), ctx)
}

/// The same; `quiet` says nothing meanwhile.
fn stop(
    balances: Option<&Balances>,
    intent: Intent,
    reason: &str,
    (wait, quiet): (Duration, bool),
    ctx: &mut Context,
) -> Report {
    let pressed = clock::now();
    // A misspelt theme must not hold up a kill: problems are said, not fatal.
    let mut loaded = ctx.loaded();
    for problem in &loaded.problems {
        ctx.out.note(format!("crs: {problem}"));
    }
    if let Some(said) = by_default(&loaded) {
        // An agent knows the gateways that were meant better than a default.
        if status::has_agent(&wiring::latch_home(&loaded.settings)) {
            loaded.settings.gateways.clear();
        } else {
            ctx.out.note(said);
        }
    }
    if loaded.settings.gateways.is_empty() {
        ctx.out.note(
            "crs: no gateway can be told from the configuration: it latches and records, \
             and a running agent tells its own",
        );
        let done = alone::engage(intent, reason, pressed, &loaded.settings);
        return without_a_hand(done, intent, ctx);
    }
    let (sender, receiver) = channel_pair();
    let gate = Arc::new(Gate::default());
    let hand = match wiring::hand(&loaded.settings, "cli", false, gate, sender) {
        Ok(hand) => hand,
        Err(why) => {
            ctx.out.note(format!("crs: {}: one thread latches and records", why.text));
            let done = alone::engage(intent, reason, pressed, &loaded.settings);
            return without_a_hand(done, intent, ctx);
        }
    };
    let engage_id = hand.decide(intent, Text::new(reason), pressed);
    // What was back at the key, and nothing that came later: the kill is out.
    let before = balances.map(Balances::by_now).unwrap_or_default();
    let targets = loaded.settings.gateways.len();
    let mut seen = Watch::new(ctx, engage_id, quiet);
    seen.card = card::lines(&loaded.settings.card);
    let until = clock::mono_ns() + u64::try_from(wait.as_nanos()).unwrap_or(u64::MAX);
    while clock::mono_ns() < until && !seen.settled(intent, targets) {
        seen.hear(&receiver);
    }
    let exit = seen.exit(intent, targets);
    let proven = intent == Intent::Kill && exit == Exit::OK;
    let booked = if proven { booked::since(&before, &loaded.settings) } else { Vec::new() };
    Report {
        engage_id,
        exit: exit.0,
        latch: seen.latch(),
        agent_pid: seen.agent,
        times: seen.last.values().map(|p| p.times).next().unwrap_or_default(),
        gateways: seen.last.values().cloned().collect(),
        booked,
        log: std::mem::take(&mut seen.log),
    }
}

/// That a broken configuration lists no gateway, and which one is told therefore.
fn by_default(loaded: &Loaded) -> Option<String> {
    let chosen = !loaded.problems.is_empty() && !loaded.origins.any("gateway[");
    let main = loaded.settings.gateways.first().filter(|_| chosen)?;
    let (name, cmd) = (&main.name, &main.cmd);
    Some(format!("crs: the configuration lists no gateway: the default one is told, {name} {cmd}"))
}

/// Nobody was there to send anything.
fn without_a_hand(done: Alone, intent: Intent, ctx: &mut Context) -> Report {
    let exit = match (done.latch, intent) {
        (LatchPhase::Blocked, _) => LATCH_FAILED,
        (_, Intent::Block) => Exit::OK,
        (_, Intent::Kill) => UNCONFIRMED,
    };
    let Alone { engage_id, latch, agent: agent_pid, times, log } = done;
    for line in &log {
        ctx.out.note(format!("crs: {line}"));
    }
    let (gateways, booked) = (Vec::new(), Vec::new());
    Report { engage_id, exit: exit.0, latch, agent_pid, times, gateways, booked, log }
}

fn finish(report: &Report, intent: Intent, json: bool, ctx: &mut Context) {
    let exit = Exit(report.exit);
    if json {
        ctx.out.json(report);
        return;
    }
    for booked in &report.booked {
        ctx.out.line(booked.words());
    }
    ctx.out.line(outcome(report, intent));
    if report.agent_pid.is_none() && exit != Exit::OK {
        ctx.out.line("No agent runs: with the end of this command nobody goes on trying.");
    }
}

/// How it ended, in one line.
pub(super) fn outcome(report: &Report, intent: Intent) -> String {
    let id = report.engage_id;
    match Exit(report.exit) {
        Exit::OK if intent == Intent::Block => {
            format!("BLOCKED: no new orders; positions stand. Way back: crs reset --engage-id {id}")
        }
        Exit::OK => format!("VERIFIED flat. Pending orders: not verifiable. Engage id {id}"),
        SURVIVORS => "SURVIVORS: positions are still open; `crs status` follows the agent".into(),
        LATCH_FAILED => "LATCH FAILED: other programs on this host do not see the stop".into(),
        _ => "UNCONFIRMED: latched, not proven; `crs status` follows, the card is your way".into(),
    }
}

/// What this command has heard.
struct Watch<'a> {
    ctx: &'a mut Context,
    id: EngageId,
    quiet: bool,
    last: BTreeMap<u16, KillProgress>,
    agent: Option<u32>,
    log: Vec<Text>,
    /// The out-of-band card, until it is shown.
    card: Vec<String>,
}

impl<'a> Watch<'a> {
    fn new(ctx: &'a mut Context, id: EngageId, quiet: bool) -> Self {
        let (last, log, card) = (BTreeMap::new(), Vec::new(), Vec::new());
        Self { ctx, id, quiet, last, agent: None, log, card }
    }

    fn hear(&mut self, receiver: &Receiver) {
        match receiver.urgent.recv_timeout(Duration::from_millis(50)) {
            // What the agent tells of earlier decisions proves nothing of
            // ours; what carries our own steps does.
            Ok(Event::Kill(progress))
                if progress.engage_id == self.id || progress.times.handed.is_some() =>
            {
                self.progress(*progress);
            }
            Ok(Event::Agent(report)) => {
                self.agent = report.pid.filter(|_| report.present);
                if !report.fault.is_empty() {
                    self.say(&format!("agent: {}", report.fault));
                }
            }
            Ok(Event::Log(line)) => {
                self.say(&format!("{}: {}", line.source, line.text));
                self.log.push(line.text);
            }
            _ => {}
        }
    }

    fn say(&mut self, text: &str) {
        if !self.quiet {
            self.ctx.out.line(text);
        }
    }

    fn progress(&mut self, now: KillProgress) {
        let before = self.last.get(&now.target);
        let moved = before.is_none_or(|b| {
            std::mem::discriminant(&b.phase) != std::mem::discriminant(&now.phase)
                || b.note != now.note
                || b.survivors.len() != now.survivors.len()
        });
        if moved && now.phase != GatewayPhase::Idle {
            self.say(&line(&now));
            for survivor in &now.survivors {
                self.say(&format!(
                    "  survivor {} {} {} {} lots: {}",
                    survivor.ticket,
                    survivor.symbol,
                    survivor.side.word(),
                    survivor.lots,
                    survivor.doing
                ));
            }
        }
        if now.needs_card() {
            for line in std::mem::take(&mut self.card) {
                self.say(&line);
            }
        }
        self.last.insert(now.target, now);
    }

    fn latch(&self) -> LatchPhase {
        self.last.values().map(|p| p.latch).next().unwrap_or_default()
    }

    fn settled(&self, intent: Intent, targets: usize) -> bool {
        let latched = matches!(self.latch(), LatchPhase::Durable | LatchPhase::NotDurable);
        match intent {
            Intent::Block => latched && self.last.values().all(|p| p.times.handed.is_some()),
            Intent::Kill => {
                latched
                    && self.last.len() == targets
                    && self.last.values().all(|p| p.phase == GatewayPhase::Verified)
            }
        }
    }

    fn exit(&self, intent: Intent, targets: usize) -> Exit {
        let visible = self.last.values().any(|p| p.times.visible.is_some());
        let verified = self.last.len() == targets
            && self.last.values().all(|p| p.phase == GatewayPhase::Verified);
        if !visible {
            LATCH_FAILED
        } else if intent == Intent::Block || verified {
            Exit::OK
        } else if self.last.values().any(|p| !p.survivors.is_empty()) {
            SURVIVORS
        } else {
            UNCONFIRMED
        }
    }
}

fn line(p: &KillProgress) -> String {
    let claimed = p.claimed.map_or_else(String::new, |(c, t)| format!(", claims {c}/{t} closed"));
    let polls =
        if p.good_polls > 0 { format!(", {} of 3 reads", p.good_polls) } else { String::new() };
    let note = if p.note.is_empty() { String::new() } else { format!(": {}", p.note) };
    format!("{} {}{claimed}{polls}{note}", p.gateway, p.phase.word())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{self, Flags};

    #[test]
    fn a_gateway_by_default_is_named_where_the_file_is_broken() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("config.toml");
        for (text, said) in [
            ("[screen]\nthem = 'dark'\n", true),
            ("[screen]\ntheme = 'dark'\n", false),
            ("[screen]\nthem = 'dark'\n[[gateway]]\nhost = '127.0.0.1'\n", false),
        ] {
            std::fs::write(&file, text).unwrap();
            let flags = Flags { config: Some(file.clone()), ..Flags::default() };
            let told = by_default(&config::load::load_with(&flags, &|_| None));
            assert_eq!(told.is_some(), said, "{text}");
            assert!(told.is_none_or(|told| told.contains("main 127.0.0.1:5555")));
        }
    }
}
