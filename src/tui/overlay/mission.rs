//! What an order to mission control would do, for its open guard.

use crate::control::MissionAsk;
use crate::domain::Text;
use crate::tui::view::Scene;

type Effects = Vec<(&'static str, String)>;

/// A line for each thing that the operator should know before the second key.
pub(super) fn effects(scene: Scene<'_>) -> Effects {
    let mission = &scene.state.mission;
    let Some(ask) = &scene.ui.mission.open else { return Vec::new() };
    let mut lines: Vec<String> = Vec::new();
    match ask {
        MissionAsk::Start(name) => {
            lines.push(stands(scene, name));
            lines.push(String::from("what it depends on is started too"));
        }
        MissionAsk::Stop(name) => {
            lines.push(stands(scene, name));
            lines.push(String::from("what depends on it goes on without it"));
        }
        MissionAsk::Restart(name) => lines.push(stands(scene, name)),
        MissionAsk::Launch { mode, .. } => {
            let from = if mission.mode.is_empty() { "no mode" } else { mission.mode.as_str() };
            lines.push(format!("from {from} into {mode}: what is not in it is stopped"));
            match mission.mode_named(mode.as_str()) {
                Some(known) if known.live => lines.push(String::from("REAL MONEY is traded in it")),
                Some(known) => lines.push(known.description.to_string()),
                None => lines.push(String::from("this console does not know that mode")),
            }
        }
        MissionAsk::Act { alert, .. } => {
            if let Some(alert) = mission.alerts.iter().find(|known| known.id == *alert) {
                lines.push(format!("{}: {}", alert.process, alert.title));
                lines.push(alert.solution.to_string());
            }
        }
        MissionAsk::Why(_) | MissionAsk::Plan(_) | MissionAsk::Ack(_) | MissionAsk::Audit => {}
    }
    lines.retain(|line| !line.is_empty());
    lines.into_iter().map(|line| ("", line)).collect()
}

fn stands(scene: Scene<'_>, name: &Text) -> String {
    scene.state.mission.process(name.as_str()).map_or_else(
        || format!("{name} is not known here"),
        |record| {
            let pid = record.pid.map_or_else(String::new, |pid| format!(", pid {pid}"));
            format!("it is {}{pid}", record.state)
        },
    )
}
