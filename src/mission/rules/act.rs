//! What an operator (or the daemon, where it may) does about an alert, by the
//! documented names: `restart`, `kill_port_and_retry`, `pip_install_and_retry`.
//!
//! Only recorded processes of ours are ended without a word. A stranger takes
//! a typed confirmation that names its pid, and some are never ended: this
//! daemon, what started it, sshd. Nothing is ever installed here, since the
//! name of a module in a line may be anybody's: the command is shown.

use super::alerts::{Alerts, refused};
use super::work::Job;
use crate::domain::Text;
use crate::domain::mission::MissionAlert;
use crate::mission::hands::Ident;
use crate::mission::order::{Answer, By, Refusal};
use crate::mission::spec::Name;

/// Who holds a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The port.
    pub port: u16,
    /// The process.
    pub who: Ident,
    /// Its program, as the system names it.
    pub program: Text,
    /// Which process of the mission it is or was, by a recorded identity.
    pub ours: Option<Name>,
    /// Why it must never be ended (this daemon, its ancestors, sshd).
    pub never: Option<Text>,
}

impl Holder {
    /// `redis-server (pid 4711)`.
    #[must_use]
    pub fn words(&self) -> String {
        format!("{} (pid {})", self.program, self.who.pid)
    }
}

/// Who knows ports.
pub trait Ports: Send + Sync {
    /// The ports that a process is configured to listen at.
    fn of(&self, process: &str) -> Vec<u16>;

    /// Who listens at a port of this machine now.
    ///
    /// # Errors
    /// Why that can't be known.
    fn holders(&self, port: u16) -> Result<Vec<Holder>, Text>;

    /// Ends one, if it is still the same; asks first, then insists. May wait
    /// for some seconds.
    ///
    /// # Errors
    /// Why it was not ended.
    fn end(&self, holder: &Holder) -> Result<(), Text>;
}

/// What is wrong, and what kind of a refusal that is.
type Wrong = (Refusal, String);

impl Alerts {
    /// Carries out a proposed action of an alert. What takes its time is
    /// `Accepted`, and its outcome told as the alert's `done`.
    #[must_use]
    pub fn act(&self, id: u64, action: &str, confirm: &str, by: &By) -> Answer {
        let Some(alert) = self.table().get(id) else {
            return refused(Refusal::Unknown, &format!("no alert has the number {id}"));
        };
        let answer = self.acted(&alert, action, confirm, by);
        answer.unwrap_or_else(|(kind, why)| {
            self.audit(&alert, by, action, &Text::new(&format!("refused: {why}")));
            refused(kind, &why)
        })
    }

    fn acted(
        &self,
        alert: &MissionAlert,
        action: &str,
        confirm: &str,
        by: &By,
    ) -> Result<Answer, Wrong> {
        if !alert.actions.iter().any(|known| known.as_str() == action) {
            let names: Vec<&str> = alert.actions.iter().map(Text::as_str).collect();
            let names = if names.is_empty() { String::from("none") } else { names.join(", ") };
            let why = format!("alert {} proposes no {action:?}; it proposes: {names}", alert.id);
            return Err((Refusal::Invalid, why));
        }
        match action {
            "restart" => self.restarted(alert, action, by),
            "kill_port_and_retry" => {
                let holders = self.confirmed(alert, confirm)?;
                let job = Job {
                    alert: alert.clone(),
                    action: action.to_owned(),
                    by: by.clone(),
                    holders: Some(holders),
                };
                if self.queue(job) {
                    return Ok(Answer::Accepted);
                }
                Err((Refusal::Failed, String::from("too many recoveries wait; try again")))
            }
            "pip_install_and_retry" if confirm == "installed" => self.restarted(alert, action, by),
            "pip_install_and_retry" => Err((Refusal::Confirmation, install(alert))),
            other => Err((Refusal::Invalid, format!("nobody here can do {other:?}"))),
        }
    }

    fn restarted(&self, alert: &MissionAlert, action: &str, by: &By) -> Result<Answer, Wrong> {
        let missing = || (Refusal::Failed, String::from("the supervision is not there"));
        let crew = self.crew().ok_or_else(missing)?;
        let record = crew
            .restart(alert.process.as_str())
            .map_err(|(kind, why)| (kind, why.as_str().to_owned()))?;
        let outcome = Text::new(&format!("restarted; {}: {}", record.name, record.state));
        self.was_done(alert.id, by, action, &outcome);
        Ok(Answer::Process(record))
    }

    /// Who holds the ports of an alert, and must be ended for its process.
    fn in_the_way(&self, alert: &MissionAlert) -> Result<Vec<Holder>, Wrong> {
        let failed = |why: Text| (Refusal::Failed, why.as_str().to_owned());
        let missing = || Text::new("nobody can say who holds a port");
        let ports = self.ports().ok_or_else(|| failed(missing()))?;
        let process = alert.process.as_str();
        let own = ports.of(process);
        let named = named_port(alert.message.as_str(), &own);
        let wanted = named.map_or(own, |port| vec![port]);
        if wanted.is_empty() {
            let why =
                format!("neither the line nor ports of {process} in mission.toml name a port");
            return Err((Refusal::Requirement, why));
        }
        let mut holders = Vec::new();
        for port in wanted {
            holders.extend(ports.holders(port).map_err(failed)?);
        }
        if let Some((holder, never)) =
            holders.iter().find_map(|holder| holder.never.as_ref().map(|never| (holder, never)))
        {
            let why = format!(
                "port {} is held by {}, which is never ended: {never}",
                holder.port,
                holder.words()
            );
            return Err((Refusal::Conflict, why));
        }
        Ok(holders)
    }

