//! What the thread of a process says about it: its record, its use of the
//! host, and alerts.

use super::{Actor, now};
use crate::domain::Text;
use crate::domain::mission::{Gravity, ProcessRecord, ProcessState, Recovery};
use crate::mission::hands::Usage;
use crate::mission::lines::Raise;
use crate::mission::spec::OnDeath;

impl Actor {
    pub(super) fn measure(&mut self, usage: Usage) {
        let at = now().ms;
        if let Some((was, before)) = self.used {
            let wall = at.saturating_sub(was).max(1);
            let spent = usage.cpu_us.saturating_sub(before.cpu_us);
            // µs over ms, in hundredths of a percent.
            self.cpu_centi = u32::try_from(spent.saturating_mul(10) / wall).ok();
        }
        self.used = Some((at, usage));
        let grown = self.process.growth.as_ref().and_then(|rule| {
            Some((self.memory.note(rule, at, usage.memory)?, rule.window.as_secs()))
        });
        if let Some((percent, window)) = grown {
            let fact = format!("{percent} % in {window} s, now {} MiB", usage.memory >> 20);
            self.raise(
                "memory-growth",
                Gravity::Medium,
                "Its memory grows steadily",
                &Text::new(&fact),
                "restart it when that does least harm, and look for the leak",
            );
        }
        self.publish();
    }

    pub(super) fn raise(
        &self,
        kind: &str,
        severity: Gravity,
        title: &str,
        fact: &Text,
        next: &str,
    ) {
        self.shared.raises.raise(Raise {
            kind: kind.to_owned(),
            severity,
            process: self.process.name.clone(),
            title: Text::new(title),
            message: fact.clone(),
            solution: Text::new(next),
            strategy: Recovery::Manual,
            actions: vec![String::from("restart")],
        });
    }

    fn record(&self) -> ProcessRecord {
        let machine = &self.machine;
        let usage = self.used.map(|(_, usage)| usage);
        let state = machine.state();
        ProcessRecord {
            name: Text::new(&self.process.name),
            display_name: self.process.display_name.clone(),
            host: Text::new(self.process.host.as_deref().unwrap_or_default()),
            pid: self.running.as_ref().map(|running| running.who.pid),
            external: state == ProcessState::External,
            state,
            wanted: machine.wanted(),
            start_time: machine.started().filter(|_| self.running.is_some()),
            cpu_centi: self.cpu_centi,
            memory: usage.map(|usage| usage.memory),
            files: usage.and_then(|usage| usage.files),
            restart_count: machine.restarts(),
            last_error: machine.last_error().clone(),
            exit_code: machine.exit_code(),
            kept: self.process.on_daemon_death == OnDeath::Keep,
        }
    }

    /// One more order is with the machine, as of the next word to others.
    pub(super) const fn takes(&mut self) {
        self.taken = self.taken.saturating_add(1);
    }

    pub(super) fn publish(&self) {
        self.shared.publish(&self.cell, self.record(), &self.machine.standing());
        self.cell.took(self.taken);
    }
}
