//! Fold of what automatic traders say of themselves.

use super::State;
use crate::event::TraderReport;

/// Traders kept.
pub const MAX_TRADERS: usize = 32;

impl State {
    pub(super) fn on_trader(&mut self, report: &TraderReport) {
        let key = |r: &TraderReport| (r.status.source, r.status.host.clone(), r.status.pid);
        let next = self.aged(report.clone());
        let same = self.traders.iter_mut().find(|t| key(&t.value) == key(report));
        if let Some(known) = same {
            *known = next;
            return;
        }
        if self.traders.len() >= MAX_TRADERS {
            let oldest = (0..).zip(&self.traders).min_by_key(|(_, t)| t.at.mono_ns);
            let Some((at, _)) = oldest else { return };
            self.traders.remove(at);
        }
        self.traders.push(next);
        self.traders.sort_by_key(|t| key(&t.value));
    }
}
