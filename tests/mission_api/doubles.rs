//! Doubles of what the other rooms do: a crew that starts nothing, a launcher
//! that knows four modes, a log of lines in memory.

use crs::domain::mission::{
    ConsoleLine, Gravity, HostRecord, Launch, LaunchPhase, LineLevel, MissionAlert, ProcessRecord,
    ProcessState,
};
use crs::domain::{Text, UtcMicros};
use crs::mission::crew::{self, Crew};
use crs::mission::hands::Vars;
use crs::mission::hub::Hub;
use crs::mission::order::{Answer, By, Order, Refusal};
use crs::mission::parts::{
    Alerts, Gauge, Gauges, LineQuery, Lines, ModeRecord, Modes, Orders, PlanRecord, Refused,
    ZombieRecord, Zombies,
};
use crs::mission::ports::{Figures, KillEnd, Switch};
use crs::mission::spec::{Mission, Name, Restart, Value};
use crs::mission::told::{Hears, Told};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Everything at once.
pub struct Doubles {
    pub hub: Arc<Hub>,
    pub told: Arc<dyn Hears>,
    pub lines: Mutex<Vec<ConsoleLine>>,
    pub launches: AtomicU64,
    pub acknowledged: Mutex<Vec<u64>>,
}

pub fn record(name: &str, state: ProcessState) -> ProcessRecord {
    ProcessRecord {
        name: Text::new(name),
        display_name: Text::new(&format!("the {name}")),
        pid: Some(4_242).filter(|_| state.may_live()),
        state,
        wanted: true,
        start_time: Some(UtcMicros(1_000_000)),
        cpu_centi: Some(1_250),
        memory: Some(64 << 20),
        files: Some(12),
        ..ProcessRecord::default()
    }
}

pub fn line(seq: u64, process: &str, level: LineLevel) -> ConsoleLine {
    ConsoleLine {
        seq,
        process: Text::new(process),
        level,
        at: UtcMicros(1_768_399_018_271_512),
        message: Text::new(&format!("line {seq} of {process}, with \"quotes\"")),
        ..ConsoleLine::default()
    }
}

pub fn alert(id: u64) -> MissionAlert {
    MissionAlert {
        id,
        kind: Text::new("port-in-use"),
        severity: Gravity::High,
        process: Text::new("engine"),
        title: Text::new("A port is in use"),
        message: Text::new("bind 5555: address already in use"),
        solution: Text::new("End who holds it"),
        actions: vec![Text::new("restart")],
        count: 1,
        ..MissionAlert::default()
    }
}

fn unknown(what: &str, name: &str) -> Refused {
    (Refusal::Unknown, Text::new(&format!("no {what} is called {name}")))
}

impl Doubles {
    fn tell(&self, record: ProcessRecord) -> ProcessRecord {
        self.told.hear(Told::Process(Arc::new(record.clone())));
        record
    }

    fn known(name: &str) -> Result<(), crew::Refused> {
        match name {
            "redis" => Err((Refusal::Conflict, Text::new("somebody else started it"))),
            "engine-live" => Err((Refusal::Requirement, Text::new("it trades real money"))),
            "engine" | "gateway" => Ok(()),
            _ => Err(unknown("process", name)),
        }
    }
}

impl Crew for Doubles {
    fn want(&self, _: &[Name], _: &Vars, _: &BTreeMap<Name, Restart>) {}

    fn start(&self, process: &str) -> Result<ProcessRecord, crew::Refused> {
        Self::known(process)?;
        Ok(self.tell(record(process, ProcessState::Starting)))
    }

    fn stop(&self, process: &str, _: bool) -> Result<ProcessRecord, crew::Refused> {
        Self::known(process)?;
        Ok(self.tell(record(process, ProcessState::Stopping)))
    }

    fn restart(&self, process: &str) -> Result<ProcessRecord, crew::Refused> {
        self.start(process)
    }

    fn restart_if_wanted(&self, process: &str) -> Result<ProcessRecord, crew::Refused> {
        self.start(process)
    }

