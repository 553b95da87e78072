//! A stop: of the recorded process only, and done when both ports are free.

use super::fault::Fault;
use super::judge::Standing;
use super::script::Ask;
use super::seen::{Process, Record};
use super::step::{Done, Failed, Fate, Gateway};
use crate::domain::Text;
use crate::host::clock;
use std::time::Duration;

/// So long a process may take to end by itself once it was asked.
const GRACE: Duration = Duration::from_secs(5);
/// So long again after it was ended.
const AFTER: Duration = Duration::from_secs(5);
/// Between two looks.
const PAUSE: Duration = Duration::from_millis(200);

impl Gateway<'_> {
    /// Stops the gateway that was started from here; with `pid` one that was
    /// not, if its command line is the gateway's.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn stop(&mut self, pid: Option<u32>) -> Result<Done, Failed> {
        let (seen, standing) = self.look("look")?;
        let process = match standing {
            Standing::Free => {
                if seen.record != Record::Stopped {
                    self.note(None)?;
                }
                let what = Text::new("not running, both ports are free");
                return Ok(Done { what, pid: None, changed: false });
            }
            other => target(other, pid)?,
        };
        let host = self.ssh.remote().host.clone();
        self.conduct.acting(&format!("REMOTE_STOP {host} pid {}", process.pid));
        self.end(&process, false)?;
        if !self.free("free", GRACE)? {
            self.end(&process, true)?;
            if !self.free("free", AFTER)? {
                return Err(Failed::came_to_nothing(format!(
                    "pid {} does not end, or its ports stay taken; look with: crs remote gateway \
                     status",
                    process.pid
                )));
            }
        }
        self.note(None)?;
        let what = Text::new(&format!("stopped, it was pid {}; both ports are free", process.pid));
        Ok(Done { what, pid: Some(process.pid), changed: true })
    }

    /// Tells it to end, only while it is still the same process.
    fn end(&mut self, process: &Process, hard: bool) -> Result<(), Failed> {
        let name = if hard { "end" } else { "stop" };
        let told = self.ask(name, &Ask::Stop { process: process.clone(), hard });
        match told {
            Ok(said) if said.has("changed") => Err(Failed::denied(format!(
                "pid {} is another process by now, and was left alone; look with: crs remote \
                 gateway status",
                process.pid
            ))),
            Ok(_) => Ok(()),
            // The line is gone, not necessarily the stop: the ports decide.
            Err(fault) if fault.cause.is_silence() => Ok(()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// Looks until both ports are free and the process is gone.
    fn free(&mut self, step: &'static str, limit: Duration) -> Result<bool, Failed> {
        let began = clock::now();
        let came = self.step(step, |this| {
            loop {
                let seen = this.ssh.ask(&Ask::Look);
                let standing =
                    seen.map(|said| super::judge::judge(this.ssh.remote(), &said.seen()));
                let over = clock::now().since(began) >= limit;
                match standing {
                    Ok(Standing::Free) => return Ok((true, "both ports are free".to_owned())),
                    Ok(other) if over => return Err(Late::Taken(other)),
                    Err(fault) if over => return Err(Late::Blind(fault)),
                    Ok(_) | Err(_) => clock::sleep(PAUSE),
                }
            }
        });
        match came {
            Ok(free) => Ok(free),
            Err(Late::Taken(_)) => Ok(false),
            Err(Late::Blind(fault)) => Err(Failed::new(Fate::Unknown, fault.to_string())),
        }
    }
}

/// Why the ports are not known to be free.
enum Late {
    Taken(Standing),
    Blind(Fault),
}

impl std::fmt::Display for Late {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Taken(standing) => standing.fmt(f),
            Self::Blind(fault) => fault.fmt(f),
        }
    }
}

/// Which process may be stopped.
fn target(standing: Standing, pid: Option<u32>) -> Result<Process, Failed> {
    let process = match standing {
        Standing::Ours(process) | Standing::Half { process, .. } => process,
        Standing::Known(process) if pid == Some(process.pid) => return Ok(process),
        Standing::Known(process) => {
            return Err(Failed::denied(format!(
                "pid {0} was not started from here; to stop it all the same: --pid {0}",
                process.pid
            )));
        }
        other => {
            return Err(Failed::denied(format!("{other}; it is not ours to stop, end it there")));
        }
    };
    match pid {
        Some(other) if other != process.pid => Err(Failed::denied(format!(
            "pid {other} is not the gateway, that is pid {}; nothing was stopped",
            process.pid
        ))),
        _ => Ok(process),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_gateway_is_a_target() {
        let process = Process { pid: 688, start: "1:1".to_owned() };
        let (ours, known) = (Standing::Ours(process.clone()), Standing::Known(process.clone()));
        assert_eq!(target(ours.clone(), None), Ok(process.clone()));
        assert_eq!(target(ours.clone(), Some(688)), Ok(process.clone()));
        assert!(target(ours, Some(1)).unwrap_err().why.as_str().contains("that is pid 688"));
        assert_eq!(target(known.clone(), None).unwrap_err().fate, Fate::Denied);
        assert!(target(known.clone(), Some(689)).is_err());
        assert_eq!(target(known, Some(688)), Ok(process));
        let stranger =
            Standing::Stranger { port: 5555, pid: Some(9), who: Text::new("pid 9, nginx") };
        assert!(target(stranger, Some(9)).is_err(), "a stranger is nobody's target");
    }
}
