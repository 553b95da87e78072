//! What an operator writes: configuration, keymaps, themes. Every fault has
//! a place within the text.

use super::clean::clean;
use crs::config::file::apply;
use crs::config::load::Draft;
use crs::config::{Origin, Origins, Settings, gateways};
use crs::control::{Action, Danger};
use crs::domain::Money;
use crs::tui::fault::FileFault;
use crs::tui::keymap::{Context, Key, Keymap};
use crs::tui::theme::{Charset, Depth, Role, Theme};
use std::path::PathBuf;

const FILE: &str = "x.toml";

/// Whether `line:column` is a place in `text`.
pub fn within(text: &str, line: usize, column: usize) {
    assert!(line > 0 && column > 0, "{line}:{column} is no place");
    let Some(shown) = text.split('\n').nth(line - 1) else { panic!("no line {line}") };
    assert!(column <= shown.chars().count() + 1, "no column {column} in line {line}: {shown:?}");
}

/// `config.toml`
pub fn config(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let mut draft = Draft {
        settings: Settings::defaults(PathBuf::from("/config"), PathBuf::from("/state")),
        first: None,
        rest: Vec::new(),
        lists_gateways: false,
        origins: Origins::default(),
        problems: Vec::new(),
    };
    apply(FILE, text, &mut draft);
    let all: Vec<_> = draft.first.into_iter().chain(draft.rest).collect();
    let built = gateways::build(&all, &mut draft.origins, &mut draft.problems);
    for problem in &draft.problems {
        clean(problem.cause.as_str());
        clean(problem.next.as_str());
        match &problem.at {
            Origin::File { line, column, .. } => within(text, *line, *column),
            other => panic!("{other}: {problem}"),
        }
    }
    for (i, gateway) in built.iter().enumerate() {
        assert!(built.iter().skip(i + 1).all(|o| o.name != gateway.name && o.cmd != gateway.cmd));
        assert_ne!(gateway.cmd, gateway.data);
    }
    sound(&draft.settings);
    draft.problems.is_empty()
}

/// Whatever a file says, what is in force stays within its bounds.
fn sound(settings: &Settings) {
    assert!((1..=30).contains(&settings.fps));
    assert!((1..=10_000).contains(&settings.kill.proof_interval_ms));
    assert!((100..=60_000).contains(&settings.kill.enforce_interval_ms));
    assert!(settings.poll.timeout_ms > 0 && settings.feed.max_message_bytes > 0);
    assert!(settings.paper.balance > Money::ZERO && settings.paper.leverage > 0);
    let paths = [&settings.kill_switch_file, &settings.state_dir];
    let lists = settings.extra_latches.iter().chain(&settings.decision_logs);
    assert!(paths.into_iter().chain(lists).all(|path| path.is_absolute()));
    let name = |name: &str| !name.is_empty() && !name.contains(['/', '\0']) && name != "..";
    assert!(name(&settings.theme) && name(&settings.keymap));
    let card = &settings.card;
    for line in [&card.stop_sentinel, &card.remote_stop, &card.autotrading, &card.account] {
        clean(line.as_str());
    }
}

fn refused(text: &str, fault: &FileFault) -> bool {
    within(text, fault.line, fault.column);
    clean(&fault.to_string());
    false
}

/// A keymap.
pub fn keymap(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let keymap = match Keymap::parse(FILE, text) {
        Ok(keymap) => keymap,
        Err(fault) => return refused(text, &fault),
    };
    clean(keymap.name().as_str());
    for row in keymap.rows() {
        clean(row.desc.as_str());
        clean(&row.shown);
        assert_ne!(row.action.danger(), Danger::Fixed, "{row:?}");
        let bare = row.keys.len() < 2 && !row.keys.iter().any(Key::is_modified);
        assert!(row.action.danger() != Danger::Guarded || !bare, "one slip: {row:?}");
        for key in &row.keys {
            let taken = key.ctrl_char().is_some_and(|c| matches!(c, 'k' | 't'));
            assert!(!taken, "the chord of a stop: {row:?}");
        }
    }
    for action in [Action::Quit, Action::Help] {
        assert!(keymap.rows().iter().any(|row| row.action == action), "{}", action.name());
    }
    for context in Context::ALL {
        assert_eq!(keymap.keys_for(Action::Kill, *context), Some("Ctrl-K"));
        assert_eq!(keymap.keys_for(Action::Block, *context), Some("Ctrl-T"));
    }
    true
}

/// A theme, at every depth.
pub fn theme(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    for depth in [Depth::None, Depth::Ansi16, Depth::Ansi256, Depth::True] {
        let theme = match Theme::parse(FILE, text, depth, Charset::Unicode) {
            Ok(theme) => theme,
            Err(fault) => return refused(text, &fault),
        };
        clean(theme.name().as_str());
        for role in Role::ALL {
            let style = theme.style(*role);
            if depth == Depth::None {
                assert!(style.fg.is_none() && style.bg.is_none(), "a colour where none may be");
                let plain = style.add_modifier.is_empty();
                assert!(!role.is_alarm() || !plain, "{} does not stand out", role.name());
            }
        }
    }
    true
}
