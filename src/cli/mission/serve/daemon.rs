//! The daemon's parts, and how they meet: processes report to the audit, the
//! audit to the hub, the hub to whoever listens; orders arrive at the desk.

use super::super::switch::OwnSwitch;
use crate::cli::{Failure, wiring};
use crate::config::{Flags, Problem, Settings};
use crate::domain::Text;
use crate::domain::mission::ProcessRecord;
use crate::host::Identity;
use crate::mission::annals::{self, Recorder};
use crate::mission::api::{Access, Parts as Api, Seat, Server};
use crate::mission::crew::Crew;
use crate::mission::desk::Desk;
use crate::mission::fence::{Fence, InForce};
use crate::mission::hands::Hands;
use crate::mission::hub::Hub;
use crate::mission::launch::{Launcher, Parts, Patience};
use crate::mission::lines::Reads;
use crate::mission::local::{LocalHands, Setup};
use crate::mission::order::{Answer, By, Order, Refusal};
use crate::mission::output::Output;
use crate::mission::parts::{Orders, Refused, ZombieRecord, Zombies};
use crate::mission::ports::Switch;
use crate::mission::remote::Remote;
use crate::mission::rules::{Alerts, Audited, Ties};
use crate::mission::spec::{Mission, Name};
use crate::mission::supervise::{HandsOf, OWN, Supervisor};
use crate::mission::told::Hears;
use crate::mission::usage::gauges::HostGauges;
use crate::mission::zombies::{Daemon as Whose, Finder};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

/// At the end, the audit is waited for so long.
const LAST: Duration = Duration::from_secs(2);
/// And what was taken down, so long.
const DOWN: Duration = Duration::from_mins(1);

/// Between two looks at who still lives.
const WATCH: Duration = Duration::from_millis(50);

/// A daemon that runs.
pub struct Daemon {
    dir: PathBuf,
    socket: PathBuf,
    mission: Arc<Mutex<Arc<Mission>>>,
    launcher: Arc<Launcher>,
    crew: Arc<Supervisor>,
    output: Arc<Output>,
    recorder: Arc<Recorder>,
    desk: Arc<Desk>,
    hub: Arc<Hub>,
    server: Server,
    resumed: Vec<Text>,
    _seat: Seat,
}

fn said(problems: &[Problem]) -> Text {
    let lines: Vec<String> = problems.iter().map(Problem::to_string).collect();
    Text::new(&lines.join("; "))
}

