//! A theme on paper: every role in its own look.

use crate::tui::theme::{Depth, Role, Theme, contrast};
use ratatui::style::{Color, Modifier, Style};
use std::fmt::Write;

/// Modifiers: bit, number that turns it on, word.
const MODIFIERS: [(Modifier, u8, &str); 6] = [
    (Modifier::BOLD, 1, "bold"),
    (Modifier::DIM, 2, "dim"),
    (Modifier::ITALIC, 3, "italic"),
    (Modifier::UNDERLINED, 4, "underlined"),
    (Modifier::REVERSED, 7, "reversed"),
    (Modifier::CROSSED_OUT, 9, "crossed-out"),
];

/// One line for each role: its name in its look (`painted`, else plain), its
/// contrast in full colour, what it is for, and its modifiers in words. At
/// most 80 columns.
pub(super) fn page(theme: &Theme, full: &Theme, painted: bool) -> String {
    let depth = match theme.depth() {
        Depth::None => "no colours",
        Depth::Ansi16 => "16 colours of your terminal",
        Depth::Ansi256 => "256 colours",
        Depth::True => "full colour",
    };
    let mut out =
        format!("{}, {depth}; contrast in full colour, where text wants 4.5\n", full.name());
    let ground = theme.style(Role::Background);
    for role in Role::ALL {
        let style = ground.patch(theme.style(*role));
        let (on, off) = if painted { (sgr(style), "\u{1b}[0m") } else { (String::new(), "") };
        let ratio = contrast::least(full, *role).map_or_else(String::new, |r| format!("{r:.1}"));
        let line = format!(" {ratio:>4} {:<40}{}", role.about(), words(style));
        let line: String = line.chars().take(80 - 18).collect();
        let _ = writeln!(out, "{on} {:<16} {off}{}", role.name(), line.trim_end());
    }
    out
}

fn words(style: Style) -> String {
    let has = |(bit, _, _): &&(Modifier, u8, &str)| style.add_modifier.contains(*bit);
    let words: Vec<&str> = MODIFIERS.iter().filter(has).map(|(_, _, word)| *word).collect();
    words.join(" ")
}

/// The sequence that turns a style on.
fn sgr(style: Style) -> String {
    let mut codes: Vec<String> = Vec::new();
    let has = |(bit, _, _): &&(Modifier, u8, &str)| style.add_modifier.contains(*bit);
    codes.extend(MODIFIERS.iter().filter(has).map(|(_, code, _)| code.to_string()));
    codes.extend(style.fg.and_then(|c| color(c, 30)));
    codes.extend(style.bg.and_then(|c| color(c, 40)));
    format!("\u{1b}[{}m", codes.join(";"))
}

fn color(color: Color, base: u8) -> Option<String> {
    let plain = |n: u8| Some((base + n).to_string());
    match color {
        Color::Rgb(r, g, b) => Some(format!("{};2;{r};{g};{b}", base + 8)),
        Color::Indexed(n) => Some(format!("{};5;{n}", base + 8)),
        Color::Reset => plain(9),
        Color::Black => plain(0),
        Color::Red => plain(1),
        Color::Green => plain(2),
        Color::Yellow => plain(3),
        Color::Blue => plain(4),
        Color::Magenta => plain(5),
        Color::Cyan => plain(6),
        Color::Gray => plain(7),
        Color::DarkGray => plain(60),
        Color::LightRed => plain(61),
        Color::LightGreen => plain(62),
        Color::LightYellow => plain(63),
        Color::LightBlue => plain(64),
        Color::LightMagenta => plain(65),
        Color::LightCyan => plain(66),
        Color::White => plain(67),
    }
}