    fn records(&self) -> Vec<ProcessRecord> {
        self.hub.status().told.status.processes.clone()
    }

    fn hosts(&self) -> Vec<HostRecord> {
        Vec::new()
    }

    fn why(&self, process: &str) -> Result<Vec<Text>, crew::Refused> {
        Self::known(process)?;
        Ok(vec![Text::new("it waits for Redis to be ready")])
    }

    fn reload(&self, _: Arc<Mission>, _: bool) -> Vec<Text> {
        Vec::new()
    }

    fn wait_down(&self, _: Duration) -> bool {
        true
    }

    fn shutdown(&self) {}
}

impl Orders for Doubles {
    fn order(&self, order: &Order, by: &By) -> Answer {
        let refused = |kind, why: &str| Answer::Refused { kind, why: Text::new(why) };
        match order {
            Order::Launch { mode, confirm } => match (mode.as_str(), confirm.as_str()) {
                ("LIVE", "LIVE 10000") | ("PAPER" | "TANK" | "SLOW", _) => {
                    let id = self.launches.fetch_add(1, Ordering::Relaxed) + 1;
                    let running = Launch {
                        id,
                        mode: Text::new(mode),
                        by: by.clone(),
                        notes: vec![Text::new("waits for engine")],
                        ..Launch::default()
                    };
                    let name = running.mode.clone();
                    self.told.hear(Told::Mode { live: name.as_str() == "LIVE", name });
                    self.told.hear(Told::Launch(Arc::new(running.clone())));
                    if mode == "SLOW" {
                        return Answer::Launched(running);
                    }
                    self.tell(record("engine", ProcessState::Running { ready: true }));
                    let phase =
                        if mode == "TANK" { LaunchPhase::Partial } else { LaunchPhase::Complete };
                    let ended = Launch { phase, ended: Some(UtcMicros(9)), ..running.clone() };
                    self.told.hear(Told::Launch(Arc::new(ended)));
                    Answer::Launched(running)
                }
                ("LIVE", _) => refused(Refusal::Confirmation, "type LIVE 10000"),
                ("REPLAY", _) => refused(Refusal::Requirement, "/data/replay is not there"),
                (other, _) => {
                    let (kind, why) = unknown("mode", other);
                    Answer::Refused { kind, why }
                }
            },
            Order::Safe { confirm, .. } if confirm != "CLOSE EVERYTHING" => {
                refused(Refusal::Confirmation, "type CLOSE EVERYTHING")
            }
            Order::Safe { reason, .. } => {
                let verified = reason == "flat";
                let word = if verified { "VERIFIED" } else { "NOT VERIFIED" };
                let launch = Launch {
                    id: self.launches.fetch_add(1, Ordering::Relaxed) + 1,
                    mode: Text::new("SAFE_MODE"),
                    ..Launch::default()
                };
                self.told.hear(Told::Launch(Arc::new(launch.clone())));
                let phase = if verified { LaunchPhase::Complete } else { LaunchPhase::Partial };
                let notes = vec![Text::new(&format!("kill path: {word}: at main"))];
                let ended = Launch { phase, notes, ..launch.clone() };
                self.told.hear(Told::Launch(Arc::new(ended)));
                Answer::Launched(launch)
            }
            Order::Restore { .. } => refused(Refusal::Failed, "no dump can be read"),
            _ => Answer::Accepted,
        }
    }
}

impl Modes for Doubles {
    fn modes(&self) -> Vec<ModeRecord> {
        let mode = |name: &str, confirm: &str| ModeRecord {
            name: Text::new(name),
            confirm: Text::new(confirm),
            live: name == "LIVE",
            settings: [("disable_broker".to_owned(), Value::Flag(false))].into(),
            ..ModeRecord::default()
        };
        vec![
            mode("LIVE", "LIVE 10000"),
            mode("PAPER", ""),
            mode("TANK", ""),
            mode("SLOW", ""),
            mode("REPLAY", ""),
        ]
    }

