//! What asks once more: keys, focus and other guards.

use super::*;

#[test]
fn closing_a_position_asks_once_more() {
    let mut rig = rig();
    rig.press("x x");
    assert_eq!(rig.phase(), Some((CLOSE, GuardPhase::Armed)));
    assert!(rig.notes().is_empty(), "nothing yet");
    rig.press("y");
    assert_eq!(rig.notes(), ["close 7 of 1"]);
    assert_eq!(rig.phase(), Some((CLOSE, GuardPhase::Fired)));
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
    assert_eq!(rig.phase(), Some((CLOSE, GuardPhase::StoodDown)));
    let mut rig = self::rig();
    let kill = GuardReport { verb: GuardedVerb::Kill, phase: GuardPhase::Armed, at: clock::now() };
    rig.round.sender.send(Event::Guard(kill));
    rig.round.leave();
    assert_eq!(rig.phase(), Some((GuardedVerb::Kill, GuardPhase::StoodDown)));
}
