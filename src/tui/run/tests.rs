//! The loop with hands, a desk and a screen that only take notes.

use super::*;
use crate::control::guard::Stroke;
use crate::control::{Action, Proposal};
use crate::domain::{Lots, OrderKind, OrderTicket, Side, Symbol, Ticket};
use crate::event::{Event, GuardPhase, GuardReport, GuardedVerb, SessionInfo, channel_pair};
use crate::host::SystemClock;
use crate::tui::keymap::{Context, Key};
use crate::tui::screen::Typed;
use crate::tui::theme::Charset;
use std::sync::Mutex;

type Notes = Arc<Mutex<Vec<String>>>;

struct Clerk(Notes, Option<Text>);

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
    fn order(&self, order: Proposal) {
        self.note(format!("order {} shown {:?}", order.order.wire_type(), order.shown));
    }
    fn denies_orders(&self) -> Option<Text> {
        self.1.clone()
    }
}

struct Glass {
    notes: Notes,
    selected: Option<Ticket>,
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
    fn selected_position(&self, _state: &State) -> Option<Ticket> {
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
    let (selected, context) = (Some(Ticket(7)), Context::Positions);
    Glass { notes: notes.clone(), selected, context, proposes: None }
}

pub(super) struct Rig {
    pub(super) round: Round,
    notes: Notes,
    ms: u64,
}

pub(super) fn rig() -> Rig {
    let (sender, receiver) = channel_pair();
    let notes = Notes::default();
    let sequencer = Sequencer::new(receiver, Box::new(SystemClock), SessionInfo::default());
    let round = Round {
        state: State::default(),
        sequencer,
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
        sequence: Sequence::default(),
        guard: Guard::default(),
        proposal: None,
        pace: Pace::new(10),
        area: Rect::new(0, 0, 20, 2),
        writer: Writer::start(std::io::sink(), None, |_| {}).unwrap(),
        broken: false,
        line: Line::default(),
        fps: 10,
        calls: Calls::default(),
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

    pub(super) fn notes(&self) -> Vec<String> {
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
    rig.round.screen = Box::new(Glass { selected: None, ..glass(&rig.notes) });
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

#[test]
fn alarms_are_taken_on_and_silenced_on_record() {
    let mut rig = rig();
    rig.press("space");
    rig.round.screen =
        Box::new(Glass { selected: None, context: Context::Alarms, ..glass(&rig.notes) });
    rig.press("space");
    assert_eq!(rig.last_line(), "no alarm is selected");
    rig.round.sender.log(crate::event::Level::Alarm, "agent", "disk full");
    rig.round.urgent();
    rig.press("m");
    let silent = |rig: &Rig| {
        let state = &rig.round.state;
        state.alarms.list.iter().all(|alarm| alarm.is_silent(state.now))
    };
    assert!(silent(&rig) && rig.last_line().ends_with("silenced for 10 min"));
    rig.press("m");
    assert!(!silent(&rig));
    assert_eq!(rig.round.state.alarms.open().1, 1);
    rig.press("space");
    assert_eq!(rig.round.state.alarms.open().1, 0);
    rig.round.sender.log(crate::event::Level::Alarm, "agent", "another");
    rig.press("a a");
    assert_eq!(rig.round.state.alarms.open().1, 0);
}

/// A rig whose screen proposes an order at `!`, as a ticket does at Enter.
fn with_ticket(denied: Option<&str>) -> Rig {
    let mut rig = rig();
    let order = OrderTicket {
        symbol: Symbol::new("EURUSD").unwrap(),
        side: Side::Buy,
        lots: Lots::parse("0.1").unwrap(),
        kind: OrderKind::Market,
        price: None,
        sl: None,
        tp: None,
    };
    let proposal = Proposal { gateway: 0, order, live: false, shown: None, digits: 5 };
    rig.round.screen = Box::new(Glass { proposes: Some(proposal), ..glass(&rig.notes) });
    rig.round.desk = Arc::new(Clerk(rig.notes.clone(), denied.map(Text::new)));
    rig
}

#[test]
fn an_order_goes_to_the_desk_after_the_second_key_and_once() {
    let mut rig = with_ticket(None);
    rig.press("1 !");
    assert_eq!(rig.phase(), Some((GuardedVerb::Order, GuardPhase::Armed)));
    assert!(rig.notes().is_empty(), "nothing yet");
    rig.press("y");
    assert_eq!(rig.notes(), ["order BUY shown None", "ordered"]);
    assert_eq!(rig.phase(), Some((GuardedVerb::Order, GuardPhase::Fired)));
    rig.press("y y");
    assert!(rig.notes().is_empty(), "a second key sends nothing more");
}

#[test]
fn any_other_key_a_paste_focus_and_a_kill_guard_send_no_order() {
    for key in ["n", "1", "!", "enter", "esc", "q"] {
        let mut rig = with_ticket(None);
        rig.press("!");
        rig.press(key);
        assert_eq!(rig.phase(), Some((GuardedVerb::Order, GuardPhase::StoodDown)), "{key}");
        rig.press("y");
        assert!(rig.notes().is_empty(), "{key}");
    }
    for incoming in [Incoming::Pasted, Incoming::Focus(false), Incoming::Superseded] {
        let mut rig = with_ticket(None);
        rig.press("!");
        rig.round.hear(&incoming);
        rig.press("y");
        assert!(rig.notes().is_empty() && rig.round.proposal.is_none(), "{incoming:?}");
    }
}

#[test]
fn a_closed_gate_opens_no_guard_and_says_its_own_words() {
    let mut rig = with_ticket(Some("engaged: margin call"));
    rig.press("! y");
    assert_eq!(rig.phase(), None);
    assert_eq!(rig.notes(), ["denied: engaged: margin call"]);
    assert_eq!(rig.last_line(), "denied, not sent: engaged: margin call");
}

#[test]
fn a_ticket_held_down_opens_nothing() {
    let mut rig = with_ticket(None);
    let at = Stamp::default().plus(Duration::from_secs(1));
    let key = Key::named("!").unwrap();
    rig.round.hear(&Incoming::Key(key, Stroke::Repeat, at));
    rig.round.urgent();
    assert_eq!(rig.phase(), None);
}

#[test]
fn what_v1_can_not_do_to_a_position_is_said_in_words() {
    let mut rig = rig();
    rig.press("x p x m");
    assert_eq!(
        rig.notes(),
        [
            "this gateway can't close a part: v1.0's CLOSE_POSITION has no volume",
            "this gateway can't modify SL/TP: v1.0 has no such action",
        ]
    );
    assert_eq!(rig.phase(), None);
}

#[test]
fn the_command_line_runs_the_verbs_of_the_keys() {
    let mut rig = rig();
    rig.press(": z o o m enter");
    assert_eq!(rig.notes(), ["zoom"]);
    rig.press(": p r o b e tab enter");
    assert_eq!(rig.notes(), ["probe"]);
    // Keys of the field are no keys of the keymap.
    rig.press(": q q j esc j");
    assert_eq!(rig.notes(), ["row-down"]);
    rig.press(": n o n s e n s e enter");
    let error = rig.round.prompt.as_ref().unwrap().error().to_string();
    assert_eq!(error, "no command \"nonsense\"");
    rig.press("esc");
    assert_eq!(rig.press(": up enter"), None);
    assert_eq!(rig.notes(), ["probe"]);
    assert_eq!(rig.press(": q u i t enter"), Some(Exit::Quit));
}

#[test]
fn an_alarm_is_silenced_for_the_time_that_is_written() {
    let mut rig = rig();
    rig.round.sender.log(crate::event::Level::Alarm, "agent", "disk full");
    rig.round.urgent();
    rig.press(": s i l e n c e space 3 0 m enter");
    assert!(rig.last_line().ends_with("silenced for 30 min"), "{}", rig.last_line());
    rig.press(": s i l e n c e space 4 5 s enter");
    assert!(rig.last_line().ends_with("silenced for 45 s"), "{}", rig.last_line());
    rig.press(": s i l e n c e enter");
    assert!(rig.last_line().ends_with("no longer silenced"), "{}", rig.last_line());
    rig.press(": s i l e n c e space l o n g enter");
    assert!(rig.last_line().starts_with("silence takes a time"), "{}", rig.last_line());
}

#[test]
fn a_verb_that_takes_a_word_opens_the_line_with_its_name() {
    let mut rig = rig();
    rig.press("g p");
    assert_eq!(rig.round.prompt.as_ref().unwrap().text(), "pane ");
    rig.press("x enter");
    assert_eq!(rig.notes(), ["pane"], "the screen was told");
    // There is no thread in this rig that could read a theme.
    rig.press("g t d a r k enter");
    assert_eq!(rig.last_line(), "theme dark: nobody here can read it");
}

#[test]
fn what_acts_opens_its_guard_from_the_line_and_never_fires() {
    let mut rig = rig();
    rig.press(": a r m enter");
    assert_eq!(rig.phase(), Some((GuardedVerb::Arm, GuardPhase::Armed)));
    assert!(rig.notes().is_empty());
    rig.press("y");
    assert_eq!(rig.notes(), ["arm"]);
    rig.press(": c l o s e - p o s i t i o n enter");
    assert_eq!(rig.phase(), Some((GuardedVerb::Close(Ticket(7)), GuardPhase::Armed)));
    rig.press("n");
    for (line, verb) in [("k i l l", GuardedVerb::Kill), ("b l o c k", GuardedVerb::Block)] {
        rig.press(&format!(": {line} enter"));
        assert_eq!(rig.round.wish.take(), Some(verb), "wished of the input thread");
        assert_eq!(rig.round.wish.take(), None, "once");
        assert_eq!(rig.round.guard.armed(), None);
    }
    assert!(rig.notes().is_empty());
    // Enter held down opens nothing.
    rig.press(": k i l l");
    let at = Stamp::default().plus(Duration::from_millis(rig.ms + 200));
    rig.round.hear(&Incoming::Key(Key::named("enter").unwrap(), Stroke::Repeat, at));
    assert_eq!(rig.round.wish.take(), None);
}

#[test]
fn a_reload_waits_while_a_guard_is_armed() {
    use crate::tui::looks::{Cause, Told};
    let mut rig = rig();
    let (looks, tell) = Looks::by_hand();
    rig.round.looks = looks;
    let vim = || Told::Keymap(Box::new(Keymap::embedded("vim").unwrap()), Cause::Changed);
    rig.press("x x");
    tell.send(vim()).unwrap();
    rig.round.restyle();
    assert_eq!(rig.round.keymap.name().as_str(), "default");
    rig.press("n");
    rig.round.restyle();
    assert_eq!(rig.round.keymap.name().as_str(), "vim");
    rig.round.urgent();
    assert_eq!(rig.last_line(), "keymap vim was read again");
    // The guard of the input thread counts as well.
    let at = Stamp::default().plus(Duration::from_millis(rig.ms + 100));
    let kill = GuardReport { verb: GuardedVerb::Kill, phase: GuardPhase::Armed, at };
    rig.round.sender.send(Event::Guard(kill.clone()));
    rig.round.urgent();
    let light = Theme::embedded("light", rig.round.theme.depth(), Charset::Unicode).unwrap();
    tell.send(Told::Theme(Box::new(light), Cause::Changed)).unwrap();
    rig.round.restyle();
    assert_eq!(rig.round.theme.name().as_str(), "dark");
    rig.round.sender.send(Event::Guard(GuardReport { phase: GuardPhase::StoodDown, ..kill }));
    rig.round.urgent();
    rig.round.restyle();
    assert_eq!(rig.round.theme.name().as_str(), "light");
}

#[test]
fn a_broken_file_is_a_line_for_the_operator_and_one_of_the_log() {
    use crate::tui::looks::Told;
    let mut rig = rig();
    let (looks, tell) = Looks::by_hand();
    rig.round.looks = looks;
    tell.send(Told::Fault(Text::new("mine.toml:3:1: no"))).unwrap();
    rig.round.restyle();
    rig.round.urgent();
    assert_eq!(rig.last_line(), "mine.toml:3:1: no");
    let (line, since) = rig.round.notice.clone().unwrap();
    assert_eq!(line.as_str(), "mine.toml:3:1: no");
    rig.round.fade(since.plus(Duration::from_secs(7)));
    assert!(rig.round.notice.is_some());
    rig.round.fade(since.plus(Duration::from_secs(9)));
    assert!(rig.round.notice.is_none());
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
