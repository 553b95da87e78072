//! The past on the screen: a recording that is replayed, or what this session
//! recorded of itself while it goes on.
//!
//! Looking back changes what the panes show and nothing else: records are
//! folded, alarms call and a kill fires as ever. What acts on something that
//! the past shows is refused, for it may not be there any more.

use super::{Exit, Round};
use crate::control::{Action, Danger};
use crate::domain::{MarkKind, Text};
use crate::event::{Bookmark, Event};
use crate::host::clock;
use crate::journal::player::place::span;
use crate::journal::player::{Deck, Move, Opening, Place, Speed, Stand, View};
use crate::state::State;
use crate::tui::keymap::Context;
use crate::tui::screen::{Point, Pointed};
use crate::tui::ui::{Motion, Shows, Timeline};
use std::sync::Arc;

/// Seconds that `forward` and `rewind` go without a word, in microseconds.
const WAY: i64 = 10_000_000;

/// What can be looked back at.
#[derive(Clone)]
pub enum Past {
    /// Nothing, and why.
    None(Text),
    /// What this session records.
    Session(Arc<Opening>),
    /// There is nothing but a recording, which begins with these moves.
    Recording(Arc<Opening>, Vec<Move>),
}

impl Default for Past {
    fn default() -> Self {
        Self::None(Text::new("this session keeps no recording"))
    }
}

/// The past, and where in it the screen is.
#[derive(Default)]
pub(super) struct Looking {
    past: Past,
    deck: Option<Deck>,
    view: Option<Arc<View>>,
    /// Where it was left last.
    left: Option<u64>,
}

impl Looking {
    pub fn new(past: Past) -> Self {
        Self { past, ..Self::default() }
    }

    /// The panes don't show now.
    pub const fn is_on(&self) -> bool {
        self.deck.is_some()
    }

    /// There is no now at all.
    pub const fn is_recording(&self) -> bool {
        matches!(self.past, Past::Recording(..))
    }

    /// Something to wait on, besides all else.
    pub fn news(&self) -> Option<&crossbeam_channel::Receiver<()>> {
        self.deck.as_ref().map(Deck::news)
    }

    /// Whose keys come before those of a pane.
    pub fn over(&self, context: Context) -> Option<Context> {
        // The help has keys of its own, and covers what they would move.
        (self.is_on() && context != Context::Help).then_some(Context::Replay)
    }

    /// What the screen calls now, and what its panes show where they differ.
    pub fn states<'s>(&'s self, live: &'s State) -> (&'s State, Option<&'s State>) {
        match (&self.view, self.is_recording()) {
            (Some(view), true) => (&view.state, None),
            (Some(view), false) => (live, Some(&view.state)),
            (None, _) => (live, None),
        }
    }

    /// What the pane of `context` shows.
    pub fn shown<'s>(&'s self, live: &'s State, context: Context) -> &'s State {
        let of_now =
            matches!(context, Context::Kill | Context::Proof | Context::Obey | Context::Alarms);
        match self.states(live) {
            (_, Some(past)) if !of_now => past,
            (now, _) => now,
        }
    }

    /// Where in time the panes are.
    pub fn timeline(&self, guarded: bool) -> Option<Timeline> {
        let recording = self.is_recording();
        let shows = if recording { Shows::Recording } else { Shows::Session };
        let explains = recording && guarded;
        let Some(view) = &self.view else {
            return recording.then(|| Timeline { shows, explains, ..Timeline::default() });
        };
        let motion = match view {
            view if view.searching => Motion::Searches,
            view if view.following => Motion::Follows,
            view if view.playing => Motion::Plays,
            _ => Motion::Stands,
        };
        Some(Timeline {
            shows,
            first: view.span.first,
            last: view.span.last,
            at: (view.state.seq, view.state.now.utc),
            motion,
            speed: Text::new(&view.speed.word()),
            marks: Arc::clone(&view.marks),
            explains,
        })
    }
}

/// Whether a verb moves through the past.
pub(super) const fn travels(action: Action) -> bool {
    matches!(
        action,
        Action::Past
            | Action::Now
            | Action::Play
            | Action::Step
            | Action::StepBack
            | Action::StepBeat
            | Action::StepBeatBack
            | Action::Forward
            | Action::Rewind
            | Action::ForwardMinute
            | Action::RewindMinute
            | Action::ForwardFar
            | Action::RewindFar
            | Action::ToStart
            | Action::ToEnd
            | Action::At
            | Action::NextMark
            | Action::PreviousMark
            | Action::NextKill
            | Action::PreviousKill
            | Action::Faster
            | Action::Slower
            | Action::Speed
            | Action::Find
            | Action::FindNext
            | Action::FindPrevious
            | Action::Bookmark
    )
}

/// The factors of [`Action::Speed`], for completion.
pub(super) fn speeds() -> Vec<String> {
    Speed::ALL.iter().map(|speed| speed.word().trim_end_matches('x').to_owned()).collect()
}

