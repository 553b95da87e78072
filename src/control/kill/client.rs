//! A client's side of the agent's socket, and how an agent is started.

use super::KillRules;
use super::protocol::{FromAgent, ToAgent, line, messages};
use crate::breaker::LatchHome;
use crate::domain::{Endpoint, GatewayAddr, Text};
use crossbeam_channel as channel;
use std::io::Write;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

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
        for gateway in &self.gateways {
            command.arg("--target").arg(format!("{}={}", gateway.name, gateway.cmd));
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
        if let Some(publish) = &self.publish {
            command.arg("--publish").arg(publish.to_string());
        }
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.current_dir("/");
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
