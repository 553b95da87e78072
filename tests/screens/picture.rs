//! A frame as text: what is written, and in which role.

use crs::state::State;
use crs::tui::theme::{Charset, Depth, Role, Theme};
use crs::tui::ui::Ui;
use crs::tui::view::{Hints, draw};
use ratatui::buffer::{Buffer, Cell};
use ratatui::layout::Rect;
use ratatui::style::Color;
use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::OnceLock;

const LETTERS: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// A theme whose colours say which role they are.
pub fn theme() -> &'static Theme {
    static THEME: OnceLock<Theme> = OnceLock::new();
    THEME.get_or_init(|| {
        let mut text = String::from("name = \"roles\"\n[palette]\n");
        for (i, _) in Role::ALL.iter().enumerate() {
            writeln!(text, "c{i} = {{ rgb = \"#0000{i:02x}\", ansi = \"black\" }}").unwrap();
        }
        text.push_str("[roles]\n");
        for (i, role) in Role::ALL.iter().enumerate() {
            writeln!(text, "\"{}\" = {{ fg = \"c{i}\", modifiers = [\"bold\"] }}", role.name())
                .unwrap();
        }
        Theme::parse("roles", &text, Depth::True, Charset::Unicode).unwrap()
    })
}

pub fn role_of(cell: &Cell) -> Role {
    match cell.fg {
        Color::Rgb(0, 0, index) => Role::ALL[usize::from(index)],
        other => panic!("{other:?} at {:?} is no role", cell.symbol()),
    }
}

/// Roles that show on an empty cell too.
const fn has_ground(role: Role) -> bool {
    matches!(
        role,
        Role::Selection
            | Role::SwitchArmed
            | Role::SwitchFired
            | Role::ModeSim
            | Role::ModePaper
            | Role::ModeDemo
            | Role::ModeLive
            | Role::ModeDrill
            | Role::ModeReplay
            | Role::GuardKill
            | Role::GuardBlock
            | Role::GuardOther
    )
}

pub fn frame(state: &State, ui: &Ui, hints: &Hints, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(state, ui, theme(), hints, area, &mut buffer);
    buffer
}

pub fn rows(buffer: &Buffer) -> Vec<String> {
    buffer
        .content
        .chunks(usize::from(buffer.area.width))
        .map(|row| row.iter().map(Cell::symbol).collect::<String>())
        .collect()
}

/// Text, roles, and what the letters mean.
pub fn picture(buffer: &Buffer) -> String {
    let mut out = rows(buffer).iter().fold(String::new(), |out, row| out + row.trim_end() + "\n");
    let mut used = BTreeSet::new();
    out.push_str("--- roles\n");
    for row in buffer.content.chunks(usize::from(buffer.area.width)) {
        let line: String = row
            .iter()
            .map(|cell| {
                let role = role_of(cell);
                if cell.symbol() == " " && !has_ground(role) {
                    return ' ';
                }
                used.insert(role);
                LETTERS.chars().nth(role.index()).unwrap()
            })
            .collect();
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out.push_str("---\n");
    for role in used {
        let letter = LETTERS.chars().nth(role.index()).unwrap();
        writeln!(out, "{letter} {}", role.name()).unwrap();
    }
    out
}
