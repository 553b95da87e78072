//! The keymap's reverse map and the card, as the data that views show.

use super::keymap::file::Row;
use super::keymap::{Context, Keymap, fixed};
use super::prompt::line;
use super::ui::{Motion, Pane, Shows, Timeline};
use super::view::{HelpSection, Hint, Hints, WayBack, words};
use crate::config::Card;
use crate::control::Action;
use crate::domain::{LatchPhase, Text};
use crate::event::Fingerprint;
use crate::state::State;

/// Everything that may be said about keys, for the pane of `context`, but for
/// the pages of [`with_help`].
#[must_use]
pub fn hints(keymap: &Keymap, context: Context, card: &Card, state: &State) -> Hints {
    let fixed_keys = |action| Text::new(fixed::shown(action).unwrap_or_default());
    Hints {
        kill: fixed_keys(Action::Kill),
        block: fixed_keys(Action::Block),
        confirm: Text::new(&fixed::CONFIRM.to_string()),
        log_page: Text::new(keymap.keys_for(Action::LogPage, context).unwrap_or_default()),
        proof: Text::new(keymap.keys_for(Action::Proof, context).unwrap_or_default()),
        panes: panes(keymap, context),
        live: live(keymap, context, state),
        following: Vec::new(),
        help: Vec::new(),
        commands: Vec::new(),
        card: card.lines(),
        way_back: WayBack::default(),
    }
}

/// With every key and every verb; with those of mission control where one is
/// followed. They are many, and no frame needs them but one that shows the help.
#[must_use]
pub fn with_help(hints: Hints, keymap: &Keymap, mission: bool) -> Hints {
    Hints { help: help(keymap, mission), commands: commands(mission), ..hints }
}

/// The verb that goes to a pane.
const fn goes_to(pane: Pane) -> Action {
    match pane {
        Pane::Positions => Action::PanePositions,
        Pane::Ticks => Action::PaneTicks,
        Pane::Chart => Action::PaneChart,
        Pane::Gateway => Action::PaneGateway,
        Pane::Kill => Action::PaneKill,
        Pane::Proof => Action::Proof,
        Pane::Obey => Action::WhoObeys,
        Pane::Mesh => Action::PaneMesh,
        Pane::Decisions => Action::PaneDecisions,
        Pane::Lag => Action::PaneLag,
        Pane::Processes => Action::PaneProcesses,
        Pane::Log => Action::PaneLog,
        Pane::Alarms => Action::Alarms,
    }
}

fn panes(keymap: &Keymap, context: Context) -> Vec<(Pane, Text)> {
    let key = |pane| keymap.keys_for(goes_to(pane), context).map(|key| (pane, Text::new(key)));
    Pane::ALL.into_iter().filter_map(key).collect()
}

