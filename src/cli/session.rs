//! Everything that runs behind a console, wired: gate and watcher, kill
//! thread and clerk, feeds and polls, and the screen in front.

use super::clerk::{Clerk, Looks as Checks, Polls};
use super::orders::OrderFeed;
use super::witnessing::Witnessing;
use super::{Exit, Failure, Outcome, alerts, logs, wiring};
use crate::audit::LedgerReader;
use crate::breaker::{Gate, Watcher};
use crate::config::{Profile, RecordingSettings, Settings, dirs};
use crate::control::kill::Hand;
use crate::domain::{Mode, Text};
use crate::event::{DrillReport, Event, Level, Sender, SessionInfo, channel_pair};
use crate::feeds::events::EventsHandle;
use crate::feeds::ticks::FeedHandle;
use crate::feeds::{self as edges, DecisionFeed, LatchFeed, Sequencer};
use crate::host::{Identity, SystemClock};
use crate::journal::{self, Recorder, RingConfig, Running, ring};
use crate::link::context;
use crate::mesh::{Means, Watch};
use crate::mission::client::Follower;
use crate::state::State;
use crate::tui::cockpit::Cockpit;
use crate::tui::keymap::Keymap;
use crate::tui::looks::{Looks, Memory, Start};
use crate::tui::run::{self as console, Calls, Console, Past};
use crate::tui::theme::{TermEnv, Theme};
use crate::tui::view::WayBack;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// A console that can't end its threads within this time ends without them.
const PATIENCE: Duration = Duration::from_millis(700);

/// What a session is about.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The settings in force.
    pub settings: Settings,
    /// A mode that the program itself imposes.
    pub forced_mode: Option<Mode>,
    /// Where the configuration came from.
    pub config: Text,
    /// For the Log pane, from before there was one.
    pub notes: Vec<Text>,
    /// What the last session left, and where this one leaves it.
    pub memory: Memory,
    /// The commands that lead back after a kill, as typed in a shell.
    pub way_back: WayBack,
}

/// A session that runs, without its screen.
pub struct Session {
    plan: Plan,
    sender: Sender,
    sequencer: Sequencer,
    gate: Arc<Gate>,
    behind: Behind,
}

/// The feeds that run.
#[derive(Default)]
struct Feeds {
    ticks: Mutex<Vec<FeedHandle>>,
    events: Mutex<Vec<EventsHandle>>,
}

/// What ends with the session.
struct Behind {
    watcher: Watcher,
    latch: LatchFeed,
    decisions: Option<DecisionFeed>,
    orders: OrderFeed,
    hand: Arc<Hand>,
    clerk: Arc<Clerk>,
    polls: Polls,
    checks: Checks,
    mission: Option<Arc<Follower>>,
    feeds: Arc<Feeds>,
    _desk: JoinHandle<()>,
    diagnostics: logs::Diagnostics,
    recording: Option<Recording>,
}

/// The recorder's threads, and what they write.
struct Recording {
    running: Running,
    session: ring::Session,
}

impl Session {
    /// Starts everything but feeds and screen. The gate stays closed until
    /// the latch is proven absent.
    ///
    /// # Errors
    /// When the state directory can't be used or there are no threads.
    pub fn open(plan: Plan) -> Result<Self, Failure> {
        let settings = &plan.settings;
        dirs::ensure_private(&settings.state_dir).map_err(Failure::failed)?;
        let diagnostics = logs::Diagnostics::start(&settings.state_dir);
        tell(&plan);
        let (sender, receiver) = channel_pair();
        let sequencer = Sequencer::new(receiver, Box::new(SystemClock), info(&plan));
        let (sequencer, recording) = recorded(settings, sequencer, &sender);
        let gate = Arc::new(Gate::default());
        let latch = LatchFeed::start(Arc::clone(&gate), sender.clone()).map_err(Failure::failed)?;
        let watcher = wiring::watch(settings, "console", Arc::clone(&gate), latch.teller());
        let decisions = decisions(settings, &sender)?;
        let orders = OrderFeed::start(settings, sender.clone()).map_err(Failure::failed)?;
        let hand = wiring::hand(settings, role(&plan), true, Arc::clone(&gate), sender.clone())?;
        let hand = Arc::new(hand);
        let (polls, checks) = (Polls::default(), Checks::default());
        let (clerk, desk) = Clerk::start(
            settings.clone(),
            Arc::clone(&hand),
            (Arc::clone(&polls), Arc::clone(&checks)),
            Arc::clone(&gate),
            sender.clone(),
        )
        .map_err(Failure::failed)?;
        let mission = follow(settings, &sender);
        let feeds = Arc::default();
        let clerk = Arc::new(clerk);
        let behind = Behind {
            watcher,
            latch,
            decisions,
            orders,
            hand,
            clerk,
            polls,
            checks,
            mission,
            feeds,
            _desk: desk,
            diagnostics,
            recording,
        };
        Ok(Self { plan, sender, sequencer, gate, behind })
    }

