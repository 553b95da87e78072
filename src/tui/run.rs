//! The console loop: one thread that owns State and builds frames.
//!
//! In every round, in this order: keys, what is urgent (a kill, an alarm, an
//! answer), a frame if one is due, ticks within a budget, sleep until
//! something comes. Nothing in here waits for a terminal, a file or a peer.

mod alarms;
mod calls;
mod ending;
mod keys;
mod left;
mod line;
mod looks;
mod mission;
mod past;
mod remote;
mod stray;
#[cfg(test)]
mod tests;
mod typed;

pub use calls::{Calls, OnAlarm};
pub use ending::Exit;
pub use past::Past;

use super::input::{self, Gatekeeper, Incoming, Wish};
use super::keymap::{Keymap, Sequence};
use super::looks::{Looks, Names};
use super::pace::Pace;
use super::prompt::Prompt;
use super::screen::{Frame, Screen};
use super::terminal::{self, TuiError};
use super::theme::Theme;
use super::view::WayBack;
use super::writer::Writer;
use crate::config::LineChoice;
use crate::control::{Desk, Guard, MissionAsk, MissionPort, Proposal, Trigger};
use crate::domain::{Stamp, Text};
use crate::event::{Level, Sender};
use crate::feeds::Sequencer;
use crate::host::clock;
use crate::state::State;
use crossbeam_channel as channel;
use left::Left;
use line::Line;
use past::Looking;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use stray::Stray;

/// Ticks folded in one round, so that a flood leaves room for keys.
const TICK_BUDGET: usize = 4_096;

/// So many ticks in one round are a flood: it is folded as it comes. Fewer wait
/// for the frame that shows them, so that each costs no waking of its own.
const FLOOD: usize = 1_024;

/// Frames a second on a slow line.
const SLOW_FPS: u32 = 2;

/// Called once, with the moment it happened.
pub type Once = Box<dyn FnOnce(Stamp) + Send>;

/// Everything a console is made of.
pub struct Console {
    /// What happens, numbered and stamped.
    pub sequencer: Sequencer,
    /// Where keys and guards are reported.
    pub sender: Sender,
    /// Panes and overlays.
    pub screen: Box<dyn Screen>,
    /// How it looks.
    pub theme: Theme,
    /// Which key means what.
    pub keymap: Keymap,
    /// Other themes and keymaps, and what is remembered.
    pub looks: Looks,
    /// The kill thread.
    pub trigger: Arc<dyn Trigger>,
    /// Ordinary commands.
    pub desk: Arc<dyn Desk>,
    /// Mission control, where it is followed.
    pub mission: Option<Arc<dyn MissionPort>>,
    /// Frames per second without keys and alarms, 1 to 30.
    pub fps: u32,
    /// How much the line to the terminal takes.
    pub line: LineChoice,
    /// How alarms call.
    pub calls: Calls,
    /// Whether the mouse moves the screen.
    pub mouse: bool,
    /// What can be looked back at.
    pub past: Past,
    /// Warnings for the Log pane, such as those of `Theme::load`.
    pub notes: Vec<Text>,
    /// The commands that lead back after a kill, as typed in a shell; no key
    /// resets.
    pub way_back: WayBack,
    /// Called when the first frame is on its way, before anything else may
    /// take time: connect feeds in here.
    pub on_start: Option<Once>,
    /// Called on the writer's thread when the first frame has reached the
    /// terminal.
    pub on_first_frame: Option<Once>,
}

