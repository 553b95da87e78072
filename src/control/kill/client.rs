//! A client's side of the agent's socket, and how an agent is started.

use super::KillRules;
use super::protocol::{FromAgent, ToAgent, line, messages};
use crate::breaker::LatchHome;
use crate::domain::{Endpoint, GatewayAddr, Text};
use crossbeam_channel as channel;
use rustix::fs::{MemfdFlags, memfd_create};
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

/// Longest list of addresses read, in bytes.
const MAX_ADDRESSES: u64 = 1_048_576;

/// How to start an agent.
#[derive(Clone, Debug)]
pub struct AgentSpec {
    /// This very binary.
    pub exe: PathBuf,
    /// The latch and its private directory.
    pub home: LatchHome,
    /// Further latches.
    pub extra: Vec<PathBuf>,
    /// Configured gateways.
    pub gateways: Vec<GatewayAddr>,
    /// Settings of the kill.
    pub kill: KillRules,
    /// Where the heads of the audit chains are published, if anywhere.
    pub publish: Option<Endpoint>,
    /// The state directory that `home` lies in.
    pub state_dir: PathBuf,
}

impl AgentSpec {
    /// Starts one; it elects itself or ends. Its own session, no terminal. As
    /// long as it lives, and this process does, `alive` is held.
    ///
    /// # Errors
    /// The system's words.
    pub fn spawn(&self, alive: Arc<()>) -> std::io::Result<u32> {
        let mut command = Command::new(&self.exe);
        command.arg("__agent").arg("--latch").arg(&self.home.latch);
        command.arg("--state-dir").arg(&self.state_dir);
        for extra in &self.extra {
            command.arg("--extra-latch").arg(extra);
        }
        command.arg("--proof-interval-ms").arg(self.kill.proof_interval_ms.to_string());
        command.arg("--enforce-interval-ms").arg(self.kill.enforce_interval_ms.to_string());
        if self.kill.flatten_on_external {
            command.arg("--flatten-on-external");
        }
        if let Some(syslog) = &self.home.syslog {
            let flag = if syslog.required { "--syslog" } else { "--syslog-if-there" };
            command.arg(flag).arg(&syslog.path);
        }
        command.stdin(self.addresses()?).stdout(Stdio::null()).stderr(Stdio::null());
        command.current_dir("/");
        // Whoever supervises the process that starts it must not take it for one
        // of its own, and end it with it.
        command.env_remove("CRS_MISSION").env_remove("CRS_MISSION_START");
        let mut child = command.spawn()?;
        let pid = child.id();
        // Reaped whenever it ends; as long as we live it must be no zombie.
        let reaper = std::thread::Builder::new().name("reaper".to_owned());
        let _ = reaper.spawn(move || {
            let _ = child.wait();
            drop(alive);
        });
        Ok(pid)
    }

    /// What the agent reads first: complete before there is a process, in
    /// memory and not on a disk. So nobody waits for anybody, and whoever is
    /// shot in between leaves no agent that knows half of it.
    fn addresses(&self) -> std::io::Result<File> {
        let all = Addresses { gateways: self.gateways.clone(), publish: self.publish.clone() };
        let mut file = File::from(memfd_create("crs-addresses", MemfdFlags::CLOEXEC)?);
        file.write_all(&serde_json::to_vec(&all)?)?;
        file.rewind()?;
        Ok(file)
    }
}

/// Whom an agent talks to. It comes on standard input, since every user of the
/// host can read a command line.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Addresses {
    /// Configured gateways.
    pub gateways: Vec<GatewayAddr>,
    /// Where the heads of the audit chains are published, if anywhere.
    pub publish: Option<Endpoint>,
}

impl Addresses {
    /// Reads them whole; nothing at all is none of them.
    ///
    /// # Errors
    /// The system's words, or that it is something else.
    pub fn read(from: impl Read) -> std::io::Result<Self> {
        let mut text = Vec::new();
        from.take(MAX_ADDRESSES).read_to_end(&mut text)?;
        if text.is_empty() { Ok(Self::default()) } else { Ok(serde_json::from_slice(&text)?) }
    }
}

/// A live connection to the agent.
#[derive(Debug)]
pub struct Client {
    stream: UnixStream,
}

impl Client {
    /// Connects and forwards everything the agent says through `heard`; a
    /// `None` follows when the connection ends.
    ///
    /// # Errors
    /// The system's words: no agent, or no thread.
    pub fn connect(
        home: &LatchHome,
        heard: channel::Sender<Option<FromAgent>>,
    ) -> std::io::Result<Self> {
        let stream = UnixStream::connect(home.agent_socket())?;
        stream.set_write_timeout(Some(Duration::from_millis(100)))?;
        let reading = stream.try_clone()?;
        std::thread::Builder::new().name("from-agent".to_owned()).spawn(move || {
            for message in messages(reading) {
                if heard.send(Some(message)).is_err() {
                    return;
                }
            }
            let _ = heard.send(None);
        })?;
        Ok(Self { stream })
    }

    /// Says something; at most 100 ms of waiting.
    ///
    /// # Errors
    /// In words; the connection is of no further use then.
    pub fn say(&mut self, message: &ToAgent) -> Result<(), Text> {
        self.stream
            .write_all(&line(message))
            .map_err(|e| Text::new(&format!("the agent does not listen: {e}")))
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_agent_is_told_arrives_whole_or_not_at_all() {
        let main = GatewayAddr {
            name: Text::new("main"),
            cmd: "127.0.0.1:1".parse().unwrap(),
            data: "127.0.0.1:2".parse().unwrap(),
        };
        let told = Addresses { gateways: vec![main], publish: "127.0.0.1:3".parse().ok() };
        let text = serde_json::to_vec(&told).unwrap();
        assert_eq!(Addresses::read(&text[..]).unwrap(), told);
        assert_eq!(Addresses::read(&b""[..]).unwrap(), Addresses::default());
        for end in 1..text.len() {
            assert!(Addresses::read(&text[..end]).is_err(), "{end} bytes");
        }
    }
}