    /// Where to report.
    #[must_use]
    pub const fn sender(&self) -> &Sender {
        &self.sender
    }

    /// The gate of this process.
    #[must_use]
    pub fn gate(&self) -> Arc<Gate> {
        Arc::clone(&self.gate)
    }

    /// Shows the screen until it is left, then ends everything.
    ///
    /// # Errors
    /// There is no terminal, or it can't be set up.
    pub fn show(self) -> Outcome {
        self.watched().map(|(exit, _)| exit)
    }

    /// As [`Session::show`]; gives back what the screen showed last, too.
    ///
    /// # Errors
    /// There is no terminal, or it can't be set up.
    pub fn watched(self) -> Result<(Exit, State), Failure> {
        let Self { plan, sender, sequencer, behind, .. } = self;
        let (theme, keymap, looks, notes) = looks(&plan);
        let connect = {
            // What the polls read is also what a kill records as "before".
            let sender = sender.tapped(behind.hand.overhears());
            let settings = plan.settings.clone();
            let (polls, feeds) = (Arc::clone(&behind.polls), Arc::clone(&behind.feeds));
            let checks = Arc::clone(&behind.checks);
            move |_| {
                verify(&settings, &sender, &checks);
                connect(&settings, &sender, &polls, &feeds);
                look_up_drill(&settings, &sender);
            }
        };
        let mut screen = Cockpit::new(plan.settings.card.clone())
            .leading_back(plan.way_back.clone())
            .with_diagnostics(behind.diagnostics.keeper.clone());
        if plan.settings.keep_layout {
            screen = screen.left_as(&plan.memory.layout);
        }
        let past = past(&plan.settings, behind.recording.as_ref());
        let on_alarm = alerts::runner(&plan.settings.alarms.on_alert, &sender);
        let ended = console::run(Console {
            sequencer,
            sender,
            screen: Box::new(screen),
            theme,
            keymap,
            looks,
            trigger: Arc::clone(&behind.hand) as _,
            desk: Arc::clone(&behind.clerk) as _,
            mission: behind.mission.clone().map(|mission| mission as _),
            fps: plan.settings.fps,
            line: plan.settings.line,
            calls: Calls::new(plan.settings.alarms.clone(), on_alarm),
            mouse: plan.settings.mouse,
            past,
            notes,
            way_back: plan.way_back,
            on_start: Some(Box::new(connect)),
            on_first_frame: None,
        });
        behind.end();
        let ended = ended.map_err(Failure::failed)?;
        Ok((exit_of(ended.exit)?, ended.state))
    }
}

/// The status of a screen that ended so.
///
/// # Errors
/// The keyboard could not be read.
pub(super) fn exit_of(exit: console::Exit) -> Outcome {
    Ok(match exit {
        console::Exit::Quit => Exit::OK,
        console::Exit::Signal(n) => Exit(u8::try_from(n).map_or(1, |n| n.saturating_add(128))),
        console::Exit::TerminalLost => Exit(129),
        console::Exit::Unreadable(why) => {
            return Err(Failure::failed(format!("the keyboard can't be read: {why}")));
        }
    })
}

/// As in the audit log.
fn role(plan: &Plan) -> &'static str {
    if plan.forced_mode == Some(Mode::Drill) { wiring::DRILL } else { "console" }
}