/// What the operator may want now comes first.
fn live(keymap: &Keymap, context: Context, state: &State) -> Vec<Hint> {
    let mut wanted = Vec::new();
    if state.breaker_phase() == LatchPhase::Disarmed {
        wanted.push((Action::Arm, "arm"));
    }
    if state.gateways.iter().any(|g| g.report.value.fingerprint == Fingerprint::NotV1) {
        wanted.push((Action::ProbeAgain, "probe again"));
    }
    if context == Context::Positions && super::view::positions::listed(state).next().is_some() {
        wanted.push((Action::ClosePosition, "close"));
    }
    if super::view::engaged(state) {
        wanted.push((Action::Proof, "proof of flat"));
    }
    if context == Context::Log {
        wanted.push((Action::LogPage, "other page"));
    }
    if context == Context::Processes {
        wanted.extend([(Action::ProcessPage, "page"), (Action::WhyProcess, "why")]);
        if !state.mission.open_alerts().is_empty() {
            wanted.push((Action::AckAlert, "acknowledge"));
        }
    }
    if context == Context::Alarms {
        wanted.extend([(Action::Acknowledge, "acknowledge"), (Action::Silence, "silence")]);
        if state.alarms.rows(false).1 > 0 {
            wanted.push((Action::Flood, "flood"));
        }
    } else if state.alarms.open().1 > 0 {
        wanted.push((Action::Alarms, "alarms"));
    }
    if context == Context::Help {
        wanted.extend([(Action::Back, "back"), (Action::Search, "search")]);
    }
    wanted.extend([
        (Action::Help, "keys"),
        (Action::FocusNext, "next pane"),
        (Action::Zoom, "zoom"),
        (Action::Quit, "leave"),
        (Action::OrderTicket, "order"),
        (Action::Command, "command"),
    ]);
    // What a pane has of its own, where there is room beside the rest.
    match context {
        Context::Log => wanted.push((Action::LogLevel, "level")),
        Context::Positions | Context::Ticks => wanted.push((Action::SortNext, "sort")),
        Context::Processes => wanted.extend([
            (Action::StartProcess, "start"),
            (Action::StopProcess, "stop"),
            (Action::RestartProcess, "restart"),
            (Action::LaunchMode, "launch"),
            (Action::SortNext, "sort"),
        ]),
        Context::Chart => wanted.extend([
            (Action::PeriodShorter, "shorter"),
            (Action::PeriodLonger, "longer"),
            (Action::ChartStyle, "style"),
        ]),
        _ => {}
    }
    if matches!(
        context,
        Context::Positions
            | Context::Ticks
            | Context::Decisions
            | Context::Mesh
            | Context::Processes
            | Context::Log
    ) {
        wanted.push((Action::Filter, "filter"));
    }
    wanted
        .into_iter()
        .filter_map(|(action, what)| Some(Hint::new(keymap.keys_for(action, context)?, what)))
        .collect()
}

/// The keys of the past, the most wanted first: what fits stands beside its
/// bar.
#[must_use]
pub fn replay(keymap: &Keymap, time: &Timeline) -> Vec<Hint> {
    // Of one width, so that the bar stays where it is.
    let play = if time.motion == Motion::Plays { "stop" } else { "play" };
    let back = (time.shows == Shows::Session).then_some((Action::Back, "now"));
    let wanted = [
        (Action::Play, play),
        (Action::Help, "keys"),
        (Action::NextMark, "mark"),
        (Action::NextKill, "kill"),
        (Action::Rewind, "back"),
        (Action::Forward, "on"),
        (Action::Faster, "faster"),
        (Action::Slower, "slower"),
        (Action::At, "go to"),
        (Action::Find, "find"),
        (Action::Quit, "leave"),
    ];
    let hint = |(action, what)| Some(Hint::new(keymap.keys_for(action, Context::Replay)?, what));
    back.into_iter().chain(wanted).filter_map(hint).collect()
}

/// What may follow the keys `begun`, one line per verb.
#[must_use]
pub fn following(keymap: &Keymap, context: Context, begun: &str) -> Vec<Hint> {
    let mut lines: Vec<(Action, &Text, Vec<&str>)> = Vec::new();
    for (rest, row) in keymap.following(context, begun) {
        match lines.iter_mut().find(|(a, desc, _)| *a == row.action && **desc == row.desc) {
            Some((_, _, keys)) => keys.push(rest),
            None => lines.push((row.action, &row.desc, vec![rest])),
        }
    }
    let hint = |(_, desc, keys): (Action, &Text, Vec<&str>)| Hint {
        keys: Text::new(&keys.join(", ")),
        what: desc.clone(),
    };
    lines.into_iter().map(hint).collect()
}

/// Every verb as the command line knows it.
fn commands(mission: bool) -> Vec<Hint> {
    let known = Action::ALL.iter().filter(|a| mission || !a.is_mission());
    known.map(|a| Hint::new(&format!(":{}", line::shown(*a)), a.help())).collect()
}

