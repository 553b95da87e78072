//! A small world for the machine: one machine, one process with children of
//! its own, a link that breaks, another process to depend on; a seed decides.

use super::{Effect, Input, Machine, Now, Rules, Standing};
use crate::domain::mission::ProcessState;
use crate::domain::{Text, UtcMicros};
use crate::mission::hands::End;
use crate::mission::spec::{Condition, Restart, RestartOn, Stop};
use std::time::Duration;

/// Splitmix64.
#[derive(Clone, Debug)]
pub struct Dice(u64);

impl Dice {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % sides
    }

    pub fn one_in(&mut self, sides: u64) -> bool {
        self.roll(sides) == 0
    }
}

#[expect(clippy::struct_excessive_bools, reason = "each is a fact of the world")]
pub struct World {
    pub machine: Machine,
    pub dice: Dice,
    pub ms: u64,
    /// Its own process: which run, and how it ended without being noticed.
    leader: Option<u64>,
    unseen: Option<(u64, End)>,
    /// What it started and what outlives it.
    rest: usize,
    deaf: bool,
    link: bool,
    /// Answers get lost on a link that holds.
    pub lossy: bool,
    /// A start that is on its way still: its answer was lost.
    late: Option<u64>,
    /// Starts whose answer was lost.
    pub unheard: u64,
    /// In the end the world does what it is asked.
    pub kind: bool,
    pub foreign: bool,
    pub log: Vec<String>,
    pub spawns: u64,
    pub loops: u64,
}

