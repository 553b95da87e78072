//! A start: nobody is there, everything needed is, the latch allows it, and
//! then a HEARTBEAT and the ports say whether it came about.

use super::fault::Fault;
use super::judge::Standing;
use super::script::Ask;
use super::seen::{Process, Record, Said};
use super::step::{Done, Failed, Fate, Gateway};
use crate::config::Platform;
use crate::domain::Text;
use std::time::Duration;

/// How long one that runs already may take to answer.
const ANSWERS: Duration = Duration::from_secs(3);

impl Gateway<'_> {
    /// Starts the gateway, unless one runs already.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn start(&mut self) -> Result<Done, Failed> {
        match self.look("look")?.1 {
            Standing::Free => {}
            Standing::Ours(process) | Standing::Known(process) => return self.already(&process),
            Standing::Half { process, .. } => {
                return Err(Failed::denied(format!(
                    "pid {} was started and does not listen on both ports: it begins, or it \
                     hangs. Read its log (crs remote gateway logs), then: crs remote gateway \
                     restart",
                    process.pid
                )));
            }
            stranger @ Standing::Stranger { .. } => return Err(in_the_way(&stranger)),
        }
        self.inspect()?;
        self.allowed()?;
        let host = self.ssh.remote().host.clone();
        self.conduct.acting(&format!("REMOTE_START {host}"));
        let told = self.ask("start", &Ask::Start);
        let cut = match told {
            // Between the look and the start: theirs is as good, if it answers.
            Ok(said) if said.has("taken") => {
                let done = self.verified(None)?;
                let what = Text::new(&format!("somebody else started it: {}", done.what));
                return Ok(Done { what, changed: false, ..done });
            }
            Ok(_) => None,
            // The line is gone, not necessarily the start: the probe decides.
            Err(fault) if fault.cause.is_silence() => Some(fault),
            Err(fault) => return Err(fault.into()),
        };
        self.verified(cut.as_ref())
    }

    /// As [`Gateway::start`], for a watchdog: what was stopped on purpose stays
    /// stopped, and what is not known to be gone is left alone.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn revive(&mut self) -> Result<Done, Failed> {
        let (seen, standing) = self.look("look")?;
        if standing != Standing::Free {
            return Err(Failed::denied(format!("silent, but {standing}; it is left alone")));
        }
        if seen.record == Record::Stopped {
            return Err(Failed::denied(
                "stopped on purpose: it stays so until somebody runs crs remote gateway start",
            ));
        }
        self.start()
    }

    /// Stops and starts it again, after everything that a start needs was
    /// found: what can't be started again is not stopped.
    ///
    /// # Errors
    /// [`Failed`]
    pub fn restart(&mut self, pid: Option<u32>) -> Result<Done, Failed> {
        self.inspect()?;
        self.allowed()?;
        self.stop(pid)?;
        self.start().map_err(|mut failed| {
            failed.why = Text::new(&format!("it was stopped and is not running: {}", failed.why));
            failed.fate = if failed.fate == Fate::Denied { Fate::Failed } else { failed.fate };
            failed
        })
    }

    /// One that runs: good if it answers.
    fn already(&mut self, process: &Process) -> Result<Done, Failed> {
        let pid = process.pid;
        match self.heartbeat(ANSWERS) {
            Ok(_) => Ok(Done {
                what: Text::new(&format!("already running as pid {pid}")),
                pid: Some(pid),
                changed: false,
            }),
            Err(why) => Err(Failed::came_to_nothing(format!(
                "already running as pid {pid}, but it does not answer: {why}; if it stays so: \
                 crs remote gateway restart"
            ))),
        }
    }

    /// Whether the latch allows a start now.
    fn allowed(&mut self) -> Result<(), Failed> {
        self.step("latch", |this| this.conduct.may_start().map(|note| ((), note.to_string())))
            .map_err(|why| Failed::denied(why.as_str()))
    }

    /// Version, script and modules.
    fn inspect(&mut self) -> Result<(), Failed> {
        let program = self.ssh.remote().interpreter.clone();
        if program.is_empty() {
            return Ok(());
        }
        let why = self.step("interpreter", |this| match this.ssh.ask(&Ask::Inspect) {
            Err(fault) => Err(fault.to_string()),
            Ok(said) => match lacking(&said, this.ssh.remote().script.as_str(), &program) {
                None => Ok(((), fit(&said))),
                Some(why) => Err(why),
            },
        });
        why.map_err(Failed::came_to_nothing)
    }

    /// HEARTBEAT in time, and the ports are the process's own.
    fn verified(&mut self, cut: Option<&Fault>) -> Result<Done, Failed> {
        let limit = Duration::from_secs(u64::from(self.ssh.remote().ready_within_s));
        let beat = self.heartbeat(limit);
        let standing = match self.look("ports") {
            Ok((_, standing)) => standing,
            Err(fault) => {
                let how = if beat.is_ok() { "it answers, but its ports" } else { "its ports" };
                let why = format!("started? {how} can't be looked at: {fault}");
                return Err(Failed::new(Fate::Unknown, why));
            }
        };
        let process = match (&beat, standing) {
            (Ok(_), Standing::Ours(process)) => process,
            (Ok(_), Standing::Known(process)) => {
                self.note(Some(&process))?;
                process
            }
            (Err(why), standing) => return Err(self.unborn(&standing, why, cut)),
            (Ok(_), standing) => {
                return Err(Failed::new(
                    Fate::Unknown,
                    format!("{} answers, but at its machine {standing}", self.probe.to()),
                ));
            }
        };
        let what = format!("running as pid {}", process.pid);
        Ok(Done { what: Text::new(&what), pid: Some(process.pid), changed: true })
    }

    /// Why there is no good answer, with its log.
    fn unborn(&mut self, standing: &Standing, why: &Text, cut: Option<&Fault>) -> Failed {
        let limit = self.ssh.remote().ready_within_s;
        let text = match standing {
            Standing::Free => match cut {
                Some(fault) => fault.to_string(),
                None => format!("it ended within {limit} s; its last lines tell why"),
            },
            Standing::Stranger { .. } => return in_the_way(standing),
            Standing::Half { process, .. } => format!(
                "pid {} runs, but not on both ports after {limit} s; it goes on: crs remote \
                 gateway status",
                process.pid
            ),
            Standing::Ours(process) | Standing::Known(process) => format!(
                "pid {} listens and does not answer within {limit} s: {why}; its ports there are \
                 those of [remote], its address here that of [[gateway]]",
                process.pid
            ),
        };
        let mut failed = Failed::came_to_nothing(text);
        failed.log = self.last_lines();
        failed
    }

    /// Puts a process on record there, or that it was stopped on purpose.
    pub(super) fn note(&mut self, process: Option<&Process>) -> Result<(), Failed> {
        // systemd is its own record.
        if self.ssh.remote().platform == Platform::LinuxSystemd {
            return Ok(());
        }
        self.ask("note", &Ask::Note(process.cloned()))?;
        Ok(())
    }
}

