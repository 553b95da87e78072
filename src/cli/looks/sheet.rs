//! A keymap on paper, 80 columns wide.

use crate::config::Card;
use crate::state::State;
use crate::tui::chords;
use crate::tui::keymap::{Context, Keymap};
use crate::tui::view::wrap;

/// Columns of the keys.
const KEYS: usize = 24;
/// Columns of what they do.
const WHAT: u16 = 54;

/// The sheet, line by line: what stops trading first.
pub(super) fn page(keymap: &Keymap) -> Vec<String> {
    let hints = chords::hints(keymap, Context::Global, &Card::default(), &State::default());
    let hints = chords::with_help(hints, keymap, true);
    let mut lines = vec![format!("crs: the keys of keymap {}", keymap.name()), String::new()];
    for (chord, what) in [
        (&hints.kill, "KILL: stop trading, close every position"),
        (&hints.block, "BLOCK: deny new orders, positions stay"),
    ] {
        put(&mut lines, &format!("{chord}, then {}", hints.confirm), what);
    }
    put(&mut lines, "any other key", "stands down; so do 5 seconds");
    for section in &hints.help {
        lines.extend([String::new(), section.title.to_string()]);
        for row in &section.rows {
            put(&mut lines, row.keys.as_str(), row.what.as_str());
        }
    }
    lines
}

/// Keys and meaning side by side, both wrapped.
fn put(lines: &mut Vec<String>, keys: &str, what: &str) {
    let room = u16::try_from(KEYS - 2).unwrap_or(0);
    let (left, right) = (wrap(keys, room), wrap(what, WHAT));
    for at in 0..left.len().max(right.len()) {
        let cell = |column: &[String]| column.get(at).cloned().unwrap_or_default();
        let line = format!("  {:<width$}{}", cell(&left), cell(&right), width = KEYS);
        lines.push(line.trim_end().to_owned());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use unicode_width::UnicodeWidthStr;

    #[test]
    fn every_row_of_every_keymap_is_on_its_sheet_in_eighty_columns() {
        for name in Keymap::names() {
            let keymap = Keymap::embedded(name).unwrap();
            let lines = page(&keymap);
            assert!(lines.iter().all(|line| line.width() <= 80), "{name}");
            let text = lines.join("\n");
            assert!(text.contains("Ctrl-K, then y"), "{name}");
            for row in keymap.rows() {
                let first = row.shown.split(' ').next().unwrap();
                assert!(text.contains(first), "{name}: {}", row.shown);
            }
        }
    }
}
