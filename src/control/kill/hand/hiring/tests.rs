//! A hand that stands in on a system which has no thread to give at first.

use super::RETRY;
use crate::audit::Act;
use crate::breaker::{Gate, LatchHome};
use crate::control::kill::client::AgentSpec;
use crate::control::kill::driver::DriverConfig;
use crate::control::kill::hand::crew::Crew;
use crate::control::kill::hand::work::Work;
use crate::control::kill::hand::{HandConfig, Job};
use crate::control::kill::protocol::ToAgent;
use crate::control::kill::sim::parts::{RULES, who};
use crate::domain::{Endpoint, EngageId, GatewayAddr, Intent, KillIntent, Text};
use crate::event::{Event, Receiver, channel_pair};
use crate::host::clock;
use std::collections::BTreeSet;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// No agent, and threads while there are any.
#[derive(Default)]
struct Short {
    threads: bool,
    tries: u32,
    drivers: BTreeSet<u16>,
    /// Whose kill was begun, with how many drivers.
    begun: Vec<(EngageId, usize)>,
}

impl Crew for Short {
    fn is_met(&self) -> bool {
        false
    }
    fn meet(&mut self) -> Option<bool> {
        Some(false)
    }
    fn part(&mut self) {}
    fn say(&mut self, _: &ToAgent) -> Result<(), Text> {
        Err(Text::new("there is no agent"))
    }
    fn start_agent(&mut self) -> Option<Result<u32, Text>> {
        Some(Err(Text::new("no process to be had")))
    }
    fn make(&mut self, _: &KillIntent) {}
    fn record(&mut self, _: Act) {}
    fn flush(&mut self, _: Duration) {}
    fn hire(&mut self, config: DriverConfig) -> io::Result<()> {
        self.tries += 1;
        if !self.threads && !self.drivers.contains(&config.target) {
            return Err(io::Error::other("too many open files"));
        }
        self.drivers.insert(config.target);
        Ok(())
    }
    fn begin(&mut self, intent: &KillIntent) {
        self.begun.push((intent.engage_id, self.drivers.len()));
    }
    fn end(&mut self) {}
    fn stand_down(&mut self, _: &Text) {}
    fn probe_again(&mut self) {}
}

fn standing_in(dir: &Path) -> (Work<Short>, EngageId, Receiver) {
    let at: Endpoint = "127.0.0.1:9".parse().unwrap();
    let gateway = GatewayAddr { name: Text::new("one"), cmd: at.clone(), data: at };
    let agent = AgentSpec {
        exe: dir.join("crs"),
        home: LatchHome::new(dir, &dir.join("latch")),
        extra: Vec::new(),
        gateways: vec![gateway],
        kill: RULES,
        publish: None,
        state_dir: dir.to_owned(),
    };
    let (latch, targets) = (agent.home.latch.clone(), agent.gateways.clone());
    let config = HandConfig {
        agent,
        who: who(1),
        role: "console",
        reason: Text::new("test"),
        drill: false,
        warm: false,
    };
    let intent = who(1).decide(Intent::Kill, Text::new("test"), None, &latch, &targets);
    let id = intent.engage_id;
    let (sender, receiver) = channel_pair();
    let mut work = Work::new(config, Arc::new(Gate::default()), sender, Short::default());
    work.job(Job::Fire(Box::new(intent)));
    // Long after the latch should have been seen: handed over to nobody.
    work.tend(clock::mono_ns() + RETRY);
    (work, id, receiver)
}

fn alarms(receiver: &Receiver) -> usize {
    let no_thread = |event: &Event| matches!(event, Event::Log(line) if line.text.as_str().contains("no kill thread"));
    receiver.urgent.try_iter().filter(no_thread).count()
}

#[test]
fn a_driver_that_could_not_be_had_is_tried_for_each_second() {
    let dir = tempfile::tempdir().unwrap();
    let (mut work, id, receiver) = standing_in(dir.path());
    assert_eq!((work.crew.tries, work.crew.begun.as_slice()), (1, &[(id, 0)][..]));
    let later = |n: u64| clock::mono_ns() + n * (RETRY + RETRY / 10);
    work.tend(later(1));
    assert_eq!(work.crew.tries, 2, "never tried again");
    work.tend(clock::mono_ns());
    assert_eq!((work.crew.tries, alarms(&receiver)), (2, 1), "each second, and told once");
    work.crew.threads = true;
    work.tend(later(2));
    assert_eq!(work.crew.begun.last(), Some(&(id, 1)), "the kill was never begun");
    let tries = work.crew.tries;
    work.tend(later(4));
    assert_eq!(work.crew.tries, tries, "everybody is there");
}

#[test]
fn a_kill_that_was_stood_down_is_not_begun_by_one_who_comes_late() {
    let dir = tempfile::tempdir().unwrap();
    let (mut work, id, _receiver) = standing_in(dir.path());
    work.job(Job::StandDown(Text::new("by card")));
    work.crew.threads = true;
    work.tend(clock::mono_ns() + 2 * RETRY);
    assert_eq!(work.crew.begun, [(id, 0)]);
}
