//! The loop with hands, a desk and a screen that only take notes.

use super::*;
use crate::control::Action;
use crate::control::guard::Stroke;
use crate::domain::Ticket;
use crate::event::{Event, GuardPhase, GuardReport, GuardedVerb, SessionInfo, channel_pair};
use crate::host::SystemClock;
use crate::tui::keymap::{Context, Key};
use ratatui::buffer::Buffer;
use std::sync::Mutex;

type Notes = Arc<Mutex<Vec<String>>>;

struct Clerk(Notes);

impl Clerk {
    fn note(&self, what: impl Into<String>) {
        self.0.lock().unwrap().push(what.into());
    }
}

impl Desk for Clerk {
    fn close(&self, ticket: Ticket) {
        self.note(format!("close {ticket}"));
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
}

struct Glass {
    notes: Notes,
    selected: Option<Ticket>,
    context: Context,
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
    fn selected_position(&self, _state: &State) -> Option<Ticket> {
        self.selected
    }
}

struct Rig {
    round: Round,
    notes: Notes,
    ms: u64,
}

fn rig() -> Rig {
    let (sender, receiver) = channel_pair();
    let notes = Notes::default();
    let sequencer = Sequencer::new(receiver, Box::new(SystemClock), SessionInfo::default());
    let round = Round {
        state: State::default(),
        sequencer,
        sender,
        screen: Box::new(Glass {
            notes: notes.clone(),
            selected: Some(Ticket(7)),
            context: Context::Positions,
        }),
        theme: Theme::default(),
        keymap: Keymap::default(),
        looks: Looks::default(),
        names: Names::default(),
        prompt: None,
        history: Vec::new(),
        notice: None,
        wish: Arc::default(),
        desk: Arc::new(Clerk(notes.clone())),
        sequence: Sequence::default(),
        guard: Guard::default(),
        pace: Pace::new(10),
        area: Rect::new(0, 0, 20, 2),
        writer: Writer::start(std::io::sink(), None, |_| {}).unwrap(),
        broken: false,
        frames: Frames::default(),
    };
    Rig { round, notes, ms: 1_000 }
}

impl Rig {
    /// Presses keys, 200 ms apart.
    fn press(&mut self, keys: &str) -> Option<Exit> {
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
fn closing_a_position_asks_once_more() {
    let mut rig = rig();
    rig.press("x x");
    assert_eq!(rig.phase(), Some((GuardedVerb::Close(Ticket(7)), GuardPhase::Armed)));
    assert!(rig.notes().is_empty(), "nothing yet");
    rig.press("y");
    assert_eq!(rig.notes(), ["close 7"]);
    assert_eq!(rig.phase(), Some((GuardedVerb::Close(Ticket(7)), GuardPhase::Fired)));
}

#[test]
fn any_other_key_stands_down_and_does_nothing_else() {
    let mut rig = rig();
    rig.press("a r m q");
    assert_eq!(rig.phase(), Some((GuardedVerb::Arm, GuardPhase::StoodDown)));
    rig.press("y");
    assert!(rig.notes().is_empty());
    rig.press("s d y");
    assert_eq!(rig.notes(), ["stand down"]);
}

#[test]
fn nothing_selected_opens_no_guard() {
    let mut rig = rig();
    rig.round.screen =
        Box::new(Glass { notes: rig.notes.clone(), selected: None, context: Context::Positions });
    rig.press("x x y");
    assert_eq!(rig.phase(), None);
    assert_eq!(rig.last_line(), "no position is selected");
}

#[test]
fn paste_and_focus_stand_down() {
    for incoming in [Incoming::Pasted, Incoming::Focus(false)] {
        let mut rig = rig();
        rig.press("x x");
        rig.round.hear(&incoming);
        rig.press("y");
        assert!(rig.notes().is_empty(), "{incoming:?}");
    }
}

#[test]
fn a_kill_guard_takes_the_place_of_any_other_without_a_word() {
    let mut rig = rig();
    rig.press("x x");
    let at = Stamp::default().plus(Duration::from_millis(rig.ms + 100));
    let kill = GuardReport { verb: GuardedVerb::Kill, phase: GuardPhase::Armed, at };
    rig.round.sender.send(Event::Guard(kill));
    rig.round.hear(&Incoming::Superseded);
    rig.press("y");
    assert!(rig.notes().is_empty());
    assert_eq!(rig.phase(), Some((GuardedVerb::Kill, GuardPhase::Armed)));
}

#[test]
fn the_screen_shows_the_guard_whose_key_came_last() {
    let mut rig = rig();
    let at = |ms| Stamp::default().plus(Duration::from_millis(ms));
    let report = |verb, at| Event::Guard(GuardReport { verb, phase: GuardPhase::Armed, at });
    rig.round.sender.send(report(GuardedVerb::Kill, at(500)));
    rig.round.sender.send(report(GuardedVerb::Arm, at(499)));
    rig.round.urgent();
    assert_eq!(rig.phase(), Some((GuardedVerb::Kill, GuardPhase::Armed)));
}

#[test]
fn leaving_stands_every_guard_down_in_the_record() {
    let mut rig = rig();
    rig.press("x x");
    rig.round.leave();
    assert_eq!(rig.phase(), Some((GuardedVerb::Close(Ticket(7)), GuardPhase::StoodDown)));
    let mut rig = self::rig();
    let kill = GuardReport { verb: GuardedVerb::Kill, phase: GuardPhase::Armed, at: clock::now() };
    rig.round.sender.send(Event::Guard(kill));
    rig.round.leave();
    assert_eq!(rig.phase(), Some((GuardedVerb::Kill, GuardPhase::StoodDown)));
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
