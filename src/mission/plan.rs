//! What a launch would do, before anybody does it: what stops and starts in
//! which phase, which settings change, what must hold, what must be typed.

use super::modes::{Change, Document, marks};
use super::requires::{Facts, Held, files_of, judge};
use super::spec::{Mission, ModeSpec, Name, Process, Value};
use crate::domain::Text;
use crate::domain::mission::ProcessRecord;
use serde::Serialize;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A launch that nobody has ordered yet.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Plan {
    /// The mode that it leads into.
    pub mode: Name,
    /// What that mode is for.
    pub description: Text,
    /// The mode in force; none: none is.
    pub from: Option<Name>,
    /// It trades real money, by its settings.
    pub live: bool,
    /// It engages the breaker before anything else.
    pub engages: bool,
    /// What must hold, and whether it does.
    pub require: Vec<Held>,
    /// What must be typed, exactly; empty: nothing.
    pub confirm: String,
    /// What ends, phase after phase: dependants first.
    pub stop: Vec<Vec<Name>>,
    /// What is started, phase after phase: what others depend on first.
    pub start: Vec<Vec<Name>>,
    /// What runs, is in the mode, and is started anew, since the settings that
    /// it was started with change.
    pub again: Vec<Name>,
    /// What runs and goes on untouched.
    pub stay: Vec<Name>,
    /// Settings that change.
    pub settings: Vec<Change>,
    /// What is worth knowing beside that.
    pub notes: Vec<Text>,
}

/// How things stand before a launch.
#[derive(Clone, Debug, Default)]
pub struct Standing {
    /// The settings in force; none: no mode is.
    pub document: Option<Document>,
    /// How everybody stands; a process that is not in here is not running.
    pub records: Vec<ProcessRecord>,
}

impl Standing {
    /// Whether a process of this name may live now.
    #[must_use]
    pub fn lives(&self, name: &str) -> bool {
        self.records.iter().any(|r| r.name.as_str() == name && r.state.may_live())
    }
}

/// What runs in `mode`: its processes, and of what it keeps that which lives.
#[must_use]
pub fn wanted(mission: &Mission, mode: &ModeSpec, now: &Standing) -> Vec<Name> {
    let kept = |name: &Name| mode.keeps.contains(name) && now.lives(name);
    let all = mission.processes.iter().map(|process| &process.name);
    all.filter(|name| mode.processes.contains(name) || kept(name)).cloned().collect()
}

/// Whether a process that was started under `from` must be started anew for
/// `to`: only where something that it was given changes.
#[must_use]
pub fn touched(process: &Process, from: &BTreeMap<String, Value>, to: &Document) -> bool {
    let words = process.cmd.iter().chain(process.env.values());
    words.flat_map(|word| marks(word)).any(|(word, name)| match word {
        "settings" => *from != to.flags,
        "mode" => from.get(name) != to.flags.get(name),
        _ => false,
    })
}

/// `names` in layers: each layer depends on earlier ones only. What is not
/// among them is not waited for.
#[must_use]
pub fn phases(mission: &Mission, names: &[Name]) -> Vec<Vec<Name>> {
    let mut left: Vec<&Process> =
        mission.processes.iter().filter(|process| names.contains(&process.name)).collect();
    let mut out = Vec::new();
    while !left.is_empty() {
        let waits: BTreeSet<&str> = left.iter().map(|process| process.name.as_str()).collect();
        let free = |process: &&Process| {
            !process.depends.iter().any(|(name, _)| waits.contains(name.as_str()))
        };
        let (mut layer, mut rest): (Vec<&Process>, Vec<&Process>) =
            left.into_iter().partition(free);
        if layer.is_empty() {
            // No file with a circle is taken; one that is made in a program ends here.
            layer = std::mem::take(&mut rest);
        }
        out.push(layer.into_iter().map(|process| process.name.clone()).collect());
        left = rest;
    }
    out
}

