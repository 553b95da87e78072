//! What a terminal reports, and what comes of it.

use super::*;
use crate::event::{Receiver, channel_pair};
use crossterm::event::{
    Event as Report, KeyCode, KeyEvent, KeyModifiers, MouseEvent, MouseEventKind,
};
use std::sync::Mutex;

/// Notes what was fired, and how many reports were out by then.
struct Hand {
    fired: Mutex<Vec<(Intent, Stamp, usize)>>,
    heard: channel::Receiver<Event>,
}

impl Trigger for Hand {
    fn fire(&self, intent: Intent, pressed: Stamp) {
        self.fired.lock().unwrap().push((intent, pressed, self.heard.len()));
    }
}

struct Rig {
    gate: Gatekeeper,
    hand: Arc<Hand>,
    events: Receiver,
    forwarded: channel::Receiver<Incoming>,
    lost: Arc<AtomicBool>,
}

fn rig() -> Rig {
    let (sender, events) = channel_pair();
    let (forward, forwarded) = channel::bounded(BACKLOG);
    let hand = Arc::new(Hand { fired: Mutex::default(), heard: events.urgent.clone() });
    let lost = Arc::new(AtomicBool::new(false));
    let gate = Gatekeeper::new(hand.clone(), sender, forward, lost.clone());
    Rig { gate, hand, events, forwarded, lost }
}

fn at(ms: u64) -> Stamp {
    Stamp::default().plus(Duration::from_millis(ms))
}

fn key(code: char, mods: KeyModifiers) -> Report {
    Report::Key(KeyEvent::new(KeyCode::Char(code), mods))
}

const CTRL: KeyModifiers = KeyModifiers::CONTROL;
const NONE: KeyModifiers = KeyModifiers::NONE;

impl Rig {
    fn phases(&self) -> Vec<GuardPhase> {
        let phase = |e: Event| match e {
            Event::Guard(report) => report.phase,
            other => panic!("{other:?}"),
        };
        self.events.urgent.try_iter().map(phase).collect()
    }

    fn fired(&self) -> Vec<(Intent, Stamp, usize)> {
        self.hand.fired.lock().unwrap().clone()
    }
}

#[test]
fn the_kill_goes_out_before_anybody_hears_of_it() {
    let mut rig = rig();
    rig.gate.take(&key('k', CTRL), at(0));
    assert_eq!(rig.phases(), [GuardPhase::Armed]);
    rig.gate.take(&key('y', NONE), at(400));
    assert_eq!(rig.fired(), [(Intent::Kill, at(400), 0)], "nothing was reported by then");
    assert_eq!(rig.phases(), [GuardPhase::Fired]);
    assert_eq!(rig.forwarded.try_iter().collect::<Vec<_>>(), [Incoming::Superseded]);
}

#[test]
fn block_has_its_own_chord() {
    let mut rig = rig();
    rig.gate.take(&key('t', CTRL), at(0));
    assert_eq!(rig.phases(), [GuardPhase::Armed]);
    rig.gate.take(&key('Y', KeyModifiers::SHIFT), at(400));
    assert_eq!(rig.fired(), [(Intent::Block, at(400), 0)]);
}

#[test]
fn a_kill_needs_no_listener() {
    let mut rig = rig();
    drop(rig.forwarded);
    drop(std::mem::replace(&mut rig.events, channel_pair().1));
    rig.gate.take(&key('k', CTRL), at(0));
    rig.gate.take(&key('y', NONE), at(400));
    assert_eq!(rig.hand.fired.lock().unwrap().len(), 1);
}

#[test]
fn a_console_that_does_not_listen_loses_keys_but_no_kill() {
    let mut rig = rig();
    for _ in 0..3 * BACKLOG {
        rig.gate.take(&key('j', NONE), at(0));
    }
    assert_eq!(rig.forwarded.len(), BACKLOG);
    rig.gate.take(&key('k', CTRL), at(10));
    rig.gate.take(&key('y', NONE), at(300));
    assert_eq!(rig.fired().len(), 1);
}

#[test]
fn pastes_mouse_and_releases_never_open_nor_fire() {
    let mut rig = rig();
    rig.gate.take(&Report::Paste(String::from("\u{b}y\u{b}y")), at(0));
    let mouse = MouseEvent { kind: MouseEventKind::Moved, column: 1, row: 1, modifiers: CTRL };
    rig.gate.take(&Report::Mouse(mouse), at(200));
    for kind in [KeyEventKind::Release, KeyEventKind::Repeat] {
        let event = KeyEvent::new_with_kind(KeyCode::Char('k'), CTRL, kind);
        rig.gate.take(&Report::Key(event), at(400));
        let event = KeyEvent::new_with_kind(KeyCode::Char('y'), NONE, kind);
        rig.gate.take(&Report::Key(event), at(800));
    }
    assert!(rig.fired().is_empty() && rig.phases().is_empty());
}