/// Runs the console until it is left.
///
/// # Errors
/// There is no terminal, or it can't be set up.
pub fn run(console: Console) -> Result<Ended, TuiError> {
    let (ended, ends) = channel::bounded(8);
    let (forward, keys) = channel::bounded(input::BACKLOG);
    let lost = Arc::new(AtomicBool::new(false));
    // Before the terminal is touched: a signal must find the way back.
    let _signals = ending::watch_signals(&ended, &lost)?;
    let taken = terminal::take(console.mouse)?;

    let out = File::from(terminal::output()?);
    let writer = {
        let (ended, lost) = (ended.clone(), Arc::clone(&lost));
        Writer::start(out, console.on_first_frame, move |_| {
            lost.store(true, Ordering::SeqCst);
            let _ = ended.try_send(Exit::TerminalLost);
        })?
    };
    let (columns, rows) = terminal::size();
    let wish = Arc::<Wish>::default();
    let history = console.looks.history().to_vec();
    let mut round = Round {
        state: State::default(),
        sequencer: console.sequencer,
        sender: console.sender,
        screen: console.screen,
        theme: console.theme,
        keymap: console.keymap,
        looks: console.looks,
        names: Names::default(),
        prompt: None,
        history,
        notice: None,
        wish: Arc::clone(&wish),
        desk: console.desk,
        mission: console.mission,
        asking: None,
        ordered: false,
        sequence: Sequence::default(),
        stray: Stray::default(),
        way_back: console.way_back,
        guard: Guard::default(),
        proposal: None,
        pace: Pace::new(console.fps),
        area: Rect::new(0, 0, columns, rows),
        writer,
        broken: false,
        line: Line::new(console.line),
        fps: console.fps,
        calls: console.calls,
        flood: false,
        left: Left::default(),
        looking: Looking::new(console.past),
    };
    round.left.begin(round.screen.layout());
    round.open_recording();
    if round.line.is_slow() {
        round.line_changed();
    }
    round.urgent();
    round.draw();

    let gate = Gatekeeper::new(console.trigger, round.sender.clone(), forward, Arc::clone(&lost))
        .heeding(wish);
    ending::watch_terminal(gate, &ended, &lost)?;
    for note in &console.notes {
        round.sender.log(Level::Warn, "console", note);
    }
    if let Some(start) = console.on_start {
        start(clock::now());
    }
    let exit = round.until_the_end(&keys, &ends);
    // From here on no key may fire any more.
    lost.store(true, Ordering::SeqCst);
    round.leave();
    drop(taken);
    // With the terminal given back: nobody waits for a sick disk in front of a
    // screen that is over.
    if !round.looks.close(left::PATIENCE) {
        tracing::warn!("the layout may not be kept: the disk of the state directory is slow");
    }
    Ok(Ended { exit, state: round.state })
}

/// What is left of a console.
#[derive(Clone, Debug)]
pub struct Ended {
    /// Why it ended.
    pub exit: Exit,
    /// What it knew last.
    pub state: State,
}

/// The loop's belongings.
struct Round {
    state: State,
    sequencer: Sequencer,
    sender: Sender,
    screen: Box<dyn Screen>,
    theme: Theme,
    keymap: Keymap,
    looks: Looks,
    names: Names,
    /// The text field, while it is open.
    prompt: Option<Prompt>,
    /// Lines of the command line, the oldest first.
    history: Vec<String>,
    /// One line for the operator, and since when.
    notice: Option<(Text, Stamp)>,
    /// For the guards that the input thread owns.
    wish: Arc<Wish>,
    desk: Arc<dyn Desk>,
    mission: Option<Arc<dyn MissionPort>>,
    /// What of mission control the guard, or the text field, is open for.
    asking: Option<MissionAsk>,
    /// An order went to mission control, and no key was pressed since.
    ordered: bool,
    sequence: Sequence,
    /// For keys that only the default keymap knows.
    stray: Stray,
    way_back: WayBack,
    /// For verbs that a keymap names; KILL and BLOCK have the input thread's.
    guard: Guard,
    /// The order that this guard is open for.
    proposal: Option<Proposal>,
    pace: Pace,
    area: Rect,
    writer: Writer,
    /// A record was out of sequence; told once.
    broken: bool,
    line: Line,
    fps: u32,
    calls: Calls,
    /// Ticks came in a flood in the last round.
    flood: bool,
    /// How the screen was left.
    left: Left,
    looking: Looking,
}

impl Round {
    fn until_the_end(
        &mut self,
        keys: &channel::Receiver<Incoming>,
        ends: &channel::Receiver<Exit>,
    ) -> Exit {
        loop {
            if let Ok(exit) = ends.try_recv() {
                return exit;
            }
            while let Ok(incoming) = keys.try_recv() {
                if let Some(exit) = self.hear(&incoming) {
                    return exit;
                }
            }
            self.urgent();
            self.hear_unconfirmed();
            self.hear_past();
            self.restyle();
            self.expire(clock::now());
            if self.sequence.waits(clock::now()) {
                self.pace.touch();
            }
            // What an operator waits for waits for no ticks; what else is drawn
            // shows the newest.
            if self.pace.is_urgent() {
                self.draw_due();
            }
            let more = self.fold(TICK_BUDGET);
            self.draw_due();
            self.calls.look(&self.state, &self.writer);
            self.keep_layout(Some(clock::now()));
            if !more {
                self.wait(keys, ends);
            }
        }
    }