/// The plan for a launch of `mode`.
#[must_use]
pub fn plan(mission: &Mission, mode: &ModeSpec, now: &Standing, facts: &Facts) -> Plan {
    let document = Document::of(mission, mode);
    let runs = wanted(mission, mode, now);
    let none = BTreeMap::new();
    let from = now.document.as_ref().map_or(&none, |document| &document.flags);
    let (living, missing): (Vec<Name>, Vec<Name>) =
        runs.iter().cloned().partition(|name| now.lives(name));
    let anew = |name: &Name| mission.process(name).is_some_and(|p| touched(p, from, &document));
    let (again, stay) = living.into_iter().partition(anew);
    let ends: Vec<Name> = mission.processes.iter().map(|process| process.name.clone()).collect();
    let ends: Vec<Name> =
        ends.into_iter().filter(|name| now.lives(name) && !runs.contains(name)).collect();
    let mut stop = phases(mission, &ends);
    stop.reverse();
    let live = document.is_live();
    let mut require = judge(mode, &document, facts);
    let here = runs.iter().filter_map(|name| mission.process(name));
    let files = here.filter(|process| process.host.is_none());
    require.extend(files.flat_map(|process| files_of(process, &document, facts)));
    Plan {
        mode: mode.name.clone(),
        description: mode.description.clone(),
        from: now.document.as_ref().map(|document| document.mode.clone()),
        live,
        engages: mode.engage,
        require,
        confirm: document.fill(&mode.confirm),
        stop,
        start: phases(mission, &missing),
        again,
        stay,
        settings: document.changes(now.document.as_ref()),
        notes: notes(mission, mode, &runs, now, facts),
    }
}

fn notes(
    mission: &Mission,
    mode: &ModeSpec,
    runs: &[Name],
    now: &Standing,
    facts: &Facts,
) -> Vec<Text> {
    let mut out = Vec::new();
    for name in mode.keeps.iter().filter(|name| !now.lives(name)) {
        out.push(format!("{name} does not run, and this mode does not start it"));
    }
    for process in runs.iter().filter_map(|name| mission.process(name)) {
        for (name, _) in process.depends.iter().filter(|(name, _)| !runs.contains(name)) {
            out.push(format!(
                "{} is started without {name}, which is not in the mode",
                process.name
            ));
        }
    }
    if let Some(why) = &facts.engaged
        && !mode.engage
    {
        out.push(format!("{why}; no order passes until it is reset"));
    }
    out.iter().map(|line| Text::new(line)).collect()
}

impl Plan {
    /// The first requirement that does not hold, or of which nobody can tell.
    #[must_use]
    pub fn refused(&self) -> Option<&Held> {
        self.require.iter().find(|held| held.holds != Some(true))
    }
}

/// A text, or a word for its absence.
fn or<'a>(text: &'a str, else_word: &'a str) -> &'a str {
    if text.is_empty() { else_word } else { text }
}

