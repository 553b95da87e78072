//! The way back: what the last dump says is started one after the other, each
//! waited for, and the whole looked at in the end. No kill switch is cleared.

use super::enter::Entry;
use super::kept::{self, Dump};
use super::verdict::judge;
use super::{Shared, disk, refuse, unknown};
use crate::domain::Text;
use crate::domain::mission::LaunchPhase;
use crate::mission::modes::Document;
use crate::mission::order::{Answer, By, RESTORE_WORD, Refusal};
use crate::mission::plan::{Standing, phases};
use crate::mission::spec::{Mission, ModeSpec, Name};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

impl Shared {
    pub(super) fn restore_phrase(&self) -> Option<String> {
        let dir = self.dir.clone();
        let (_, dump) = disk(move || kept::last_dump(&dir)).ok().flatten()?;
        let mission = self.mission();
        Some(phrase(&mission, mission.mode(&dump.mode)?))
    }

    /// The order: refused unless the dump can be read, its mode is known, all
    /// that the mode requires holds, and the right words were typed.
    pub(super) fn restore(self: &Arc<Self>, confirm: &str, by: &By) -> Answer {
        // It may ask gateways: before anybody else's order would wait for that.
        let refusing = self.switch.refusing();
        let dir = self.dir.clone();
        let dumped = disk(move || kept::last_dump(&dir)).ok().flatten();
        let hosts = dumped.map(|(_, dump)| self.hosts_for(&dump.mode)).unwrap_or_default();
        let _act = self.act();
        if let Some(answer) = self.busy() {
            return answer;
        }
        let dir = self.dir.clone();
        let (path, dump): (PathBuf, Dump) = match disk(move || kept::last_dump(&dir)) {
            Ok(Some(found)) => found,
            Ok(None) => {
                let why = "there is no dump of an emergency shutdown to restore from";
                return refuse(Refusal::Conflict, why);
            }
            Err(e) => return refuse(Refusal::Failed, &format!("the last dump: {e}")),
        };
        if dump.mode.is_empty() {
            let why = format!("no mode was in force when {} was written", path.display());
            return refuse(Refusal::Conflict, &why);
        }
        let mission = self.mission();
        let Some(mode) = mission.mode(&dump.mode) else { return unknown(&mission, &dump.mode) };
        let plan = self.plan_of(&mission, mode, hosts);
        if let Some(held) = plan.refused() {
            let why = format!("{} requires {}: {}", mode.name, held.what, held.why);
            self.told_refused(&mode.name, by, &why);
            return refuse(Refusal::Requirement, &why);
        }
        let wants = phrase(&mission, mode);
        if wants != confirm {
            let still: Vec<&str> = refusing.iter().map(Text::as_str).collect();
            let still = if still.is_empty() {
                String::new()
            } else {
                format!(
                    ". It starts processes and clears nothing: no order passes as long as {}",
                    still.join("; and ")
                )
            };
            return refuse(Refusal::Confirmation, &format!("type exactly: {wants}{still}"));
        }
        let standing = self.standing();
        let mut entry = Entry::of(&mission, mode, &standing, by);
        entry.note(&format!("from {}", path.display()));
        let (kept, gone): (Vec<Name>, Vec<Name>) =
            dump.wanted.into_iter().partition(|name| entry.wanted.contains(name));
        for name in &gone {
            entry.note(&format!("{name} ran then, and is not in {} now", mode.name));
        }
        for name in entry.wanted.iter().filter(|name| !kept.contains(name)) {
            entry
                .notes
                .push(Text::new(&format!("{name} is in {} and did not run then", mode.name)));
        }
        if mode.engage {
            self.engage(&format!("mode {}, restored by {by}", mode.name), &mut entry);
        }
        for why in &refusing {
            entry.note(&format!("no order passes: {why}"));
        }
        if let Err(why) = self.settle(&mut entry) {
            return self.failed(&mode.name, by, &why);
        }
        let (generation, launch) = self.begin(&entry);
        let shared = Arc::clone(self);
        let named = std::thread::Builder::new().name("mission-restore".to_owned());
        let notes = entry.notes.clone();
        let spawned =
            named.spawn(move || shared.one_by_one(generation, &mission, entry, &standing));
        if let Err(e) = spawned {
            let mut notes = notes;
            notes.push(Text::new(&format!("nothing was started: {e}")));
            self.end(generation, LaunchPhase::Failed, &notes);
        }
        Answer::Launched(self.state().launch.clone().unwrap_or(launch))
    }

    fn one_by_one(&self, generation: u64, mission: &Mission, mut entry: Entry, now: &Standing) {
        let order: Vec<Name> = phases(mission, &entry.wanted).into_iter().flatten().collect();
        let mut up: Vec<Name> = order.iter().filter(|name| now.lives(name)).cloned().collect();
        let live = entry.document.is_live();
        for (n, name) in order.iter().enumerate() {
            let engaged = if live { self.switch.engaged() } else { None };
            {
                let _act = self.act();
                if self.acting(generation).is_none() {
                    return;
                }
                if let Some(why) = engaged {
                    entry.note(&format!("{why}: nothing more is started"));
                    self.end(generation, LaunchPhase::Partial, &entry.notes);
                    return;
                }
                if !up.contains(name) {
                    up.push(name.clone());
                }
                self.want(&entry, &up);
            }
            let place = format!("{} of {}: {name}", n + 1, order.len());
            let Some(said) = self.wait_for(generation, mission, name) else { return };
            entry.note(&format!("{place} {said}"));
            if !self.report(generation, entry.notes.clone()) {
                return;
            }
        }
        self.watch(generation, mission, &entry, self.patience.launch);
    }

    /// Waits until one process is ready, or will not be; in words. None where
    /// another launch took this one's place.
    fn wait_for(&self, generation: u64, mission: &Mission, name: &Name) -> Option<String> {
        let until = Instant::now() + self.patience.each;
        let one = std::slice::from_ref(name);
        let mut last = None;
        loop {
            std::thread::sleep(self.patience.look);
            drop(self.acting(generation)?);
            // Before the records: who has taken the order by then says so there.
            let waiting = self.crew.waiting();
            let records = self.crew.records();
            let own: Vec<_> = records.into_iter().filter(|r| r.name.as_str() == name).collect();
            let verdict = judge(mission, one, &own, &waiting);
            let settled = verdict.settled() && last.as_ref() == Some(&verdict);
            if settled && verdict.good == 1 {
                return Some(String::from("is ready"));
            }
            if settled || Instant::now() >= until {
                return Some(String::from("is NOT ready; the rest is tried all the same"));
            }
            last = Some(verdict);
        }
    }
}

/// What is typed to restore this mode: the mode's own words too, where it has
/// some.
fn phrase(mission: &Mission, mode: &ModeSpec) -> String {
    let own = Document::of(mission, mode).fill(&mode.confirm);
    let own = if own.is_empty() { mode.name.as_str() } else { &own };
    format!("{RESTORE_WORD} {own}")
}