fn in_the_way(standing: &Standing) -> Failed {
    Failed::denied(format!("{standing}; end it at its machine, if it may end, then start again"))
}

/// What a start lacks.
fn lacking(said: &Said, script: &str, program: &str) -> Option<String> {
    if said.after("interpreter").any(|word| word == "missing") {
        return Some(format!(
            "there is no {program}; set remote.interpreter (crs remote gateway locate)"
        ));
    }
    if said.after("script").any(|word| word == "missing") {
        return Some(format!(
            "there is no {script}; set remote.script (crs remote gateway locate)"
        ));
    }
    let module = said.after("module").find(|line| !line.ends_with(" ok"))?;
    let (name, why) = module.split_once(' ').unwrap_or((module, ""));
    let why = Text::limited(why, 200);
    Some(format!(
        "{program} can't import {name}: {why}; take the interpreter of the virtual environment, \
         or install it there"
    ))
}

/// What it has.
fn fit(said: &Said) -> String {
    let version = said.after("version").next().unwrap_or("no version");
    let modules: Vec<&str> =
        said.after("module").filter_map(|line| line.split(' ').next()).collect();
    if modules.is_empty() {
        version.to_owned()
    } else {
        format!("{version}; {}", modules.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &str) -> Said {
        let text = lines.replace('\n', "\nm ");
        Said::read("m", format!("m begin\nm {text}\nm end\n").as_bytes())
    }

    #[test]
    fn what_a_start_lacks_is_named_before_it() {
        let good = said("version Python 3.10.11\nmodule zmq ok\nmodule dotenv ok\nscript there");
        assert_eq!(lacking(&good, "s.py", "py"), None);
        assert_eq!(fit(&good), "Python 3.10.11; zmq, dotenv");
        let bad = said("version P\nmodule zmq ok\nmodule dotenv ModuleNotFoundError: No module");
        assert!(lacking(&bad, "s.py", "py").unwrap().contains("py can't import dotenv: Module"));
        assert!(lacking(&said("script missing"), "s.py", "py").unwrap().contains("no s.py"));
        assert!(lacking(&said("interpreter missing"), "s", "py").unwrap().contains("no py"));
    }
}
