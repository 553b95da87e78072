//! The command line over the verbs of the keys.

use super::*;
use crate::tui::cockpit::Cockpit;

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
fn a_word_that_is_none_of_a_list_is_answered_with_the_list_and_stays_to_be_mended() {
    let mut rig = rig();
    rig.round.screen = Box::new(Cockpit::default());
    rig.round.names.themes = ["dark", "light"].map(str::to_owned).to_vec();
    rig.press(": s o r t space f o o enter");
    let columns = "ticket, symbol, lots, pnl, spread, age, rate, change";
    assert_eq!(rig.error(), format!("sort knows no column \"foo\": {columns}"));
    rig.press("ctrl-u t h e m e space l i g t h enter");
    let near = "(did you mean \"light\"?)";
    assert_eq!(rig.error(), format!("theme knows no name \"ligth\" {near}: dark, light"));
    rig.press("ctrl-u p a n e space k i l l enter : f i l t e r space x enter");
    let with = "Positions, Ticks, Mesh, Decisions, Log";
    assert_eq!(rig.error(), format!("Kill has no filter; these have: {with}"));
    assert_eq!(rig.round.prompt.as_ref().unwrap().text(), "filter x");
}

#[test]
fn a_reset_is_no_line_but_a_command_of_the_shell() {
    let mut rig = rig();
    rig.press(": r e s e t enter");
    assert_eq!(
        rig.error(),
        "the way back is typed in a shell, in this order; 1 crs reset --reason TEXT"
    );
}

#[test]
fn a_line_that_is_opened_ends_what_was_told_before() {
    let mut rig = rig();
    rig.round.say("an old line");
    rig.press(": q");
    assert!(rig.round.notice.is_none());
}

#[test]
fn keys_that_only_the_default_keymap_knows_are_told_the_right_ones() {
    let mut rig = rig();
    let told = |rig: &Rig| rig.round.notice.clone().map(|(text, _)| text.to_string());
    for (name, keys, words) in [
        ("vim", "x x", "in keymap vim, d d is close-position"),
        ("vim", "x j x p", "in keymap vim, d p is partial-close"),
        ("emacs", "j", "in keymap emacs, Down is row-down"),
    ] {
        rig.round.keymap = Keymap::embedded(name).unwrap();
        rig.round.notice = None;
        let (last, before) = keys.rsplit_once(' ').map_or((keys, ""), |(a, b)| (b, a));
        rig.press(before);
        assert_eq!(told(&rig), None, "{name} {keys}");
        rig.press(last);
        assert_eq!(told(&rig).as_deref(), Some(words));
        assert_eq!(rig.phase(), None, "nothing opens");
    }
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
    assert_eq!(rig.phase(), Some((CLOSE, GuardPhase::Armed)));
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
