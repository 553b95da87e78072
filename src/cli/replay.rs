//! `crs replay`: a recording on the same screen that a session has.
//!
//! By construction nothing can be acted on: there is no socket, no gateway's
//! address, no agent and no latch in this process, and who answers for them
//! only says so. State is folded by the code that folds it live.

use super::exit::exits;
use super::session::{self, Plan};
use super::{Context, Exit, Failure, Outcome};
use crate::config::AlarmSettings;
use crate::config::Calls as CallsFor;
use crate::control::{Desk, Proposal, Remote, RemoteVerb, Trigger};
use crate::domain::{Intent, Mode, Stamp, Text, Ticket};
use crate::event::{Level, Sender, SessionInfo, channel_pair};
use crate::feeds::Sequencer;
use crate::host::SystemClock;
use crate::journal::player::{Move, Place, Speed};
use crate::journal::survey::survey;
use crate::journal::{Recording, Source};
use crate::tui::cockpit::Cockpit;
use crate::tui::looks::Memory;
use crate::tui::run::{self as console, Calls, Console, Past};
use crate::tui::terminal;
use crate::tui::view::WayBack;
use serde::Serialize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// What is told of whatever would act.
const NOTHING: &str = "nothing was done: this is a recording; crs kill stops all trading";

/// Which recording, and where it begins.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "left by a key; with --verify: read to its end",
    1 "the recording can't be read, or not to its end; or no terminal",
    129 "the terminal was lost",
    130 "SIGINT",
    143 "SIGTERM",
))]
pub struct Args {
    /// A recording, or a directory of them: then its newest session
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Begin at a time (UTC) or a record: 14:05:30, 2026-01-14T14:05, 12345
    #[arg(long, value_name = "TIME|SEQ", value_parser = place, conflicts_with = "verify")]
    at: Option<Place>,
    /// How fast it plays: 0.1, 0.5, 1, 2, 5, 10, 60, 100, 1000
    #[arg(long, value_name = "X", value_parser = speed, conflicts_with = "verify")]
    speed: Option<Speed>,
    /// Stand still at first
    #[arg(long, conflicts_with = "verify")]
    paused: bool,
    /// Read all of it and print how many records it has and the digest of what they come to
    #[arg(long)]
    verify: bool,
    /// One JSON document on standard output
    #[arg(long, requires = "verify")]
    json: bool,
}

fn place(text: &str) -> Result<Place, String> {
    match Place::parse(text).map_err(|why| why.to_string())? {
        Place::By(_) => Err("a way from here means nothing before there is a here".to_owned()),
        place => Ok(place),
    }
}

fn speed(text: &str) -> Result<Speed, String> {
    let all = || Speed::ALL.map(|speed| speed.word().trim_end_matches('x').to_owned()).join(", ");
    Speed::named(text).ok_or_else(|| format!("one of {}", all()))
}

impl Args {
    /// Whether it takes the terminal for itself.
    #[must_use]
    pub const fn has_screen(&self) -> bool {
        !self.verify
    }
}

/// Plays, or verifies.
///
/// # Errors
/// Status 1 when nothing of the recording can be read or there is no
/// terminal.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let recording = Recording::open(&args.file).map_err(Failure::failed)?;
    if args.verify {
        return Ok(verify(args, &recording, ctx));
    }
    drop(recording);
    // Only looks are taken from the configuration, so its mistakes are told,
    // not fatal.
    let loaded = ctx.loaded();
    terminal::present().map_err(Failure::failed)?;
    let notes = loaded.problems.iter().map(|p| Text::new(&p.to_string())).collect();
    let plan = Plan {
        settings: loaded.settings,
        forced_mode: Some(Mode::Replay),
        config: Text::new("crs replay"),
        notes,
        memory: Memory::default(),
        way_back: WayBack { reset: Text::new("crs reset --reason TEXT"), ..WayBack::default() },
    };
    show(args, &plan)
}

fn show(args: &Args, plan: &Plan) -> Outcome {
    let (sender, receiver) = channel_pair();
    let info = SessionInfo {
        version: Text::new(env!("CARGO_PKG_VERSION")),
        forced_mode: plan.forced_mode,
        ..SessionInfo::default()
    };
    let (theme, keymap, looks, notes) = session::looks(plan);
    let nobody = Arc::new(Nobody(sender.clone()));
    // What a recording holds happened long ago: nobody is called for it.
    let silent =
        AlarmSettings { bell: CallsFor::Off, notify: CallsFor::Off, ..AlarmSettings::default() };
    let ended = console::run(Console {
        sequencer: Sequencer::new(receiver, Box::new(SystemClock), info),
        sender,
        screen: Box::new(Cockpit::new(plan.settings.card.clone())),
        theme,
        keymap,
        looks,
        trigger: Arc::clone(&nobody) as _,
        desk: nobody,
        mission: None,
        fps: plan.settings.fps,
        line: plan.settings.line,
        calls: Calls::new(silent, None),
        mouse: plan.settings.mouse,
        past: past(args),
        way_back: plan.way_back.clone(),
        notes,
        on_start: None,
        on_first_frame: None,
    });
    session::exit_of(ended.map_err(Failure::failed)?.exit)
}

fn past(args: &Args) -> Past {
    let path = args.file.clone();
    let open =
        move || Recording::open(&path).map(|recording| Box::new(recording) as Box<dyn Source>);
    let mut first = Vec::new();
    first.extend(args.at.map(Move::from));
    first.extend(args.speed.map(Move::Speed));
    if !args.paused {
        first.push(Move::Play);
    }
    Past::Recording(Arc::new(open), first)
}

#[derive(Serialize)]
struct Verified<'a> {
    file: &'a Path,
    records: u64,
    last: u64,
    digest: String,
    damage: Option<String>,
}

fn verify(args: &Args, recording: &Recording, ctx: &mut Context) -> Exit {
    let found = survey(recording);
    let told = Verified {
        file: &args.file,
        records: found.records.values().sum(),
        last: found.last,
        digest: found.digest,
        damage: found.damage.into_iter().next(),
    };
    if args.json {
        ctx.out.json(&told);
    } else {
        ctx.out.line(format!("records {}, digest {}", told.records, told.digest));
    }
    match &told.damage {
        None => Exit::OK,
        Some(damage) => {
            ctx.out.note(format!("crs: {damage}"));
            Exit::FAILED
        }
    }
}

/// Who answers where a session has a kill thread and a clerk.
struct Nobody(Sender);

impl Nobody {
    fn tell(&self) {
        self.0.log(Level::Warn, "replay", NOTHING);
    }
}

impl Trigger for Nobody {
    fn fire(&self, _intent: Intent, _pressed: Stamp) {
        self.tell();
    }
}

impl Remote for Nobody {
    fn remote(&self, _verb: RemoteVerb) {
        self.tell();
    }

    fn denies_remote(&self, _verb: RemoteVerb) -> Option<Text> {
        Some(Text::new(NOTHING))
    }
}

impl Desk for Nobody {
    fn close(&self, _gateway: u16, _ticket: Ticket) {
        self.tell();
    }

    fn arm(&self) {
        self.tell();
    }

    fn probe_again(&self) {
        self.tell();
    }

    fn stand_down(&self) {
        self.tell();
    }

    fn order(&self, _order: Proposal) {
        self.tell();
    }

    fn denies_orders(&self) -> Option<Text> {
        Some(Text::new(NOTHING))
    }
}
