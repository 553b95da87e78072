//! Bid and ask as lines of dots: two candles in a column, four dots in a row.

use super::super::pen::Pen;
use super::plot::Plot;
use crate::domain::Price;
use crate::state::{Candle, Quote};
use crate::tui::theme::Role;

/// The bits of a braille cell, by column and row.
const DOTS: [[u8; 4]; 2] = [[0x01, 0x02, 0x04, 0x40], [0x08, 0x10, 0x20, 0x80]];

/// Draws both; where they share a cell it has the look of the bid.
pub(super) fn draw(pen: &mut Pen<'_>, plot: &Plot, quote: &Quote) {
    let mut cells = Cells::new(plot);
    cells.line(plot, quote, |c| c.ask, Role::TextDim);
    cells.line(plot, quote, |c| c.close, Role::Accent);
    cells.put(pen, plot);
}

struct Cells {
    width: usize,
    dots: Vec<(u8, Role)>,
}

impl Cells {
    fn new(plot: &Plot) -> Self {
        let width = usize::from(plot.area.width);
        let dots = vec![(0, Role::TextDim); width * usize::from(plot.area.height)];
        Self { width, dots }
    }

    fn line(&mut self, plot: &Plot, quote: &Quote, of: fn(&Candle) -> Price, role: Role) {
        let mut before: Option<(i64, u16)> = None;
        for c in plot.shown(quote) {
            let (Some(back), Some(y)) =
                (plot.back(c.begin), plot.dot(of(c), plot.area.height.saturating_mul(4)))
            else {
                before = None;
                continue;
            };
            let x = (plot.area.width * 2).saturating_sub(back + 1);
            // Only to its own neighbour: no line leads over a silence.
            let from = match before {
                Some((begin, from)) if begin + plot.period.us() == c.begin => from,
                _ => y,
            };
            // From beside the last dot, so that the line has one dot a step.
            let from = match from.cmp(&y) {
                std::cmp::Ordering::Less => from + 1,
                std::cmp::Ordering::Equal => from,
                std::cmp::Ordering::Greater => from - 1,
            };
            for at in from.min(y)..=from.max(y) {
                self.dot(x, at, role);
            }
            before = Some((c.begin, y));
        }
    }

    fn dot(&mut self, x: u16, y: u16, role: Role) {
        let at = usize::from(y / 4) * self.width + usize::from(x / 2);
        let bit = DOTS.get(usize::from(x % 2)).and_then(|column| column.get(usize::from(y % 4)));
        if let (Some(cell), Some(bit)) = (self.dots.get_mut(at), bit) {
            *cell = (cell.0 | bit, role);
        }
    }

    fn put(&self, pen: &mut Pen<'_>, plot: &Plot) {
        let braille = pen.glyphs().braille;
        for (row, cells) in (plot.area.y..).zip(self.dots.chunks(self.width.max(1))) {
            for (x, (bits, role)) in (plot.area.x..).zip(cells) {
                if *bits == 0 {
                    continue;
                }
                let sign = if braille { sign(*bits) } else { ascii(*bits) };
                pen.mark(x, row, sign.encode_utf8(&mut [0; 4]), *role);
            }
        }
    }
}

fn sign(bits: u8) -> char {
    char::from_u32(0x2800 + u32::from(bits)).unwrap_or(' ')
}

/// Upper dots, lower dots, or both.
const fn ascii(bits: u8) -> char {
    match (bits & 0x1b != 0, bits & 0xe4 != 0) {
        (true, true) => ':',
        (true, false) => '\'',
        (false, _) => '.',
    }
}
