//! The page: words, in the order in which they are needed.

use super::facts::{Facts, Gateway};
use crate::audit::{Act, Record};
use crate::cli::audit::detail;
use crate::cli::positions::Read;
use crate::config::Card;
use crate::domain::{GatewayPhase, LatchPhase, Mode, Money, Position, Text};
use crate::tui::view::kill::advice;

/// Columns of the page, and of its left edge.
const WIDTH: usize = 80;
const EDGE: usize = 9;
/// Changes shown at most: the last ones.
const CHANGES: usize = 12;

/// The whole page, no line longer than 80 characters.
pub fn lines(facts: &Facts, hours: u16) -> Vec<String> {
    let mut page = vec![cut(&format!(
        "CRS BRIEF  {} UTC  {}",
        facts.at.iso().get(..16).unwrap_or_default().replace('T', " "),
        facts.who.operator()
    ))];
    let mut part = |name: &str, rows: Vec<String>| {
        page.push(String::new());
        for (n, row) in rows.iter().enumerate() {
            let edge = if n == 0 { name } else { "" };
            page.push(cut(&format!("{edge:<EDGE$}{row}")));
        }
    };
    part("SWITCH", switch(facts));
    part("RISK", facts.gateways.iter().flat_map(risk).collect());
    part("CHANGED", changed(facts, hours));
    part("BROKEN", or_none(facts.broken().iter().flat_map(|l| wrap(l)).collect(), "nothing found"));
    part("DO", wrap(&safe_action(facts)));
    part("CARD", card(&facts.card));
    page
}

fn switch(facts: &Facts) -> Vec<String> {
    let seen = &facts.latch;
    let mut rows = vec![seen.phase.word().to_owned()];
    if !seen.reason.is_empty() {
        rows.push(format!("reason  {}", seen.reason));
    }
    if seen.phase.is_engaged() {
        rows.push(format!("since   {} UTC  by {}", seen.since, seen.by));
    }
    rows.extend(seen.engage_id.map(|id| format!("id      {id}")));
    for kill in &facts.kills {
        let reads = format!("{} of 3 reads", kill.good_polls);
        rows.push(format!("kill    {} {} ({reads})", kill.gateway, kill.phase.word()));
    }
    rows.extend(facts.live.iter().map(|line| format!("LIVE    {line}")));
    rows.push(match facts.agent {
        Some(pid) => format!("agent   pid {pid}"),
        None => "agent   none running".to_owned(),
    });
    let drill = facts.drill.map(|at| at.iso().get(..10).unwrap_or_default().to_owned());
    let due = if facts.drill_is_due() { ", due: crs drill" } else { "" };
    rows.push(format!("drill   {}{due}", drill.as_deref().unwrap_or("never")));
    rows
}

fn risk(gateway: &Gateway) -> Vec<String> {
    let name = &gateway.name;
    let Ok(Read { positions: Ok(open), account: Ok(account) }) = &gateway.read else {
        return vec![format!("{name} UNKNOWN: positions may be open")];
    };
    let (mode, account) = (Mode::of_account(&account.value).word(), &account.value);
    let total = open.value.iter().fold(Money::ZERO, |sum, p| sum.plus(p.profit));
    let level = account.margin_level.map_or_else(|| "none".into(), |l| format!("{} %", l.text(0)));
    let mut rows = vec![format!(
        "{name} {mode}: {} open, P/L {} {}, equity {}, margin level {level}",
        open.value.len(),
        total.text(2),
        account.currency,
        account.equity.text(2)
    )];
    let mut list: Vec<&Position> = open.value.iter().collect();
    list.sort_by_key(|p| p.profit);
    for p in list.iter().take(5) {
        let stop = p.sl.map_or_else(|| "no stop".into(), |sl| format!("stop {sl}"));
        rows.push(format!(
            "  {:<10} {:<8} {:<4} {:>6} lots {:>12}  {stop}",
            p.ticket.to_string(),
            p.symbol,
            p.side.word(),
            p.lots.text(2),
            p.profit.text(2)
        ));
    }
    if list.len() > 5 {
        rows.push(format!("  and {} more: crs positions", list.len() - 5));
    }
    rows.push("  pending orders: not verifiable".to_owned());
    rows
}

