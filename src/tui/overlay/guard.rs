//! The open guard: what the second key will do, what the other verb would do,
//! and how long there is. It asks nothing of health and covers no number that
//! is needed to decide: strip and status line stay.

use crate::domain::{Position, Ticket};
use crate::event::{GuardPhase, GuardReport, GuardedVerb};
use crate::state::State;
use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen, fit};
use crate::tui::view::{Scene, positions, wrap};
use ratatui::layout::Rect;
use std::time::Duration;

/// The guard stands down after this.
const OPEN_FOR: Duration = Duration::from_secs(5);
/// Widest box.
const WIDTH: u16 = 66;
/// Columns of the countdown.
const BAR: u64 = 20;

/// Time left until it stands down by itself.
#[must_use]
pub fn left(guard: &GuardReport, state: &State) -> Duration {
    OPEN_FOR.saturating_sub(state.age(guard.at))
}

/// Draws it over `body`.
pub fn draw(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>) {
    let Some(guard) = scene.state.guard_open() else { return };
    if guard.verb == GuardedVerb::Order {
        return super::ticket::review(pen, body, scene, guard);
    }
    let role = match guard.verb {
        GuardedVerb::Kill => Role::GuardKill,
        GuardedVerb::Block => Role::GuardBlock,
        _ => Role::GuardOther,
    };
    let inner = WIDTH.min(body.width).saturating_sub(4);
    let mut lines = question(guard, scene, role);
    lines.push((4, Line::new()));
    let effects = effects(guard.verb, scene);
    let deep = if effects.iter().any(|(number, _)| !number.is_empty()) { 2 } else { 0 };
    for (mut number, effect) in effects {
        for row in wrap(&effect, inner.saturating_sub(2 + deep)) {
            let line = Line::new().gap(2).left(deep, number, Role::TextNormal);
            lines.push((2, line.rest(row, Role::TextNormal)));
            number = "";
        }
    }
    if let Some((keys, other)) = other(guard.verb, scene) {
        lines.push((4, Line::new()));
        lines.push((3, Line::new().text(keys, Role::Key).gap(1).rest(other, Role::TextDim)));
    }
    lines.push((4, Line::new()));
    lines.push((1, countdown(pen, guard, scene)));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let title = Line::new().text(format!(" {} ", guard.verb), role);
    let inner = super::frame(pen, body, WIDTH, height, &title, role);
    pen.lines(inner, &fit(lines, inner.height));
}

fn question<'a>(guard: &GuardReport, scene: Scene<'a>, role: Role) -> Vec<(u8, Line<'a>)> {
    let word = match guard.verb {
        GuardedVerb::Kill => "stop trading, close everything",
        GuardedVerb::Block => "deny new orders, positions stay",
        GuardedVerb::Close(_) | GuardedVerb::CloseAt { .. } => "close this position",
        GuardedVerb::Arm => "let orders pass again",
        GuardedVerb::StandDown => "end the attempts of the kill",
        GuardedVerb::Order => "send the order",
        GuardedVerb::RemoteStart => "start it on its machine",
        GuardedVerb::RemoteStop => "end its process there",
        GuardedVerb::RemoteRestart => "end its process, start it",
        GuardedVerb::Mission => "give mission control this order",
    };
    let ask = scene.ui.mission.open.as_ref().filter(|_| guard.verb == GuardedVerb::Mission);
    let word = ask.map_or_else(|| word.to_owned(), ToString::to_string);
    let key = format!(" {} ", scene.hints.confirm);
    let mut lines = vec![(0, Line::new().text(key, role).gap(2).rest(word, Role::TextStrong))];
    lines.push((
        1,
        if guard.phase == GuardPhase::TooEarly {
            let text = format!("too early: press {} again", scene.hints.confirm);
            Line::new().rest(text, Role::SwitchArmed)
        } else {
            Line::new().dim("any other key stands down")
        },
    ));
    lines
}

/// What will happen, in the order of its effects, with a number where there are
/// several.
fn effects(verb: GuardedVerb, scene: Scene<'_>) -> Vec<(&'static str, String)> {
    let state = scene.state;
    let plain = |text: &str| ("", text.to_owned());
    match verb {
        GuardedVerb::Kill => {
            let mut lines = vec![
                ("1", String::from("deny orders, write the latch")),
                ("2", String::from("send KILL_SWITCH to")),
            ];
            let targets = (0_u16..).zip(&state.session.gateways);
            lines.extend(targets.map(|(index, gateway)| {
                let mode = state.target_mode(index).word();
                ("", format!("{} {} {mode}", gateway.name, gateway.cmd))
            }));
            lines.push(("3", String::from("prove flat by three good reads")));
            lines.push(("4", String::from("close survivors one by one")));
            lines
        }
        GuardedVerb::Block => vec![
            ("1", String::from("deny orders, write the latch")),
            ("2", String::from("send nothing: positions stay")),
        ],
        GuardedVerb::CloseAt { gateway, ticket } => position(state, Some(gateway), ticket),
        GuardedVerb::Close(ticket) => position(state, None, ticket),
        GuardedVerb::Arm => {
            let passes = format!("after it, orders pass in mode {}", state.mode().word());
            let mut lines = vec![plain("the latch must be proven absent"), plain(&passes)];
            if let Some(refusal) = state.refusal() {
                lines.push(plain(&format!("BUT {refusal}: crs gateway reset")));
            }
            lines
        }
        GuardedVerb::StandDown => vec![
            plain("no further KILL_SWITCH, no further proof"),
            plain("the latch stays engaged; it is recorded who ended it"),
        ],
        GuardedVerb::Order => Vec::new(),
        GuardedVerb::RemoteStart => vec![
            plain("one that runs already is left alone"),
            plain("the latch must be proven absent"),
        ],
        GuardedVerb::RemoteStop => vec![
            plain("positions stay open at the broker"),
            plain("no kill and no close reaches them while it is stopped"),
        ],
        GuardedVerb::RemoteRestart => vec![
            plain("positions stay open at the broker"),
            plain("no kill and no close reaches them until it answers again"),
        ],
        GuardedVerb::Mission => super::mission::effects(scene),
    }
}

