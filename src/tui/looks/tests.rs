//! Files that change under the thread, and what is kept of a session.

use super::*;
use crate::tui::theme::Role;
use ratatui::style::Color;
use std::fs;
use std::path::Path;

/// Longer than any loaded machine takes for two looks.
const SOON: Duration = Duration::from_secs(30);

fn write(dir: &Path, file: &str, text: &str) {
    let path = dir.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn started(dir: &Path, theme: &str, keymap: &str) -> Looks {
    let (memory, _) = Memory::load(dir, (theme, keymap));
    let depth = Depth::True;
    let (loaded, _) = Theme::load(theme, dir, depth, Charset::Unicode);
    Looks::start(Start {
        config_dir: dir.to_owned(),
        depth,
        charset: Charset::Unicode,
        theme: (theme.to_owned(), loaded),
        keymap: (keymap.to_owned(), Keymap::load(keymap, dir).0),
        memory,
    })
    .unwrap()
}

/// The next word that is not about names.
fn next(looks: &Looks) -> Told {
    loop {
        match looks.told().recv_timeout(SOON).unwrap() {
            Told::Names(_) => {}
            other => return other,
        }
    }
}

const GREEN: &str =
    "inherits = \"dark\"\n[palette]\ngood = { rgb = \"#010203\", ansi = \"green\" }\n";

#[test]
fn a_changed_theme_is_read_again_and_a_broken_one_leaves_the_last_good_one() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "themes/mine.toml", "inherits = \"dark\"\n");
    let looks = started(dir.path(), "mine", "default");
    std::thread::sleep(2 * EVERY);
    write(dir.path(), "themes/mine.toml", GREEN);
    let Told::Theme(theme, Cause::Changed) = next(&looks) else { panic!("no theme") };
    assert_eq!(theme.style(Role::PnlUp).fg, Some(Color::Rgb(1, 2, 3)));
    write(dir.path(), "themes/mine.toml", "inherits = \"darc\"\n");
    let Told::Fault(fault) = next(&looks) else { panic!("no fault") };
    let fault = fault.as_str();
    assert!(fault.contains("mine.toml:1:12: no theme \"darc\" (did you mean \"dark\"?)"));
    assert!(fault.ends_with("; the theme in force stays"), "{fault}");
    // Mended to what is in force already: told, since the fault was.
    write(dir.path(), "themes/mine.toml", GREEN);
    assert!(matches!(next(&looks), Told::Theme(_, Cause::Changed)));
}

#[test]
fn a_base_that_changes_changes_what_inherits_it() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "keymaps/base.toml", "inherits = \"vim\"\n");
    write(dir.path(), "keymaps/mine.toml", "inherits = \"base\"\n");
    let looks = started(dir.path(), "dark", "mine");
    std::thread::sleep(2 * EVERY);
    let bound = "inherits = \"vim\"\n[[global]]\non = \"w\"\nrun = \"zoom\"\n";
    write(dir.path(), "keymaps/base.toml", bound);
    let Told::Keymap(keymap, Cause::Changed) = next(&looks) else { panic!("no keymap") };
    assert!(keymap.rows().iter().any(|r| r.shown == "w"));
    write(dir.path(), "keymaps/base.toml", "[[global]\n");
    let Told::Fault(fault) = next(&looks) else { panic!("no fault") };
    assert!(fault.as_str().contains("base.toml:1:10: "), "{fault}");
}

