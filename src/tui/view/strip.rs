//! The truth strip: what must be seen at one glance, on every screen.
//!
//! Mode, breaker, gateway, feed, failing checks, lag, traders' cycle, agent, recording,
//! clock, in this order of importance; a narrow terminal loses them from the end, and the
//! fields themselves shrink. Every field has a fixed width, so that nothing jumps; that of
//! failing checks is there only while a critical one fails.

use super::pen::{Line, Pen};
use super::words::Badge;
use super::{Scene, format, words};
use crate::domain::{Mode, Stamp, Text};
use crate::state::{FeedWord, Freshness, GatewayWord, Pulse, State};
use crate::tui::theme::{Glyphs, Role};
use ratatui::layout::Rect;

/// Columns of the mode block: a space, the longest word, a space.
const MODE: u16 = 11;
/// Columns of the breaker's word.
const BREAKER: u16 = 11;

/// Fields before that of failing checks.
const BEFORE_LAG: usize = 2;

/// Columns from which nothing of a field is left out.
const ROOMY: u16 = 150;

/// Draws it into one row.
pub fn draw(pen: &mut Pen<'_>, area: Rect, scene: Scene<'_>) {
    pen.clear(area, Role::Background);
    let line = line(pen, area.width, scene.mode(), scene.state);
    pen.line(area, &line);
    if words::is_flashing(scene.state) {
        let left = area.x + MODE + u16::from(area.width >= 80);
        pen.flip(Rect { x: left, width: BREAKER + 2, ..area }.intersection(area));
    }
}

fn line<'a>(pen: &Pen<'_>, width: u16, mode: Mode, state: &'a State) -> Line<'a> {
    let g = pen.glyphs();
    let breaker = words::breaker(state.breaker_phase(), g);
    let mut line = Line::new().left(MODE, format!(" {} ", mode.word()), words::mode(mode));
    if width < 20 {
        return line.text(breaker.mark, breaker.role).text(breaker.word, breaker.role);
    }
    let spaced = u16::from(width >= 80);
    line = line
        .gap(spaced)
        .text(breaker.mark, breaker.role)
        .left(BREAKER + 1, format!(" {}", breaker.word), breaker.role)
        .gap(spaced);
    for (at, part) in [gateway, feed, lag, cycle, agent, recording].into_iter().enumerate() {
        if at == BEFORE_LAG {
            let room = usize::from(width).saturating_sub(line.width());
            line = line.chain(failing(g, (width, room), state));
        }
        let cells = line.clone().chain(part(pen, width, state));
        if cells.width() > usize::from(width) {
            return line;
        }
        line = cells;
    }
    if line.width() + 11 <= usize::from(width) {
        line = line.end(format!("{}Z ", state.now.utc.hms()), Role::TextDim);
    }
    line
}

fn gateway<'a>(pen: &Pen<'_>, width: u16, state: &'a State) -> Line<'a> {
    let g = pen.glyphs();
    let index = worst_gateway(state);
    let pane = state.gateway(index);
    let word = state.gateway_word(index);
    let badge = words::gateway(word, g);
    let age = age(state, pane.and_then(|p| p.alive));
    if width < 80 {
        return short("g", badge, age);
    }
    let rtt = pane.and_then(|p| p.report.value.rtt_us).filter(|_| word == GatewayWord::Alive);
    let cramped = is_cramped(width, state);
    // The name of the only one is in its pane.
    let (columns, name) = match (width, state.gateways.len()) {
        (..110, _) | (..ROOMY, 0 | 1) => (2, Text::new("gw")),
        (..ROOMY, _) => (4, state.gateway_name(index)),
        _ => (8, state.gateway_name(index)),
    };
    let line = apart(g, width)
        .left(columns, name.to_string(), Role::TextNormal)
        .gap(1)
        .text(badge.mark, badge.role)
        .left(10, format!(" {}", badge.word), badge.role)
        .right(format::AGE, age, badge.role);
    let line = if cramped { line } else { line.right(8, format::span(rtt), rtt_role(rtt)) };
    line.gap(1)
}

/// Whether round trip and rate make room for a check that fails; ages don't.
fn is_cramped(width: u16, state: &State) -> bool {
    width < 110 && state.failing_checks().next().is_some()
}

/// Critical checks that fail: which, or how many, in as much as fits.
fn failing<'a>(g: &Glyphs, (width, room): (u16, usize), state: &'a State) -> Line<'a> {
    let mut checks = state.failing_checks();
    let Some(first) = checks.next() else { return Line::new() };
    let more = checks.count();
    let (node, name, bad) = (&first.report.node, &first.report.name, g.bad);
    let words = match more {
        0 => [format!("{bad} {node} {name}"), format!("{bad} 1 check"), format!("{bad}1")],
        more => {
            let n = more + 1;
            [format!("{bad} {n} checks failing"), format!("{bad} {n} checks"), format!("{bad}{n}")]
        }
    };
    let lines = words.map(|words| {
        let before = if width < 110 { Line::new().gap(1) } else { apart(g, width) };
        before.text(words, Role::HealthBad).gap(u16::from(width >= 110))
    });
    lines.into_iter().find(|line| line.width() <= room).unwrap_or_default()
}

/// What stands before a field; where room is short, only an empty column.
fn apart<'a>(g: &Glyphs, width: u16) -> Line<'a> {
    if (110..ROOMY).contains(&width) {
        Line::new().gap(1)
    } else {
        Line::new().dim(g.separator).gap(1)
    }
}

/// 100 ms is the documented alarm line of a round trip.
fn rtt_role(rtt: Option<u64>) -> Role {
    match rtt {
        None => Role::HealthUnknown,
        Some(us) if us > super::lag::RTT_LIMIT_US => Role::LagBreach,
        Some(_) => Role::LagGood,
    }
}

