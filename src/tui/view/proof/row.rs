//! One gateway: claim, observation, verdict, and what comes next.

use super::super::kill::Ranked;
use super::super::pen::Line;
use super::super::{format, words, wrap_most};
use super::{WIDE, closes, read};
use crate::domain::{GatewayPhase, Intent, KillProgress};
use crate::state::{Freshness, State};
use crate::tui::theme::{Glyphs, Role};
use std::time::Duration;

/// Columns of a gateway's name.
const NAME: u16 = 8;
/// Columns of a claim.
const CLAIM: u16 = 16;
/// Columns of an observation.
const SEEN: u16 = 21;
/// Columns of a verdict.
const VERDICT: u16 = 14;

/// A mark, words, a look.
type Told = (&'static str, String, Role);

/// The heading of the rows.
pub(super) fn header<'a>() -> Line<'a> {
    let d = Role::TextDim;
    Line::new()
        .left(NAME, "GATEWAY", d)
        .left(CLAIM, "CLAIMED", d)
        .left(SEEN, "OBSERVED", d)
        .right(5, "AGE", d)
        .gap(1)
        .left(VERDICT, "VERDICT", d)
        .right(6, "READS", d)
}

/// Gateway `index`, with the kill that is carried out there.
pub(super) fn lines<'a>(
    state: &'a State,
    index: u16,
    kill: Option<&'a KillProgress>,
    width: u16,
    g: &Glyphs,
) -> Ranked<'a> {
    let name = state.gateway_name(index).to_string();
    let (claim, seen, verdict) =
        (claimed(kill, g), observed(state, index, kill, g), judged(kill, g));
    let (age, reads) = (age(state, index, kill), reads(kill));
    let told = |line: Line<'a>, slot: u16, (mark, text, role): &Told| {
        line.text(*mark, *role).gap(1).left(slot.saturating_sub(2), text.clone(), *role)
    };
    let mut lines = Vec::new();
    if width >= WIDE {
        let line = told(Line::new().left(NAME, name, Role::TextNormal), CLAIM, &claim);
        let line = told(line, SEEN, &seen).right(5, age, Role::TextDim).gap(1);
        lines.push((0, told(line, VERDICT, &verdict).right(6, reads, Role::TextDim)));
    } else {
        let line = told(Line::new().left(NAME + 1, name, Role::TextNormal), VERDICT, &verdict);
        lines.push((0, line.end(reads, Role::TextDim)));
        let line = told(Line::new().left(NAME + 1, "claimed", Role::TextDim), CLAIM, &claim);
        lines.push((1, line));
        let line = told(Line::new().left(NAME + 1, "observed", Role::TextDim), SEEN, &seen);
        lines.push((0, line.right(5, age, Role::TextDim)));
    }
    let Some(kill) = kill else { return lines };
    if let Some(why) = why(kill) {
        let rows = wrap_most(&why, width.saturating_sub(2), 2).into_iter();
        lines.extend(rows.map(|row| (1, Line::new().gap(2).rest(row, Role::HealthBad))));
    }
    if let Some(next) = next(state, kill) {
        let rows = wrap_most(&next, width.saturating_sub(2), 2).into_iter();
        lines.extend(rows.map(|row| (2, Line::new().gap(2).rest(row, Role::TextNormal))));
    }
    lines
}

fn claimed(kill: Option<&KillProgress>, g: &Glyphs) -> Told {
    let dim = |text: &str| (g.flat, text.to_owned(), Role::TextDim);
    match kill {
        None => dim(""),
        Some(kill) if kill.intent == Intent::Block => dim("not asked"),
        Some(kill) if kill.phase == GatewayPhase::NotV1 => dim("not asked"),
        Some(kill) => match kill.claimed {
            Some((closed, total)) => {
                (g.claim, format!("{closed} of {total} closed"), Role::KillClaimed)
            }
            None => dim("none yet"),
        },
    }
}

/// What independent reads found: the driver's, or the console's own where no
/// driver looks.
fn observed(state: &State, index: u16, kill: Option<&KillProgress>, g: &Glyphs) -> Told {
    let looked = kill.filter(|kill| closes(kill));
    let Some(kill) = looked else { return polled(state, index, kill, g) };
    let Some(poll) = &kill.last_poll else {
        return (g.flat, String::from("not looked yet"), Role::TextDim);
    };
    let open = |n: u32, rest: &str| format!("{n} open{rest}");
    match (poll.positions, poll.margin_zero) {
        (Some(0), Some(true)) => (g.good, open(0, ", no margin"), Role::TextStrong),
        (Some(0), Some(false)) => (g.bad, open(0, ", margin used"), Role::HealthBad),
        (Some(0), None) => (g.unknown, open(0, ", margin ?"), Role::HealthBad),
        (Some(n), Some(true)) => (g.bad, open(n, ", no margin"), Role::KillPartial),
        (Some(n), Some(false)) => (g.bad, open(n, ", margin used"), Role::KillPartial),
        (Some(n), None) => (g.bad, open(n, ", margin ?"), Role::KillPartial),
        (None, _) => (g.unknown, String::from("no trusted read"), Role::HealthBad),
    }
}

