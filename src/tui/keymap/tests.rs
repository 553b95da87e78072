//! Keys to actions, and what a keymap may not do.

use super::*;

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
    for action in Action::ALL {
        let somewhere =
            Context::ALL.iter().any(|c| Keymap::default().keys_for(*action, *c).is_some());
        assert!(somewhere, "{} has no key", action.name());
    }
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