    /// Sleeps until something comes or is due.
    fn wait(&self, keys: &channel::Receiver<Incoming>, ends: &channel::Receiver<Exit>) {
        let now = clock::now();
        let frame = self.pace.due_in(now).unwrap_or(Duration::MAX);
        let guard = self.guard.deadline().map_or(Duration::MAX, |end| end.since(now));
        // A guard is over just past its deadline, not on it.
        let guard = guard.saturating_add(Duration::from_millis(1));
        let popup = self.sequence.hint_in(now).unwrap_or(Duration::MAX);
        let mut timeout = self.sequencer.until_beat().min(frame).min(guard).min(popup);
        let mut select = channel::Select::new();
        if !self.is_armed() {
            select.recv(self.looks.told());
        }
        if let Some(news) = self.looking.news() {
            select.recv(news);
        }
        select.recv(keys);
        select.recv(ends);
        select.recv(self.sequencer.urgent());
        let usual = self.pace.usual_in(now);
        if self.flood || usual.is_zero() {
            select.recv(self.sequencer.data());
        } else {
            timeout = timeout.min(usual);
        }
        let _ = select.ready_timeout(timeout);
    }

    /// Folds what is urgent.
    fn urgent(&mut self) {
        self.fold(0);
    }

    /// Folds what waits, ticks within `budget`; true when ticks are left.
    fn fold(&mut self, budget: usize) -> bool {
        let (state, mut fault) = (&mut self.state, None);
        let turn = self.sequencer.turn(budget, |record| {
            if let Err(error) = state.apply(record) {
                fault = Some(error);
            }
        });
        self.sequencer.make_whole(&self.state);
        if let Some(error) = fault.filter(|_| !self.broken) {
            self.broken = true;
            self.sender.log(Level::Alarm, "console", format!("the record has a hole: {error}"));
        }
        if turn.urgent > 0 {
            self.pace.hurry();
        } else if turn.records > 0 {
            self.pace.touch();
        }
        if budget > 0 {
            self.flood = turn.ticks >= FLOOD;
        }
        turn.more && budget > 0
    }

    /// The rate of frames follows the line.
    fn line_changed(&mut self) {
        let slow = self.line.is_slow();
        self.pace.slow_down(slow.then_some(SLOW_FPS));
        self.pace.hurry();
        let text = if slow {
            format!("the line is slow: {SLOW_FPS} frames a second, keys and kills as ever")
        } else {
            format!("the line: {} frames a second", self.fps)
        };
        self.sender.log(Level::Info, "console", text);
    }

    /// A frame, if one is due.
    fn draw_due(&mut self) {
        if self.pace.due_in(clock::now()) != Some(Duration::ZERO) {
            return;
        }
        self.draw();
        if self.line.look(&self.writer, clock::now()) {
            self.line_changed();
        }
    }

    fn draw(&mut self) {
        let mut canvas = self.writer.canvas(self.area);
        self.paint(&mut canvas);
        self.writer.put(canvas);
        self.pace.drawn(clock::now());
    }

    fn paint(&mut self, canvas: &mut Buffer) {
        let pending = self.sequence.shown();
        let (state, past) = self.looking.states(&self.state);
        let time = self.looking.timeline(self.state.guard_open().is_some());
        let frame = Frame {
            state,
            theme: &self.theme,
            keymap: &self.keymap,
            pending: &pending,
            slow: self.line.is_slow(),
            now: clock::now(),
            waits: self.sequence.waits(clock::now()),
            prompt: self.prompt.as_ref(),
            notice: self.notice.as_ref().map_or("", |(text, _)| text.as_str()),
            past,
            time: time.as_ref(),
        };
        self.screen.draw(frame, self.area, canvas);
    }
}
