//! The steps of a kill with the time since the confirming key: what has happened
//! in the order of time, below it what has not.

use super::Ranked;
use crate::domain::{GatewayPhase, Intent, KillProgress, LatchPhase};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::format;
use crate::tui::view::pen::Line;

/// Columns of a step's name.
const NAME: u16 = 9;
/// Columns of its time.
const TIME: u16 = 11;

/// One line per step, and their heading.
#[must_use]
pub fn lines<'a>(kill: &KillProgress, g: &Glyphs) -> Ranked<'a> {
    let heading = Line::new().left(NAME, "step", Role::TextDim).right(TIME, "ms", Role::TextDim);
    let t = &kill.times;
    let synced = if kill.latch == LatchPhase::NotDurable { "NOT SYNCED" } else { "" };
    let mut steps = Vec::new();
    let mut lines = vec![(6, heading)];
    if is_elsewhere(kill) {
        // They were taken by whoever decided, and nobody tells when.
        let name = |name| Line::new().left(NAME, name, Role::TextDim).dim("not measured here");
        lines.extend([(4, name("gate")), (4, name("visible")), (4, name("durable"))]);
        lines.push((5, name("agent")));
    } else {
        steps = vec![
            (t.gate, (4, step("gate", t.gate, g, ""))),
            (t.visible, (4, step("visible", t.visible, g, ""))),
            (t.durable, (4, step("durable", t.durable, g, synced))),
            (t.handed, (5, step("agent", t.handed, g, ""))),
        ];
    }
    if kill.intent == Intent::Kill {
        steps.push((t.sent, (3, step("sent", t.sent, g, ""))));
        steps.push((t.acked, (2, acked(kill, g))));
        steps.push((t.verified, (2, verified(kill, g))));
    }
    // Latch, agent and gateway are seen to side by side: which of them is first
    // is told by the time alone.
    steps.sort_by_key(|(at, _)| (at.is_none(), *at));
    lines.extend(steps.into_iter().map(|(_, line)| line));
    lines
}

/// Whether another process took the decision: the gate, which closes before
/// anything else happens, was not closed by a key of this one.
#[must_use]
pub const fn is_elsewhere(kill: &KillProgress) -> bool {
    kill.times.gate.is_none() && (kill.times.sent.is_some() || kill.times.verified.is_some())
}

fn time<'a>(name: &'static str, us: Option<u64>) -> Line<'a> {
    let text = us.map_or_else(|| String::from("-"), format::ms);
    let role = if us.is_some() { Role::TextNormal } else { Role::TextDim };
    Line::new().left(NAME, name, Role::TextDim).right(TIME, text, role).gap(1)
}

fn step<'a>(name: &'static str, us: Option<u64>, g: &Glyphs, failed: &'static str) -> Line<'a> {
    let line = time(name, us);
    match us {
        _ if !failed.is_empty() => {
            line.text(g.bad, Role::HealthBad).gap(1).text(failed, Role::HealthBad)
        }
        Some(_) => line.text(g.check, Role::HealthGood),
        None => line.text(g.flat, Role::TextDim),
    }
}

/// Never a check mark: it is the gateway's word and no more.
fn acked<'a>(kill: &KillProgress, g: &Glyphs) -> Line<'a> {
    let line = time("acked", kill.times.acked);
    match kill.times.acked {
        Some(_) => line.text(g.claim, Role::KillClaimed).text(" a claim", Role::KillClaimed),
        None => line.text(g.flat, Role::TextDim),
    }
}

fn verified<'a>(kill: &KillProgress, g: &Glyphs) -> Line<'a> {
    let line = time("verified", kill.times.verified);
    if kill.phase == GatewayPhase::Verified {
        return line.text(g.check, Role::KillVerified).text(" flat", Role::KillVerified);
    }
    line.text(g.flat, Role::TextDim)
        .text(format!(" {} of 3 reads", kill.good_polls), Role::TextNormal)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{EngageId, KillPlan, StepTimes, Text};
    use crate::tui::theme::{Charset, Theme};

    fn kill(times: StepTimes) -> KillProgress {
        KillProgress {
            engage_id: EngageId::from_parts(1, 1),
            intent: Intent::Kill,
            target: 0,
            gateway: Text::new("main"),
            phase: GatewayPhase::Unconfirmed,
            latch: LatchPhase::Durable,
            attempts: 1,
            claimed: None,
            good_polls: 0,
            last_poll: None,
            survivors: Vec::new(),
            times,
            driver: Text::new("agent"),
            note: Text::default(),
            plan: KillPlan::default(),
        }
    }

    #[test]
    fn a_kill_of_another_process_has_its_own_steps_in_order_and_not_open() {
        let times = StepTimes {
            sent: Some(5_480),
            acked: Some(9_000),
            verified: Some(2_000_000),
            ..StepTimes::default()
        };
        let kill = KillProgress { phase: GatewayPhase::Verified, ..kill(times) };
        let theme = Theme::plain(Charset::Unicode);
        let lines = lines(&kill, theme.glyphs());
        let text = |at: usize| -> String {
            lines[at].1.cells.iter().map(|cell| cell.text.to_string()).collect()
        };
        for (at, name) in [(1, "gate"), (2, "visible"), (3, "durable"), (4, "agent")] {
            assert!(
                text(at).contains(name) && text(at).contains("not measured here"),
                "{}",
                text(at)
            );
        }
        assert!(text(5).contains("sent") && text(7).contains("verified"));
    }

    #[test]
    fn steps_stand_in_the_order_of_time_and_what_has_not_been_below() {
        let times = StepTimes {
            gate: Some(20),
            visible: Some(3_340),
            durable: Some(10_010),
            handed: Some(6_610),
            sent: Some(5_480),
            ..StepTimes::default()
        };
        let kill = kill(times);
        let theme = Theme::plain(Charset::Unicode);
        let names: Vec<String> = lines(&kill, theme.glyphs())
            .into_iter()
            .filter_map(|(_, line)| line.cells.first().map(|cell| cell.text.to_string()))
            .collect();
        let order = ["step", "gate", "visible", "sent", "agent", "durable", "acked", "verified"];
        assert_eq!(names, order);
    }
}
