//! How well every role can be read: contrast as WCAG 2.2 defines it.
//!
//! Relative luminance and contrast ratio are those of
//! <https://www.w3.org/TR/WCAG22/#dfn-relative-luminance> and
//! <https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio>; text wants 4.5:1 (1.4.3,
//! level AA) or 7:1 (1.4.6, level AAA), a graphic that means something 3:1
//! (1.4.11), and mere decoration nothing. Of the sixteen colours the reader's
//! terminal decides, so nothing can be said about them.

use super::role::Role;
use super::{Depth, Theme, color};
use ratatui::style::Color;

/// What text needs at level AA.
pub const TEXT: f64 = 4.5;
/// What text needs at level AAA.
pub const TEXT_AAA: f64 = 7.0;
/// What a graphic needs that means something.
pub const GRAPHIC: f64 = 3.0;

/// From 1 (the same) to 21 (black and white).
#[must_use]
pub fn ratio(a: (u8, u8, u8), b: (u8, u8, u8)) -> f64 {
    let (a, b) = (luminance(a), luminance(b));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

fn luminance((r, g, b): (u8, u8, u8)) -> f64 {
    0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b)
}

/// An sRGB channel as an amount of light, 0 to 1.
fn linear(channel: u8) -> f64 {
    let c = f64::from(channel) / 255.0;
    if c <= 0.04045 { c / 12.92 } else { ((c + 0.055) / 1.055).powf(2.4) }
}

/// What `role` needs at level AA.
#[must_use]
pub const fn needed(role: Role) -> f64 {
    match (role.is_graphic(), role.is_decoration()) {
        (_, true) => 1.0,
        (true, false) => GRAPHIC,
        (false, false) => TEXT,
    }
}

/// The least contrast that `role` has on the grounds where it stands: its own
/// background, else the screen's and the overlay's. None where the terminal
/// decides what a colour is.
#[must_use]
pub fn least(theme: &Theme, role: Role) -> Option<f64> {
    if theme.depth() < Depth::Ansi256 {
        return None;
    }
    let style = theme.style(role);
    let own = style.bg.and_then(rgb);
    let grounds = [Role::Background, Role::Overlay].map(|r| theme.style(r).bg.and_then(rgb));
    let grounds = own.map_or(grounds, |own| [Some(own); 2]);
    let fg = style.fg.or(theme.style(Role::Background).fg).and_then(rgb)?;
    grounds.into_iter().flatten().map(|ground| ratio(fg, ground)).reduce(f64::min)
}

/// The roles that are harder to read than level AA allows, with their ratio.
#[must_use]
pub fn weak(theme: &Theme) -> Vec<(Role, f64)> {
    let ratio = |role: &Role| Some((*role, least(theme, *role)?));
    Role::ALL.iter().filter_map(ratio).filter(|(role, r)| *r < needed(*role)).collect()
}

const fn rgb(color: Color) -> Option<(u8, u8, u8)> {
    match color {
        Color::Rgb(r, g, b) => Some((r, g, b)),
        Color::Indexed(n) => color::rgb_256(n),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