/// The kinds of marks.
pub(super) fn kinds() -> Vec<String> {
    MarkKind::ALL.iter().map(|kind| kind.word().to_owned()).collect()
}

impl Round {
    /// Opens the recording that this screen is for.
    pub(super) fn open_recording(&mut self) {
        if let Past::Recording(open, first) = &self.looking.past {
            let (open, first) = (Arc::clone(open), first.clone());
            self.open_past(open, false, first);
        }
    }

    fn open_past(&mut self, open: Arc<Opening>, live: bool, first: Vec<Move>) {
        match Deck::start(open, live, first) {
            Ok(deck) => self.looking.deck = Some(deck),
            Err(e) => self.say(format!("the past can't be opened: no thread: {e}")),
        }
    }

    /// Takes what the player has to show.
    pub(super) fn hear_past(&mut self) {
        let Some(deck) = &self.looking.deck else { return };
        if deck.news().try_recv().is_err() {
            return;
        }
        let stand = deck.stand();
        self.pace.touch();
        match stand {
            Stand::Opening => {}
            Stand::Failed(why) => {
                self.leave_past();
                self.say(format!("the past can't be shown: {why}"));
            }
            Stand::Shows(view) => {
                let before = self.looking.view.replace(Arc::clone(&view));
                let was = |text: fn(&View) -> &Text| before.as_deref().map(text).cloned();
                let told = [(was(|v| &v.damage), &view.damage), (was(|v| &v.note), &view.note)];
                for (was, text) in told {
                    if !text.is_empty() && was.as_ref() != Some(text) {
                        self.notice = Some((text.clone(), clock::now()));
                    }
                }
                if view.note.is_empty() && before.is_some_and(|old| !old.note.is_empty()) {
                    self.notice = None;
                }
            }
        }
    }

    /// Back to now: nothing is lost, the place is remembered.
    fn leave_past(&mut self) {
        self.looking.left = self.looking.view.take().map(|view| view.state.seq);
        self.looking.deck = None;
        self.sequence.clear();
        self.pace.hurry();
    }

    /// A verb that moves through the past, with what it was told.
    pub(super) fn travel(&mut self, action: Action, told: &str) {
        // What was said of the last move would cover where this one leads.
        self.notice = None;
        if let Err(why) = self.try_to_travel(action, told) {
            self.notice = Some((why, clock::now()));
            self.pace.hurry();
        }
    }

    fn try_to_travel(&mut self, action: Action, told: &str) -> Result<(), Text> {
        let recording = self.looking.is_recording();
        match action {
            Action::Bookmark if recording => {
                return Err(Text::new("a recording is never changed: bookmarks are set live"));
            }
            Action::Bookmark if self.looking.is_on() => {
                return Err(Text::new("a bookmark is set now: go back to now first"));
            }
            Action::Bookmark => {
                self.sender.send(Event::Bookmark(Bookmark { text: Text::new(told) }));
                self.notice = Some((Text::new("this moment is marked"), clock::now()));
                return Ok(());
            }
            Action::Past if !self.looking.is_on() => return self.look_back(told),
            Action::Now if recording => {
                self.go(Move::End);
                return Ok(());
            }
            Action::Now if self.looking.is_on() => {
                self.leave_past();
                return Ok(());
            }
            Action::Now => return Err(Text::new("this is now")),
            _ => {}
        }
        if !self.looking.is_on() {
            let key = self.keymap.keys_for(Action::Past, Context::Global).unwrap_or(":past");
            return Err(Text::new(&format!("this is now: {key} looks back")));
        }
        if let Some(step) = step(action, told)? {
            self.go(step);
        }
        Ok(())
    }

    fn look_back(&mut self, told: &str) -> Result<(), Text> {
        let open = match &self.looking.past {
            Past::Session(open) => Arc::clone(open),
            Past::None(why) => {
                return Err(Text::new(&format!("nothing is recorded: {why}")));
            }
            Past::Recording(..) => return Ok(()),
        };
        if self.screen.fills_in() {
            return Err(Text::new("close the order ticket first: it is of now"));
        }
        let first = match (told, self.looking.left) {
            ("", Some(seq)) => vec![Move::Seq(seq)],
            ("", None) => vec![Move::End, Move::By(-WAY)],
            // From the end, so that a way back counts from now.
            (told, _) => vec![Move::End, place(told)?],
        };
        self.guard = crate::control::Guard::default();
        self.sequence.clear();
        self.notice = None;
        self.open_past(open, true, first);
        Ok(())
    }

    fn go(&self, step: Move) {
        if let Some(deck) = &self.looking.deck {
            deck.go(step);
        }
    }