fn polled(state: &State, index: u16, kill: Option<&KillProgress>, g: &Glyphs) -> Told {
    if kill.is_some_and(|kill| kill.phase == GatewayPhase::NotV1) {
        return (g.unknown, String::from("nothing can be read"), Role::HealthUnknown);
    }
    let good = state.positions_freshness(index) < Freshness::Unknown;
    let trusted = good && state.account_freshness(index) < Freshness::Unknown;
    match (trusted, read(state, index).len()) {
        (false, _) => (g.unknown, String::from("not known now"), Role::HealthUnknown),
        (true, 0) => (g.flat, String::from("0 open"), Role::TextNormal),
        (true, n) => (g.flat, format!("{n} open"), Role::TextStrong),
    }
}

fn judged(kill: Option<&KillProgress>, g: &Glyphs) -> Told {
    match kill {
        None => (g.flat, String::from("no kill"), Role::TextDim),
        Some(kill) if kill.intent == Intent::Block => {
            (g.flat, String::from("LEFT OPEN"), Role::TextStrong)
        }
        Some(kill) => {
            let badge = words::kill(kill.phase, g);
            // The word alone: what it means stands in the other columns.
            (badge.mark, kill.phase.word().to_owned(), badge.role)
        }
    }
}

fn age(state: &State, index: u16, kill: Option<&KillProgress>) -> String {
    if kill.is_some_and(|kill| kill.phase == GatewayPhase::NotV1) {
        return String::from("?");
    }
    let looked = kill.filter(|kill| closes(kill));
    let since = |at: u64| Duration::from_nanos(state.now.mono_ns.saturating_sub(at));
    let age = match looked {
        Some(kill) => kill.last_poll.as_ref().and_then(|poll| poll.at_ns).map(since),
        None => state.gateway(index).and_then(|p| p.positions.as_ref()).map(|r| state.age(r.at)),
    };
    age.map_or_else(|| String::from("?"), format::age)
}

fn reads(kill: Option<&KillProgress>) -> String {
    match kill {
        Some(kill) if closes(kill) => format!("{} of 3", kill.good_polls),
        _ => String::from("-"),
    }
}

/// Why a read is not trusted, or what a stranger said.
fn why(kill: &KillProgress) -> Option<String> {
    if kill.phase == GatewayPhase::NotV1 {
        let sent = if kill.times.sent.is_some() { "nothing more" } else { "no KILL_SWITCH" };
        let said = if kill.note.is_empty() { "nothing that is v1.0" } else { kill.note.as_str() };
        return Some(format!("it was sent {sent}; it answered: {said}"));
    }
    let poll = kill.last_poll.as_ref().filter(|_| closes(kill))?;
    (!poll.why.is_empty()).then(|| format!("not trusted: {}", poll.why))
}

/// Which step is under way, which attempt, and when the next one comes.
fn next(state: &State, kill: &KillProgress) -> Option<String> {
    if !closes(kill) {
        return None;
    }
    let plan = &kill.plan;
    let wait = |at: u64| {
        let left = Duration::from_nanos(at.saturating_sub(state.now.mono_ns));
        if left.is_zero() { String::from("now") } else { format!("in {}", format::age(left)) }
    };
    let mut parts = vec![step(kill).to_owned()];
    match (plan.waiting, plan.kill_ns) {
        (true, Some(at)) => {
            parts.push(format!("attempt {} unanswered, again {}", kill.attempts, wait(at)));
        }
        (true, None) => parts.push(format!("attempt {} is out", kill.attempts)),
        (false, Some(at)) => {
            parts.push(format!("attempt {} {}", kill.attempts.saturating_add(1), wait(at)));
        }
        (false, None) => {}
    }
    if plan.looking {
        parts.push(String::from("a read is out"));
    } else if let Some(at) = plan.look_ns {
        parts.push(format!("next read {}", wait(at)));
    }
    Some(parts.join("; "))
}

/// What is under way.
const fn step(kill: &KillProgress) -> &'static str {
    match kill.phase {
        GatewayPhase::Idle | GatewayPhase::Sending { .. } => "sending KILL_SWITCH",
        GatewayPhase::Unconfirmed => "sending KILL_SWITCH on",
        GatewayPhase::Acked => "proving the claim",
        GatewayPhase::Partial if kill.survivors.is_empty() => "proving anew",
        GatewayPhase::Partial => "closing survivors",
        GatewayPhase::Verified => "watching",
        GatewayPhase::NotV1 | GatewayPhase::StoodDown => "nothing",
    }
}
