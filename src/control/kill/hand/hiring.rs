//! Who carries a kill out here: a driver for each gateway, asked for again
//! where the system had none to give.

use super::crew::Crew;
use super::work::Work;
use crate::control::kill::driver::DriverConfig;
use crate::domain::Intent;
use crate::event::Level;
use crate::host::clock;

/// Between two tries to have one.
const RETRY: u64 = 1_000_000_000;

impl<C: Crew> Work<C> {
    pub(super) fn start_drivers(&mut self) {
        let timing = self.config.agent.kill.timing();
        let (known, mut missing) = (self.hire_at.is_some(), false);
        for (target, gateway) in (0_u16..).zip(self.config.agent.gateways.clone()) {
            let name = gateway.name.clone();
            let config = DriverConfig {
                target,
                gateway,
                timing,
                role: self.config.role,
                warm: self.config.warm,
            };
            if let Err(e) = self.crew.hire(config) {
                missing = true;
                // Told once, not with every try.
                if !known {
                    let words = format!("no kill thread for {name}: {e}; tried again");
                    self.sender.log(Level::Alarm, "kill", words);
                }
            }
        }
        self.hire_at = missing.then(|| clock::mono_ns().saturating_add(RETRY));
    }

    /// A gateway without a driver is not proven flat: while this process
    /// stands in, one is tried for each second.
    pub(super) fn hire_again(&mut self, now: u64) {
        if self.hire_at.is_none_or(|at| now < at) {
            return;
        }
        let Some(intent) = self.kill.as_ref().filter(|k| k.standing_in).map(|k| k.intent.clone())
        else {
            return;
        };
        self.start_drivers();
        // Those that work already are not begun twice.
        if intent.intent == Intent::Kill {
            self.crew.begin(&intent);
        }
        if self.hire_at.is_none() {
            self.sender.log(Level::Warn, "kill", "every gateway has a kill thread now");
        }
    }
}

#[cfg(test)]
mod tests;
