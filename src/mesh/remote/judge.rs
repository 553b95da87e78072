//! Whose the ports are. Pure.

use super::seen::{About, Process, Record, Seen};
use crate::config::RemoteSettings;
use crate::domain::Text;
use serde::Serialize;

/// How the gateway's process stands there.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "standing", rename_all = "snake_case")]
pub enum Standing {
    /// Both ports are free, and no process on record is alive.
    Free,
    /// The process on record holds both ports.
    Ours(Process),
    /// Both ports belong to one process that was not started from here, but
    /// whose command line names the configured program.
    Known(Process),
    /// The process on record is alive and does not hold both ports.
    Half {
        /// It.
        process: Process,
        /// The ports that it holds.
        holds: Vec<u16>,
    },
    /// Somebody else holds a port.
    Stranger {
        /// Which port.
        port: u16,
        /// Who, as far as that machine tells.
        pid: Option<u32>,
        /// In words.
        who: Text,
    },
}

/// Judges a look.
#[must_use]
pub fn judge(remote: &RemoteSettings, seen: &Seen) -> Standing {
    let ports = [remote.cmd_port, remote.data_port];
    let held = |pid: u32| {
        let holds =
            |port: &&u16| seen.listeners.iter().any(|l| l.port == **port && l.pid == Some(pid));
        ports.iter().filter(holds).copied().collect::<Vec<u16>>()
    };
    let on_record = match &seen.record {
        Record::Started(process) if alive(seen, process) => Some(process),
        _ => None,
    };
    // A child of the recorded process may share its sockets, hence "any".
    let foreign = seen.listeners.iter().find(|listener| {
        let ours = on_record.is_some_and(|p| {
            seen.listeners.iter().any(|l| l.port == listener.port && l.pid == Some(p.pid))
        });
        ports.contains(&listener.port) && !ours
    });
    if let Some(listener) = foreign {
        let known = listener.pid.and_then(|pid| process(seen, pid)).filter(|p| {
            held(p.pid).len() == ports.len()
                && seen.processes.get(&p.pid).is_some_and(|about| is_gateway(remote, about))
        });
        return match known {
            Some(process) => Standing::Known(process),
            None => Standing::Stranger {
                port: listener.port,
                pid: listener.pid,
                who: words(seen, listener.pid),
            },
        };
    }
    match on_record {
        None => Standing::Free,
        Some(process) => {
            let holds = held(process.pid);
            let process = process.clone();
            if holds.len() == ports.len() {
                Standing::Ours(process)
            } else {
                Standing::Half { process, holds }
            }
        }
    }
}

/// Whether the very process that was recorded is still there.
#[must_use]
pub fn alive(seen: &Seen, process: &Process) -> bool {
    seen.processes.get(&process.pid).is_some_and(|about| about.start == process.start)
}

/// A process that was seen, with its start.
#[must_use]
pub fn process(seen: &Seen, pid: u32) -> Option<Process> {
    Process::parse(&pid.to_string(), &seen.processes.get(&pid)?.start)
}

/// Whether a command line is that of the configured gateway. Windows does not
/// tell letters from capitals.
fn is_gateway(remote: &RemoteSettings, about: &About) -> bool {
    let mark = remote.mark();
    let cmd = about.cmd.as_str();
    !mark.is_empty() && cmd.to_lowercase().contains(&mark.to_lowercase())
}

/// `pid 688, python.exe: C:\…`
#[must_use]
pub fn words(seen: &Seen, pid: Option<u32>) -> Text {
    let Some(pid) = pid else {
        return Text::new("a process that this user may not see");
    };
    match seen.processes.get(&pid) {
        None => Text::new(&format!("pid {pid}")),
        Some(about) => {
            let cmd = if about.cmd.is_empty() { &about.exe } else { &about.cmd };
            Text::limited(&format!("pid {pid}, {}: {cmd}", about.name), 200)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mesh::remote::seen::Said;

    const SCRIPT: &str = r"C:\Projects\MT5-CRS\run_zmq_gateway.py";

    fn standing(lines: &str) -> Standing {
        let text = lines.lines().map(str::trim).collect::<Vec<_>>().join("\nm ");
        let said = Said::read("m", format!("m begin\nm {text}\nm end\n").as_bytes());
        judge(&RemoteSettings::default(), &said.seen())
    }

    fn pid(pid: u32, start: &str) -> Process {
        Process { pid, start: start.to_owned() }
    }

    #[test]
    fn nobody_there_is_free_and_a_dead_record_too() {
        assert_eq!(standing(""), Standing::Free);
        assert_eq!(standing("record 688 1:1"), Standing::Free);
        // The number came back under another process.
        assert_eq!(standing("record 688 1:1\nproc 688 start 2:2"), Standing::Free);
        assert_eq!(standing("record stopped on purpose"), Standing::Free);
    }

    #[test]
    fn the_recorded_process_is_ours_with_both_ports_only() {
        let both = "port 5555 0.0.0.0 688\nport 5556 0.0.0.0 688\nrecord 688 1:1\n\
                    proc 688 start 1:1";
        assert_eq!(standing(both), Standing::Ours(pid(688, "1:1")));
        let one = both.replace("port 5556 0.0.0.0 688\n", "");
        assert_eq!(standing(&one), Standing::Half { process: pid(688, "1:1"), holds: vec![5555] });
        assert!(matches!(
            standing(&both.replace("start 1:1", "start 2:2")),
            Standing::Stranger { port: 5555, pid: Some(688), .. }
        ));
    }

    #[test]
    fn a_gateway_that_was_not_started_from_here_is_known_by_its_command_line() {
        let lines = format!(
            "port 5555 0.0.0.0 688\nport 5556 0.0.0.0 688\nproc 688 start 1:1\n\
             proc 688 name python.exe\nproc 688 cmd python {}",
            SCRIPT.to_uppercase()
        );
        assert_eq!(standing(&lines), Standing::Known(pid(688, "1:1")));
        let Standing::Stranger { who, .. } = standing(&lines.replace("RUN_ZMQ", "OTHER")) else {
            panic!("a stranger")
        };
        assert!(who.as_str().contains("python.exe"), "{who}");
        // One port is no gateway, and a process nobody may see is nobody's.
        let one = lines.replace("port 5556 0.0.0.0 688\n", "");
        assert!(matches!(standing(&one), Standing::Stranger { .. }));
        assert!(matches!(standing("port 5556 * ?"), Standing::Stranger { pid: None, .. }));
    }

    #[test]
    fn a_stranger_beside_our_own_is_named() {
        let lines = "port 5555 * 688\nport 5556 * 9\nrecord 688 1:1\nproc 688 start 1:1\n\
                     proc 9 start 3:3";
        assert!(matches!(standing(lines), Standing::Stranger { port: 5556, pid: Some(9), .. }));
    }
}