/// What an operator did or the switch went through; not every step of it.
fn changed(facts: &Facts, hours: u16) -> Vec<String> {
    let answered = |id: &Text| {
        let ends = |r: &Record| matches!(&r.act, Act::Command { req_id, outcome, .. } if req_id == id && outcome.as_str() != "sent");
        facts.changes.iter().any(ends)
    };
    let tells = |r: &&Record| match &r.act {
        Act::Open { .. } | Act::Positions { .. } | Act::Exchange { .. } => false,
        Act::Command { req_id, outcome, .. } => outcome.as_str() != "sent" || !answered(req_id),
        Act::Step { phase, .. } => {
            matches!(phase, GatewayPhase::Verified | GatewayPhase::Partial | GatewayPhase::NotV1)
        }
        _ => true,
    };
    let all: Vec<&Record> = facts.changes.iter().filter(tells).collect();
    let skip = all.len().saturating_sub(CHANGES);
    let mut rows: Vec<String> = Vec::new();
    if skip > 0 {
        rows.push(format!("{skip} earlier ones: crs audit show"));
    }
    for r in all.get(skip..).unwrap_or_default() {
        let day = r.at.utc.iso();
        let at = day.get(5..16).unwrap_or_default().replace('T', " ");
        rows.push(format!("{at}  {:<12} {}", r.act.word(), words(&r.act)));
    }
    or_none(rows, &format!("nothing in {hours} h"))
}

/// As the audit log shows it, without the identities.
fn words(act: &Act) -> String {
    match act {
        Act::Engage { intent } => format!("\"{}\" by {}", intent.reason, intent.operator),
        Act::Step { gateway, phase, note, .. } => format!("{gateway} {}: {note}", phase.word()),
        Act::StandDown { reason, .. } => format!("\"{reason}\""),
        Act::Latch { path, why, .. } => format!("{path}: {why}"),
        Act::Command { what, outcome, gateway, .. } => {
            let to = gateway.as_ref().map_or_else(String::new, |name| format!(" to {name}"));
            format!("{what}{to}: {outcome}")
        }
        other => detail(other),
    }
}

/// One thing, and one that can't make it worse.
fn safe_action(facts: &Facts) -> String {
    let running = facts.kills.iter().find(|k| k.phase != GatewayPhase::Verified);
    if let Some(kill) = running {
        return format!("{}; crs status follows it", advice::now(kill).0);
    }
    match facts.latch.phase {
        LatchPhase::Safe if facts.broken().is_empty() => "nothing needs doing".to_owned(),
        LatchPhase::Safe => "mend what is broken; in doubt crs kill --reason \"…\": it waits for \
                             nothing and goes on until the account is proven flat"
            .to_owned(),
        LatchPhase::Disarmed => "nothing trades; crs arm when trading may go on".to_owned(),
        LatchPhase::Blocked => "nothing trades; see to the latch's directory (crs doctor), then \
                                crs arm"
            .to_owned(),
        LatchPhase::EngagedExternal => "leave it engaged, find out who made it and why, look at \
                                        the positions; crs reset when it is over"
            .to_owned(),
        _ => "leave it engaged; crs reset --reason \"…\" when it is over".to_owned(),
    }
}

/// What a human does when no wire does it, each line with its label.
fn card(card: &Card) -> Vec<String> {
    let lines = card.lines();
    let rows = lines.iter().flat_map(|(label, words)| {
        let mut label = Some(label.to_string());
        let row = move |row| format!("{:<12}{row}", label.take().unwrap_or_default());
        wrap_to(words.as_str(), WIDTH - EDGE - 12).into_iter().map(row)
    });
    or_none(rows.collect(), Card::NONE)
}

fn or_none(rows: Vec<String>, none: &str) -> Vec<String> {
    if rows.is_empty() { vec![none.to_owned()] } else { rows }
}

fn wrap(text: &str) -> Vec<String> {
    wrap_to(text, WIDTH - EDGE)
}

fn wrap_to(text: &str, columns: usize) -> Vec<String> {
    crate::tui::view::wrap(text, u16::try_from(columns).unwrap_or(u16::MAX))
}

/// By characters: what is wider than one column only leaves the edge uneven.
fn cut(line: &str) -> String {
    let line = line.trim_end();
    if line.chars().count() <= WIDTH {
        return line.to_owned();
    }
    let mut short: String = line.chars().take(WIDTH - 1).collect();
    short.push('…');
    short
}
