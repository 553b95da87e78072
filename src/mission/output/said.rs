//! What each run has said of what probes wait for: of which run, and for the
//! next daemon.

use super::{Run, Shared, lock};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

impl Shared {
    /// A run of which nothing was read yet, with what probes of its process
    /// wait for.
    pub(super) fn fresh(&self, process: &str) -> Run {
        let texts = lock(&self.watched).get(process).cloned().unwrap_or_default();
        let seeks = texts.into_iter().map(|text| (text, Arc::default())).collect();
        Run { after: self.ring().last(), seeks }
    }

    /// Nothing that one of this name has said counts for the next: its runs
    /// are counted from the beginning.
    pub(super) fn forget(&self, process: &str) {
        lock(&self.said).retain(|(name, _), _| name != process);
        lock(&self.places).retain(|(name, ..), _| name != process);
    }

    /// What this run has said of that.
    pub(super) fn heard(&self, process: &str, run: u64) -> Vec<String> {
        let said = lock(&self.said);
        let seeks = said.get(&(process.to_owned(), run)).map(|run| run.seeks.iter());
        let seen = seeks.into_iter().flatten().filter(|(_, seen)| seen.load(Ordering::Acquire));
        seen.map(|(text, _)| text.clone()).collect()
    }

    /// An earlier daemon has read these texts.
    pub(super) fn recall(&self, process: &str, run: u64, texts: &[String]) {
        let fresh = self.fresh(process);
        let mut said = lock(&self.said);
        let run = said.entry((process.to_owned(), run)).or_insert(fresh);
        for text in texts {
            match run.seeks.iter().find(|(known, _)| known == text) {
                Some((_, seen)) => seen.store(true, Ordering::Release),
                None => run.seeks.push((text.clone(), Arc::new(AtomicBool::new(true)))),
            }
        }
    }
}