impl Behind {
    /// Ends the threads; one that hangs is left behind after [`PATIENCE`].
    fn end(self) {
        let (done, ended) = crossbeam_channel::bounded::<()>(1);
        let work = move || {
            self.hand.quit(PATIENCE);
            drop((take(&self.feeds.ticks), take(&self.feeds.events), take(&self.polls)));
            drop((take(&self.checks), self.mission));
            drop((self.latch, self.decisions, self.orders));
            self.watcher.stop();
            drop((self.clerk, self.hand));
            if self.recording.is_some_and(|recording| !recording.running.stop(PATIENCE / 2)) {
                tracing::warn!("the last second was not recorded: the disk hangs");
            }
            self.diagnostics.end();
            let _ = done.send(());
        };
        if std::thread::Builder::new().name("ending".to_owned()).spawn(work).is_ok() {
            let _ = ended.recv_timeout(PATIENCE);
        }
    }
}

fn take<T>(shared: &Mutex<Vec<T>>) -> Vec<T> {
    std::mem::take(&mut *shared.lock().unwrap_or_else(PoisonError::into_inner))
}

fn keep<T>(shared: &Mutex<Vec<T>>, one: T) {
    shared.lock().unwrap_or_else(PoisonError::into_inner).push(one);
}

/// Records the session from its first event on, unless told otherwise.
fn recorded(
    settings: &Settings,
    sequencer: Sequencer,
    sender: &Sender,
) -> (Sequencer, Option<Recording>) {
    let RecordingSettings { on, max_mb, max_days } = settings.recording;
    if !on {
        return (sequencer, None);
    }
    let config = RingConfig {
        max_bytes: max_mb.saturating_mul(1 << 20),
        max_age: Duration::from_hours(24 * max_days),
        sealer: std::env::current_exe().ok(),
        ..RingConfig::new(wiring::recordings(settings))
    };
    match Recorder::start(config, sender.clone()) {
        Ok((recorder, running)) => {
            let session = recorder.session().clone();
            let sequencer = sequencer.with_journal(Box::new(recorder));
            (sequencer, Some(Recording { running, session }))
        }
        Err(e) => {
            sender.log(Level::Warn, "recording", format!("not recording, no thread: {e}"));
            (sequencer, None)
        }
    }
}

/// What the screen can look back at: what this session records.
fn past(settings: &Settings, recording: Option<&Recording>) -> Past {
    let Some(recording) = recording else {
        let why = if settings.recording.on {
            "the recorder could not be started, see the log"
        } else {
            "recording is off in the settings"
        };
        return Past::None(Text::new(why));
    };
    let session = recording.session.clone();
    Past::Session(Arc::new(move || {
        let kept = journal::Recording::session(session.clone())?;
        Ok(Box::new(kept) as Box<dyn journal::Source>)
    }))
}

/// Follows the configured logs of automatic traders, if there are any.
fn decisions(settings: &Settings, sender: &Sender) -> Result<Option<DecisionFeed>, Failure> {
    if settings.decision_logs.is_empty() {
        return Ok(None);
    }
    let feed = DecisionFeed::start(settings.decision_logs.clone(), sender.clone());
    feed.map(Some).map_err(Failure::failed)
}

/// What the session is about, for the diagnostics. No value that could be a
/// secret: the names of files and the addresses of gateways.
fn tell(plan: &Plan) {
    tracing::info!("configuration: {}", plan.config);
    for gateway in &plan.settings.gateways {
        tracing::info!("gateway {}: {} and {}", gateway.name, gateway.cmd, gateway.data);
    }
    tracing::info!("latch: {}", plan.settings.kill_switch_file.display());
}

fn info(plan: &Plan) -> SessionInfo {
    let who = Identity::here();
    SessionInfo {
        version: Text::new(env!("CARGO_PKG_VERSION")),
        forced_mode: plan.forced_mode,
        gateways: plan.settings.gateways.clone(),
        latch: Text::new(&plan.settings.kill_switch_file.to_string_lossy()),
        operator: who.operator(),
        host: who.host,
        config: plan.config.clone(),
        calendar: plan.settings.calendar.clone(),
        alarms: plan.settings.alarms.rules,
    }
}

/// Tells when the kill was last rehearsed. On a thread of its own: the log
/// may be long.
fn look_up_drill(settings: &Settings, sender: &Sender) {
    let (audit, sender) = (wiring::latch_home(settings).audit(), sender.clone());
    let work = move || {
        if let Ok(ledger) = LedgerReader::new(&audit).refresh() {
            sender.send(Event::Drill(DrillReport { last: ledger.last_drill() }));
        }
    };
    let _ = std::thread::Builder::new().name("drill-log".to_owned()).spawn(work);
}