impl fmt::Display for Plan {
    /// For people, a line for each fact.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let from = self.from.as_deref().unwrap_or("no mode");
        writeln!(f, "{from} → {}: {}", self.mode, or(self.description.as_str(), "no description"))?;
        if self.live {
            writeln!(f, "REAL MONEY: signals and broker are on, paper trading is off")?;
        }
        if self.engages {
            writeln!(f, "first    the breaker is engaged; only `crs reset` undoes that")?;
        }
        for held in &self.require {
            let word = match held.holds {
                Some(true) => "holds",
                Some(false) => "FAILS",
                None => "UNKNOWN",
            };
            writeln!(f, "require  {:<7}  {}: {}", word, held.what, held.why)?;
        }
        if !self.confirm.is_empty() {
            writeln!(f, "type     {}", self.confirm)?;
        }
        for (verb, phases) in [("stop", &self.stop), ("start", &self.start)] {
            for (n, phase) in phases.iter().enumerate() {
                writeln!(f, "{verb:<5} {:<2} {}", n + 1, phase.join(", "))?;
            }
        }
        for (verb, names) in [("restart", &self.again), ("keep", &self.stay)] {
            if !names.is_empty() {
                writeln!(f, "{verb:<7}  {}", names.join(", "))?;
            }
        }
        let shown = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), Value::to_string);
        for change in &self.settings {
            let (from, to) = (shown(&change.from), shown(&change.to));
            writeln!(f, "set      {} {from} → {to}", change.key)?;
        }
        for note in &self.notes {
            writeln!(f, "note     {note}")?;
        }
        let nothing = [&self.stop, &self.start].iter().all(|phases| phases.is_empty());
        if nothing && self.again.is_empty() && self.settings.is_empty() {
            writeln!(f, "nothing  stops, starts or changes")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::mission::ProcessState;
    use crate::mission::file;

    fn running(names: &[&str]) -> Vec<ProcessRecord> {
        let state = ProcessState::Running { ready: true };
        let one = |name: &&str| ProcessRecord {
            name: Text::new(name),
            state: state.clone(),
            ..ProcessRecord::default()
        };
        names.iter().map(one).collect()
    }

    fn standing(mission: &Mission, mode: &str, running_now: &[&str]) -> Standing {
        let document = mission.mode(mode).map(|mode| Document::of(mission, mode));
        Standing { document, records: running(running_now) }
    }

    fn of(mode: &str, now: &Standing, facts: &Facts) -> Plan {
        let mission = file::load(None).unwrap();
        plan(&mission, mission.mode(mode).unwrap(), now, facts)
    }

    #[test]
    fn from_nothing_everything_is_started_in_phases() {
        let plan = of("PAPER", &Standing::default(), &Facts::default());
        assert_eq!(plan.start, [vec!["gateway"], vec!["engine", "sentinel"]]);
        assert!(plan.stop.is_empty() && plan.stay.is_empty() && plan.refused().is_none());
        assert!(plan.settings.iter().all(|change| change.from.is_none()));
    }

    #[test]
    fn an_emergency_stops_dependants_first_and_keeps_what_it_keeps() {
        let mission = file::load(None).unwrap();
        let now = standing(&mission, "PAPER", &["gateway", "engine", "sentinel"]);
        let plan = of("SAFE_MODE", &now, &Facts::default());
        assert_eq!(plan.stop, [vec!["engine", "sentinel"]]);
        assert_eq!((plan.stay.as_slice(), plan.start.len()), (&["gateway".to_owned()][..], 1));
        assert!(plan.engages);
        // From LIVE no paper gateway is started.
        let now = standing(&mission, "LIVE", &["engine-live"]);
        let plan = of("SAFE_MODE", &now, &Facts::default());
        assert_eq!(plan.start, [vec!["feed"]]);
        assert_eq!(plan.notes.len(), 1, "{:?}", plan.notes);
    }

    #[test]
    fn only_what_is_given_other_settings_is_started_anew() {
        let mission = file::load(None).unwrap();
        let now = standing(&mission, "TANK_BROADCASTING", &["gateway", "engine-tank"]);
        let plan = of("TANK_SEALED", &now, &Facts::default());
        assert_eq!(plan.again, ["gateway", "engine-tank"]);
        let now = standing(&mission, "TANK_BROADCASTING", &["gateway"]);
        let plan = of("PAPER", &now, &Facts::default());
        assert_eq!((plan.again.len(), plan.stay.as_slice()), (0, &["gateway".to_owned()][..]));
    }

    #[test]
    fn live_says_what_fails_and_what_is_typed() {
        let facts = Facts { engaged: Some(Text::new("engaged")), ..Facts::default() };
        let plan = of("LIVE", &Standing::default(), &facts);
        assert!(plan.live);
        assert_eq!(plan.confirm, "LIVE 10000 25000");
        assert_eq!(plan.refused().unwrap().what.as_str(), "kill switch clear");
        let text = plan.to_string();
        for line in
            ["REAL MONEY", "FAILS    kill switch clear: engaged", "type     LIVE 10000 25000"]
        {
            assert!(text.contains(line), "{line}\n{text}");
        }
    }

    #[test]
    fn a_process_without_its_file_refuses_its_mode() {
        let dir = tempfile::tempdir().unwrap();
        let facts = Facts { dir: dir.path().to_owned(), ..Facts::default() };
        let plan = of("REPLAY", &Standing::default(), &facts);
        let refused = plan.refused().unwrap();
        let path = dir.path().join("replay.csv");
        let what = format!("file {} for engine-replay", path.display());
        assert_eq!(refused.what.as_str(), what);
        assert!(plan.to_string().contains(&format!("FAILS    {what}: it is not there")), "{plan}");
        std::fs::write(path, "timestamp,symbol,bid,ask\n").unwrap();
        assert_eq!(of("REPLAY", &Standing::default(), &facts).refused(), None);
    }

    #[test]
    fn a_dependency_outside_is_not_waited_for() {
        let mission = file::load(None).unwrap();
        let names = ["engine".to_owned()];
        assert_eq!(phases(&mission, &names), [names.to_vec()]);
    }
}