#[test]
fn clicks_and_the_wheel_move_the_screen_and_leave_an_open_guard_alone() {
    let mut rig = rig();
    rig.gate.take(&key('k', CTRL), at(0));
    let mouse = |kind| Report::Mouse(MouseEvent { kind, column: 7, row: 3, modifiers: NONE });
    for kind in [
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Down(MouseButton::Right),
        MouseEventKind::ScrollUp,
        MouseEventKind::ScrollDown,
        MouseEventKind::Moved,
    ] {
        rig.gate.take(&mouse(kind), at(300));
    }
    assert!(rig.fired().is_empty());
    let points: Vec<_> = rig
        .forwarded
        .try_iter()
        .filter_map(|incoming| match incoming {
            Incoming::Pointed(point) => Some((point.x, point.y, point.what)),
            _ => None,
        })
        .collect();
    assert_eq!(points, [(7, 3, Pointed::Click), (7, 3, Pointed::Up), (7, 3, Pointed::Down)]);
    rig.gate.take(&key('y', NONE), at(600));
    assert_eq!(rig.fired().len(), 1, "the guard stood all the while");
}

#[test]
fn a_thousand_repeats_of_both_keys_never_kill() {
    for (first, second) in [('k', 'k'), ('y', 'y')] {
        let mut rig = rig();
        for n in 0..1_000 {
            let code = if n == 0 { first } else { second };
            let mods = if code == 'k' { CTRL } else { NONE };
            rig.gate.take(&key(code, mods), at(n * 33));
        }
        assert!(rig.fired().is_empty());
    }
}

#[test]
fn focus_and_terminal_loss_stand_down() {
    let mut rig = rig();
    rig.gate.take(&key('k', CTRL), at(0));
    rig.gate.take(&Report::FocusLost, at(100));
    rig.gate.take(&key('y', NONE), at(300));
    assert_eq!(rig.phases(), [GuardPhase::Armed, GuardPhase::StoodDown]);
    rig.gate.take(&key('k', CTRL), at(1_000));
    rig.lost.store(true, Ordering::SeqCst);
    rig.gate.take(&key('y', NONE), at(1_300));
    assert_eq!(rig.phases(), [GuardPhase::Armed, GuardPhase::StoodDown]);
    rig.gate.take(&key('k', CTRL), at(2_000));
    rig.gate.take(&key('y', NONE), at(2_300));
    assert!(rig.phases().is_empty(), "a lost terminal has no keys");
    assert!(rig.fired().is_empty());
}

#[test]
fn a_resize_leaves_the_guard_alone() {
    let mut rig = rig();
    rig.gate.take(&key('k', CTRL), at(0));
    for n in 0..1_000_u16 {
        rig.gate.take(&Report::Resize(1 + n % 7, 1), at(100));
    }
    rig.gate.take(&key('y', NONE), at(300));
    assert_eq!(rig.fired().len(), 1);
}

#[test]
fn five_seconds_pass_without_a_key() {
    let mut rig = rig();
    assert_eq!(rig.gate.patience(at(0)), NAP);
    rig.gate.take(&key('k', CTRL), at(0));
    assert_eq!(rig.gate.patience(at(4_900)), SHORT_NAP);
    assert_eq!(rig.gate.patience(at(5_000)), Duration::from_millis(1));
    rig.gate.tick(at(5_001));
    assert_eq!(rig.phases(), [GuardPhase::Armed, GuardPhase::StoodDown]);
}

#[test]
fn other_keys_go_on_with_the_moment_they_were_read() {
    let mut rig = rig();
    rig.gate.take(&key('g', NONE), at(7));
    let release = KeyEvent::new_with_kind(KeyCode::Char('g'), NONE, KeyEventKind::Release);
    rig.gate.take(&Report::Key(release), at(8));
    let g = Key::named("g").unwrap();
    assert_eq!(
        rig.forwarded.try_iter().collect::<Vec<_>>(),
        [Incoming::Key(g, Stroke::Press, at(7))]
    );
}

#[test]
fn a_wish_of_the_command_line_opens_a_guard_and_no_more() {
    let mut rig = rig();
    let wish = Arc::<Wish>::default();
    rig.gate = rig.gate.heeding(wish.clone());
    let enter = Report::Key(KeyEvent::new(KeyCode::Enter, NONE));
    rig.gate.take(&enter, at(1_000));
    // Whoever pressed Enter does not wait for half a second.
    assert_eq!(rig.gate.patience(at(1_010)), ALERT_NAP);
    assert_eq!(rig.gate.patience(at(2_000)), NAP);
    wish.kill();
    rig.gate.tick(at(1_010));
    assert_eq!(rig.phases(), [GuardPhase::Armed]);
    // What follows in the same burst is too early, as after the chord.
    rig.gate.take(&key('y', NONE), at(1_020));
    assert_eq!(rig.phases(), [GuardPhase::TooEarly]);
    assert!(rig.fired().is_empty());
    for n in 0..20 {
        rig.gate.tick(at(1_030 + n * 100));
    }
    assert!(rig.fired().is_empty());
    rig.gate.take(&key('y', NONE), at(3_100));
    assert_eq!(rig.fired().len(), 1);
    assert_eq!(rig.fired()[0].0, Intent::Kill);
    wish.block();
    rig.gate.tick(at(4_000));
    rig.gate.take(&key('n', NONE), at(4_500));
    assert_eq!(rig.fired().len(), 1, "any other key stands down");
    // On a terminal that is gone nothing opens.
    rig.phases();
    wish.kill();
    rig.lost.store(true, Ordering::SeqCst);
    rig.gate.tick(at(5_000));
    assert!(rig.phases().is_empty());
}
