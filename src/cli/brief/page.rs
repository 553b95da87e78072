//! The page: words, in the order in which they are needed.

use super::facts::{Facts, Gateway};
use super::mission;
use crate::audit::{Act, Record};
use crate::cli::audit::detail;
use crate::cli::numbers;
use crate::cli::positions::Read;
use crate::cli::remembers::Memory;
use crate::config::Card;
use crate::domain::{GatewayPhase, LatchPhase, Mode, Money, Position, Text};
use crate::tui::view::kill::advice;
use std::collections::BTreeSet;

/// Columns of the page, and of its left edge.
const WIDTH: usize = 80;
const EDGE: usize = 9;
/// Changes shown at most: the last ones.
const CHANGES: usize = 12;

/// The whole page, no line longer than 80 characters.
pub fn lines(facts: &Facts, hours: u16) -> Vec<String> {
    let at = facts.at.iso().get(..16).unwrap_or_default().replace('T', " ");
    let mut page = wrap_to(&format!("CRS BRIEF  {at} UTC  {}", facts.who.operator()), WIDTH);
    let mut part = |name: &str, rows: Vec<String>| {
        page.push(String::new());
        for (n, row) in rows.iter().enumerate() {
            let edge = if n == 0 { name } else { "" };
            page.push(format!("{edge:<EDGE$}{row}").trim_end().to_owned());
        }
    };
    part("SWITCH", switch(facts));
    part("RISK", facts.gateways.iter().flat_map(risk).collect());
    let traders: Vec<String> = facts.traders.lines().iter().flat_map(|l| wrap(l)).collect();
    if !traders.is_empty() {
        part("TRADERS", traders);
    }
    let mission = mission::lines(&facts.mission);
    if !mission.is_empty() {
        part("MISSION", mission.iter().flat_map(|line| wrap(line)).collect());
    }
    part("CHANGED", changed(facts, hours));
    part("BROKEN", or_none(facts.broken().iter().flat_map(|l| wrap(l)).collect(), "nothing found"));
    part("DO", wrap(&safe_action(facts)));
    part("CARD", card(&facts.card));
    page
}

fn switch(facts: &Facts) -> Vec<String> {
    let seen = &facts.latch;
    let mut rows = vec![seen.phase.word().to_owned()];
    let mut row = |label: &str, words: &str| rows.extend(labelled(label, words, 8));
    if !seen.reason.is_empty() {
        row("reason", seen.reason.as_str());
    }
    if seen.phase.is_engaged() {
        row("since", &facts.since);
        if !seen.by.is_empty() {
            row("by", seen.by.as_str());
        }
    }
    if let Some(id) = seen.engage_id {
        row("id", &id.to_string());
    }
    for kill in &facts.kills {
        let reads = format!("{} of 3 reads", kill.good_polls);
        row("kill", &format!("{} {} ({reads})", kill.gateway, kill.phase.word()));
    }
    for line in &facts.live {
        row("LIVE", line);
    }
    row(
        "agent",
        &facts.agent.map_or_else(|| "none running".to_owned(), |pid| format!("pid {pid}")),
    );
    let drill = facts.drill.map(|at| at.iso().get(..10).unwrap_or_default().to_owned());
    let due = if facts.drill_is_due() { ", due" } else { "" };
    row("drill", &format!("{}{due}", drill.as_deref().unwrap_or("never")));
    rows
}

fn risk(gateway: &Gateway) -> Vec<String> {
    let name = &gateway.name;
    let Ok(Read { positions: Ok(open), account: Ok(account) }) = &gateway.read else {
        return wrap(&format!("{name} UNKNOWN: positions may be open"));
    };
    let (mode, account) = (Mode::of_account(&account.value).word(), &account.value);
    let total = open.value.iter().fold(Money::ZERO, |sum, p| sum.plus(p.profit));
    let level = numbers::level(account.margin_level);
    let mut rows = wrap(&format!(
        "{name} {mode}: {} open, P/L {} {}, equity {}, margin level {level}",
        open.value.len(),
        numbers::money(total),
        account.currency,
        numbers::money(account.equity)
    ));
    let mut list: Vec<&Position> = open.value.iter().collect();
    list.sort_by_key(|p| p.profit);
    for p in list.iter().take(5) {
        let stop =
            p.sl.map_or_else(|| "no sl".into(), |sl| format!("sl {}", numbers::price(p, sl)));
        rows.push(format!(
            "  {:<10} {:<8} {:<4} {:>6} lots {:>12}  {stop}",
            p.ticket.to_string(),
            p.symbol,
            p.side.word(),
            numbers::lots(p.lots),
            numbers::money(p.profit)
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
        Act::Open { .. } | Act::Synced | Act::Positions { .. } | Act::Exchange { .. } => false,
        Act::Command { req_id, outcome, .. } => outcome.as_str() != "sent" || !answered(req_id),
        // What an operator did; crs mission audit has what processes did.
        Act::Mission { kind, .. } => matches!(kind.as_str(), "ANSWER" | "LAUNCH" | "CONFIG"),
        Act::Step { phase, .. } => {
            matches!(phase, GatewayPhase::Verified | GatewayPhase::Partial | GatewayPhase::NotV1)
        }
        _ => true,
    };
    let mut all: Vec<&Record> = facts.changes.iter().filter(tells).collect();
    // The same step of the same kill is recorded by each process that saw it.
    let mut told = BTreeSet::new();
    let mut decided = BTreeSet::new();
    all.retain(|r| match &r.act {
        Act::Engage { intent } => decided.insert(intent.engage_id),
        Act::Step { engage_id, gateway, phase, .. } => {
            told.insert((*engage_id, gateway.clone(), phase.word()))
        }
        _ => true,
    });
    let all = folded(&all);
    let skip = all.len().saturating_sub(CHANGES);
    let mut rows: Vec<String> = Vec::new();
    if skip > 0 {
        rows.push(format!("{skip} earlier ones: crs audit show"));
    }
    for (r, times) in all.get(skip..).unwrap_or_default() {
        let day = r.at.utc.iso();
        let at = day.get(5..16).unwrap_or_default().replace('T', " ");
        let times = if *times > 1 { format!(" \u{d7}{times}") } else { String::new() };
        let told = format!("{:<12} {}{times}", r.act.word(), words(&r.act));
        rows.extend(labelled(&at, &told, 13));
    }
    or_none(rows, &format!("nothing in {hours} h"))
}

/// Commands that ended alike one after the other, as the last of them and how many.
fn folded<'a>(all: &[&'a Record]) -> Vec<(&'a Record, usize)> {
    let like = |a: &Act, b: &Act| match (a, b) {
        (
            Act::Command { what: a, outcome: oa, why: wa, gateway: ga, .. },
            Act::Command { what: b, outcome: ob, why: wb, gateway: gb, .. },
        ) => {
            let verb = |what: &Text| what.as_str().split(' ').next().map(str::to_owned);
            oa.as_str() != "done" && (verb(a), oa, wa, ga) == (verb(b), ob, wb, gb)
        }
        _ => false,
    };
    let mut rows: Vec<(&Record, usize)> = Vec::new();
    for record in all {
        match rows.last_mut() {
            Some((last, times)) if like(&last.act, &record.act) => {
                (*last, *times) = (record, *times + 1);
            }
            _ => rows.push((record, 1)),
        }
    }
    rows
}