#[test]
fn what_is_chosen_holds_and_is_kept_until_the_configuration_says_otherwise() {
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "themes/mine.toml", GREEN);
    let looks = started(dir.path(), "dark", "default");
    let Told::Names(names) = looks.told().recv_timeout(SOON).unwrap() else { panic!("no names") };
    assert!(names.themes.contains(&"mine".to_owned()) && names.themes.contains(&"mono".to_owned()));
    assert_eq!(names.keymaps, ["default", "vim", "emacs"]);
    assert!(looks.use_theme("mine") && looks.use_keymap("vim"));
    assert!(matches!(next(&looks), Told::Theme(t, Cause::Chosen) if t.name().as_str() == "mine"));
    assert!(matches!(next(&looks), Told::Keymap(k, Cause::Chosen) if k.name().as_str() == "vim"));
    assert!(looks.use_theme("lihgt"));
    let Told::Fault(fault) = next(&looks) else { panic!("no fault") };
    assert_eq!(
        fault.as_str(),
        "no theme \"lihgt\" (did you mean \"light\"?); the theme in force stays"
    );
    looks.remember(vec![String::from("theme mine")]);
    // The next answer comes when the file is written.
    assert!(looks.use_theme("nothing"));
    next(&looks);
    let (memory, notes) = Memory::load(dir.path(), ("dark", "default"));
    assert_eq!((memory.theme(), memory.keymap(), notes), ("mine", "vim", Vec::new()));
    assert_eq!(memory.history, ["theme mine"]);
    let (memory, _) = Memory::load(dir.path(), ("light", "default"));
    assert_eq!((memory.theme(), memory.keymap()), ("light", "vim"));
}

/// Every file of a directory, by name.
fn names(dir: &Path) -> Vec<String> {
    let name = |entry: std::io::Result<fs::DirEntry>| entry.unwrap().file_name();
    let mut all: Vec<String> =
        fs::read_dir(dir).unwrap().map(|e| name(e).into_string().unwrap()).collect();
    all.sort();
    all
}

#[test]
fn a_damaged_memory_is_told_and_set_aside_and_a_newer_one_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(memory::FILE);
    let damaged = ["{", "[]", "{\"version\":1,\"history\":7}", "\u{1b}]52;c;aGk=\u{7}"];
    for (n, broken) in (1..).zip(damaged) {
        fs::write(&file, broken).unwrap();
        assert_eq!(Memory::peek(dir.path(), ("dark", "default")).theme(), "dark");
        assert!(file.exists(), "a look moves nothing");
        let (mut memory, notes) = Memory::load(dir.path(), ("dark", "default"));
        let [note] = &notes[..] else { panic!("{notes:?}") };
        assert!(note.as_str().contains("console.json: not what was written"), "{note}");
        let aside = dir.path().join(format!("console.json.damaged-{n}"));
        assert!(
            note.as_str().contains(&format!("set aside as console.json.damaged-{n}: ")),
            "{note}"
        );
        assert_eq!(fs::read_to_string(&aside).unwrap(), broken, "nothing of it is lost");
        assert!(!file.exists() && memory.theme() == "dark");
        memory.choose_theme("mono");
        memory.save().unwrap();
        assert_eq!(Memory::load(dir.path(), ("dark", "default")).0.theme(), "mono");
    }
    fs::write(&file, vec![b' '; 300_000]).unwrap();
    let notes = Memory::load(dir.path(), ("dark", "default")).1;
    assert!(notes[0].as_str().contains("256 KiB"), "{notes:?}");
    let newer = "{\"version\":2,\"theme\":{\"chosen\":\"x\",\"instead_of\":\"dark\"}}";
    fs::write(&file, newer).unwrap();
    let (mut memory, notes) = Memory::load(dir.path(), ("dark", "default"));
    assert!(notes[0].as_str().contains("a newer crs wrote it"));
    memory.choose_theme("mono");
    memory.save().unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), newer);
}

#[test]
fn what_cannot_be_set_aside_is_not_written_over() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join(memory::FILE);
    for n in 1..=9 {
        fs::write(dir.path().join(format!("console.json.damaged-{n}")), "old").unwrap();
    }
    fs::write(&file, "{").unwrap();
    let (mut memory, notes) = Memory::load(dir.path(), ("dark", "default"));
    assert!(notes[0].as_str().contains("not kept: move it away"), "{notes:?}");
    memory.choose_theme("mono");
    memory.save().unwrap();
    assert_eq!(fs::read_to_string(&file).unwrap(), "{");
    assert_eq!(names(dir.path()).len(), 10);
}

