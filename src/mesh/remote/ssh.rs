//! The system's OpenSSH client: how it is called, and what it brought.
//!
//! Options given here come first on its command line, and the first value of
//! an option wins: no configuration of the user's can loosen them.

use super::fault::{Cause, Fault};
use super::quote;
use super::script::{self, Ask};
use super::seen::Said;
use crate::config::RemoteSettings;
use crate::domain::Text;
use crate::host::{clock, ids};
use std::io::{BufRead, BufReader, Read, Write as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

/// Kept of an answer, in bytes.
const MOST: u64 = 4 * 1_024 * 1_024;
/// Longest wait for an answer once there is a connection: PowerShell alone may
/// take seconds, and importing a module some more.
const PATIENCE: Duration = Duration::from_mins(1);

/// Arguments for `ssh`, all of them: no shell of this host reads them.
#[must_use]
pub fn arguments(remote: &RemoteSettings, command: &str) -> Vec<String> {
    let mut all = Vec::new();
    if !remote.ssh_config.as_os_str().is_empty() {
        all.push("-F".to_owned());
        all.push(remote.ssh_config.display().to_string());
    }
    let timeout = format!("ConnectTimeout={}", remote.connect_timeout_s);
    let options = [
        // A host is who it was, or nothing is sent; nobody is asked.
        "StrictHostKeyChecking=yes",
        "UpdateHostKeys=no",
        "BatchMode=yes",
        // A line of another's making would have been checked by other rules.
        "ControlMaster=no",
        "ControlPath=none",
        &timeout,
        "ConnectionAttempts=1",
        "ServerAliveInterval=5",
        "ServerAliveCountMax=3",
        // This line carries one command and nothing else.
        "ForwardAgent=no",
        "ForwardX11=no",
        "ClearAllForwardings=yes",
        "PermitLocalCommand=no",
        "RemoteCommand=none",
        "RequestTTY=no",
    ];
    all.extend(options.iter().flat_map(|option| ["-o".to_owned(), (*option).to_owned()]));
    all.extend(["-T".to_owned(), "--".to_owned(), remote.host.clone(), command.to_owned()]);
    all
}

/// One call.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// In words, for errors.
    pub what: &'static str,
    /// What the shell over there is told.
    pub command: &'a str,
    /// What its answer's lines begin with ([`marker`]).
    pub marker: &'a str,
    /// Its standard input.
    pub input: &'a [u8],
}

/// A fresh marker.
#[must_use]
pub fn marker() -> String {
    format!("crs-{}", quote::hex(ids::random_u64()))
}

/// What stands for the other machine: a destination and its platform.
#[derive(Clone, Debug)]
pub struct Ssh {
    remote: RemoteSettings,
}

impl Ssh {
    /// For a configured host.
    ///
    /// # Errors
    /// When none is.
    pub fn new(remote: &RemoteSettings) -> Result<Self, Fault> {
        if remote.host.is_empty() {
            return Err(Fault::new("remote control", "", Cause::NoHost));
        }
        Ok(Self { remote: remote.clone() })
    }

    /// What was configured.
    #[must_use]
    pub const fn remote(&self) -> &RemoteSettings {
        &self.remote
    }

    /// Asks, and waits for the whole answer.
    ///
    /// # Errors
    /// [`Fault`], with its cause and the next step.
    pub fn ask(&self, ask: &Ask) -> Result<Said, Fault> {
        let marker = marker();
        let command = script::command(&self.remote, ask, &marker);
        let call = Call { what: ask.word(), command: &command, marker: &marker, input: b"" };
        self.call(&call, PATIENCE)
    }

    /// Runs a command over there and waits for the whole answer, at most
    /// `patience` once there is a connection.
    ///
    /// # Errors
    /// [`Fault`], with its cause and the next step.
    pub fn call(&self, call: &Call<'_>, patience: Duration) -> Result<Said, Fault> {
        let Call { what, marker, .. } = *call;
        let mut running = self.spawn(call)?;
        let limit = patience + Duration::from_secs(u64::from(self.remote.connect_timeout_s));
        let until =
            clock::mono_ns().saturating_add(limit.as_nanos().try_into().unwrap_or(u64::MAX));
        let status = loop {
            match running.child.try_wait() {
                Ok(Some(status)) => break status.code(),
                Ok(None) if clock::mono_ns() < until => clock::sleep(Duration::from_millis(5)),
                Ok(None) => {
                    running.end();
                    return Err(self.fault(what, Cause::Timeout(limit)));
                }
                Err(e) => return Err(self.fault(what, Cause::NoSsh(Text::new(&e.to_string())))),
            }
        };
        let (out, err) = running.output();
        let said = Said::read(marker, &out);
        match Cause::of(status, &said, &err) {
            None => Ok(said),
            Some(cause) => Err(self.fault(what, cause)),
        }
    }