/// Theme and keymap; what could not be used is told, and a bundled one stands
/// in.
pub(super) fn looks(plan: &Plan) -> (Theme, Keymap, Looks, Vec<Text>) {
    let settings = &plan.settings;
    let env = TermEnv::from_vars(|name| std::env::var(name).ok());
    let (depth, charset) = (env.depth(settings.color), env.charset());
    let (theme, no_theme) = Theme::load(&settings.theme, &settings.config_dir, depth, charset);
    let (keymap, no_keymap) = Keymap::load(&settings.keymap, &settings.config_dir);
    tracing::info!("theme {}, {depth:?}, {charset:?}; keymap {}", theme.name(), keymap.name());
    let mut notes = plan.notes.clone();
    // What hides rows is in their titles, and once more where it is looked for.
    notes.extend(plan.memory.layout.hides().filter(|_| settings.keep_layout));
    notes.extend(no_theme);
    notes.extend(no_keymap);
    let start = Start {
        config_dir: settings.config_dir.clone(),
        depth,
        charset,
        theme: (settings.theme.clone(), theme.clone()),
        keymap: (settings.keymap.clone(), keymap.clone()),
        memory: plan.memory.clone(),
    };
    let looks = Looks::start(start).unwrap_or_else(|e| {
        notes.push(Text::new(&format!("theme and keymap can't change while this runs: {e}")));
        Looks::default()
    });
    for note in &notes {
        tracing::warn!("{note}");
    }
    (theme, keymap, looks, notes)
}

/// Starts feeds and polls of every gateway. What can't be started is told:
/// the kill needs none of it.
fn connect(settings: &Settings, sender: &Sender, polls: &Polls, feeds: &Feeds) {
    // Contexts of their own: a flood of ticks must not hold up the polls, nor
    // one of telemetry.
    let own = || context().inspect_err(|e| sender.log(Level::Alarm, "session", e.to_string()));
    let (Ok(for_ticks), Ok(for_polls), Ok(for_events)) = (own(), own(), own()) else { return };
    let (limits, rhythm) = (wiring::limits(settings), wiring::rhythm(settings));
    for (index, gateway) in (0_u16..).zip(&settings.gateways) {
        match edges::ticks::start(&for_ticks, index, gateway, limits, sender.clone()) {
            Ok(feed) => keep(&feeds.ticks, feed),
            Err(e) => sender.log(Level::Alarm, "feed", e.to_string()),
        }
        match edges::polls::start(&for_polls, index, gateway, rhythm, sender.clone()) {
            Ok(poll) => keep(polls, poll),
            Err(e) => sender.log(Level::Alarm, "polls", e.to_string()),
        }
    }
    let heads = Witnessing::start(&settings.state_dir);
    for (index, endpoint) in (0_u16..).zip(&settings.events) {
        let keeper = heads.of(endpoint);
        match edges::events::start(&for_events, index, endpoint, sender.clone(), keeper) {
            Ok(feed) => keep(&feeds.events, feed),
            Err(e) => sender.log(Level::Warn, "events", e.to_string()),
        }
    }
}

/// Follows mission control, where that is configured.
fn follow(settings: &Settings, sender: &Sender) -> Option<Arc<Follower>> {
    let socket = settings.mission.follows(&settings.state_dir)?;
    match Follower::start(socket, sender.clone()) {
        Ok(follower) => Some(Arc::new(follower)),
        Err(e) => {
            sender.log(Level::Warn, "mission", format!("it is not followed, no thread: {e}"));
            None
        }
    }
}

/// Runs the checks of the mesh at their periods, where that is wanted.
fn verify(settings: &Settings, sender: &Sender, checks: &Checks) {
    if !settings.mesh.watch {
        return;
    }
    let warn = |text: String| sender.log(Level::Warn, "mesh", text);
    let profile = match Profile::load(None, settings) {
        Ok(profile) => profile,
        Err(problems) => {
            for problem in &problems {
                warn(problem.to_string());
            }
            return;
        }
    };
    let means = Means::new(settings.calendar.clone(), settings.kill_switch_file.clone());
    let watch = means.and_then(|means| Watch::start(profile.checks, means, sender.clone()));
    match watch {
        Ok(watch) => keep(checks, watch),
        Err(e) => warn(format!("the checks of the mesh don't run: {e}")),
    }
}
