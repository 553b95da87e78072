//! One colour of a palette, and what is left of it at each depth.

use super::depth::Depth;
use ratatui::style::Color;

/// The sixteen names that a palette may fall back to, and `default`.
pub const ANSI: &[(&str, Color)] = &[
    ("default", Color::Reset),
    ("black", Color::Black),
    ("red", Color::Red),
    ("green", Color::Green),
    ("yellow", Color::Yellow),
    ("blue", Color::Blue),
    ("magenta", Color::Magenta),
    ("cyan", Color::Cyan),
    ("gray", Color::Gray),
    ("dark-gray", Color::DarkGray),
    ("light-red", Color::LightRed),
    ("light-green", Color::LightGreen),
    ("light-yellow", Color::LightYellow),
    ("light-blue", Color::LightBlue),
    ("light-magenta", Color::LightMagenta),
    ("light-cyan", Color::LightCyan),
    ("white", Color::White),
];

/// A colour with its fallback.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Swatch {
    /// Red, green, blue.
    pub rgb: (u8, u8, u8),
    /// What stands for it among sixteen.
    pub ansi: Color,
}

impl Swatch {
    /// The colour to send; none where no colour may be sent.
    #[must_use]
    pub fn at(self, depth: Depth) -> Option<Color> {
        let (r, g, b) = self.rgb;
        match depth {
            Depth::None => None,
            Depth::Ansi16 => Some(self.ansi),
            Depth::Ansi256 => Some(Color::Indexed(nearest_256(self.rgb))),
            Depth::True => Some(Color::Rgb(r, g, b)),
        }
    }
}

/// `#rrggbb`.
#[must_use]
pub fn parse_rgb(text: &str) -> Option<(u8, u8, u8)> {
    let hex = text.strip_prefix('#').filter(|h| h.len() == 6 && h.is_ascii())?;
    let byte = |i: usize| hex.get(i..i + 2).and_then(|h| u8::from_str_radix(h, 16).ok());
    Some((byte(0)?, byte(2)?, byte(4)?))
}

/// Steps of a channel in xterm's cube.
const LEVELS: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// What an entry of xterm's cube (16–231) or grey ramp (232–255) looks like;
/// none for the first sixteen, which the reader's palette decides.
#[must_use]
pub const fn rgb_256(n: u8) -> Option<(u8, u8, u8)> {
    match n {
        0..=15 => None,
        16..=231 => {
            let n = n - 16;
            Some((level(n / 36), level(n / 6 % 6), level(n % 6)))
        }
        232..=255 => {
            let grey = 8 + 10 * (n - 232);
            Some((grey, grey, grey))
        }
    }
}

const fn level(step: u8) -> u8 {
    if step == 0 { 0 } else { 55 + 40 * step }
}

/// The nearest entry of xterm's cube (16–231) and grey ramp (232–255). The
/// first sixteen are left out: the reader's palette decides what they are.
fn nearest_256((r, g, b): (u8, u8, u8)) -> u8 {
    let nearest = |v: u8| (0_u8..).zip(LEVELS).min_by_key(|(_, l)| l.abs_diff(v));
    let (ri, rl) = nearest(r).unwrap_or_default();
    let (gi, gl) = nearest(g).unwrap_or_default();
    let (bi, bl) = nearest(b).unwrap_or_default();
    let cube = (16 + 36 * ri + 6 * gi + bi, distance((r, g, b), (rl, gl, bl)));
    let ramp = (0_u8..24)
        .map(|i| (232 + i, distance((r, g, b), (8 + 10 * i, 8 + 10 * i, 8 + 10 * i))))
        .min_by_key(|(_, d)| *d)
        .unwrap_or(cube);
    if ramp.1 < cube.1 { ramp.0 } else { cube.0 }
}

/// Squared distance, the green axis weighing most, as eyes do.
fn distance(a: (u8, u8, u8), b: (u8, u8, u8)) -> u32 {
    let square = |x: u8, y: u8| u32::from(x.abs_diff(y)).pow(2);
    2 * square(a.0, b.0) + 4 * square(a.1, b.1) + 3 * square(a.2, b.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colours_are_reduced_to_the_nearest() {
        assert_eq!(nearest_256((0, 0, 0)), 16);
        assert_eq!(nearest_256((255, 255, 255)), 231);
        assert_eq!(nearest_256((95, 135, 255)), 69);
        assert_eq!(nearest_256((18, 18, 18)), 233);
        assert!((16..=255).all(|n| rgb_256(n).is_some_and(|c| rgb_256(nearest_256(c)) == Some(c))));
        assert!((0..16).all(|n| rgb_256(n).is_none()));
        let red = Swatch { rgb: (255, 0, 0), ansi: Color::LightRed };
        assert_eq!(red.at(Depth::None), None);
        assert_eq!(red.at(Depth::Ansi16), Some(Color::LightRed));
        assert_eq!(red.at(Depth::Ansi256), Some(Color::Indexed(196)));
        assert_eq!(red.at(Depth::True), Some(Color::Rgb(255, 0, 0)));
    }

    #[test]
    fn only_six_hex_digits_are_a_colour() {
        assert_eq!(parse_rgb("#0a0B0c"), Some((10, 11, 12)));
        for bad in ["0a0b0c", "#0a0b0", "#0a0b0g", "#öaöa", "", "#"] {
            assert_eq!(parse_rgb(bad), None, "{bad}");
        }
    }
}
