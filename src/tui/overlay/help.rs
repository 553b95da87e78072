//! The keys, as the keymap's reverse map gives them, and the out-of-band card
//! below them.

use crate::config::Card;
use crate::domain::Text;
use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::{Hint, Scene, wrap};
use ratatui::layout::Rect;
use unicode_width::UnicodeWidthStr;

/// Widest box.
const WIDTH: u16 = 72;

/// Draws it over `body`.
pub fn draw(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>) {
    let width = WIDTH.min(body.width);
    let lines = lines(scene, width.saturating_sub(4));
    let most = usize::from(body.height.saturating_sub(2));
    let last = lines.len().saturating_sub(most);
    // The card stands alone when it was called.
    let card = card_row(scene, width.saturating_sub(4), lines.len());
    let called = scene.ui.help_row == card && scene.ui.help_search.as_str().is_empty();
    let first = if called { card } else { scene.ui.help_row.min(last) };
    let shown = lines.len().saturating_sub(first).min(most);
    let height = u16::try_from(shown).unwrap_or(u16::MAX).saturating_add(2);
    let below = lines.len().saturating_sub(first + shown);
    let mut title = Line::new().text(" Keys ", Role::TitleFocus);
    let words = scene.ui.help_search.as_str();
    if !words.is_empty() {
        title = title.text(format!("/{} ", Text::limited(words, 30)), Role::Accent);
    }
    if below > 0 {
        title = title.end(format!(" {below} more below "), Role::TextDim);
    }
    let inner = super::frame(pen, body, width, height, &title, Role::BorderFocus);
    pen.lines(inner, lines.get(first..).unwrap_or_default());
}

/// The first row of the help's last page, and the card's first row.
#[must_use]
pub fn ends(scene: Scene<'_>, body: Rect) -> (usize, usize) {
    let width = WIDTH.min(body.width).saturating_sub(4);
    let rows = lines(scene, width).len();
    let last = rows.saturating_sub(usize::from(body.height.saturating_sub(2)));
    (last, card_row(scene, width, rows))
}

/// The row of `rows` with which the card begins.
fn card_row(scene: Scene<'_>, width: u16, rows: usize) -> usize {
    rows.saturating_sub(card(scene, width).len())
}

fn lines(scene: Scene<'_>, width: u16) -> Vec<Line<'_>> {
    let hints = scene.hints;
    let keys = label(width);
    let mut lines = Vec::new();
    let words = scene.ui.help_search.as_str().to_lowercase();
    let found = |hint: &&Hint| {
        let text = format!("{} {}", hint.keys, hint.what).to_lowercase();
        words.split_whitespace().all(|word| text.contains(word))
    };
    let mut put = |left: String, look: Role, what: &str, role: Role| {
        let mut left = Some(left);
        // A long name of keys has its line for itself.
        let wide = left.as_ref().is_some_and(|l| l.width() >= usize::from(keys));
        if wide && !what.is_empty() {
            lines.push(Line::new().rest(left.take().unwrap_or_default(), look));
        }
        for row in wrap(what, width.saturating_sub(keys)) {
            let line = match left.take() {
                // A heading.
                Some(text) if what.is_empty() => Line::new().rest(text, look),
                text => Line::new().left(keys, text.unwrap_or_default(), look),
            };
            lines.push(line.rest(row, role));
        }
    };
    for (chord, what) in [
        (&hints.kill, "KILL: stop trading, close every position"),
        (&hints.block, "BLOCK: deny new orders, positions stay"),
    ] {
        put(format!("{chord}, {}", hints.confirm), Role::Key, what, Role::TextStrong);
    }
    let sections = hints.help.iter().map(|s| (s.title.as_str(), &s.rows));
    let commands = (!hints.commands.is_empty()).then_some(("Command line", &hints.commands));
    let mut none = true;
    for (title, rows) in sections.chain(commands) {
        let mut rows = rows.iter().filter(found).peekable();
        if rows.peek().is_none() {
            continue;
        }
        none = false;
        put(String::new(), Role::Key, "", Role::TextNormal);
        put(title.to_owned(), Role::Accent, "", Role::TextNormal);
        for hint in rows {
            put(hint.keys.to_string(), Role::Key, hint.what.as_str(), Role::TextNormal);
        }
    }
    if none {
        put(String::new(), Role::Key, "", Role::TextNormal);
        put(String::new(), Role::Key, "nothing else has these words", Role::TextDim);
    }
    if words.is_empty() {
        put(String::new(), Role::Key, "", Role::TextNormal);
        lines.extend(card(scene, width));
    }
    lines
}

/// Columns of the keys, and of the card's labels.
const fn label(width: u16) -> u16 {
    if width < 60 { 12 } else { 16 }
}

/// What a human does when no wire does it; never nothing.
fn card(scene: Scene<'_>, width: u16) -> Vec<Line<'_>> {
    let columns = label(width);
    let mut lines = vec![Line::new().left(columns, "By hand", Role::Accent)];
    let mut put = |label: &str, words: &str| {
        let mut label = Some(label.to_owned());
        for row in wrap(words, width.saturating_sub(columns)) {
            let line = Line::new().left(columns, label.take().unwrap_or_default(), Role::TextDim);
            lines.push(line.rest(row, Role::TextNormal));
        }
    };
    for (label, words) in &scene.hints.card {
        put(label.as_str(), words.as_str());
    }
    if scene.hints.card.is_empty() {
        put("", Card::NONE);
    }
    lines
}