impl Daemon {
    /// Starts everything but the processes.
    ///
    /// # Errors
    /// Status 1 and which part could not be had.
    pub fn start(
        mission: Mission,
        path: Option<PathBuf>,
        settings: &Settings,
        flags: &Flags,
        stop: Arc<AtomicBool>,
    ) -> Result<Self, Failure> {
        let usual = settings.state_dir.join("mission");
        let dir = mission.daemon.dir.clone().unwrap_or(usual);
        let dir = std::path::absolute(&dir).map_err(Failure::failed)?;
        let access = Access::of(&mission.daemon, &dir).map_err(Failure::failed)?;
        let seat = Seat::take(&dir).map_err(Failure::failed)?;
        let mission = Arc::new(mission);
        let home = wiring::latch_home(settings);
        home.prepare().map_err(Failure::failed)?;

        let hub = Arc::new(Hub::default());
        hub.expect(&mission);
        let recorder = Recorder::start(home.chain(annals::ROLE), &home.audit(), hub.clone());
        let recorder = Arc::new(recorder.map_err(Failure::failed)?);
        let hears: Arc<dyn Hears> = recorder.clone();
        let deeds = recorder.clone();
        let audited: Audited = Arc::new(move |deed| deeds.deed(deed));
        let alerts =
            Alerts::start(&mission, Arc::clone(&hears), audited).map_err(Failure::failed)?;
        let output = Output::start(&mission, &dir, Arc::clone(&hears), Some(Arc::clone(&alerts)))
            .map_err(|problems| Failure::failed(said(&problems)))?;
        let reads: Arc<dyn Reads> = output.clone();

        let mut latches = wiring::extra(settings);
        latches.push(home.latch.clone());
        let (hands, own) = hands(&mission, &dir, &latches, &home.dir, &reads)?;
        let crew = Supervisor::new(&mission, hands, reads, alerts.clone(), Arc::clone(&hears));
        let crew = Arc::new(crew.map_err(Failure::failed)?);
        let as_crew: Arc<dyn Crew> = crew.clone();
        let switch: Arc<dyn Switch> = Arc::new(OwnSwitch::new(flags.clone()));
        let parts = (as_crew.clone(), switch.clone(), hears);
        let launcher = launcher(&mission, &dir, parts, &output)?;
        let in_force = Arc::new(Mutex::new(mission));
        let holds = Holds { mission: Arc::clone(&in_force), launcher: Arc::clone(&launcher) };
        let fenced: Arc<dyn Crew> = Arc::new(Fence { crew: Arc::clone(&as_crew), in_force: holds });
        let finder = finder(own, &in_force);
        alerts.tie(Ties {
            crew: weak(&fenced),
            reads: Arc::downgrade(&(output.clone() as Arc<dyn Reads>)),
            ports: finder.clone(),
        });
        let reload = Reload {
            one: Mutex::default(),
            path,
            flags: flags.clone(),
            mission: Arc::clone(&in_force),
            output: Arc::clone(&output),
            alerts: Arc::clone(&alerts),
            crew: Arc::clone(&crew),
            launcher: Arc::clone(&launcher),
            hub: Arc::clone(&hub),
            recorder: Arc::clone(&recorder),
        };
        let takes = Arc::clone(&launcher);
        let desk = Arc::new(Desk {
            against: Box::new(move |order| takes.against(order)),
            launcher: launcher.clone(),
            crew: Arc::clone(&fenced),
            alerts: alerts.clone(),
            reload: Box::new(move |by| reload.again(by)),
            end: Box::new(move || stop.store(true, Ordering::Release)),
            recorder: Arc::clone(&recorder),
        });
        // Before anybody can give an order: what is taken up then would undo it.
        let resumed = launcher.resume();
        for line in &resumed {
            recorder.daemon(line.as_str());
        }
        let socket = access.socket.clone();
        let server = Server::start(
            access,
            Api {
                hub: Arc::clone(&hub),
                orders: desk.clone(),
                crew: fenced,
                modes: launcher.clone(),
                lines: output.clone(),
                alerts,
                zombies: Arc::new(OnRecord { finder, recorder: recorder.clone() }),
                annals: recorder.clone(),
                switch,
                gauges: vec![Arc::new(HostGauges::new(&dir)), output.clone()],
            },
        );
        let server = server.map_err(Failure::failed)?;
        let daemon = Self {
            dir,
            socket,
            mission: in_force,
            launcher,
            crew,
            output,
            recorder,
            desk,
            hub,
            server,
            resumed,
            _seat: seat,
        };
        let mission = daemon.mission();
        daemon.recorder.daemon(&format!("started, pid {}", std::process::id()));
        daemon.recorder.loaded(&by("the daemon"), &mission.path, &mission.sha, &[]);
        Ok(daemon)
    }