    /// Whether a holder is a leftover of ours: not of those that run now.
    fn is_leftover(&self, holder: &Holder) -> bool {
        let Some(crew) = self.crew() else { return false };
        let runs = |pid: u32| crew.records().iter().any(|record| record.pid == Some(pid));
        holder.ours.is_some() && !runs(holder.who.pid)
    }

    /// The holders, where every one of them is a leftover of ours or was
    /// confirmed.
    fn confirmed(&self, alert: &MissionAlert, confirm: &str) -> Result<Vec<Holder>, Wrong> {
        let holders = self.in_the_way(alert)?;
        let strangers: Vec<&Holder> = holders.iter().filter(|h| !self.is_leftover(h)).collect();
        let Some(first) = strangers.first() else { return Ok(holders) };
        let mut pids: Vec<String> = strangers.iter().map(|h| h.who.pid.to_string()).collect();
        pids.dedup();
        let wanted = format!("kill {}", pids.join(" "));
        if confirm == wanted {
            return Ok(holders);
        }
        let whose = match &first.ours {
            Some(name) => format!("{name} of this mission, which runs"),
            None => String::from("not started by this daemon"),
        };
        let words: Vec<String> = strangers.iter().map(|holder| holder.words()).collect();
        let why = format!(
            "port {} is held by {}: {whose}; type \"{wanted}\" to end it",
            first.port,
            words.join(" and ")
        );
        Err((Refusal::Confirmation, why))
    }

    /// The holders, where the daemon may end all of them by itself.
    pub(super) fn only_ours(&self, alert: &MissionAlert) -> Result<Vec<Holder>, Text> {
        let confirmed = self.confirmed(alert, "");
        confirmed.map_err(|(_, why)| Text::new(&format!("not done: {why}")))
    }
}

/// The port that a line names: one of the process's own, else one after a
/// colon or the word port.
fn named_port(line: &str, own: &[u16]) -> Option<u16> {
    let number = |part: &str| part.parse::<u16>().ok().filter(|port| *port > 0);
    let parts: Vec<&str> = line.split(|c: char| !c.is_ascii_alphanumeric()).collect();
    let of_ours = parts.iter().filter_map(|part| number(part)).find(|port| own.contains(port));
    let after_word = || {
        let pairs = parts.windows(2);
        let named = |pair: &[&str]| match pair {
            [word, port] if word.eq_ignore_ascii_case("port") => number(port),
            _ => None,
        };
        pairs.into_iter().find_map(named)
    };
    let after_colon = || {
        let tails = line.rsplit(':').take(line.matches(':').count());
        let leading = |tail: &str| {
            let digits = tail.len() - tail.trim_start_matches(|c: char| c.is_ascii_digit()).len();
            tail.get(..digits).and_then(number).filter(|port| *port >= 80)
        };
        tails.into_iter().find_map(leading)
    };
    of_ours.or_else(after_word).or_else(after_colon)
}

/// What to install, as a proposal.
fn install(alert: &MissionAlert) -> String {
    let process = &alert.process;
    let module = module_named(alert.message.as_str());
    let command = module.map_or_else(
        || String::from("install what the line names"),
        |module| {
            format!(
                "the module is called {module}; see which package brings it, then run \
                 `python -m pip install PACKAGE`"
            )
        },
    );
    format!(
        "nothing is installed from here, since a line may name any package: {command} in the \
         environment of {process}, then type \"installed\" to start it again"
    )
}

/// The module of `No module named 'x.y'`, its first part.
fn module_named(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once("No module named ")?;
    let rest = rest.trim_start_matches(['\'', '"']);
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = rest.find(|c: char| !fits(c)).unwrap_or(rest.len());
    rest.get(..end).filter(|module| !module.is_empty() && module.len() <= 64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_port_of_a_line_is_found() {
        for (line, own, port) in [
            ("bind *:6379: Address already in use", &[][..], Some(6379)),
            ("Port 5555 is already in use", &[], Some(5555)),
            ("OSError: [Errno 98] Address already in use", &[5_555], None),
            ("98 of 5555 already in use", &[5_555], Some(5_555)),
            ("listen EADDRINUSE: address already in use :::8000", &[], Some(8_000)),
            ("13:56:58 ERROR address already in use", &[], None),
            ("[WinError 10048] only one usage", &[], None),
        ] {
            assert_eq!(named_port(line, own), port, "{line}");
        }
    }

    #[test]
    fn the_module_of_a_line_is_a_name_and_nothing_else() {
        assert_eq!(module_named("No module named 'zmq.green'"), Some("zmq"));
        assert_eq!(module_named("No module named --index-url=x"), None);
        assert_eq!(module_named("something else"), None);
    }
}
