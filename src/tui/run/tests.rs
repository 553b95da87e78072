//! The loop with hands, a desk and a screen that only take notes: a file for each
//! subject, here the rig and the loop itself.

mod alarms;

use super::*;
use crate::control::guard::Stroke;
use crate::control::{Action, Proposal, Remote, RemoteVerb};
use crate::domain::{Lots, OrderTicket, Side, Symbol, Ticket};
use crate::event::{Event, GuardPhase, GuardReport, GuardedVerb, SessionInfo, channel_pair};
use crate::host::SystemClock;
use crate::tui::keymap::{Context, Key};
use crate::tui::screen::Typed;
use crate::tui::theme::Charset;
use std::sync::Mutex;

mod guards;
mod line;
mod looks;
mod mission;
mod orders;
mod past;
mod random_orders;
mod remote;

type Notes = Arc<Mutex<Vec<String>>>;

/// What `x x` opens here: ticket 7 of the second gateway.
const CLOSE: GuardedVerb = GuardedVerb::CloseAt { gateway: 1, ticket: Ticket(7) };

struct Clerk(Notes, Option<Text>);

impl Clerk {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }
}

impl Remote for Clerk {
    fn remote(&self, verb: RemoteVerb) {
        self.note(format!("remote {verb:?}"));
    }
    fn denies_remote(&self, _verb: RemoteVerb) -> Option<Text> {
        self.1.clone()
    }
}

impl Desk for Clerk {
    fn close(&self, gateway: u16, ticket: Ticket) {
        self.note(format!("close {ticket} of {gateway}"));
    }
    fn arm(&self) {
        self.note("arm");
    }
    fn probe_again(&self) {
        self.note("probe");
    }
    fn stand_down(&self) {
        self.note("stand down");
    }
    fn order(&self, order: Proposal) {
        self.note(format!("order {} shown {:?}", order.order.wire_type(), order.shown));
    }
    fn denies_orders(&self) -> Option<Text> {
        self.1.clone()
    }
}

struct Glass {
    notes: Notes,
    selected: Option<(u16, Ticket)>,
    context: Context,
    proposes: Option<Proposal>,
}

impl Screen for Glass {
    fn draw(&mut self, frame: Frame<'_>, area: Rect, buf: &mut Buffer) {
        let line = format!("seq {} {}", frame.state.seq, frame.pending);
        buf.set_stringn(0, 0, line, area.width.into(), ratatui::style::Style::new());
    }
    fn act(&mut self, action: Action, _state: &State) {
        self.notes.lock().unwrap().push(String::from(action.name()));
    }
    fn context(&self) -> Context {
        self.context
    }
    fn selected_position(&self, _state: &State) -> Option<(u16, Ticket)> {
        self.selected
    }
    fn selected_alarm(&self, state: &State) -> Option<Text> {
        state.alarms.list.first().map(|alarm| alarm.key.clone())
    }
    fn typed(&mut self, key: Key, _state: &State) -> Typed {
        match (self.proposes, key.plain_char()) {
            (Some(proposal), Some('!')) => Typed::Propose(proposal),
            (Some(_), Some(c)) if c.is_ascii_digit() => Typed::Taken,
            _ => Typed::Not,
        }
    }
    fn say(&mut self, words: &Text) {
        self.notes.lock().unwrap().push(words.to_string());
    }
    fn ordered(&mut self) {
        self.notes.lock().unwrap().push(String::from("ordered"));
    }
}

fn glass(notes: &Notes) -> Glass {
    let (selected, context) = (Some((1, Ticket(7))), Context::Positions);
    Glass { notes: notes.clone(), selected, context, proposes: None }
}

struct Rig {
    round: Round,
    notes: Notes,
    ms: u64,
}

