//! One gateway: link, identity, round trips, feed counters, and the agent.

use super::pen::{Line, Pen, fit};
use super::words::Badge;
use super::{Scene, format, words};
use crate::domain::Text;
use crate::event::FeedReport;
use crate::state::{FeedWord, Freshness, GatewayPane, Market, Series, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::ui::Pane;
use ratatui::layout::Rect;

/// Inner columns from which nothing is left out of a line.
const ROOMY: u16 = 40;
/// Columns of the labels.
const LABEL: u16 = 10;

/// Draws the pane; its row chooses the gateway.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    let state = scene.state;
    let count = state.gateways.len();
    let index = scene.ui.row(Pane::Gateway).min(count.saturating_sub(1));
    let index = u16::try_from(index).unwrap_or(0);
    let name = state.gateway_name(index);
    let note =
        if count > 1 { format!("{name}, {} of {count}", index + 1) } else { name.to_string() };
    let inner = scene.frame(pen, Pane::Gateway, area, &note, Role::TextDim);
    match state.gateway(index) {
        Some(pane) => {
            let lines = lines(state, index, pane, pen.glyphs(), inner.width);
            pen.lines(inner, &fit(lines, inner.height));
        }
        None => pen.line(inner, &Line::new().dim("no gateway configured")),
    }
}

fn label<'a>(word: &'static str) -> Line<'a> {
    Line::new().left(LABEL, word, Role::TextDim)
}

fn badge(line: Line<'_>, badge: Badge) -> Line<'_> {
    line.text(badge.mark, badge.role).gap(1).text(badge.word, badge.role)
}

fn lines<'a>(
    state: &'a State,
    index: u16,
    pane: &'a GatewayPane,
    g: &Glyphs,
    width: u16,
) -> Vec<(u8, Line<'a>)> {
    let report = &pane.report.value;
    let feed = &pane.feed.value;
    let mut lines = Vec::new();
    if !report.fault.is_empty() {
        let rows = super::wrap(report.fault.as_str(), width).into_iter().take(2);
        lines.extend(rows.map(|row| (0, Line::new().rest(row, Role::HealthBad))));
    }
    let address = state.session.gateways.get(usize::from(index));
    let address = address.map_or_else(String::new, |a| a.cmd.to_string());
    lines.push((3, badge(label("link"), words::link(report.link, g)).end(address, Role::TextDim)));
    let print = words::gateway(state.gateway_word(index), g);
    lines.push((0, badge(label("peer"), print).gap(2).dim(report.service.as_str())));
    lines.extend(memory(state, index, g));
    let age = pane.alive.map_or_else(
        || String::from("none answered yet"),
        |at| format!("answered {} ago", format::age(state.age(at))),
    );
    lines.push((4, label("heartbeat").text(age, Role::TextNormal)));
    lines.push((1, rtt(&pane.rtt, width)));
    let word = state.feed_word(index);
    // What the calendar says has a line of its own while it matters.
    let (open, hours) = calendar(state, index);
    let note = match feed_note(word) {
        "" if open => hours.clone(),
        note => note.to_owned(),
    };
    lines.push((0, badge(label("feed"), words::feed(word, g)).end(note, Role::TextDim)));
    if !open || !feed_note(word).is_empty() {
        lines.push((2, label("calendar").rest(hours, Role::TextNormal)));
    }
    lines.push((2, ticks(state, pane, width)));
    lines.push((3, label("lost").text(lost(feed), Role::TextNormal)));
    lines.push((1, label("refused").rest(refused(feed), Role::TextNormal)));
    lines.push((5, label("rebuilt").rest(rebuilt(feed), Role::TextNormal)));
    lines.push((5, label("latch").rest(state.session.latch.as_str(), Role::TextNormal)));
    lines.push((1, agent(state, g)));
    lines
}

