//! Why the other machine did not do what it was told: each fault with its
//! cause in words and what to do about it.

use super::seen::Said;
use crate::domain::Text;
use std::fmt;
use std::time::Duration;

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No host is configured.
    NoHost,
    /// No `ssh` on this machine.
    SshMissing,
    /// It is there and could not be run.
    NoSsh(Text),
    /// `ssh` does not take its own configuration.
    Config(Text),
    /// No address for this name.
    HostUnknown(Text),
    /// Nothing answers there.
    Unreachable(Text),
    /// The other side takes none of our keys.
    KeyRefused(Text),
    /// The host's key is another than the known one.
    HostKeyChanged,
    /// The host's key was never seen.
    HostKeyUnknown,
    /// The line broke, or the answer ended before its end.
    Cut(Text),
    /// No whole answer in time.
    Timeout(Duration),
    /// It has no such shell.
    NoShell(Text),
    /// An answer that is not to our question.
    NotOurs(Text),
    /// The script failed there, in its words.
    Remote(Text),
    /// `ssh` failed in words that nobody foresaw.
    Other(Text),
}

impl Cause {
    /// What an ended `ssh` amounts to; none when the answer is whole. Its exit
    /// status alone proves nothing: 255 is its own, all else the script's.
    #[must_use]
    pub fn of(status: Option<i32>, said: &Said, errors: &[u8]) -> Option<Self> {
        if said.began && said.ended {
            return said.failure().map(Self::Remote);
        }
        let words = readable(errors);
        let last = last_line(&words);
        if said.began {
            return Some(Self::Cut(last));
        }
        let has = |all: &[&str]| all.iter().any(|part| words.contains(part));
        if status == Some(255) || status.is_none() {
            return Some(Self::of_ssh(&has, last));
        }
        if has(&["is not recognized", "not found", "No such file"]) {
            return Some(Self::NoShell(last));
        }
        let noise = said.noise.last().cloned().unwrap_or(last);
        Some(Self::NotOurs(noise))
    }

    /// OpenSSH has one exit status for all its failures, so its words decide.
    fn of_ssh(has: &dyn Fn(&[&str]) -> bool, last: Text) -> Self {
        if has(&["REMOTE HOST IDENTIFICATION HAS CHANGED", "Offending"]) {
            Self::HostKeyChanged
        } else if has(&["host key is known", "Host key verification failed"]) {
            Self::HostKeyUnknown
        } else if has(&["Permission denied", "Too many authentication failures"]) {
            Self::KeyRefused(last)
        } else if has(&["Could not resolve hostname"]) {
            Self::HostUnknown(last)
        } else if has(&["onfiguration option", "Bad owner or permissions", "open user config"]) {
            Self::Config(last)
        } else if has(&[
            "Connection refused",
            "timed out",
            "No route to host",
            "unreachable",
            "banner exchange",
        ]) {
            Self::Unreachable(last)
        } else if has(&["closed by", "Connection reset", "Broken pipe", "not responding"]) {
            Self::Cut(last)
        } else {
            Self::Other(last)
        }
    }

    /// Whether nothing was heard from the other machine, so that nobody knows
    /// whether something was done there.
    #[must_use]
    pub const fn is_silence(&self) -> bool {
        matches!(self, Self::Cut(_) | Self::Timeout(_))
    }
}

/// `PowerShell` writes errors as XML where its standard error is a pipe.
fn readable(errors: &[u8]) -> String {
    let text = String::from_utf8_lossy(errors);
    if !text.contains("#< CLIXML") {
        return text.into_owned();
    }
    let parts = text.split("<S S=\"Error\">").skip(1);
    let words: String = parts.filter_map(|part| part.split_once("</S>")).map(|(w, _)| w).collect();
    words
        .replace("_x000D__x000A_", "\n")
        .replace("&lt;", "<")
        .replace("&gt;", ">")
        .replace("&quot;", "\"")
        .replace("&amp;", "&")
}

