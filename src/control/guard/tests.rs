//! The guard, told as what an operator's hands do.

use super::*;
use crate::domain::Ticket;

use GuardPhase::{Armed, Fired, StoodDown, TooEarly};
use GuardedVerb::{Block, Close, Kill};
use Stroke::{Press, Release, Repeat};

fn at(ms: u64) -> Stamp {
    Stamp::default().plus(Duration::from_millis(ms))
}

/// A guard with its story so far.
#[derive(Default)]
struct Hands(Guard);

impl Hands {
    fn key(&mut self, key: Key, ms: u64) -> Vec<(GuardedVerb, GuardPhase)> {
        self.stroke(key, Press, ms)
    }
    fn stroke(&mut self, key: Key, stroke: Stroke, ms: u64) -> Vec<(GuardedVerb, GuardPhase)> {
        self.input(Input::Key(key, stroke), ms)
    }
    fn input(&mut self, input: Input, ms: u64) -> Vec<(GuardedVerb, GuardPhase)> {
        let step = self.0.step(input, at(ms));
        let fired = step.reports.iter().find(|r| r.phase == Fired).map(|r| r.verb);
        assert_eq!(step.fire, fired, "what fires is reported, and nothing else");
        assert!(step.reports.iter().all(|r| r.at == at(ms)));
        step.reports.iter().map(|r| (r.verb, r.phase)).collect()
    }
}

const K: Key = Key::Chord(Kill);
const B: Key = Key::Chord(Block);
const Y: Key = Key::Confirm;
const X: Key = Key::Other;

#[test]
fn chord_then_confirm_fires_once() {
    let mut hands = Hands::default();
    assert_eq!(hands.key(K, 0), [(Kill, Armed)]);
    assert_eq!(hands.0.armed(), Some(Kill));
    assert_eq!(hands.key(Y, 150), [(Kill, Fired)]);
    assert_eq!(hands.0.armed(), None);
    assert_eq!(hands.key(Y, 400), []);
}

#[test]
fn the_window_is_150_ms_to_5_s() {
    for (ms, expected) in [
        (0, TooEarly),
        (149, TooEarly),
        (150, Fired),
        (5_000, Fired),
        (5_001, StoodDown),
        (60_000, StoodDown),
    ] {
        let mut hands = Hands::default();
        hands.key(K, 0);
        assert_eq!(hands.key(Y, ms), [(Kill, expected)], "after {ms} ms");
    }
}

#[test]
fn too_early_stays_armed_and_pressing_again_fires() {
    let mut hands = Hands::default();
    hands.key(K, 0);
    assert_eq!(hands.key(Y, 90), [(Kill, TooEarly)]);
    assert_eq!(hands.key(Y, 200), [(Kill, Fired)]);
}

#[test]
fn any_other_key_stands_down_and_is_swallowed() {
    let mut hands = Hands::default();
    hands.key(K, 0);
    let step = hands.0.step(Input::Key(X, Press), at(300));
    assert_eq!(step.reports.len(), 1);
    assert!(!step.pass, "an answer to the guard is no command");
    assert_eq!(hands.key(Y, 500), []);
    assert!(hands.0.step(Input::Key(X, Press), at(600)).pass);
}

#[test]
fn paste_focus_and_terminal_stand_down() {
    for loss in [Input::Paste, Input::FocusLost, Input::TerminalLost] {
        let mut hands = Hands::default();
        hands.key(K, 0);
        assert_eq!(hands.input(loss, 200), [(Kill, StoodDown)]);
        assert_eq!(hands.key(Y, 400), [], "{loss:?}");
        assert_eq!(hands.input(loss, 500), [], "{loss:?}: nothing is open");
    }
}

#[test]
fn five_seconds_stand_down_without_a_key() {
    let mut hands = Hands::default();
    hands.key(K, 0);
    assert_eq!(hands.0.deadline(), Some(at(5_000)));
    assert_eq!(hands.input(Input::Time, 5_000), []);
    assert_eq!(hands.input(Input::Time, 5_001), [(Kill, StoodDown)]);
    assert_eq!(hands.0.deadline(), None);
}

#[test]
fn a_confirmation_that_comes_too_late_is_no_command_either() {
    let mut hands = Hands::default();
    hands.key(K, 0);
    let step = hands.0.step(Input::Key(Y, Press), at(5_100));
    assert!(!step.pass && step.fire.is_none());
}