/// Whether it remembers a kill, by its answers or its telemetry; nothing where
/// it tells by neither.
fn memory<'a>(state: &State, index: u16, g: &Glyphs) -> Option<(u8, Line<'a>)> {
    let line = label("kill");
    let fresh = |desk: &&_| state.desk_freshness(desk) != Freshness::Unknown;
    let killed = match (state.remembers_kill(index), state.desk(index)) {
        // Where they differ, one of them is late: the graver one counts.
        (Some(killed), desk) => killed || desk.filter(fresh).is_some_and(|d| d.value.killed),
        (None, Some(desk)) if !fresh(&desk) => {
            let text = format!("? its telemetry is {} old", format::age(state.age(desk.at)));
            return Some((1, line.rest(text, Role::HealthUnknown)));
        }
        (None, desk) => desk?.value.killed,
    };
    Some(match (killed, state.breaker_phase().is_engaged()) {
        (false, _) => (5, line.dim("none remembered")),
        (true, true) => {
            let text = "remembered: refuses orders";
            (0, line.text(g.claim, Role::TextNormal).gap(1).rest(text, Role::TextNormal))
        }
        (true, false) => {
            let text = "REMEMBERED: refuses orders, crs gateway reset";
            (0, line.text(g.bad, Role::HealthBad).gap(1).rest(text, Role::HealthBad))
        }
    })
}

fn rtt<'a>(series: &Series, width: u16) -> Line<'a> {
    let role = |us: Option<u64>| match us {
        Some(us) if us > super::lag::RTT_LIMIT_US => Role::LagBreach,
        _ => Role::LagGood,
    };
    let line = if width < ROOMY { label("rtt") } else { label("rtt").dim("p50") };
    line.right(8, format::span(series.p50()), role(series.p50())).dim(" p99").right(
        8,
        format::span(series.p99()),
        role(series.p99()),
    )
}

const fn feed_note(word: FeedWord) -> &'static str {
    match word {
        FeedWord::Silent => "feed dead?",
        FeedWord::Closed => "by calendar",
        FeedWord::Dead => "the link is down",
        _ => "",
    }
}

/// What the calendar says: whether the market is open by it, and in words.
fn calendar(state: &State, index: u16) -> (bool, String) {
    let (market, hours) = state.feed_market(index);
    let at = |word| format::until(word, state.session_phase(hours).until);
    match market {
        Market::Open => (true, at("open to")),
        Market::Closed => (false, at("closed to")),
        Market::OffCalendar => (false, String::from("closed, yet ticks come")),
    }
}

fn ticks<'a>(state: &State, pane: &GatewayPane, width: u16) -> Line<'a> {
    let age = pane.last_tick.map_or_else(|| String::from("?"), |at| format::age(state.age(at)));
    let rate = format!("{}/s", format::count(u64::from(pane.tick_rate)));
    let line = label("last tick").left(5, age, Role::TextNormal).right(9, rate, Role::TextNormal);
    if width < ROOMY {
        return line;
    }
    line.end(format!("{} heard", format::count(pane.feed.value.received)), Role::TextDim)
}

fn lost(feed: &FeedReport) -> String {
    format!("dropped {}, missed {}", format::count(feed.dropped), format::count(feed.missed))
}

fn refused(feed: &FeedReport) -> String {
    let mut causes: Vec<(&Text, &u64)> = feed.refused.iter().filter(|(_, n)| **n > 0).collect();
    causes.sort_by(|a, b| b.1.cmp(a.1).then(a.0.cmp(b.0)));
    if causes.is_empty() {
        return String::from("0");
    }
    let words: Vec<_> =
        causes.iter().map(|(cause, n)| format!("{} {cause}", format::count(**n))).collect();
    words.join(", ")
}

fn rebuilt(feed: &FeedReport) -> String {
    match (feed.rebuilds, feed.rebuilt_for.is_empty()) {
        (0, _) => String::from("never"),
        (1, true) => String::from("once"),
        (1, false) => format!("once: {}", feed.rebuilt_for),
        (n, true) => format!("{n} times"),
        (n, false) => format!("{n} times: {}", feed.rebuilt_for),
    }
}

fn agent<'a>(state: &'a State, g: &Glyphs) -> Line<'a> {
    let agent = &state.agent.value;
    let line = label("agent");
    if agent.present {
        let pid =
            agent.pid.map_or_else(|| String::from("ready"), |pid| format!("ready, pid {pid}"));
        line.text(g.good, Role::HealthGood).gap(1).rest(pid, Role::TextNormal)
    } else if agent.fault.is_empty() {
        line.text(g.unknown, Role::HealthUnknown).gap(1).dim("none met yet")
    } else {
        line.text(g.bad, Role::HealthBad).gap(1).rest(agent.fault.as_str(), Role::HealthBad)
    }
}
