//! Keys to actions, and what a keymap may not do.

use super::*;
use crate::state::State;

fn at(ms: u64) -> Stamp {
    Stamp::default().plus(Duration::from_millis(ms))
}

fn feed(sequence: &mut Sequence, context: Context, name: &str, ms: u64) -> Fed {
    sequence.feed(&Keymap::default(), context, Key::named(name).unwrap(), at(ms))
}

#[test]
fn the_bundled_keymaps_are_whole_under_their_own_names() {
    for (name, text) in EMBEDDED {
        assert_eq!(Keymap::parse(name, text).unwrap().name().as_str(), *name);
        assert_eq!(Keymap::load(name, Path::new("/nonexistent")).1, None);
    }
}

/// By keys and by help; `tui::prompt` has the same for the command line.
#[test]
fn every_verb_is_reachable_in_every_bundled_keymap() {
    use crate::tui::chords;
    for name in Keymap::names() {
        let keymap = Keymap::embedded(name).unwrap();
        let card = crate::config::Card::default();
        for action in Action::ALL {
            let contexts: Vec<Context> = Context::ALL
                .iter()
                .copied()
                .filter(|c| keymap.keys_for(*action, *c).is_some())
                .collect();
            assert!(!contexts.is_empty(), "{name}: {} has no key", action.name());
            if fixed::shown(*action).is_some() {
                assert_eq!(contexts.len(), Context::ALL.len(), "{name}: fixed everywhere");
                continue;
            }
            // The keys that are shown are the keys that run it.
            for context in contexts {
                let shown = keymap.keys_for(*action, context).unwrap();
                let row = keymap.rows().iter().find(|r| r.shown == shown && r.action == *action);
                let mut sequence = Sequence::default();
                let mut last = Fed::Unbound;
                for key in &row.unwrap().keys {
                    last = sequence.feed(&keymap, context, *key, at(0));
                }
                assert_eq!(last, Fed::Run(*action), "{name} {shown}");
            }
            let hints = chords::hints(&keymap, Context::Global, &card, &State::default());
            let help = chords::with_help(hints, &keymap, true).help;
            let told = |keys: &str| {
                help.iter()
                    .flat_map(|s| &s.rows)
                    .any(|r| r.keys.as_str().split(", ").any(|k| k == keys))
            };
            for row in keymap.rows().iter().filter(|r| r.action == *action) {
                assert!(told(&row.shown), "{name}: {} is not in the help", row.shown);
            }
        }
    }
}

#[test]
fn no_bundled_keymap_binds_a_chord_of_the_switch_at_any_depth() {
    for name in Keymap::names() {
        let keymap = Keymap::embedded(name).unwrap();
        for row in keymap.rows() {
            assert!(row.keys.iter().all(|k| fixed::refusal(*k).is_none()), "{name} {}", row.shown);
            let acts = row.action.danger() == crate::control::Danger::Guarded;
            let strong = row.keys.len() > 1 || row.keys.iter().any(Key::is_modified);
            assert!(!acts || strong, "{name}: {} runs {}", row.shown, row.action.name());
        }
    }
}

#[test]
fn a_keymap_inherits_a_users_own_and_a_circle_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("keymaps")).unwrap();
    let write = |name: &str, text: &str| {
        std::fs::write(dir.path().join("keymaps").join(format!("{name}.toml")), text).unwrap();
    };
    write("mine", "inherits = \"vim\"\n[[global]]\non = \"w\"\nrun = \"zoom\"\n");
    write("ours", "inherits = \"mine\"\n[[global]]\non = \"W\"\nrun = \"help\"\n");
    let (keymap, note) = Keymap::load("ours", dir.path());
    assert_eq!((keymap.name().as_str(), note), ("ours", None));
    let run = |name: &str| {
        Sequence::default().feed(&keymap, Context::Ticks, Key::named(name).unwrap(), at(0))
    };
    assert_eq!((run("w"), run("W")), (Fed::Run(Action::Zoom), Fed::Run(Action::Help)));
    assert_eq!(run("ctrl-d"), Fed::Run(Action::PageDown));
    write("vim", "inherits = \"vim\"\n[[global]]\non = \"w\"\nrun = \"zoom\"\n");
    assert_eq!(Keymap::load("vim", dir.path()).1, None);
    write("a", "inherits = \"b\"\n");
    write("b", "inherits = \"a\"\n");
    let (keymap, note) = Keymap::load("a", dir.path());
    assert_eq!(keymap.name().as_str(), "default");
    assert!(note.unwrap().as_str().contains("b.toml:1:12: inherits goes in a circle: a > b > a"));
}

#[test]
fn a_sequence_waits_and_a_stranger_starts_anew() {
    let mut s = Sequence::default();
    assert_eq!(feed(&mut s, Context::Ticks, "g", 0), Fed::Pending);
    assert_eq!(s.shown(), "g");
    assert_eq!(feed(&mut s, Context::Ticks, "g", 100), Fed::Run(Action::FirstRow));
    assert_eq!(s.shown(), "");
    assert_eq!(feed(&mut s, Context::Ticks, "g", 200), Fed::Pending);
    assert_eq!(feed(&mut s, Context::Ticks, "j", 300), Fed::Run(Action::RowDown));
    assert_eq!(feed(&mut s, Context::Ticks, "w", 300), Fed::Unbound);
}

#[test]
fn a_sequence_is_forgotten_after_two_seconds() {
    let mut s = Sequence::default();
    feed(&mut s, Context::Positions, "x", 0);
    assert_eq!(feed(&mut s, Context::Positions, "x", 2_001), Fed::Pending);
    assert_eq!(feed(&mut s, Context::Positions, "x", 2_100), Fed::Run(Action::ClosePosition));
}

