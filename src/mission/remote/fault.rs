//! Why another machine could not be asked, in the words of `mesh::remote`,
//! with what to do about it here.

use crate::domain::Text;
use crate::mesh::remote::{Cause, Fault};

/// Cause and next step, for a state, a line and an alert.
#[must_use]
pub fn words(machine: &str, fault: &Fault) -> Text {
    let Fault { what, host, cause } = fault;
    Text::new(&format!("can't {what} on {machine}: {cause}; {}", next(machine, host, cause)))
}

fn next(machine: &str, host: &str, cause: &Cause) -> String {
    match cause {
        Cause::NoHost => format!("write ssh = \"…\" below [host.{machine}]"),
        Cause::SshMissing => "install openssh-client, or add it to the daemon's PATH".to_owned(),
        Cause::NoSsh(_) => "try by hand: ssh -V".to_owned(),
        Cause::Config(_) => format!("correct the ssh configuration; try by hand: ssh -G {host}"),
        Cause::HostUnknown(_) => {
            format!("check ssh below [host.{machine}], and its alias in the ssh configuration")
        }
        Cause::Unreachable(_) => {
            format!("is the machine on, and its sshd? try by hand: ssh {host}")
        }
        Cause::KeyRefused(_) => format!(
            "put the public key of the daemon's user on that machine (ssh-copy-id {host}); a key \
             with a passphrase needs ssh-agent"
        ),
        Cause::HostKeyChanged => format!(
            "somebody may stand between. Compare its fingerprint at the machine itself \
             (ssh-keygen -lf); only then remove the old one: ssh-keygen -R {host}"
        ),
        Cause::HostKeyUnknown => format!(
            "connect once by hand as the daemon's user and compare the fingerprint that it shows: \
             ssh {host}"
        ),
        Cause::Cut(_) | Cause::Timeout(_) => {
            "nobody knows how far it came; it is asked again".to_owned()
        }
        Cause::NoShell(_) => format!(
            "does platform below [host.{machine}] name what runs there? windows needs PowerShell \
             5.1 in its PATH, linux /bin/sh"
        ),
        Cause::NotOurs(_) => format!(
            "something stands before the shell (a forced command, a proxy, a login script that \
             ends); try by hand: ssh {host} echo hello"
        ),
        Cause::Remote(_) => "the words are that machine's".to_owned(),
        Cause::Other(_) => format!("try by hand: ssh -v {host}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_name_machine_cause_and_next_step_and_no_other_verb() {
        let causes = [
            Cause::NoHost,
            Cause::SshMissing,
            Cause::HostUnknown(Text::new("no such name")),
            Cause::KeyRefused(Text::default()),
            Cause::HostKeyChanged,
            Cause::Cut(Text::default()),
            Cause::Remote(Text::new("no")),
        ];
        for cause in causes {
            let shown = words("BEAST", &Fault::new("look at its processes", "beast.lan", cause));
            assert!(shown.as_str().starts_with("can't look at its processes on BEAST: "));
            assert!(shown.as_str().contains("; ") && !shown.as_str().contains("remote gateway"));
        }
    }
}
