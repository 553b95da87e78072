//! Themes and keymaps that change while the loop runs.

use super::*;

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
