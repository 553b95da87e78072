//! What is wanted, and what one has to do with another by the configuration.

use crate::domain::Text;
use crate::mission::crew::Refused;
use crate::mission::hands::Vars;
use crate::mission::order::Refusal;
use crate::mission::spec::{Condition, Mission, Name, Process, Restart};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// What is wanted.
#[derive(Default)]
pub struct Wants {
    /// Who.
    pub names: BTreeSet<Name>,
    /// With what it is started.
    pub vars: Arc<Vars>,
    /// Other restart rules than their own.
    pub restart: BTreeMap<Name, Restart>,
    /// Changed in the file, and waiting for the next launch.
    pub later: BTreeMap<Name, Arc<Process>>,
    /// The supervision ends: nothing is started any more.
    pub closed: bool,
}

impl Wants {
    /// Whether an order may still want something.
    ///
    /// # Errors
    /// The supervision ends.
    pub fn open(&self) -> Result<(), Refused> {
        let why = "the daemon ends; start it again, then give the order";
        if self.closed { Err((Refusal::Conflict, Text::new(why))) } else { Ok(()) }
    }
}

/// What it waits for: those of its dependencies that are wanted, too.
pub fn gate(process: &Process, wanted: &BTreeSet<Name>) -> Vec<(Name, Condition)> {
    process.depends.iter().filter(|(name, _)| wanted.contains(name)).cloned().collect()
}

/// Who depends on it directly.
pub fn dependants<'a>(mission: &'a Mission, name: &'a str) -> impl Iterator<Item = Name> + 'a {
    let depends = move |p: &&Process| p.depends.iter().any(|(on, _)| on == name);
    mission.processes.iter().filter(depends).map(|p| p.name.clone())
}

/// It and everything that `next` leads to from it.
pub fn closure(name: &str, next: impl Fn(&str) -> Vec<Name>) -> BTreeSet<Name> {
    let mut all = BTreeSet::from([name.to_owned()]);
    let mut open = vec![name.to_owned()];
    while let Some(one) = open.pop() {
        open.extend(next(&one).into_iter().filter(|more| all.insert(more.clone())));
    }
    all
}
