//! What the screen hears of a kill: the driver's word with the steps that
//! only this process knows.

use super::crew::Crew;
use super::work::{Kill, Work};
use crate::domain::{GatewayAddr, GatewayPhase, KillIntent, KillPlan, KillProgress, Text};
use crate::event::Event;

impl<C: Crew> Work<C> {
    /// On to the screen, with the steps that only this process knows.
    pub(super) fn progress(&mut self, mut progress: KillProgress) {
        if let Some(kill) = &mut self.kill
            && let Some(target) = kill.place(&progress)
        {
            progress.target = target;
            overlay(&mut progress, kill);
            kill.last.insert(progress.target, progress.clone());
        }
        self.sender.send(Event::Kill(Box::new(progress)));
    }

    /// Steps of this process changed: shown even before any gateway moved.
    pub(super) fn report_steps(&mut self) {
        let Some(kill) = &mut self.kill else { return };
        for (target, gateway) in (0_u16..).zip(kill.intent.targets.clone()) {
            let mut progress = kill.last.get(&target).cloned().unwrap_or_else(|| KillProgress {
                engage_id: kill.intent.engage_id,
                intent: kill.intent.intent,
                target,
                gateway: gateway.name.clone(),
                phase: GatewayPhase::Idle,
                latch: kill.latch,
                attempts: 0,
                claimed: None,
                good_polls: 0,
                last_poll: None,
                survivors: Vec::new(),
                times: kill.times,
                driver: Text::new(self.config.role),
                note: Text::default(),
                plan: KillPlan::default(),
            });
            overlay(&mut progress, kill);
            self.sender.send(Event::Kill(Box::new(progress)));
        }
        // The gate learns whose kill it is even when the guard's thread was
        // stopped in the middle.
        self.gate.remember_kill(kill.intent.engage_id);
    }
}

impl Kill {
    /// Which of our targets it tells of, where it tells of our decision or of the
    /// one that is carried out in its stead at that gateway.
    fn place(&self, progress: &KillProgress) -> Option<u16> {
        let named = |gateway: &GatewayAddr| gateway.name == progress.gateway;
        let listed = self.intent.targets.iter().position(named);
        if progress.engage_id == self.intent.engage_id {
            let listed = listed.and_then(|n| u16::try_from(n).ok());
            return Some(listed.unwrap_or(progress.target));
        }
        let listed = listed?;
        let carried = self.each.get(listed).copied().or(self.under);
        u16::try_from(listed).ok().filter(|_| carried == Some(progress.engage_id))
    }
}

pub(super) fn overlay(progress: &mut KillProgress, kill: &Kill) {
    let own = kill.times;
    progress.latch = kill.latch;
    progress.times.gate = own.gate.or(progress.times.gate);
    progress.times.visible = own.visible.or(progress.times.visible);
    progress.times.durable = own.durable.or(progress.times.durable);
    progress.times.handed = own.handed.or(progress.times.handed);
}

pub(super) const fn since(intent: &KillIntent, at: u64) -> u64 {
    at.saturating_sub(intent.pressed.mono_ns) / 1_000
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::kill::sim::parts::who;
    use crate::domain::{EngageId, Intent, LatchPhase, StepTimes};
    use std::collections::BTreeMap;

    fn told(id: EngageId, gateway: &str, target: u16) -> KillProgress {
        KillProgress {
            engage_id: id,
            intent: Intent::Kill,
            target,
            gateway: Text::new(gateway),
            phase: GatewayPhase::Unconfirmed,
            latch: LatchPhase::Latched,
            attempts: 3,
            claimed: None,
            good_polls: 0,
            last_poll: None,
            survivors: Vec::new(),
            times: StepTimes::default(),
            driver: Text::new("agent"),
            note: Text::default(),
            plan: KillPlan::default(),
        }
    }

    #[test]
    fn each_gateway_may_be_killed_under_another_decision() {
        let (k1, k3) = (EngageId::from_parts(1_000, 1), EngageId::from_parts(900, 1));
        let named = |name: &str| GatewayAddr {
            name: Text::new(name),
            cmd: "127.0.0.1:9".parse().unwrap(),
            data: "127.0.0.1:9".parse().unwrap(),
        };
        let targets = ["one", "two"].map(named);
        let latch = std::path::Path::new("latch");
        let intent = who(1).decide(Intent::Kill, Text::new("test"), None, latch, &targets);
        let own = intent.engage_id;
        let mut kill = Kill {
            intent,
            began: 0,
            times: StepTimes::default(),
            latch: LatchPhase::Latched,
            accepted: true,
            said_at: Some(0),
            under: Some(own),
            each: vec![own, k1],
            recorded: true,
            standing_in: false,
            unsure_since: None,
            last: BTreeMap::new(),
        };
        // The other decision listed them in another order.
        assert_eq!(kill.place(&told(k1, "two", 0)), Some(1));
        assert_eq!(kill.place(&told(k1, "one", 1)), None, "our own is carried out there");
        assert_eq!(kill.place(&told(own, "one", 5)), Some(0));
        assert_eq!(kill.place(&told(k3, "two", 1)), None);
        assert_eq!(kill.place(&told(k1, "three", 1)), None);
        // An agent of an earlier version tells of the first only.
        (kill.under, kill.each) = (Some(k1), Vec::new());
        assert_eq!(kill.place(&told(k1, "one", 0)), Some(0));
    }
}