/// The last line that says something.
fn last_line(words: &str) -> Text {
    let line = words.lines().rev().map(str::trim).find(|line| !line.is_empty());
    Text::limited(line.unwrap_or_default(), 300)
}

/// What was tried, where, and why it failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In words: "look at the ports".
    pub what: &'static str,
    /// The destination.
    pub host: String,
    /// Why.
    pub cause: Cause,
}

impl Fault {
    /// A fault.
    #[must_use]
    pub fn new(what: &'static str, host: &str, cause: Cause) -> Self {
        Self { what, host: host.to_owned(), cause }
    }

    /// Whether the other machine was reached at all.
    #[must_use]
    pub const fn was_reached(&self) -> bool {
        matches!(self.cause, Cause::Remote(_) | Cause::NotOurs(_) | Cause::NoShell(_))
    }

    fn next(&self) -> String {
        let host = &self.host;
        match &self.cause {
            Cause::NoHost => {
                "write host = \"…\" below [remote], as ssh takes it; crs config init shows all"
                    .to_owned()
            }
            Cause::SshMissing => "install openssh-client, or add it to PATH".to_owned(),
            Cause::NoSsh(_) => "try by hand: ssh -V".to_owned(),
            Cause::Config(_) => "correct ~/.ssh/config; try by hand: ssh -G ".to_owned() + host,
            Cause::HostUnknown(_) => "check remote.host and the alias in ~/.ssh/config".to_owned(),
            Cause::Unreachable(_) => {
                format!("is the machine on, and its sshd? try by hand: ssh {host}")
            }
            Cause::KeyRefused(_) => format!(
                "put this user's public key on that machine (ssh-copy-id {host}); a key with a \
                 passphrase needs ssh-agent"
            ),
            Cause::HostKeyChanged => format!(
                "somebody may stand between. Compare its fingerprint at the machine itself \
                 (ssh-keygen -lf); only then remove the old one: ssh-keygen -R {host}"
            ),
            Cause::HostKeyUnknown => format!(
                "connect once by hand and compare the fingerprint that it shows: ssh {host}"
            ),
            Cause::Cut(_) | Cause::Timeout(_) => {
                "nobody knows how far it came; look with: crs remote gateway status".to_owned()
            }
            Cause::NoShell(_) => {
                "does remote.platform name what runs there? windows needs PowerShell 5.1 in its \
                 PATH, Linux /bin/sh"
                    .to_owned()
            }
            Cause::NotOurs(_) => format!(
                "something stands before the shell (a forced command, a proxy, a login script \
                 that ends); try by hand: ssh {host} echo hello"
            ),
            Cause::Remote(_) => {
                "the words are that machine's; check the paths below [remote]".to_owned()
            }
            Cause::Other(_) => format!("try by hand: ssh -v {host}"),
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let said = |words: &Text| {
            if words.is_empty() { String::new() } else { format!(" ({words})") }
        };
        match self {
            Self::NoHost => f.write_str("no host is configured"),
            Self::SshMissing => f.write_str("there is no ssh on this machine"),
            Self::NoSsh(why) => write!(f, "ssh can't be run{}", said(why)),
            Self::Config(why) => write!(f, "ssh refuses its configuration{}", said(why)),
            Self::HostUnknown(why) => write!(f, "this name has no address{}", said(why)),
            Self::Unreachable(why) => write!(f, "no connection{}", said(why)),
            Self::KeyRefused(why) => write!(f, "it takes none of our keys{}", said(why)),
            Self::HostKeyChanged => {
                f.write_str("THE KEY OF THIS HOST HAS CHANGED: nothing was sent")
            }
            Self::HostKeyUnknown => {
                f.write_str("the key of this host is not known: nothing was sent")
            }
            Self::Cut(why) => write!(f, "the line was cut in the middle{}", said(why)),
            Self::Timeout(limit) => write!(f, "no whole answer within {} s", limit.as_secs()),
            Self::NoShell(why) => write!(f, "it has no such shell{}", said(why)),
            Self::NotOurs(why) => write!(f, "its answer is none to our question{}", said(why)),
            Self::Remote(why) => write!(f, "it says: {why}"),
            Self::Other(why) => write!(f, "ssh failed{}", said(why)),
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { what, host, cause } = self;
        let at = if host.is_empty() { String::new() } else { format!(" at {host}") };
        write!(f, "can't {what}{at}: {cause}; {}", self.next())
    }
}

impl std::error::Error for Fault {}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: i32, out: &str, err: &str) -> Option<Cause> {
        Cause::of(Some(status), &Said::read("m", out.as_bytes()), err.as_bytes())
    }

