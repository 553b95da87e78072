//! The mode in force, how much of it is up, and how fresh that is.

use crate::domain::mission::LaunchPhase;
use crate::state::{Freshness, State};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::pen::Line;
use crate::tui::view::{Scene, format};

/// The mode's word and look. A real one that nobody can prove any more stays
/// loud, with a question mark.
pub(super) fn mode(state: &State) -> (String, Role) {
    let mission = &state.mission;
    let known = state.mission_freshness();
    let live = mission.live || mission.mode.as_str().contains("LIVE");
    let role = match mission.mode.as_str() {
        _ if live => Role::ModeLive,
        _ if known == Freshness::Unknown => Role::HealthUnknown,
        "" => Role::TextDim,
        "PAPER" => Role::ModePaper,
        "REPLAY" => Role::ModeReplay,
        _ => Role::TextStrong,
    };
    let word = match (mission.mode.as_str(), known) {
        ("", Freshness::Unknown) => String::from("mode ?"),
        ("", _) => String::from("no mode"),
        (word, Freshness::Unknown) => format!("{word}?"),
        (word, _) => word.to_owned(),
    };
    (word, role)
}

/// One line: the most important first, what does not fit is left out from the
/// end.
pub(super) fn line<'a>(scene: Scene<'a>, width: u16, g: &Glyphs) -> Line<'a> {
    let state = scene.state;
    let mission = &state.mission;
    let (word, role) = mode(state);
    let mut line = Line::new().text(format!(" {word} "), role);
    let mut put = |words: String, role: Role| {
        let next = line.clone().gap(2).text(words, role);
        if next.width() <= usize::from(width) {
            line = next;
        }
    };
    let known = state.mission_freshness();
    if let Some(link) = mission.link.as_ref().filter(|link| !link.value.present) {
        let since = format::age(state.age(link.at));
        let words = if mission.was_present {
            format!("{} daemon gone {since}", g.bad)
        } else {
            format!("{} no daemon", g.bad)
        };
        put(words, Role::HealthBad);
        if known != Freshness::Unknown {
            put(format!("heard {} ago", format::age(state.age(mission.heard))), Role::HealthStale);
        }
        put(link.value.why.to_string(), Role::TextDim);
        return line;
    }
    if known == Freshness::Unknown {
        put(String::from("nothing heard"), Role::HealthUnknown);
        return line;
    }
    let tally = mission.tally();
    let look = match known {
        Freshness::Fresh if tally.wanted > 0 && tally.ready == tally.wanted => Role::HealthGood,
        Freshness::Fresh => Role::TextNormal,
        _ => Role::TextDim,
    };
    let narrow = width < 50;
    let of = format!("{} of {}", tally.ready, tally.wanted);
    put(if narrow { of } else { format!("{of} ready") }, look);
    let mut count = |n: usize, mark: &str, word: &str, role: Role| {
        if n > 0 {
            put(if narrow { format!("{mark}{n}") } else { format!("{mark} {n} {word}") }, role);
        }
    };
    count(tally.bad, g.bad, "not up", Role::HealthBad);
    count(tally.unknown, g.unknown, "not known", Role::HealthUnknown);
    count(tally.waiting, g.arrow, "on the way", Role::TextNormal);
    let open = mission.open_alerts();
    let noun = if open.len() == 1 { "alert" } else { "alerts" };
    count(open.len(), g.worst, noun, super::alert::look_of(open.first().copied(), g).1);
    if let Some(launch) = &mission.launch {
        let words = format!("launch {} {}", launch.mode, launch.phase.word());
        match launch.phase {
            LaunchPhase::Running => put(words, Role::Accent),
            LaunchPhase::Partial | LaunchPhase::Failed | LaunchPhase::Refused => {
                let note = launch.notes.last().map_or_else(String::new, |n| format!(": {n}"));
                put(words, Role::HealthBad);
                put(note.trim_start_matches(": ").to_owned(), Role::TextDim);
            }
            LaunchPhase::Complete | LaunchPhase::Superseded => put(words, Role::TextDim),
        }
    }
    if known == Freshness::Stale {
        put(format!("heard {} ago", format::age(state.age(mission.heard))), Role::HealthStale);
    }
    line
}