    fn mission(&self) -> Arc<Mission> {
        Arc::clone(&self.mission.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What an operator should know at the start.
    pub fn banner(&self) -> Vec<String> {
        let mission = self.mission();
        let file = if mission.path.as_os_str().is_empty() {
            "the embedded mission file".to_owned()
        } else {
            mission.path.display().to_string()
        };
        let mut lines = vec![
            format!("mission control, pid {}: {file}", std::process::id()),
            format!(
                "{} processes, {} modes; works in {}",
                mission.processes.len(),
                mission.modes.len(),
                self.dir.display()
            ),
            format!("listens at {}", self.socket.display()),
        ];
        lines.extend(self.server.at.map(|at| format!("and at http://{at}, with the token")));
        lines
    }

    /// What was taken up of the mode that was in force, if any.
    pub fn resumed(&self) -> &[Text] {
        &self.resumed
    }

    /// Launches a mode; how that was answered.
    pub fn up(&self, mode: &str) -> String {
        let order = Order::Launch { mode: mode.to_owned(), confirm: String::new() };
        match self.desk.order(&order, &by("crs mission serve --up")) {
            Answer::Refused { why, .. } => format!("{mode} is not launched: {why}"),
            _ => format!("{mode} is being launched: crs mission ps"),
        }
    }

    /// Where orders arrive.
    pub fn desk(&self) -> Arc<Desk> {
        Arc::clone(&self.desk)
    }

    /// Stops what does not outlive the daemon, and everything else; `say` is
    /// told what is stopped, and each as it goes.
    pub fn end(self, say: impl FnMut(String)) {
        self.recorder.daemon("ends");
        self.launcher.close();
        // The kill runs in this process, and the gateway that it asks may be a
        // process of this mission.
        if !self.launcher.emergency_done() {
            self.recorder.daemon("the emergency shutdown does not end and is left to the next one");
        }
        let down = self.launcher.mode().name.is_empty();
        let records = || self.hub.status().told.status.processes.clone();
        watched(&self.crew, down, records, say);
        self.server.end();
        // One that was ordered in the last moment.
        if !self.launcher.emergency_done() {
            self.recorder.daemon("the emergency shutdown does not end and is left to the next one");
        }
        self.output.stop();
        if !self.recorder.end(LAST) {
            tracing::error!("the audit of mission control was not written to its end");
        }
    }
}

/// Stops everybody and tells how they go, by what was told last of each.
fn watched(
    crew: &Supervisor,
    down: bool,
    records: impl Fn() -> Vec<ProcessRecord>,
    mut say: impl FnMut(String),
) {
    let lives = |record: &ProcessRecord| record.state.may_live() && !record.external;
    let (kept, mut left): (Vec<_>, Vec<_>) =
        records().into_iter().filter(lives).partition(|record| record.kept && !down);
    for record in &kept {
        say(format!("{} goes on; the next daemon takes it up", record.name));
    }
    if !left.is_empty() {
        let names: Vec<&str> = left.iter().map(|record| record.name.as_str()).collect();
        say(format!("stopping {} processes: {}", left.len(), names.join(", ")));
        // Dependants go first, and mostly stand behind what they need.
        left.reverse();
    }
    std::thread::scope(|scope| {
        let stops = scope.spawn(|| {
            if down {
                // Taken down: what would outlive the daemon ends too.
                crew.wait_down(DOWN);
            }
            crew.shutdown();
        });
        loop {
            let over = stops.is_finished();
            let now = records();
            left.retain(|was| {
                let record = now.iter().find(|record| record.name == was.name);
                let gone = record.filter(|record| !record.state.may_live());
                if let Some(record) = gone {
                    say(format!("{}: {}", record.name, record.state));
                }
                gone.is_none()
            });
            if over {
                break;
            }
            std::thread::sleep(WATCH);
        }
    });
    for record in left {
        say(format!(
            "{}: STILL LIVES, or nobody can tell; crs mission zombies finds it",
            record.name
        ));
    }
}

/// SIGHUP: the mission file is read again.
pub fn hang_up(desk: &dyn Orders) {
    if let Answer::Refused { why, .. } = desk.order(&Order::Reload, &by("SIGHUP")) {
        tracing::error!("the mission file is not taken: {why}");
    }
}

/// Who orders where no client does.
fn by(what: &str) -> By {
    Text::new(&format!("{}: {what}", Identity::here().operator()))
}

fn weak(crew: &Arc<dyn Crew>) -> Weak<dyn Crew> {
    Arc::downgrade(crew)
}

fn launcher(
    mission: &Arc<Mission>,
    dir: &Path,
    (crew, switch, hears): (Arc<dyn Crew>, Arc<dyn Switch>, Arc<dyn Hears>),
    output: &Output,
) -> Result<Arc<Launcher>, Failure> {
    let launcher = Launcher::new(Parts {
        mission: Arc::clone(mission),
        dir: dir.to_owned(),
        crew,
        switch,
        hears,
        lines: Some(last_lines(output)),
        patience: Patience::default(),
    });
    Ok(Arc::new(launcher.map_err(Failure::failed)?))
}

/// Where the last lines of a process lie.
fn last_lines(output: &Output) -> crate::mission::launch::LastLines {
    let logs = output.logs().to_owned();
    Arc::new(move |name| Text::new(&logs.join(format!("{name}.log")).display().to_string()))
}

/// Hands for every machine, those of this one apart too.
fn hands(
    mission: &Mission,
    dir: &Path,
    latches: &[PathBuf],
    kill_path: &Path,
    reads: &Arc<dyn Reads>,
) -> Result<(HandsOf, Arc<LocalHands>), Failure> {
    let here = mission.processes.iter().filter(|p| p.host.is_none());
    let setup = Setup {
        dir: dir.to_owned(),
        crs: std::env::current_exe().map_err(Failure::failed)?,
        names: here.map(|p| p.name.clone()).collect(),
        latches: latches.to_vec(),
        kept_bytes: mission.daemon.log_bytes,
    };
    let own = LocalHands::new(setup, Arc::clone(reads)).map_err(Failure::failed)?;
    let own = Arc::new(own);
    let mut all = HandsOf::from([(OWN.to_owned(), own.clone() as Arc<dyn Hands>)]);
    let mut kills = latches.to_vec();
    kills.push(kill_path.to_owned());
    for host in &mission.hosts {
        let hands = Remote::new(host, dir, &kills, Arc::clone(reads)).map_err(Failure::failed)?;
        all.insert(host.name.clone(), Arc::new(hands));
    }
    Ok((all, own))
}

/// Who finds what was left behind: the hands know what is on record.
fn finder(hands: Arc<LocalHands>, in_force: &Arc<Mutex<Arc<Mission>>>) -> Arc<Finder> {
    let now = Arc::clone(in_force);
    let mission = move || Arc::clone(&now.lock().unwrap_or_else(PoisonError::into_inner));
    Arc::new(Finder::new(Arc::new(Whose { hands, mission })))
}

/// What holds when a single order comes.
struct Holds {
    mission: Arc<Mutex<Arc<Mission>>>,
    launcher: Arc<Launcher>,
}

impl InForce for Holds {
    fn mission(&self) -> Arc<Mission> {
        Arc::clone(&self.mission.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn mode(&self) -> Name {
        self.launcher.mode().name.as_str().to_owned()
    }

    fn live(&self) -> bool {
        self.launcher.is_live()
    }

    fn against(&self) -> Option<Refused> {
        self.launcher.against_single()
    }
}

/// Whoever ends what was left behind is on record with it.
struct OnRecord {
    finder: Arc<Finder>,
    recorder: Arc<Recorder>,
}

impl Zombies for OnRecord {
    fn find(&self) -> Vec<ZombieRecord> {
        Zombies::find(&*self.finder)
    }

    fn end(&self, id: &str, confirm: &str, by: &By) -> Result<Text, Refused> {
        let which = Zombies::find(&*self.finder).into_iter().find(|z| z.id.as_str() == id);
        let which = which.map_or_else(|| Text::limited(id, 80), |zombie| zombie.what);
        let what = format!("end what was left behind: {which}");
        self.recorder.ordered(by, &what);
        let came = Zombies::end(&*self.finder, id, confirm, by);
        let answer = match &came {
            Ok(_) => Answer::Accepted,
            Err((kind, why)) => Answer::Refused { kind: *kind, why: why.clone() },
        };
        self.recorder.answered(by, &what, !confirm.is_empty(), &answer);
        came
    }
}

/// Reads the mission file again, one at a time.
struct Reload {
    one: Mutex<()>,
    path: Option<PathBuf>,
    flags: Flags,
    mission: Arc<Mutex<Arc<Mission>>>,
    output: Arc<Output>,
    alerts: Arc<Alerts>,
    crew: Arc<Supervisor>,
    launcher: Arc<Launcher>,
    hub: Arc<Hub>,
    recorder: Arc<Recorder>,
}

impl Reload {
    /// What changed; or every mistake, and nothing is changed.
    fn again(&self, by: &By) -> Result<Vec<Text>, Refused> {
        let _one = self.one.lock().unwrap_or_else(PoisonError::into_inner);
        let wrong = |problems: Vec<Problem>| (Refusal::Invalid, said(&problems));
        let next = Arc::new(super::read(self.path.as_deref(), &self.flags).map_err(wrong)?);
        self.output.reload(&next).map_err(wrong)?;
        self.alerts.reload(&next);
        let mut changes = {
            let mut mission = self.mission.lock().unwrap_or_else(PoisonError::into_inner);
            let restart = next.hosts != mission.hosts || next.daemon.dir != mission.daemon.dir;
            *mission = Arc::clone(&next);
            restart.then(|| Text::new("machines and [daemon] dir change with the next daemon"))
        }
        .into_iter()
        .collect::<Vec<_>>();
        // Where real money is traded, nothing starts but by a launch.
        changes.extend(self.crew.reload(Arc::clone(&next), !self.launcher.is_live()));
        changes.extend(self.launcher.reload(&next));
        self.hub.expect(&next);
        self.recorder.loaded(by, &next.path, &next.sha, &changes);
        Ok(changes)
    }
}