fn feed<'a>(pen: &Pen<'_>, width: u16, state: &'a State) -> Line<'a> {
    let g = pen.glyphs();
    let index = worst_feed(state);
    let badge = words::feed(state.feed_word(index), g);
    let pane = state.gateway(index);
    let age = age(state, pane.and_then(|p| p.last_tick));
    if width < 80 {
        return short("f", badge, age);
    }
    let line = apart(g, width)
        .text(badge.mark, badge.role)
        .left(8, format!(" {}", badge.word), badge.role)
        .right(format::AGE, age, badge.role);
    if is_cramped(width, state) {
        return line;
    }
    let rate = pane.map_or(0, |p| p.tick_rate);
    line.right(7, format!("{}/s", format::count(u64::from(rate))), Role::TextDim).gap(1)
}

fn lag<'a>(pen: &Pen<'_>, width: u16, state: &'a State) -> Line<'a> {
    let p99 = state.lag.tick_lag.p99();
    let role = if p99.is_some() { Role::TextNormal } else { Role::HealthUnknown };
    let word = if width < ROOMY { "lag" } else { "lag p99" };
    apart(pen.glyphs(), width).dim(word).right(8, format::span(p99), role).gap(1)
}

/// How long ago the sentinel's last cycle ended; nothing where none was heard.
fn cycle<'a>(pen: &Pen<'_>, width: u16, state: &'a State) -> Line<'a> {
    let g = pen.glyphs();
    let Some((trader, pulse)) = state.worst_pulse() else { return Line::new() };
    let (mark, text, role) = match pulse {
        Pulse::Unknown => (g.unknown, String::from("?"), Role::HealthUnknown),
        Pulse::Late(by) => (g.bad, format!("LATE {}", format::age(by)), Role::HealthBad),
        Pulse::First => (g.flat, String::from("first"), Role::TextDim),
        Pulse::Cycle(ago) if state.trader_freshness(trader) == Freshness::Stale => {
            (g.stale, format::age(ago), Role::HealthStale)
        }
        Pulse::Cycle(ago) => (g.good, format::age(ago), Role::TextNormal),
    };
    let who = trader.value.status.source.short();
    if width < 80 {
        let text = if matches!(pulse, Pulse::Late(_)) { String::from("LATE") } else { text };
        return Line::new().gap(1).dim("s").text(mark, role).right(format::AGE, text, role);
    }
    apart(g, width).dim(who).gap(1).left(8, text, role).gap(1)
}

fn agent<'a>(pen: &Pen<'_>, width: u16, state: &'a State) -> Line<'a> {
    let g = pen.glyphs();
    let (agent, roomy) = (&state.agent.value, roomy(width, state));
    let (mark, word, role) = match (agent.present, agent.fault.is_empty()) {
        (true, _) => (g.good, " agent", Role::HealthGood),
        (false, true) => (g.unknown, " agent", Role::HealthUnknown),
        (false, false) if !roomy => (g.bad, " agent", Role::HealthBad),
        (false, false) => (g.bad, " no agent", Role::HealthBad),
    };
    let columns = if roomy { 9 } else { 6 };
    apart(g, width).text(mark, role).left(columns, word, role).gap(1)
}

/// Whether there is room for whole words: a sentinel's cycle takes it.
fn roomy(width: u16, state: &State) -> bool {
    width >= ROOMY || state.worst_pulse().is_none()
}

/// Nothing where nothing was heard of a recording: it is switched off then.
fn recording<'a>(pen: &Pen<'_>, width: u16, state: &'a State) -> Line<'a> {
    let g = pen.glyphs();
    let Some(report) = state.recording.as_ref().map(|report| &report.value) else {
        return Line::new();
    };
    let short = !roomy(width, state);
    let (mark, word, role) = match (report.on, report.elsewhere) {
        (true, _) => (g.good, " rec", Role::HealthGood),
        (false, true) if short => (g.flat, " rec", Role::TextDim),
        (false, true) => (g.unknown, " rec other", Role::TextDim),
        (false, false) if short => (g.bad, " rec", Role::HealthBad),
        (false, false) => (g.bad, " no rec", Role::HealthBad),
    };
    let line = apart(g, width).text(mark, role);
    if short { line.text(word, role) } else { line.left(10, word, role).gap(1) }
}

/// A letter, a mark and an age: all that 40 columns have room for.
fn short<'a>(letter: &'static str, badge: Badge, age: String) -> Line<'a> {
    Line::new().gap(1).dim(letter).text(badge.mark, badge.role).right(format::AGE, age, badge.role)
}

fn age(state: &State, at: Option<Stamp>) -> String {
    at.map_or_else(|| String::from("?"), |at| format::age(state.age(at)))
}

fn indices(state: &State) -> impl Iterator<Item = u16> {
    (0..u16::try_from(state.gateways.len()).unwrap_or(u16::MAX)).rev()
}

/// The gateway that most needs an eye: one line has room for one.
fn worst_gateway(state: &State) -> u16 {
    indices(state).max_by_key(|index| state.gateway_word(*index)).unwrap_or(0)
}

fn worst_feed(state: &State) -> u16 {
    let rank = |index: &u16| match state.feed_word(*index) {
        FeedWord::Dead => 6,
        FeedWord::Connecting => 5,
        FeedWord::Silent => 4,
        FeedWord::Waiting => 3,
        FeedWord::Quiet => 2,
        FeedWord::Live => 1,
        FeedWord::Closed => 0,
    };
    indices(state).max_by_key(rank).unwrap_or(0)
}