/// As the audit log shows it, without the identities.
fn words(act: &Act) -> String {
    match act {
        Act::Engage { intent } => format!("\"{}\" by {}", intent.reason, intent.operator),
        Act::Step { gateway, phase, note, .. } => format!("{gateway} {}: {note}", phase.word()),
        Act::StandDown { reason, .. } => format!("\"{reason}\""),
        Act::Latch { path, why, .. } => format!("{path}: {why}"),
        Act::Reset { ids, reason, overridden, .. } => {
            let how = if *overridden { ", OVERRIDDEN" } else { "" };
            let count = match ids.len() {
                0 => String::from("a foreign latch"),
                1 => String::from("one decision"),
                n => format!("{n} decisions"),
            };
            format!("of {count}{how}: \"{reason}\"")
        }
        Act::Arm { live: false, .. } => String::from("orders may pass again"),
        Act::Command { what, outcome, gateway, why, .. } => {
            let to = gateway.as_ref().map_or_else(String::new, |name| format!(" to {name}"));
            let why = if why.is_empty() { String::new() } else { format!(": {why}") };
            format!("{what}{to}: {outcome}{why}")
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
    let back = facts.remembering().next().map(Memory::next);
    match facts.latch.phase {
        LatchPhase::Safe => match back {
            // Nothing else is broken than that it still refuses orders.
            Some(back) if facts.broken().len() == facts.remembering().count() => {
                format!("{back}, when trading may go on")
            }
            // Nothing else is broken than what mission control runs.
            _ if !facts.broken().is_empty()
                && facts.broken().len() == mission::broken(&facts.mission).len() =>
            {
                mission::next(&facts.mission).unwrap_or_default()
            }
            _ if !facts.broken().is_empty() => "mend what is broken; in doubt crs kill --reason \
                \"…\": it waits for nothing and goes on until the account is proven flat"
                .to_owned(),
            _ if facts.drill_is_due() => "nothing is wrong; a drill is due: crs drill, which \
                touches no real account"
                .to_owned(),
            _ => "nothing needs doing".to_owned(),
        },
        LatchPhase::Disarmed => {
            let back = back.map_or_else(String::new, |back| format!("{back}; then "));
            format!("nothing trades; when trading may go on: {back}crs arm")
        }
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
    let rows: Vec<String> = rows.collect();
    if rows.is_empty() { wrap(Card::NONE) } else { rows }
}

fn or_none(rows: Vec<String>, none: &str) -> Vec<String> {
    if rows.is_empty() { vec![none.to_owned()] } else { rows }
}

fn wrap(text: &str) -> Vec<String> {
    wrap_to(text, WIDTH - EDGE)
}

/// By words; one that is too long, as a path may be, is broken, never cut.
fn wrap_to(text: &str, columns: usize) -> Vec<String> {
    let mut broken = String::with_capacity(text.len());
    for (n, word) in text.split(' ').enumerate() {
        if n > 0 {
            broken.push(' ');
        }
        for (at, c) in word.chars().enumerate() {
            if at > 0 && at % columns.max(1) == 0 {
                broken.push(' ');
            }
            broken.push(c);
        }
    }
    crate::tui::view::wrap(&broken, u16::try_from(columns).unwrap_or(u16::MAX))
}

/// Words beside a label; what does not fit goes on below, under the words.
fn labelled(label: &str, words: &str, columns: usize) -> Vec<String> {
    let rows = wrap_to(words, WIDTH - EDGE - columns).into_iter().enumerate();
    rows.map(|(n, row)| format!("{:<columns$}{row}", if n == 0 { label } else { "" })).collect()
}