pub fn rules(dice: &mut Dice) -> Rules {
    let on = [RestartOn::Never, RestartOn::Failure, RestartOn::Always];
    let secs = |dice: &mut Dice, n| Duration::from_secs(1 + dice.roll(n));
    Rules {
        restart: Restart {
            on: on.get(usize::try_from(dice.roll(3)).unwrap()).copied().unwrap(),
            first: Duration::from_millis(dice.roll(2_000)),
            factor_pct: 100 + u32::try_from(dice.roll(300)).unwrap(),
            cap: secs(dice, 30),
            max: u32::try_from(dice.roll(6)).unwrap(),
            window: secs(dice, 600),
            reset: secs(dice, 60),
        },
        stop: Stop { signal: 15, timeout: Duration::from_millis(dice.roll(3_000)) },
        probed: dice.one_in(2),
    }
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut dice = Dice::new(seed);
        let machine = Machine::new(rules(&mut dice));
        Self {
            machine,
            dice,
            ms: 1,
            leader: None,
            unseen: None,
            rest: 0,
            deaf: false,
            link: true,
            lossy: false,
            late: None,
            unheard: 0,
            kind: false,
            foreign: false,
            log: Vec::new(),
            spawns: 0,
            loops: 0,
        }
    }

    fn now(&self) -> Now {
        let utc = UtcMicros(i64::try_from(self.ms).unwrap() * 1_000);
        Now { ms: self.ms, utc }
    }

    pub fn lives(&self) -> usize {
        usize::from(self.leader.is_some()) + self.rest
    }

    pub fn say(&mut self, input: Input) {
        self.log.push(format!("{:>8} {input:?}", self.ms));
        let effects = self.machine.step(self.now(), input);
        for effect in effects {
            self.log.push(format!("{:>8}   -> {effect:?}", self.ms));
            self.does(&effect);
        }
        self.judge();
    }

    fn does(&mut self, effect: &Effect) {
        let run = self.machine.run();
        match effect {
            Effect::Spawn => self.spawn(run),
            Effect::Find if !self.answers() => self.say(Input::Lost(Text::new("no link"))),
            Effect::Find => {
                if let Some(run) = self.called_off() {
                    self.say(Input::Adopted { run, since: UtcMicros(1) });
                } else {
                    // The hands end what an ended one left before they say so.
                    (self.unseen, self.rest) = (None, 0);
                    self.say(Input::Absent);
                }
            }
            Effect::AskExternal => self.say(Input::External(self.foreign)),
            Effect::Signal(_) | Effect::Kill => {
                match effect {
                    Effect::Kill if self.link => self.die(9, true),
                    Effect::Signal(_) if self.link && !self.deaf => self.die(15, false),
                    _ => {}
                }
                if self.link && !self.answers() {
                    self.say(Input::Lost(Text::new("the answer was lost")));
                }
            }
            Effect::Count if self.answers() => {
                let count = self.lives();
                self.say(Input::Left { run, count });
            }
            Effect::Count => self.say(Input::Lost(Text::new("no link"))),
            Effect::Gone => assert_eq!(self.lives(), 0, "gone, and something lives"),
            Effect::CrashLoop(_) => self.loops += 1,
            Effect::Probe(_) | Effect::Misconfigured | Effect::Tell => {}
        }
    }

    fn answers(&mut self) -> bool {
        self.link && !(self.lossy && self.dice.one_in(3))
    }

    /// What lives, once a start that is on its way is none any more.
    fn called_off(&mut self) -> Option<u64> {
        self.late = None;
        self.leader
    }

    fn spawn(&mut self, run: u64) {
        assert_eq!(self.lives(), 0, "a second copy");
        assert_eq!(self.late, None, "a second start beside one on its way");
        self.unseen = None;
        if self.foreign {
            return self.say(Input::External(true));
        }
        if !self.answers() {
            self.unheard += 1;
            match self.dice.roll(if self.lossy { 3 } else { 2 }) {
                0 => self.begin(run),
                1 => {}
                _ => self.late = Some(run),
            }
            return self.say(Input::Lost(Text::new("no link")));
        }
        if !self.kind && self.dice.one_in(4) {
            return self.say(Input::Refused(Text::new("no such program")));
        }
        self.begin(run);
        self.say(Input::Spawned);
    }

    fn begin(&mut self, run: u64) {
        self.spawns += 1;
        self.leader = Some(run);
        self.deaf = !self.kind && self.dice.one_in(3);
        self.rest = usize::try_from(self.dice.roll(3)).unwrap();
    }

    fn die(&mut self, signal: i32, all: bool) {
        if let Some(run) = self.leader.take() {
            let signal = Text::new(&format!("signal {signal}"));
            self.unseen = Some((run, End { code: None, signal }));
        }
        if all || self.dice.one_in(2) || self.kind {
            self.rest = 0;
        }
    }

    /// What the hands see now and then.
    pub fn look(&mut self) {
        if !self.link {
            if self.machine.may_live() {
                self.say(Input::Lost(Text::new("no link")));
            }
            return;
        }
        if self.lossy && self.machine.may_live() && self.dice.one_in(4) {
            return self.say(Input::Lost(Text::new("the answer was lost")));
        }
        if self.machine.is_lost() {
            self.say(Input::Back);
        }
        if let Some((run, end)) = self.unseen.clone()
            && (self.kind || !self.dice.one_in(3))
        {
            self.unseen = None;
            self.say(Input::Ended { run, end });
        }
    }

    pub fn chance(&mut self) {
        let run = self.machine.run();
        match self.dice.roll(16) {
            0 | 1 => self.say(Input::Want(vec![(String::from("dep"), Condition::Ready)])),
            2 => self.say(Input::Want(Vec::new())),
            3 => self.say(Input::Unwant(Vec::new())),
            4 => self.say(Input::Unwant(vec![String::from("dep")])),
            5 | 6 => self.say(Input::Restart),
            7 => self.say(Input::Renew),
            8 => {
                if let Some(run) = self.leader.take() {
                    let code = i32::try_from(self.dice.roll(2)).ok();
                    self.unseen = Some((run, End { code, signal: Text::default() }));
                }
            }
            9 => self.link = !self.link,
            10 => {
                let ok = self.dice.one_in(2);
                self.say(Input::Ready { run, ok });
            }
            11 => {
                let bad = self.dice.one_in(2).then(|| Text::new("http"));
                self.say(Input::Live { run, bad });
            }
            12 => {
                let up = self.dice.one_in(2);
                let failed = !up && self.dice.one_in(2);
                self.dep(Standing { up, ready: up, alive: up, failed, ..Standing::default() });
            }
            13 => self.foreign = self.dice.one_in(3) && self.lives() == 0,
            14 => {
                let rules = rules(&mut self.dice);
                self.say(Input::Rules(rules));
            }
            // Late words of an older run change nothing.
            _ => {
                let run = run.saturating_sub(1);
                self.say(Input::Ended { run, end: End::default() });
                self.say(Input::Left { run, count: 0 });
                self.say(Input::Ready { run, ok: true });
            }
        }
    }

    pub fn dep(&mut self, standing: Standing) {
        self.say(Input::Other(String::from("dep"), standing));
    }

    pub fn pass(&mut self) {
        self.ms += self.dice.roll(2_000);
        if self.late.is_some() && self.dice.one_in(2) {
            let run = self.late.take().unwrap();
            self.log.push(format!("{:>8} the late start {run}", self.ms));
            self.begin(run);
            self.judge();
        }
        self.look();
        if self.machine.due().is_some_and(|due| due <= self.ms) {
            self.say(Input::Tick);
        }
    }

    /// From now on everything works.
    pub fn mend(&mut self) {
        self.kind = true;
        self.link = true;
        self.lossy = false;
        self.foreign = false;
        self.dep(Standing { up: true, ready: true, alive: true, ..Standing::default() });
        self.say(Input::Live { run: self.machine.run(), bad: None });
    }

    /// The record never says that nothing lives while something does, and
    /// always says why.
    fn judge(&self) {
        let state = self.machine.state();
        let why = match &state {
            ProcessState::Pending { waiting_on } => waiting_on.as_str(),
            ProcessState::Unhealthy { why }
            | ProcessState::Backoff { why, .. }
            | ProcessState::Failed { why }
            | ProcessState::Unknown { why, .. } => why.as_str(),
            ProcessState::Skipped { dep } => dep.as_str(),
            _ => "-",
        };
        assert!(!why.is_empty(), "{state:?} does not say why");
        if !state.may_live() {
            let log = self.log.iter().rev().take(20).rev().map(|l| format!("{l}\n"));
            let log: String = log.collect();
            assert_eq!(self.lives(), 0, "{state:?}, and something lives\n{log}");
            assert_eq!(self.late, None, "{state:?}, and something is about to\n{log}");
        }
    }
}
