//! `crs gateway` as a process on free ports.

use super::sandbox::{Outcome, Sandbox, Signal, signal};
use super::wait::until;
use serde_json::Value;
use std::io::BufReader;
use std::process::Child;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(30);

/// A paper gateway on free ports; ends with this value.
pub struct Paper {
    child: Child,
    pub ready: Value,
}

impl Paper {
    pub fn start(home: &Sandbox, args: &[&str]) -> Self {
        let args = [&["gateway", "--free-ports", "--json"], args].concat();
        let mut child = home.crs(&args).spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let mut documents = serde_json::Deserializer::from_reader(stdout).into_iter();
        let ready = documents.next().expect("the gateway says where it listens").unwrap();
        Self { child, ready }
    }

    pub fn port(&self, which: &str) -> String {
        self.ready[which].as_str().unwrap().rsplit(':').next().unwrap().to_owned()
    }

    /// A verb of `crs` against this gateway.
    pub fn ask(&self, home: &Sandbox, args: &[&str]) -> Outcome {
        let (cmd, data) = (self.port("commands"), self.port("ticks"));
        let flags = ["--gateway", "127.0.0.1", "--cmd-port", &cmd, "--data-port", &data];
        home.run(&[&flags, args].concat(), LIMIT)
    }

    /// Its exit status after a polite request to stop.
    pub fn stop(&mut self) -> Option<i32> {
        signal(self.child.id(), Signal::TERM);
        until(LIMIT, || self.child.try_wait().unwrap())?.code()
    }
}

impl Drop for Paper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
