//! The text field of the status line, and above it what may stand there.

use crate::domain::Text;
use crate::tui::looks::memory::MAX_CHARS;
use crate::tui::prompt::{Candidate, Kind, Prompt};
use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::{Scene, wrap};
use ratatui::layout::Rect;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Widest box.
const WIDTH: u16 = 72;
/// Rows of the list; more are scrolled.
const ROWS: usize = 10;
/// Columns of the names.
const NAMES: u16 = 18;

/// The field itself in `room` columns: of a longer text the part that has the
/// cursor.
#[must_use]
pub fn field<'a>(prompt: &Prompt, room: usize) -> Line<'a> {
    let (before, after) = prompt.parts();
    let (before, after) = (Text::limited(before, MAX_CHARS), Text::limited(after, MAX_CHARS));
    let (before, after) = (before.as_str(), after.as_str());
    let lead = prompt.kind().lead();
    // The lead, the cursor, and a column to spare.
    let shown = tail(before, room.saturating_sub(lead.width() + 3));
    let at: String = after.chars().next().map_or_else(|| String::from(" "), String::from);
    let rest: String = after.chars().skip(1).collect();
    Line::new()
        .text(lead, Role::Key)
        .text(shown.to_owned(), Role::TextStrong)
        .text(at, Role::Selection)
        .text(rest, Role::TextStrong)
}

/// The end of `text` that fits into `width` columns.
fn tail(text: &str, width: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += c.width().unwrap_or(0);
        if used > width {
            return text.get(at + c.len_utf8()..).unwrap_or_default();
        }
    }
    text
}

/// Draws the list over `body`, while the field is open.
pub fn draw(pen: &mut Pen<'_>, body: Rect, scene: Scene<'_>) {
    let Some(prompt) = &scene.ui.prompt else { return };
    let (all, chosen) = prompt.candidates();
    let error = prompt.error();
    let about = prompt.about();
    if all.is_empty() && error.is_empty() && about.is_empty() {
        return;
    }
    let room = usize::from(body.height.saturating_sub(2)).min(ROWS);
    let width = WIDTH.min(body.width).saturating_sub(4);
    // What is told in several parts has a row for each.
    let parts = error.as_str().split("; ").filter(|part| !part.is_empty());
    let errors: Vec<String> = parts.flat_map(|part| wrap(part, width)).collect();
    let about = about.iter().flat_map(|words| wrap(words.as_str(), width));
    let about: Vec<Line<'_>> = about.map(|row| Line::new().rest(row, Role::TextStrong)).collect();
    let rows = room.saturating_sub(errors.len() + about.len()).min(all.len());
    let first = chosen.map_or(0, |at| (at + 1).saturating_sub(rows));
    let told = errors.into_iter().map(|row| Line::new().rest(row, Role::LogWarn));
    let mut lines: Vec<Line<'_>> = about.into_iter().chain(told).collect();
    // What is told is told to its end, page by page where the box is too small.
    let most = usize::from(body.height.saturating_sub(2));
    let over = prompt.scrolled().min(lines.len().saturating_sub(most));
    let hidden = lines.len().saturating_sub(most + over);
    lines.drain(..over);
    lines.truncate(most);
    for (at, candidate) in all.iter().enumerate().skip(first).take(rows) {
        lines.push(row(candidate, chosen == Some(at)));
    }
    let confirms = prompt.kind() == Kind::Confirm;
    let (words, border) = if confirms {
        (" Type to confirm ", Role::GuardOther)
    } else {
        (" Command ", Role::BorderFocus)
    };
    let look = if confirms { Role::GuardOther } else { Role::TitleFocus };
    let mut title = Line::new().text(words, look);
    let below = all.len().saturating_sub(first + rows);
    if hidden > 0 {
        title = title.end(format!(" {hidden} more, PgDn "), Role::Accent);
    } else if below > 0 {
        title = title.end(format!(" {below} more "), Role::TextDim);
    }
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let inner = super::frame(pen, body, WIDTH, height, &title, border);
    pen.lines(inner, &lines);
}

fn row<'a>(candidate: &Candidate, chosen: bool) -> Line<'a> {
    let line = Line::new();
    let line = if candidate.about.is_empty() {
        line.rest(candidate.shown.clone(), Role::Key)
    } else {
        line.left(NAMES, candidate.shown.clone(), Role::Key).rest(candidate.about, Role::TextNormal)
    };
    if chosen { line.on(Role::Selection) } else { line }
}
