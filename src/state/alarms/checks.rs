//! Alarms of the mesh: a check that trading depends on, and that fails.

use super::causes::Causes;
use crate::domain::CheckStatus;
use crate::state::State;

impl State {
    /// What can't be asked any more, or was not asked for long, is no end of
    /// an alarm.
    pub(super) fn of_the_checks(&self, causes: &mut Causes) {
        for row in self.checks.rows().filter(|row| row.report.critical) {
            let report = &row.report;
            let key = || format!("check {} {}", report.node, report.name);
            match report.result.status {
                CheckStatus::Ok if !self.is_overdue(row) => {}
                CheckStatus::Failed => {
                    let text = format!("{} {}: {}", report.node, report.name, report.result.cause);
                    let advice = if report.result.next.is_empty() {
                        "`:pane mesh` shows since when; `crs verify` looks once more"
                    } else {
                        report.result.next.as_str()
                    };
                    causes.critical(&key(), &text, advice, 0);
                }
                CheckStatus::Ok | CheckStatus::Unknown => causes.leave_open(&key()),
            }
        }
    }
}