    /// Reads the log as it grows: each line goes to `line`, until that says
    /// no, the other machine ends it, or the line is cut.
    ///
    /// # Errors
    /// [`Fault`], with its cause and the next step.
    pub fn follow(&self, lines: u32, mut line: impl FnMut(&Text) -> bool) -> Result<(), Fault> {
        let ask = Ask::Logs { lines, follow: true };
        let marker = marker();
        let command = script::command(&self.remote, &ask, &marker);
        let call = Call { what: ask.word(), command: &command, marker: &marker, input: b"" };
        let mut running = self.spawn(&call)?;
        let mut said = Said::default();
        let mut told = 0;
        while let Ok(next) = running.lines.recv() {
            said.hear(&marker, &String::from_utf8_lossy(&next));
            let fresh = said.free.split_off(0);
            for text in &fresh {
                told += 1;
                if !line(text) {
                    running.end();
                    return Ok(());
                }
            }
        }
        let status = running.child.wait().ok().and_then(|status| status.code());
        let (_, err) = running.output();
        match Cause::of(status, &said, &err) {
            None if told > 0 || said.ended => Ok(()),
            None => Err(self.fault(ask.word(), Cause::Cut(Text::default()))),
            Some(cause) => Err(self.fault(ask.word(), cause)),
        }
    }

    fn fault(&self, what: &'static str, cause: Cause) -> Fault {
        Fault::new(what, &self.remote.host, cause)
    }

    fn spawn(&self, call: &Call<'_>) -> Result<Running, Fault> {
        let stdin = if call.input.is_empty() { Stdio::null() } else { Stdio::piped() };
        let spawned = Command::new("ssh")
            .args(arguments(&self.remote, call.command))
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = spawned.map_err(|e| {
            let cause = match e.kind() {
                std::io::ErrorKind::NotFound => Cause::SshMissing,
                _ => Cause::NoSsh(Text::new(&e.to_string())),
            };
            self.fault(call.what, cause)
        })?;
        if let Some(mut stdin) = child.stdin.take() {
            let input = call.input.to_vec();
            // Its own end says why it was not read.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        let (tell, lines) = mpsc::channel();
        let out = child.stdout.take();
        let err = child.stderr.take();
        let errors = std::thread::spawn(move || {
            let mut bytes = Vec::new();
            if let Some(err) = err {
                // What is cut off was only words.
                let _ = err.take(64 * 1_024).read_to_end(&mut bytes);
            }
            bytes
        });
        std::thread::spawn(move || {
            let Some(out) = out else { return };
            let mut out = BufReader::new(out);
            let mut line = Vec::new();
            while matches!((&mut out).take(MOST).read_until(b'\n', &mut line), Ok(1..)) {
                if tell.send(std::mem::take(&mut line)).is_err() {
                    return;
                }
            }
        });
        Ok(Running { child, lines, errors })
    }
}

/// A client that runs; dropped, it ends.
struct Running {
    child: Child,
    lines: mpsc::Receiver<Vec<u8>>,
    errors: JoinHandle<Vec<u8>>,
}

impl Running {
    fn end(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// What it wrote, after its end: a child of its own (a proxy) that holds
    /// a pipe open is not waited for.
    fn output(self) -> (Vec<u8>, Vec<u8>) {
        let mut out = Vec::new();
        let patience = Duration::from_secs(2);
        while let Ok(line) = self.lines.recv_timeout(patience) {
            out.extend_from_slice(&line);
            if out.len() > usize::try_from(MOST).unwrap_or(usize::MAX) {
                break;
            }
        }
        let until = clock::mono_ns() + 1_000_000_000;
        while !self.errors.is_finished() && clock::mono_ns() < until {
            clock::sleep(Duration::from_millis(5));
        }
        let err = if self.errors.is_finished() { self.errors.join().ok() } else { None };
        (out, err.unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn host_keys_are_checked_whatever_the_users_configuration_says() {
        let remote = RemoteSettings { host: "gtw".to_owned(), ..RemoteSettings::default() };
        let all = arguments(&remote, "whoami; reboot 'x'");
        assert_eq!(&all[..2], ["-o", "StrictHostKeyChecking=yes"]);
        for wanted in ["BatchMode=yes", "ConnectTimeout=10", "ServerAliveInterval=5"] {
            assert!(all.iter().any(|word| word == wanted), "{all:?}");
        }
        // The destination behind the end of options, the command in one word.
        assert_eq!(&all[all.len() - 3..], ["--", "gtw", "whoami; reboot 'x'"]);
    }

    #[test]
    fn without_a_host_nothing_is_started() {
        assert!(matches!(
            Ssh::new(&RemoteSettings::default()),
            Err(Fault { cause: Cause::NoHost, .. })
        ));
    }
}
