//! Keys into the field, lines out of it.

use super::*;
use crate::control::{Action, Danger, Takes};

fn choices(action: Action) -> Vec<String> {
    let words: &[&str] = match action {
        Action::Theme => &["dark", "light", "mono", "mine"],
        Action::Pane => &["positions", "ticks"],
        _ => &[],
    };
    words.iter().map(|w| (*w).to_owned()).collect()
}

struct Field {
    prompt: Prompt,
    history: Vec<String>,
}

fn field(text: &str) -> Field {
    let prompt = Prompt::open(Kind::Command, text, &choices);
    Field { prompt, history: vec!["theme dark".to_owned(), "pane ticks".to_owned()] }
}

impl Field {
    fn keys(&mut self, names: &str) -> Did {
        let mut last = Did::Nothing;
        for name in names.split(' ') {
            let key = Key::named(name).unwrap_or_else(|| panic!("{name}"));
            last = self.prompt.key(key, &self.history, &choices);
        }
        last
    }

    fn text(&self) -> String {
        let (before, after) = self.prompt.parts();
        format!("{before}|{after}")
    }

    fn shown(&self) -> Vec<&str> {
        self.prompt.candidates().0.iter().map(|c| c.shown.as_str()).collect()
    }
}

fn parsed(line: &str) -> Result<(Action, String), String> {
    line::parse(line, &choices).map(|t| (t.action, t.told)).map_err(|e| e.to_string())
}

#[test]
fn text_is_edited_as_in_any_field() {
    let mut f = field("");
    assert_eq!(f.keys("q u i t"), Did::Edited);
    assert_eq!(f.keys("left left backspace e"), Did::Edited);
    assert_eq!(f.text(), "qe|it");
    f.keys("ctrl-a delete ctrl-e x");
    assert_eq!(f.text(), "eitx|");
    f.keys("space a ö space ctrl-w");
    assert_eq!(f.text(), "eitx |");
    f.keys("home right ctrl-u");
    assert_eq!(f.text(), "|itx ");
    // Nothing that a keymap or a terminal might mean by them is text.
    assert_eq!(f.keys("alt-x f5 pageup ctrl-l"), Did::Nothing);
    assert_eq!(f.text(), "|itx ");
    assert_eq!(f.keys("end enter"), Did::Entered("itx ".to_owned()));
    for name in ["esc", "ctrl-c", "ctrl-g"] {
        assert_eq!(f.keys(name), Did::Cancelled);
    }
    assert_eq!(field("").keys("backspace"), Did::Cancelled);
    assert_eq!(field("a").keys("backspace"), Did::Edited);
}

#[test]
fn the_text_is_bounded() {
    let mut f = field("");
    for _ in 0..2 * MAX_CHARS {
        f.keys("x");
    }
    assert_eq!(f.prompt.text().len(), MAX_CHARS);
}

#[test]
fn tab_completes_as_far_as_all_agree_then_each_in_turn() {
    let mut f = field("");
    assert_eq!(f.shown().len(), Action::ALL.len());
    f.keys("r o w tab");
    assert_eq!(f.text(), "row-|");
    assert_eq!(f.shown(), ["row-down", "row-up"]);
    f.keys("tab");
    assert_eq!((f.text(), f.prompt.candidates().1), ("row-down|".to_owned(), Some(0)));
    f.keys("tab");
    assert_eq!(f.text(), "row-up|");
    f.keys("tab shift-tab shift-tab");
    assert_eq!(f.text(), "row-down|");
    // The only one is taken, and what follows it is offered.
    let mut f = field("them");
    f.keys("tab");
    assert_eq!(f.text(), "theme |");
    assert_eq!(f.shown(), ["dark", "light", "mono", "mine"]);
    f.keys("m tab");
    assert_eq!((f.text(), f.shown()), ("theme mono|".to_owned(), vec!["mono", "mine"]));
    f.keys("tab");
    assert_eq!(f.text(), "theme mine|");
    assert_eq!(field("nonsense ").keys("tab"), Did::Nothing);
}