fn rig() -> Rig {
    let (sender, receiver) = channel_pair();
    let notes = Notes::default();
    let round = Round {
        state: State::default(),
        sequencer: Sequencer::new(receiver, Box::new(SystemClock), SessionInfo::default()),
        sender,
        screen: Box::new(glass(&notes)),
        theme: Theme::default(),
        keymap: Keymap::default(),
        looks: Looks::default(),
        names: Names::default(),
        prompt: None,
        history: Vec::new(),
        notice: None,
        wish: Arc::default(),
        desk: Arc::new(Clerk(notes.clone(), None)),
        mission: None,
        asking: None,
        ordered: false,
        sequence: Sequence::default(),
        stray: Stray::default(),
        way_back: WayBack { reset: Text::new("crs reset --reason TEXT"), ..WayBack::default() },
        guard: Guard::default(),
        proposal: None,
        pace: Pace::new(10),
        area: Rect::new(0, 0, 20, 2),
        writer: Writer::start(std::io::sink(), None, |_| {}).unwrap(),
        broken: false,
        line: Line::default(),
        fps: 10,
        calls: Calls::default(),
        flood: false,
        left: Left::default(),
        looking: Looking::default(),
    };
    Rig { round, notes, ms: 1_000 }
}

impl Rig {
    /// Presses keys, 200 ms apart.
    pub(super) fn press(&mut self, keys: &str) -> Option<Exit> {
        for name in keys.split_whitespace() {
            self.ms += 200;
            let at = Stamp::default().plus(Duration::from_millis(self.ms));
            let key = Key::named(name).unwrap();
            if let Some(exit) = self.round.hear(&Incoming::Key(key, Stroke::Press, at)) {
                return Some(exit);
            }
        }
        self.round.urgent();
        None
    }

    fn notes(&self) -> Vec<String> {
        std::mem::take(&mut self.notes.lock().unwrap())
    }

    fn phase(&self) -> Option<(GuardedVerb, GuardPhase)> {
        self.round.state.guard.as_ref().map(|g| (g.verb, g.phase))
    }

    /// Why the line in the field was not carried out.
    fn error(&self) -> String {
        self.round.prompt.as_ref().unwrap().error().to_string()
    }

    fn last_line(&self) -> String {
        self.round.state.log.back().map(|l| l.value.text.to_string()).unwrap_or_default()
    }
}

#[test]
fn screen_verbs_go_to_the_screen_and_commands_to_the_desk() {
    let mut rig = rig();
    assert_eq!(rig.press("tab j g g z p p ?"), None);
    assert_eq!(rig.notes(), ["focus-next", "row-down", "first-row", "zoom", "probe", "help"]);
    assert_eq!(rig.press("q"), Some(Exit::Quit));
}

#[test]
fn a_key_makes_a_frame_due_at_once_and_any_size_is_drawn() {
    let mut rig = rig();
    rig.round.draw();
    for n in 0..1_000_u16 {
        rig.round.hear(&Incoming::Resize(n % 9, n % 5));
        rig.round.draw();
    }
    std::thread::sleep(Duration::from_millis(40));
    rig.press("j");
    assert_eq!(rig.round.pace.due_in(clock::now()), Some(Duration::ZERO));
}

#[test]
fn what_may_follow_is_shown_after_a_moment_and_forgotten_after_two_seconds() {
    let mut rig = rig();
    rig.press("g");
    let since = |ms| Stamp::default().plus(Duration::from_millis(rig.ms + ms));
    assert!(!rig.round.sequence.waits(since(199)));
    assert_eq!(rig.round.sequence.hint_in(since(150)), Some(Duration::from_millis(50)));
    assert!(rig.round.sequence.waits(since(200)));
    assert_eq!(rig.round.sequence.hint_in(since(200)), None);
    let (before, after) = (since(2_000), since(2_001));
    rig.round.expire(before);
    assert_eq!(rig.round.sequence.shown(), "g");
    rig.round.expire(after);
    assert_eq!(rig.round.sequence.shown(), "");
}