    fn plan(&self, mode: &str) -> Result<PlanRecord, Refused> {
        let known = self.modes().into_iter().find(|m| m.name.as_str() == mode);
        let known = known.ok_or_else(|| unknown("mode", mode))?;
        let refused = if mode == "REPLAY" { vec![Text::new("no recording")] } else { Vec::new() };
        let steps = vec![Text::new("start engine")];
        Ok(PlanRecord { mode: known.name, confirm: known.confirm, steps, refused })
    }
}

impl Lines for Doubles {
    fn lines(&self, wanted: &LineQuery) -> Vec<ConsoleLine> {
        let fits = |l: &&ConsoleLine| {
            l.seq > wanted.after
                && l.level >= wanted.level
                && wanted.process.as_ref().is_none_or(|p| p == l.process.as_str())
                && l.message.as_str().contains(&wanted.contains)
        };
        self.lines.lock().unwrap().iter().filter(fits).take(wanted.most).cloned().collect()
    }

    fn newest(&self) -> u64 {
        self.lines.lock().unwrap().last().map_or(0, |l| l.seq)
    }

    fn oldest(&self) -> u64 {
        self.lines.lock().unwrap().first().map_or(0, |l| l.seq)
    }
}

impl Alerts for Doubles {
    fn alerts(&self) -> Vec<MissionAlert> {
        let mut one = alert(1);
        if self.acknowledged.lock().unwrap().contains(&1) {
            one.acknowledged = Text::new("tester");
        }
        vec![one]
    }

    fn acknowledge(&self, id: u64, _: &By) -> Result<(), Refused> {
        if id != 1 {
            return Err((Refusal::Unknown, Text::new(&format!("no alert has the number {id}"))));
        }
        self.acknowledged.lock().unwrap().push(id);
        Ok(())
    }

    fn act(&self, id: u64, action: &str, confirm: &str, by: &By) -> Result<Text, Refused> {
        self.acknowledge(id, by)?;
        match (action, confirm) {
            ("restart", _) | ("kill_port_and_retry", "END 4242") => Ok(Text::new("restarted")),
            ("kill_port_and_retry", _) => Err((Refusal::Confirmation, Text::new("type END 4242"))),
            _ => Err((Refusal::Invalid, Text::new("this alert proposes no such action"))),
        }
    }
}

impl Zombies for Doubles {
    fn find(&self) -> Vec<ZombieRecord> {
        let id = Text::new("port-5555-4242");
        vec![ZombieRecord {
            id,
            kind: Text::new("port"),
            pid: Some(4_242),
            ..ZombieRecord::default()
        }]
    }

    fn end(&self, id: &str, confirm: &str, _: &By) -> Result<Text, Refused> {
        match (id, confirm) {
            ("port-5555-4242", "END 4242") => Ok(Text::new("ended")),
            ("port-5555-4242", _) => Err((Refusal::Confirmation, Text::new("type END 4242"))),
            _ => Err((Refusal::Unknown, Text::new("it is gone"))),
        }
    }
}

impl Switch for Doubles {
    fn engaged(&self) -> Option<Text> {
        None
    }

    fn refusing(&self) -> Vec<Text> {
        Vec::new()
    }

    fn engage(&self, _: &str) -> Result<Text, Text> {
        Err(Text::new("not in this test"))
    }

    fn kill(&self, _: &str, _: u64) -> KillEnd {
        KillEnd { verified: false, said: Text::new("not in this test") }
    }

    fn not_armed(&self) -> Option<Text> {
        None
    }

    fn figures(&self) -> Option<Figures> {
        Some(Figures { positions: 2, profit: -12_500, exposure: 30_000_000, ..Figures::default() })
    }
}

impl Gauges for Doubles {
    fn gauges(&self) -> Vec<Gauge> {
        let labels = vec![("disk", "vda".to_owned())];
        vec![Gauge { name: "host_disk_read_bytes", help: "Read", labels, value: 5.0 }]
    }
}