#[test]
fn a_context_goes_before_the_whole() {
    let mut s = Sequence::default();
    assert_eq!(feed(&mut s, Context::Help, "q", 0), Fed::Run(Action::Back));
    assert_eq!(feed(&mut s, Context::Log, "q", 0), Fed::Run(Action::Quit));
    assert_eq!(feed(&mut s, Context::Log, "x", 0), Fed::Unbound);
}

#[test]
fn hints_come_from_the_rows_in_force() {
    let keymap = Keymap::default();
    assert_eq!(keymap.keys_for(Action::Quit, Context::Ticks), Some("q"));
    assert_eq!(keymap.keys_for(Action::Quit, Context::Help), Some("Ctrl-C"));
    assert_eq!(keymap.keys_for(Action::ClosePosition, Context::Positions), Some("x x"));
    assert_eq!(keymap.keys_for(Action::ClosePosition, Context::Log), None);
    assert_eq!(keymap.keys_for(Action::Kill, Context::Help), Some("Ctrl-K"));
}

#[test]
fn a_user_keymap_changes_rows_and_keeps_the_rest() {
    let text = "inherits = \"default\"\n\
        [[global]]\non = \"w\"\nrun = \"quit\"\n\
        [[global]]\non = \"q\"\nrun = \"noop\"\n\
        [[log]]\non = \"z\"\nrun = \"noop\"\n";
    let keymap = Keymap::parse("mine.toml", text).unwrap();
    let run = |context, name: &str| {
        Sequence::default().feed(&keymap, context, Key::named(name).unwrap(), at(0))
    };
    assert_eq!(run(Context::Ticks, "w"), Fed::Run(Action::Quit));
    assert_eq!(run(Context::Ticks, "q"), Fed::Unbound);
    assert_eq!(run(Context::Help, "q"), Fed::Run(Action::Back));
    assert_eq!(run(Context::Ticks, "z"), Fed::Run(Action::Zoom));
    assert_eq!(run(Context::Log, "z"), Fed::Unbound);
    assert_eq!(keymap.keys_for(Action::Zoom, Context::Log), Some("Enter"));
}

#[test]
fn a_verb_that_acts_goes_only_when_it_is_named() {
    let gone = "inherits = \"default\"\n[[positions]]\non = \"x x\"\nrun = \"noop\"\n";
    assert_eq!(
        Keymap::parse("mine.toml", gone)
            .unwrap()
            .keys_for(Action::ClosePosition, Context::Positions),
        None
    );
    let replaced = "inherits = \"default\"\n[[positions]]\non = \"x x\"\nrun = \"zoom\"\n";
    let fault = Keymap::parse("mine.toml", replaced).unwrap_err().to_string();
    assert!(fault.contains("nothing runs close-position"), "{fault}");
}

#[test]
fn a_broken_user_keymap_warns_and_the_bundled_one_stands_in() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("keymaps")).unwrap();
    let file = dir.path().join("keymaps/default.toml");
    std::fs::write(&file, "[[global]]\non = \"q\"\nrun = \"qiut\"\n").unwrap();
    let (keymap, note) = Keymap::load("default", dir.path());
    assert_eq!(keymap.keys_for(Action::Quit, Context::Global), Some("q"));
    let note = note.unwrap();
    assert!(
        note.as_str().contains("default.toml:3:7: no action \"qiut\" (did you mean \"quit\"?)")
    );
    let (_, note) = Keymap::load("defualt", dir.path());
    assert_eq!(
        note.unwrap().as_str(),
        "no keymap \"defualt\" (did you mean \"default\"?); the bundled keymap default stands in"
    );
}

/// Every verb of the table can be run by keys, by a line and is in the help, in
/// every bundled keymap.
#[test]
fn every_action_is_reached_by_keys_by_the_line_and_by_the_help() {
    use crate::config::Card;
    use crate::state::State;
    use crate::tui::chords;
    use crate::tui::prompt::line;
    use crate::tui::view::Hint;
    use std::collections::BTreeSet;

    let named = line::candidates("", &|_| Vec::new());
    for name in Keymap::names() {
        let keymap = Keymap::embedded(name).unwrap();
        let hints = chords::hints(&keymap, Context::Global, &Card::default(), &State::default());
        let hints = chords::with_help(hints, &keymap, true);
        let helped: BTreeSet<&str> =
            hints.help.iter().flat_map(|s| &s.rows).map(|h| h.keys.as_str()).collect();
        for action in Action::ALL {
            let verb = action.name();
            let mut keys = Context::ALL.iter().filter_map(|c| keymap.keys_for(*action, *c));
            let keys = keys.next().unwrap_or_else(|| panic!("{name}: no key for {verb}"));
            // Where a pane has the keys for itself, its own help says so.
            let fixed = fixed::shown(*action).is_some();
            let told = helped.iter().any(|all| all.split(", ").any(|one| one == keys));
            assert!(fixed || told, "{name}: {verb} by {keys} is not in the help");
            assert_eq!(hints.kill.as_str(), fixed::shown(Action::Kill).unwrap());
            let line = line::shown(*action);
            assert!(hints.commands.contains(&Hint::new(&format!(":{line}"), action.help())));
            assert!(named.iter().any(|c| c.shown == line), "{verb} is offered");
            let word = if matches!(action.takes(), crate::control::Takes::Choice(_)) {
                format!("{verb} x")
            } else {
                verb.to_owned()
            };
            assert_eq!(line::parse(&word, &|_| Vec::new()).map(|t| t.action), Ok(*action));
        }
    }
}
