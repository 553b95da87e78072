//! Alarms of mission control: alerts that nobody took on, and a daemon that
//! went away.

use super::causes::Causes;
use crate::domain::mission::{Gravity, MissionAlert};
use crate::state::State;

/// Seconds that a daemon may take to answer at the start of a session.
const ABSENT_S: u64 = 5;

impl State {
    /// An alert's alarm ends when it is acknowledged or gone; while the daemon
    /// can't be heard nobody can tell, and it stands.
    pub(super) fn of_the_mission(&self, causes: &mut Causes) {
        let mission = &self.mission;
        let Some(link) = &mission.link else { return };
        if !link.value.present && !mission.was_present {
            let text = format!("mission control is configured and not there: {}", link.value.why);
            let advice = "run `crs mission serve` on this host, or take `watch` and `socket` out \
                          of [mission] of the configuration";
            causes.warning("mission absent", &text, advice, ABSENT_S);
        }
        if !link.value.present && mission.was_present {
            let text = format!("mission control is gone: {}", link.value.why);
            let advice = "what it keeps runs on, and nobody restarts or stops it: on its host see \
                          why it ended and start `crs mission serve` again";
            if mission.live {
                causes.critical("mission", &text, advice, 2);
            } else {
                causes.warning("mission", &text, advice, 2);
            }
        }
        for alert in mission.open_alerts().into_iter().filter(|a| a.severity >= Gravity::High) {
            let key = format!("mission {} {}", alert.kind, alert.process);
            if !link.value.present {
                causes.leave_open(&key);
                continue;
            }
            let who = if alert.process.is_empty() { "mission" } else { alert.process.as_str() };
            let text = format!("{who}: {}: {}", alert.title, alert.message);
            causes.alert(alert.severity == Gravity::Critical, &key, &text, &advice(alert));
        }
    }
}

/// The daemon's advice, and where it is acted on.
fn advice(alert: &MissionAlert) -> String {
    let what =
        if alert.solution.is_empty() { "see its last lines" } else { alert.solution.as_str() };
    let act = alert.actions.first().map_or_else(String::new, |act| format!(" (proposed: {act})"));
    format!("{what}{act}; `:pane processes` has alert {}", alert.id)
}