/// The position as its own gateway lists it. Where an old recording does not say
/// which one that is, only a number that one gateway alone has is told.
fn position(state: &State, at: Option<u16>, ticket: Ticket) -> Vec<(&'static str, String)> {
    let own =
        |(gateway, p): &(u16, &Position)| p.ticket == ticket && at.is_none_or(|at| at == *gateway);
    let mut found = positions::listed(state).filter(own);
    let (gateway, p) = match (found.next(), found.next()) {
        (Some(only), None) => only,
        (Some(_), Some(_)) => {
            return vec![("", format!("ticket {ticket}, which several gateways hold"))];
        }
        (None, _) => {
            let place = at.map_or_else(String::new, |at| format!(" at {}", state.gateway_name(at)));
            return vec![("", format!("ticket {ticket}{place}, which is no longer listed"))];
        }
    };
    let lots = p.lots.text(2);
    vec![
        ("", format!("ticket {ticket} at {}", state.gateway_name(gateway))),
        ("", format!("{} {} {lots} lots, opened at {}", p.symbol, p.side.word(), p.open)),
        ("", format!("profit at the last read: {}", p.profit.text(2))),
    ]
}

/// The other of KILL and BLOCK: both are explained, whichever is open.
fn other(verb: GuardedVerb, scene: Scene<'_>) -> Option<(&str, &'static str)> {
    match verb {
        GuardedVerb::Kill => Some((scene.hints.block.as_str(), "is BLOCK: deny new orders")),
        GuardedVerb::Block => Some((scene.hints.kill.as_str(), "is KILL: close everything too")),
        _ => None,
    }
}

/// How long there is, as a bar and in seconds.
pub(super) fn countdown<'a>(pen: &Pen<'_>, guard: &GuardReport, scene: Scene<'_>) -> Line<'a> {
    let left = left(guard, scene.state);
    let ms = u64::try_from(left.as_millis()).unwrap_or(0);
    let full = usize::try_from((ms * BAR).div_ceil(5_000)).unwrap_or(0);
    let rest = usize::try_from(BAR).unwrap_or(0).saturating_sub(full);
    Line::new()
        .text(pen.glyphs().bar.repeat(full), Role::Bar)
        .text(pen.glyphs().bar_rest.repeat(rest), Role::BarRest)
        .right(6, format!("{}.{}s", ms / 1_000, ms % 1_000 / 100), Role::TextStrong)
        .dim(" left")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Lots, Money, Price, Side, Text};
    use crate::state::{Aged, GatewayPane};

    fn holding(ticket: u64, lots: &str) -> GatewayPane {
        let value = vec![Position {
            ticket: Ticket(ticket),
            symbol: Text::new("EURUSD"),
            side: Side::Buy,
            lots: Lots::parse(lots).unwrap(),
            open: Price::ZERO,
            current: None,
            profit: Money::ZERO,
            sl: None,
            tp: None,
        }];
        let positions = Some(Aged { value, ..Aged::default() });
        GatewayPane { positions, ..GatewayPane::default() }
    }

    fn told(state: &State, at: Option<u16>, ticket: u64) -> String {
        let lines = position(state, at, Ticket(ticket)).into_iter();
        lines.map(|(_, line)| line).collect::<Vec<_>>().join("; ")
    }

    #[test]
    fn the_box_shows_the_position_of_the_gateway_that_is_meant() {
        let gateways = vec![holding(7, "0.10"), holding(7, "0.30")];
        let mut state = State { gateways, ..State::default() };
        assert!(told(&state, Some(0), 7).contains("0.10 lots"));
        let second = told(&state, Some(1), 7);
        assert!(second.contains("ticket 7 at #1") && second.contains("0.30 lots"), "{second}");
        // An old recording tells no gateway: nothing is guessed.
        assert!(told(&state, None, 7).contains("several gateways"));
        state.gateways[0] = GatewayPane::default();
        assert!(told(&state, Some(0), 7).contains("no longer listed"));
        assert!(told(&state, None, 7).contains("0.30 lots"));
    }

    #[test]
    fn a_close_of_an_old_recording_is_still_read() {
        let old = r#"{"verb":{"close":7},"phase":"armed","at":{"mono_ns":1,"utc":1}}"#;
        let report: GuardReport = serde_json::from_str(old).unwrap();
        assert_eq!(report.verb, GuardedVerb::Close(Ticket(7)));
        let verb = GuardedVerb::CloseAt { gateway: 1, ticket: Ticket(7) };
        let text = serde_json::to_string(&verb).unwrap();
        assert_eq!(serde_json::from_str::<GuardedVerb>(&text).unwrap(), verb);
    }
}