    #[test]
    fn each_failure_of_ssh_has_its_own_cause() {
        type Row = (&'static str, fn(&Cause) -> bool);
        let rows: &[Row] = &[
            ("ssh: Could not resolve hostname x: Name or service not known", |c| {
                matches!(c, Cause::HostUnknown(_))
            }),
            ("ssh: connect to host h port 22: Connection refused", |c| {
                matches!(c, Cause::Unreachable(_))
            }),
            ("ssh: connect to host h port 22: Connection timed out", |c| {
                matches!(c, Cause::Unreachable(_))
            }),
            ("u@h: Permission denied (publickey).", |c| matches!(c, Cause::KeyRefused(_))),
            (
                "@ WARNING: REMOTE HOST IDENTIFICATION HAS CHANGED! @\nOffending ED25519 key in k:1\n\
                 Host key verification failed.",
                |c| *c == Cause::HostKeyChanged,
            ),
            (
                "No ED25519 host key is known for h and you have requested strict checking.\n\
                 Host key verification failed.",
                |c| *c == Cause::HostKeyUnknown,
            ),
            ("Connection to h closed by remote host.", |c| matches!(c, Cause::Cut(_))),
            ("/h/.ssh/config: line 3: Bad configuration option: x", |c| {
                matches!(c, Cause::Config(_))
            }),
            ("something new", |c| matches!(c, Cause::Other(_))),
        ];
        for (words, is) in rows {
            let cause = of(255, "", words).unwrap();
            assert!(is(&cause), "{words}: {cause:?}");
            let shown = Fault::new("look at the ports", "h", cause).to_string();
            assert!(shown.contains("; ") && shown.contains(" at h: "), "{shown}");
        }
    }

    #[test]
    fn a_whole_answer_counts_whatever_the_exit_status() {
        assert_eq!(of(0, "m begin\nm end\n", ""), None);
        assert_eq!(of(1, "motd\nm begin\nm end\n", "noise"), None);
        let failed = of(0, "m begin\nm fail Access is denied.\nm end\n", "");
        assert_eq!(failed, Some(Cause::Remote(Text::new("Access is denied."))));
    }

    #[test]
    fn half_an_answer_is_a_cut_and_another_one_not_ours() {
        assert!(matches!(of(0, "m begin\nm port 1 * 2\n", ""), Some(Cause::Cut(_))));
        assert!(matches!(of(255, "m begin\n", "Connection reset"), Some(Cause::Cut(_))));
        let proxy = of(0, "HTTP/1.1 403 Forbidden\n", "");
        assert_eq!(proxy, Some(Cause::NotOurs(Text::new("HTTP/1.1 403 Forbidden"))));
        let shell = of(1, "", "'powershell.exe' is not recognized as an internal command");
        assert!(matches!(shell, Some(Cause::NoShell(_))));
    }

    #[test]
    fn errors_of_powershell_are_read_from_their_xml() {
        let xml = "#< CLIXML\r\n<Objs><S S=\"Error\">Get-Item : no &lt;x&gt;_x000D__x000A_</S>\
                   <S S=\"Error\">At line:1_x000D__x000A_</S></Objs>";
        assert_eq!(readable(xml.as_bytes()), "Get-Item : no <x>\nAt line:1\n");
    }
}
