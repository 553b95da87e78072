//! The command line, what may follow a key, and the search of the help.

use crate::panes::shoot;
use crate::picture::{frame, rows};
use crate::scene;
use crs::control::Action;
use crs::domain::{Text, Ticket};
use crs::event::{GuardPhase, GuardedVerb};
use crs::tui::keymap::{Context, Key, Keymap};
use crs::tui::prompt::{Kind, Prompt, line};
use crs::tui::ui::Ui;
use crs::tui::view::Hint;
use crs::tui::{chords, theme::Theme};

const SIZES: [(u16, u16); 5] = [(200, 60), (120, 40), (80, 24), (40, 12), (24, 5)];

fn choices(action: Action) -> Vec<String> {
    match action {
        Action::Theme => Theme::names().map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

/// A field into which these keys went.
fn field(kind: Kind, keys: &str) -> Prompt {
    let mut prompt = Prompt::open(kind, "", &choices);
    for name in keys.split(' ').filter(|name| !name.is_empty()) {
        prompt.key(Key::named(name).unwrap(), &[], &choices);
    }
    prompt
}

fn with(prompt: Prompt) -> Ui {
    Ui { prompt: Some(prompt), ..Ui::default() }
}

#[test]
fn the_command_line_lists_what_may_stand_there() {
    shoot("line_verbs", &scene::calm(), &with(field(Kind::Command, "r o w")));
    shoot("line_words", &scene::calm(), &with(field(Kind::Command, "t h e m tab tab tab")));
    let mut refused = field(Kind::Command, "q i u t");
    refused.refuse("qiut", line::parse("qiut", &choices).unwrap_err());
    shoot("line_refused", &scene::calm(), &with(refused));
}

#[test]
fn the_kill_chord_stands_first_whatever_is_typed() {
    let long = "x ".repeat(150);
    let seen = format!("{long} e n d");
    for (width, height) in SIZES {
        for keys in ["", "q u i t", &seen] {
            let ui = with(field(Kind::Command, keys));
            let all = rows(&frame(&scene::calm().state, &ui, &scene::hints(), width, height));
            let status = all.last().unwrap();
            assert!(status.starts_with(" Ctrl-K KILL"), "{width}×{height}: {status}");
            // Where there is room, the end that is being typed is seen.
            assert!(keys != seen || width < 80 || status.contains("xxxend"), "{status}");
        }
    }
}

#[test]
fn an_open_guard_goes_before_the_field_and_its_list() {
    for (width, height) in SIZES {
        let mut s = scene::calm();
        s.guard(GuardedVerb::Kill, GuardPhase::Armed).pass(800);
        let plain = rows(&frame(&s.state, &Ui::default(), &scene::hints(), width, height));
        let ui = with(field(Kind::Command, "r o w"));
        let typed = rows(&frame(&s.state, &ui, &scene::hints(), width, height));
        assert_eq!(plain, typed, "{width}×{height}");
    }
}

#[test]
fn the_line_being_typed_goes_before_what_was_told_last() {
    for (width, height) in [(120, 40), (80, 24), (40, 12)] {
        let mut s = scene::calm();
        s.guard(GuardedVerb::Arm, GuardPhase::StoodDown).pass(300);
        let told = rows(&frame(&s.state, &Ui::default(), &scene::hints(), width, height));
        assert!(told.last().unwrap().contains("ARM stood down"), "{told:?}");
        let ui = Ui { notice: Text::new("an old line"), ..with(field(Kind::Command, "s o r")) };
        let typed = rows(&frame(&s.state, &ui, &scene::hints(), width, height));
        let status = typed.last().unwrap();
        assert!(status.contains(":sor") && !status.contains("old"), "{width}×{height}: {status}");
    }
}

#[test]
fn every_guard_is_read_whole_on_the_smallest_screen() {
    for verb in [
        GuardedVerb::Kill,
        GuardedVerb::Block,
        GuardedVerb::CloseAt { gateway: 0, ticket: Ticket(1_000_001) },
        GuardedVerb::Arm,
        GuardedVerb::StandDown,
        GuardedVerb::RemoteStart,
        GuardedVerb::RemoteStop,
        GuardedVerb::RemoteRestart,
    ] {
        for phase in [GuardPhase::Armed, GuardPhase::TooEarly] {
            let mut s = scene::calm();
            s.guard(verb, phase).pass(800);
            let all = rows(&frame(&s.state, &Ui::default(), &scene::hints(), 40, 12));
            let text = all.join("\n");
            let (status, body) = all.split_last().unwrap();
            assert!(!body.iter().any(|row| row.contains('…')), "{text}");
            assert!(body.iter().any(|row| row.starts_with("│  y   ")), "{text}");
            let says = ["press y within", &format!("y: {verb}")];
            let says = says.iter().any(|word| status.contains(word));
            assert!(says && !status.contains('…'), "{text}");
        }
    }
}

#[test]
fn what_may_follow_is_a_list_of_the_keymaps_rows() {
    let keymap = Keymap::embedded("vim").unwrap();
    let mut hints = scene::hints();
    hints.following = chords::following(&keymap, Context::Positions, "Ctrl-W");
    let ui = Ui { pending: Text::new("Ctrl-W"), ..Ui::default() };
    let buffer = frame(&scene::calm().state, &ui, &hints, 80, 24);
    let all = rows(&buffer).join("\n");
    insta::assert_snapshot!("following_80x24", all);
    for hint in &hints.following {
        assert!(all.contains(hint.what.as_str()), "{}", hint.what);
    }
    // Only what works in this pane.
    assert!(chords::following(&keymap, Context::Ticks, "d").is_empty());
    let of = |keys, action: Action| Hint::new(keys, action.help());
    let all = [
        of("d", Action::ClosePosition),
        of("p", Action::PartialClose),
        of("m", Action::ModifyExits),
    ];
    assert_eq!(chords::following(&keymap, Context::Positions, "d"), all);
}

#[test]
fn a_search_leaves_what_stops_trading_and_what_was_found() {
    let mut hints = scene::hints();
    hints.commands = vec![Hint::new(":zoom", "Let the pane fill the screen, or back.")];
    let ui = Ui {
        help: true,
        help_search: Text::new("fill"),
        prompt: Some(field(Kind::Search, "f i l l")),
        ..Ui::default()
    };
    let all = rows(&frame(&scene::calm().state, &ui, &hints, 80, 24)).join("\n");
    insta::assert_snapshot!("help_search_80x24", all);
    for words in ["Ctrl-K, y", "Let the pane fill", ":zoom", "/fill"] {
        assert!(all.contains(words), "{words}");
    }
    assert!(!all.contains("Leave; agent"));
}
