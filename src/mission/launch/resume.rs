//! After a daemon's restart, and after another configuration was read: what
//! goes on by itself, and what waits for somebody to decide.

use super::Shared;
use super::enter::Entry;
use crate::domain::Text;
use crate::domain::mission::LaunchPhase;
use crate::mission::modes::Document;
use crate::mission::plan::Standing;
use crate::mission::requires::{judge, machines};
use crate::mission::spec::{Mission, ModeSpec, Name, Restart, RestartOn};
use std::sync::Arc;

impl Shared {
    pub(super) fn resume(self: &Arc<Self>) -> Vec<Text> {
        let _act = self.act();
        let mission = self.mission();
        let (in_force, document, mut said) = {
            let mut state = self.state();
            (state.in_force.clone(), state.document.clone(), std::mem::take(&mut state.doubts))
        };
        let Some(in_force) = in_force else { return said };
        self.tell_mode(&self.state());
        if let Some(open) = in_force.emergency.clone() {
            if in_force.mode.is_empty() {
                self.state().in_force = None;
            }
            said.push(self.take_up(&mission, &in_force, open));
            return said;
        }
        let standing = self.standing();
        let by = Text::new("the daemon's start");
        let Some(mode) = mission.mode(&in_force.mode) else {
            let why = format!("mode {} is not in the mission any more", in_force.mode);
            said.push(self.hold(&in_force.wanted, document, &standing, &by, &why));
            return said;
        };
        let why = self.why_not(&mission, mode, document.as_ref());
        if let Some(why) = why {
            said.push(self.hold(&in_force.wanted, document, &standing, &by, &why));
            return said;
        }
        let entry = Entry::of(&mission, mode, &standing, &by);
        match self.enter(&mission, entry) {
            Ok(_) => said.push(Text::new(&format!("mode {} is taken up again", mode.name))),
            Err(why) => {
                said.push(self.hold(&in_force.wanted, document, &standing, &by, &why));
            }
        }
        said
    }

    /// Why a mode does not go on by itself; none: it does.
    fn why_not(
        &self,
        mission: &Mission,
        mode: &ModeSpec,
        document: Option<&Document>,
    ) -> Option<String> {
        let fresh = Document::of(mission, mode);
        let asks = !mode.confirm.is_empty() || fresh.is_live();
        if asks && document != Some(&fresh) {
            return Some(format!("{} has other settings than were confirmed", mode.name));
        }
        if !fresh.is_live() {
            return None;
        }
        let facts = self.facts(mission, mode, self.crew.fresh_hosts(&machines(mode)));
        let held = judge(mode, &fresh, &facts).into_iter().find(|held| held.holds != Some(true))?;
        Some(format!("{} requires {}: {}", mode.name, held.what, held.why))
    }

    /// Leaves what lives alone and starts nothing, under the settings that are
    /// written down.
    fn hold(
        &self,
        wanted: &[Name],
        document: Option<Document>,
        standing: &Standing,
        by: &Text,
        why: &str,
    ) -> Text {
        let document = document.unwrap_or_default();
        let wanted: Vec<Name> =
            wanted.iter().filter(|name| standing.lives(name)).cloned().collect();
        let said = Text::new(&format!("{why}; nothing is started, launch a mode"));
        // Nothing of real money starts again by itself under a mode that waits.
        let never = || Restart { on: RestartOn::Never, ..Restart::default() };
        let held = wanted.iter().filter(|_| document.is_live());
        let restart = held.map(|name| (name.clone(), never())).collect();
        self.state().confirmed = false;
        let entry = Entry {
            mode: document.mode.clone(),
            document,
            wanted,
            restart,
            by: by.clone(),
            notes: vec![said.clone()],
            ..Entry::default()
        };
        let (generation, _) = self.begin(&entry);
        self.want(&entry, &entry.wanted);
        self.end(generation, LaunchPhase::Partial, &entry.notes);
        said
    }

    pub(super) fn reload(self: &Arc<Self>, mission: &Arc<Mission>) -> Vec<Text> {
        let _act = self.act();
        let (in_force, document, idle, live) = {
            let mut state = self.state();
            state.mission = Arc::clone(mission);
            let idle = state.busy().is_none();
            (state.in_force.clone(), state.document.clone(), idle, state.is_live())
        };
        let Some(in_force) = in_force.filter(|_| idle) else { return Vec::new() };
        let name = &in_force.mode;
        let Some(mode) = mission.mode(name) else {
            let said = format!("mode {name} is gone; what runs goes on until another is launched");
            return vec![Text::new(&said)];
        };
        let entry = Entry::of(mission, mode, &self.standing(), &in_force.by);
        if document.as_ref() == Some(&entry.document) && entry.wanted == in_force.wanted {
            return Vec::new();
        }
        // Into real money, and within it, leads a launch alone.
        if !mode.confirm.is_empty() || live || entry.document.is_live() {
            let said = format!("{name} changed, and goes on as it was launched: launch it again");
            return vec![Text::new(&said)];
        }
        let by = Text::new("the configuration's reload");
        let said = match self.enter(mission, Entry { by, ..entry }) {
            Ok(_) => format!("mode {name} changed and is launched anew"),
            Err(why) => format!("mode {name} changed and goes on as it was: {why}"),
        };
        vec![Text::new(&said)]
    }
}