#[test]
fn up_and_down_walk_the_history_and_come_back_to_the_draft() {
    let mut f = field("qu");
    f.keys("up");
    assert_eq!(f.text(), "pane ticks|");
    f.keys("up up up");
    assert_eq!(f.text(), "theme dark|");
    f.keys("down down");
    assert_eq!(f.text(), "qu|");
    f.keys("down");
    assert_eq!(f.text(), "qu|");
}

#[test]
fn a_history_is_bounded_and_keeps_no_line_twice_in_a_row() {
    let mut history = Vec::new();
    for line in ["quit", "quit", "  ", "", "help", "quit"] {
        remember(&mut history, line);
    }
    assert_eq!(history, ["quit", "help", "quit"]);
    for n in 0..2 * MAX_LINES {
        remember(&mut history, &format!("pane {n}"));
    }
    assert_eq!(history.len(), MAX_LINES);
    assert_eq!(history.last().map(String::as_str), Some("pane 399"));
}

#[test]
fn every_verb_can_be_typed_and_is_offered() {
    for action in Action::ALL {
        let line = match action.takes() {
            Takes::Nothing => action.name().to_owned(),
            Takes::Choice(_) => {
                let word = choices(*action).first().cloned().unwrap_or("any".to_owned());
                format!("{} {word}", action.name())
            }
            Takes::Words(_) => format!("{} some words", action.name()),
        };
        assert_eq!(parsed(&line).map(|(a, _)| a), Ok(*action), "{line}");
        let offered = line::candidates(action.name(), &choices);
        assert!(offered.iter().any(|c| c.line.trim_end() == action.name()), "{line}");
        assert!(offered.iter().all(|c| !c.about.is_empty()));
    }
}

#[test]
fn what_is_wrong_is_said_in_one_line_with_the_nearest_word() {
    assert_eq!(parsed(":theme  light "), Ok((Action::Theme, "light".to_owned())));
    assert_eq!(parsed("keymap whatever"), Ok((Action::Keymap, "whatever".to_owned())));
    assert_eq!(parsed("qui"), Ok((Action::Quit, String::new())));
    for (line, told) in [
        ("qiut", "no command \"qiut\" (did you mean \"quit\"?)"),
        ("", "no command \"\""),
        ("xyzzy", "no command \"xyzzy\""),
        ("theme", "theme needs a NAME: dark, light, mono, mine"),
        ("keymap", "keymap needs a NAME"),
        (
            "theme lihgt",
            "theme knows no name \"lihgt\" (did you mean \"light\"?): dark, light, mono, mine",
        ),
        ("quit now", "quit takes no \"now\""),
        ("row", "\"row\" may be row-down, row-up"),
        ("kil", "write kill out in full"),
        ("stand", "write stand-down out in full"),
        ("evil\u{1b}[2J x", "no command \"evil?[2J\""),
    ] {
        let said = parsed(line).unwrap_err();
        assert!(!said.contains(['\n', '\u{1b}']), "{said:?}");
        if !line.contains('\u{1b}') {
            assert_eq!(said, told);
        }
    }
}

/// A slip while typing must not open a guard.
#[test]
fn what_acts_is_only_run_by_its_full_name() {
    for action in Action::ALL.iter().filter(|a| a.danger() != Danger::None) {
        let name = action.name();
        for upto in 1..name.len() {
            let acts = parsed(&name[..upto]).is_ok_and(|(a, _)| a.danger() != Danger::None);
            assert!(!acts || Action::named(&name[..upto]).is_some(), "{}", &name[..upto]);
        }
    }
}

#[test]
fn a_refused_line_stays_to_be_mended() {
    let mut f = field("qiut");
    f.prompt.refuse("qiut", Text::new("no"));
    assert_eq!((f.text(), f.prompt.error().as_str()), ("qiut|".to_owned(), "no"));
    f.keys("backspace");
    assert!(f.prompt.error().is_empty());
}

#[test]
fn a_search_has_neither_history_nor_completion() {
    let mut f = field("");
    f.prompt = Prompt::open(Kind::Search, "", &choices);
    f.keys("q up tab down");
    assert_eq!(f.text(), "q|");
    assert!(f.shown().is_empty());
}