#[test]
fn a_layout_of_strange_names_loses_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let kept = r#"{"version":1,"theme":{"chosen":"mono","instead_of":"dark"},
        "layout":{"focus":"radar","zoom":true},"history":["pane ticks"],"more":7}"#;
    fs::write(dir.path().join(memory::FILE), kept).unwrap();
    let (memory, notes) = Memory::load(dir.path(), ("dark", "default"));
    assert_eq!((memory.theme(), memory.history.len(), notes.len()), ("mono", 1, 1));
    assert!(notes[0].as_str().contains("kept focus = \"radar\" is unknown"), "{notes:?}");
    let zoomed = Layout::of(&crate::tui::ui::Ui { zoom: true, ..Default::default() });
    assert_eq!(memory.layout, zoomed);
    assert_eq!(names(dir.path()), [memory::FILE]);
}

#[test]
fn what_the_thread_was_told_last_is_written_when_it_is_closed() {
    use crate::tui::ui::{Pane, Ui};
    let dir = tempfile::tempdir().unwrap();
    let mut looks = started(dir.path(), "dark", "default");
    let layouts = Pane::ALL.map(|focus| Layout::of(&Ui { focus, zoom: true, ..Ui::default() }));
    for layout in &layouts {
        assert!(looks.leave(layout));
    }
    assert!(looks.close(SOON));
    assert!(!looks.leave(&layouts[0]), "it is over");
    let memory = Memory::load(dir.path(), ("dark", "default")).0;
    assert_eq!(Some(&memory.layout), layouts.last());
    assert_eq!(names(dir.path()), [memory::FILE], "nothing half-written is left");
}

#[test]
fn the_longest_history_can_be_read_again() {
    let dir = tempfile::tempdir().unwrap();
    let (mut memory, _) = Memory::load(dir.path(), ("dark", "default"));
    memory.history = vec!["\u{1f600}".repeat(memory::MAX_CHARS); memory::MAX_LINES];
    memory.save().unwrap();
    let (memory, notes) = Memory::load(dir.path(), ("dark", "default"));
    assert_eq!((memory.history.len(), notes), (memory::MAX_LINES, Vec::new()));
}

#[test]
fn a_pipe_in_its_place_holds_nothing_up() {
    use rustix::fs::{CWD, FileType, Mode, mknodat};
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("themes")).unwrap();
    for file in [memory::FILE, "themes/pipe.toml"] {
        mknodat(CWD, dir.path().join(file), FileType::Fifo, Mode::RUSR | Mode::WUSR, 0).unwrap();
    }
    let (tell, told) = std::sync::mpsc::channel();
    let home = dir.path().to_owned();
    std::thread::spawn(move || {
        let memory = Memory::load(&home, ("dark", "default")).1;
        let theme = Theme::load("pipe", &home, Depth::True, Charset::Unicode).1;
        tell.send((memory, theme)).unwrap();
    });
    let (memory, theme) = told.recv_timeout(SOON).expect("nobody waits for a pipe");
    assert!(memory[0].as_str().contains("not a file of at most 256 KiB"), "{memory:?}");
    assert!(theme.unwrap().as_str().contains("not a regular file"));
}

#[test]
fn what_is_kept_is_bounded_and_private() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let (mut memory, _) = Memory::load(dir.path(), ("dark", "default"));
    memory.history = (0..1_000).map(|n| format!("pane {n}")).collect();
    memory.history.push("x".repeat(memory::MAX_CHARS + 1));
    memory.history.push(String::from("evil \u{1b}[2J"));
    memory.save().unwrap();
    let kept = Memory::load(dir.path(), ("dark", "default")).0.history;
    assert_eq!(kept.len(), memory::MAX_LINES);
    assert!(kept.iter().all(|l| !l.contains('\u{1b}') && l.len() < 50), "{kept:?}");
    assert_eq!(kept[kept.len() - 2], "pane 999");
    let mode = fs::metadata(dir.path().join(memory::FILE)).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let rest: Vec<_> = fs::read_dir(dir.path()).unwrap().map(|e| e.unwrap().file_name()).collect();
    assert_eq!(rest, [memory::FILE], "nothing half-written is left");
}
