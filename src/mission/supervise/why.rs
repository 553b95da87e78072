//! Why one is not up, a line for each fact.

use super::shared::{Shared, lock};
use crate::domain::Text;
use crate::domain::mission::{ProcessRecord, ProcessState};
use crate::mission::spec::Process;

/// The facts; empty where it is up and ready.
pub fn why(shared: &Shared, process: &Process, record: &ProcessRecord) -> Vec<Text> {
    let state = &record.state;
    if state.ready() {
        return Vec::new();
    }
    let mut said = vec![format!("{}: {state}", process.name)];
    if !record.wanted {
        said.push(String::from("neither the mode in force nor an operator wants it up"));
    }
    match state {
        ProcessState::Pending { .. } | ProcessState::Skipped { .. } => {
            for (name, condition) in &process.depends {
                if let Some(cell) = shared.cell(name) {
                    let other = lock(&cell.record);
                    let wanted = if other.wanted { "" } else { ", not wanted" };
                    said.push(format!("needs {name} {condition:?}: {}{wanted}", other.state));
                }
            }
        }
        ProcessState::Running { ready: false } | ProcessState::Starting => {
            for probe in &process.ready {
                said.push(format!("waits for its readiness probe: {:?}", probe.look));
            }
        }
        ProcessState::Stopping => {
            let s = process.stop.timeout.as_secs();
            said.push(format!("SIGKILL follows {s} s after signal {}", process.stop.signal));
        }
        _ => {}
    }
    if !record.last_error.is_empty() && !state.to_string().contains(record.last_error.as_str()) {
        said.push(format!("last: {}", record.last_error));
    }
    if record.restart_count > 0 {
        let rule = &process.restart;
        let (n, max) = (record.restart_count, rule.max);
        said.push(format!(
            "restarted {n} times; {max} in {} s are too many",
            rule.window.as_secs()
        ));
    }
    said.iter().map(|line| Text::new(line)).collect()
}