/// Rows of one verb and one meaning share a line.
fn help(keymap: &Keymap, mission: bool) -> Vec<HelpSection> {
    let section = |context: Context| {
        let mut rows: Vec<(Action, Vec<&str>, &Text)> = Vec::new();
        let known = |row: &&Row| {
            let of_mission = row.action.is_mission() || row.context == Context::Processes;
            row.context == context && (mission || !of_mission)
        };
        for row in keymap.rows().iter().filter(known) {
            let same = |(action, _, desc): &&mut (Action, Vec<&str>, &Text)| {
                *action == row.action && **desc == row.desc
            };
            match rows.iter_mut().find(same) {
                Some((_, keys, _)) => keys.push(&row.shown),
                None => rows.push((row.action, vec![&row.shown], &row.desc)),
            }
        }
        let rows: Vec<Hint> = rows
            .into_iter()
            .map(|(_, keys, what)| Hint { keys: Text::new(&keys.join(", ")), what: what.clone() })
            .collect();
        (!rows.is_empty()).then(|| HelpSection { title: title(context), rows })
    };
    let mut sections: Vec<_> = Context::ALL.iter().copied().filter_map(section).collect();
    let words: [(&str, &[(&str, &str)]); 6] = [
        ("Marks in the panes", &words::MARKS),
        ("Words of the switch and of Kill", &words::SWITCH),
        ("Words of Mesh", &words::MESH),
        ("Words of Lag", &words::LAG),
        ("Words of Alarms", &super::view::alarms::WORDS),
        ("Marks of the timeline", &words::TIMELINE),
    ];
    sections.extend(words.into_iter().map(|(title, rows)| HelpSection {
        title: Text::new(title),
        rows: rows.iter().map(|(word, what)| Hint::new(word, what)).collect(),
    }));
    sections
}

fn title(context: Context) -> Text {
    Text::new(match context {
        Context::Global => "Everywhere",
        Context::Ticks => "In Ticks",
        Context::Chart => "In Chart",
        Context::Positions => "In Positions",
        Context::Gateway => "In Gateway",
        Context::Kill => "In Kill",
        Context::Proof => "In Proof of flat",
        Context::Obey => "In Who obeys",
        Context::Mesh => "In Mesh",
        Context::Decisions => "In Decisions",
        Context::Lag => "In Lag",
        Context::Processes => "In Processes",
        Context::Log => "In Log",
        Context::Alarms => "In Alarms",
        Context::Help => "In this help",
        Context::Replay => "In the past and in recordings",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hints_are_the_keymaps_own_keys() {
        let keymap = Keymap::default();
        let all = hints(&keymap, Context::Global, &Card::default(), &State::default());
        assert_eq!((all.kill.as_str(), all.block.as_str()), ("Ctrl-K", "Ctrl-T"));
        assert_eq!(all.confirm.as_str(), "y");
        let zoom = all.live.iter().find(|h| h.what.as_str() == "zoom").unwrap();
        assert_eq!(Some(zoom.keys.as_str()), keymap.keys_for(Action::Zoom, Context::Global));
        let rows: usize =
            with_help(all.clone(), &keymap, true).help.iter().map(|s| s.rows.len()).sum();
        let verbs: std::collections::BTreeSet<_> =
            keymap.rows().iter().map(|r| (r.context, r.action, r.desc.clone())).collect();
        let explained = words::SWITCH.len() + words::MESH.len() + words::LAG.len();
        let explained = explained + words::MARKS.len();
        let explained = explained + words::TIMELINE.len() + crate::tui::view::alarms::WORDS.len();
        assert_eq!(rows, verbs.len() + explained);
        let told = with_help(all.clone(), &keymap, false).help;
        let mark = told.iter().flat_map(|section| &section.rows).find(|h| h.keys.as_str() == "!");
        assert!(mark.unwrap().what.as_str().contains("none loses more"));
        assert!(all.card.is_empty());
    }

    #[test]
    fn a_disarmed_switch_offers_its_key_first() {
        let mut state = State::default();
        state.latch.value.phase = LatchPhase::Disarmed;
        let all = hints(&Keymap::default(), Context::Global, &Card::default(), &state);
        assert_eq!(all.live[0].what.as_str(), "arm");
    }
}