    /// Why a verb that acts can't act on what is shown; none where it can.
    pub(super) fn refused(&self, action: Action) -> Option<Text> {
        let asks_gateway = matches!(
            action,
            Action::ProbeAgain
                | Action::Acknowledge
                | Action::AcknowledgeAll
                | Action::Silence
                | Action::RemoteStatus
                | Action::RemoteLocate
                | Action::RemoteLogs
                | Action::AckAlert
                | Action::WhyProcess
                | Action::PlanMode
                | Action::MissionAudit
        );
        let acts = action.danger() == Danger::Guarded || asks_gateway;
        if self.looking.is_recording() && acts {
            return Some(Text::new("this is a recording: nothing in it can be acted on"));
        }
        let on_shown = matches!(
            action,
            Action::ClosePosition
                | Action::OrderTicket
                | Action::PartialClose
                | Action::ModifyExits
                | Action::StartProcess
                | Action::StopProcess
                | Action::RestartProcess
                | Action::AckAlert
                | Action::ActAlert
        );
        (self.looking.is_on() && on_shown).then(|| {
            Text::new("what is shown is history: go back to now first (Esc), then act on what is")
        })
    }

    /// Esc goes back to now, once nothing lies on top.
    pub(super) fn back_to_now(&mut self) -> bool {
        let looks = self.looking.is_on() && !self.looking.is_recording();
        if looks && !self.screen.lies_open() {
            self.leave_past();
            return true;
        }
        false
    }

    /// The mouse on the timeline goes where it is.
    pub(super) fn point_at_past(&self, point: Point) -> bool {
        let at = self.screen.moment(point).filter(|_| self.looking.is_on());
        match (at, point.what) {
            (Some(at), Pointed::Click | Pointed::Drag) => {
                self.go(Move::Time(at));
                true
            }
            (None, Pointed::Drag) => true,
            _ => false,
        }
    }

    /// The chord of KILL or BLOCK in a recording: it says that it did nothing.
    pub(super) fn explain(&mut self) {
        if self.looking.is_recording() {
            let words = "nothing was stopped, this is a recording: crs kill stops all trading";
            self.notice = Some((Text::new(words), clock::now()));
        }
    }

    /// A verb of the screen, for the pane that has the keys.
    pub(super) fn act(&mut self, action: Action) -> Option<Exit> {
        let context = self.screen.context();
        self.screen.act(action, self.looking.shown(&self.state, context));
        None
    }
}

fn place(told: &str) -> Result<Move, Text> {
    Place::parse(told).map(Move::from)
}

fn step(action: Action, told: &str) -> Result<Option<Move>, Text> {
    let by = |sign: i64| count(told).map(|n| Move::Step { by: sign * n, beats: false });
    let way = |sign: i64| length(told).map(|us| Move::By(sign * us));
    Ok(Some(match action {
        Action::Past | Action::At if !told.is_empty() => place(told)?,
        Action::Play => Move::Turn,
        Action::Step => by(1)?,
        Action::StepBack => by(-1)?,
        Action::StepBeat => Move::Step { by: 1, beats: true },
        Action::StepBeatBack => Move::Step { by: -1, beats: true },
        Action::Forward => way(1)?,
        Action::Rewind => way(-1)?,
        Action::ForwardMinute => Move::By(60_000_000),
        Action::RewindMinute => Move::By(-60_000_000),
        Action::ForwardFar => Move::By(600_000_000),
        Action::RewindFar => Move::By(-600_000_000),
        Action::ToStart => Move::Start,
        Action::ToEnd => Move::End,
        Action::NextMark => Move::NextMark(kind(told)?),
        Action::PreviousMark => Move::PreviousMark(kind(told)?),
        Action::NextKill => Move::NextMark(Some(MarkKind::Kill)),
        Action::PreviousKill => Move::PreviousMark(Some(MarkKind::Kill)),
        Action::Faster => Move::Faster,
        Action::Slower => Move::Slower,
        Action::Speed => {
            let wrong = || Text::new(&format!("speed is one of {}", speeds().join(", ")));
            Move::Speed(Speed::named(told).ok_or_else(wrong)?)
        }
        Action::Find => Move::Find(Text::new(told)),
        Action::FindNext => Move::FindNext,
        Action::FindPrevious => Move::FindPrevious,
        _ => return Ok(None),
    }))
}

fn kind(told: &str) -> Result<Option<MarkKind>, Text> {
    if told.is_empty() {
        return Ok(None);
    }
    let named = MarkKind::ALL.into_iter().find(|kind| kind.word() == told);
    let wrong = || Text::new(&format!("a mark is one of {}", kinds().join(", ")));
    named.map(Some).ok_or_else(wrong)
}

fn count(told: &str) -> Result<i64, Text> {
    let number = if told.is_empty() { Some(1) } else { told.parse::<u32>().ok().map(i64::from) };
    number.filter(|n| *n > 0).ok_or_else(|| Text::new("a step takes a number of records, as 10"))
}

fn length(told: &str) -> Result<i64, Text> {
    let way = if told.is_empty() { Some(WAY) } else { span(told) };
    way.ok_or_else(|| Text::new("it takes a time, as 30s, 5m or 1h"))
}