#[test]
fn mouse_repeat_and_release_neither_open_nor_fire() {
    let mut hands = Hands::default();
    for stroke in [Repeat, Release] {
        assert_eq!(hands.stroke(K, stroke, 0), []);
    }
    assert_eq!(hands.input(Input::Mouse, 0), []);
    assert_eq!(hands.0.armed(), None);
    hands.key(K, 1_000);
    assert_eq!(hands.stroke(K, Release, 1_080), []);
    assert_eq!(hands.input(Input::Mouse, 1_200), []);
    assert_eq!(hands.stroke(Y, Repeat, 1_300), []);
    assert_eq!(hands.stroke(Y, Release, 1_400), []);
    assert_eq!(hands.0.armed(), Some(Kill), "none of these stands it down either");
    assert_eq!(hands.key(Y, 1_500), [(Kill, Fired)]);
}

#[test]
fn the_other_chord_changes_the_question() {
    let mut hands = Hands::default();
    hands.key(B, 0);
    assert_eq!(hands.key(K, 300), [(Block, StoodDown), (Kill, Armed)]);
    assert_eq!(hands.key(Y, 400), [(Kill, TooEarly)], "the window is the new verb's");
    assert_eq!(hands.key(B, 600), [(Kill, StoodDown), (Block, Armed)]);
    assert_eq!(hands.key(Y, 800), [(Block, Fired)]);
}

#[test]
fn pressing_the_chord_twice_neither_restarts_nor_fires() {
    let mut hands = Hands::default();
    hands.key(K, 0);
    assert_eq!(hands.key(K, 4_900), []);
    assert_eq!(hands.0.deadline(), Some(at(5_000)));
    assert_eq!(hands.key(Y, 4_990), [(Kill, Fired)]);
}

#[test]
fn a_stuck_chord_opens_once_and_never_fires() {
    for stroke in [Press, Repeat] {
        let mut hands = Hands::default();
        let mut story = hands.key(K, 0);
        for n in 0..1_000 {
            story.extend(hands.stroke(K, stroke, 500 + n * 33));
        }
        assert_eq!(story, [(Kill, Armed), (Kill, StoodDown)], "{stroke:?}");
        let after = 500 + 1_000 * 33 + 300;
        assert_eq!(hands.key(K, after), [(Kill, Armed)], "let go, it opens again");
    }
}

#[test]
fn any_key_or_release_between_ends_the_suspicion_of_a_stuck_chord() {
    let mut hands = Hands::default();
    hands.key(K, 0);
    hands.key(X, 20);
    assert_eq!(hands.key(K, 40), [(Kill, Armed)]);
    hands.input(Input::FocusLost, 50);
    hands.stroke(K, Release, 60);
    assert_eq!(hands.key(K, 70), [(Kill, Armed)]);
}

#[test]
fn a_stuck_confirming_key_never_fires_a_later_chord() {
    let mut hands = Hands::default();
    let mut story = Vec::new();
    for n in 0..1_000 {
        story.extend(hands.key(Y, n * 15));
        if n == 10 {
            story.extend(hands.key(K, n * 15 + 1));
        }
    }
    assert!(story.iter().all(|(_, phase)| *phase != Fired), "{story:?}");
}

#[test]
fn a_paste_without_brackets_never_fires() {
    for pasted in [vec![K, Y], vec![K, Y, Y, Y, Y, Y], vec![K, Y, X], vec![K, Y, K, Y, K, Y]] {
        let mut hands = Hands::default();
        let mut story = Vec::new();
        // A slow line: the burst takes 2 s in all, 1 ms between its keys.
        for (n, key) in pasted.iter().cycle().take(2_000).enumerate() {
            story.extend(hands.key(*key, n as u64));
        }
        assert!(story.iter().all(|(_, phase)| *phase != Fired), "{pasted:?}");
    }
}

#[test]
fn verbs_of_a_keymap_open_the_same_guard() {
    let mut guard = Guard::default();
    let verb = Close(Ticket(1_000_003));
    assert_eq!(guard.open(verb, at(0)).reports[0].phase, Armed);
    assert_eq!(guard.step(Input::Key(Y, Press), at(200)).fire, Some(verb));
}

#[test]
fn a_clock_that_stands_still_never_fires() {
    let mut hands = Hands::default();
    hands.key(K, 700);
    assert_eq!(hands.key(Y, 700), [(Kill, TooEarly)]);
    assert_eq!(hands.key(Y, 600), [(Kill, TooEarly)]);
}
