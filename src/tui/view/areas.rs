//! Where everything is: the only file that knows.
//!
//! ```text
//! full, 110×34 and up                  compact, 80×20 and up     single
//! ┌ truth strip ──────────────────┐    ┌ truth strip ─────────┐  ┌ strip ──┐
//! │ Positions         │ Kill      │    │ Positions            │  │ the     │
//! │ Ticks             │           │    │ Ticks     │ Gateway  │  │ focused │
//! │ Decisions         │ Gateway   │    │ Log, or the focused  │  │ pane    │
//! │ Log               │ Lag       │    │                      │  │         │
//! └ status line ──────────────────┘    └ status line ─────────┘  └ status ─┘
//! ```
//!
//! While the switch is engaged the kill panel takes the room of Lag, of Ticks
//! and Gateway, or of the focused pane. In the full layout the proof of flat
//! takes that of Ticks then, with Who obeys below the kill panel; once the proof
//! is put away, Who obeys does. Otherwise each of them stands in the place of
//! Decisions, or of the last pane, while it has the keys; a large screen always
//! shows who obeys.

use crate::tui::ui::{Pane, Ui};
use ratatui::layout::Rect;

/// Rows from which a column has room to spare.
const ROOMY: u16 = 50;

/// How much fits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Size {
    /// Mode, breaker and the kill chord.
    Tiny,
    /// One pane.
    Single,
    /// Four panes.
    Compact,
    /// All of them.
    Full,
}

impl Size {
    /// What fits into `area`.
    #[must_use]
    pub const fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (110.., 34..) => Self::Full,
            (80.., 20..) => Self::Compact,
            (24.., 5..) => Self::Single,
            _ => Self::Tiny,
        }
    }
}

/// What the screen has to make room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Nothing.
    Calm,
    /// The switch holds or a kill runs.
    Engaged,
    /// The same, with the proof of flat.
    Proving,
}

impl Stage {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Calm, Self::Engaged, Self::Proving];
}

/// Where everything is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Areas {
    /// The truth strip.
    pub strip: Rect,
    /// The panes that are shown.
    pub panes: Vec<(Pane, Rect)>,
    /// Where overlays lie: over the panes, never over strip or status.
    pub body: Rect,
    /// The status line.
    pub status: Rect,
}

impl Areas {
    /// The place of `pane`, if it is shown.
    #[must_use]
    pub fn pane(&self, pane: Pane) -> Option<Rect> {
        self.panes.iter().find(|(p, _)| *p == pane).map(|(_, area)| *area)
    }
}

/// Cuts `area` up.
#[must_use]
pub fn areas(area: Rect, ui: &Ui, stage: Stage) -> Areas {
    let engaged = stage != Stage::Calm;
    let strip = Rect { height: area.height.min(1), ..area };
    let status_height = area.height.saturating_sub(1).min(1);
    let status =
        Rect { y: area.bottom().saturating_sub(status_height), height: status_height, ..area };
    let height = area.height.saturating_sub(2);
    let body = Rect { y: strip.bottom(), height, ..area };
    let panes = match Size::of(area) {
        Size::Tiny => Vec::new(),
        _ if ui.zoom => vec![(ui.focus, body)],
        Size::Single if engaged => vec![(Pane::Kill, body)],
        Size::Single => vec![(ui.focus, body)],
        Size::Compact if engaged => compact_engaged(body, ui),
        Size::Compact => compact(body, ui),
        Size::Full => full(body, ui, stage),
    };
    Areas { strip, panes, body, status }
}

fn compact(body: Rect, ui: &Ui) -> Vec<(Pane, Rect)> {
    // Five consumers are expected: all of them in view.
    let weights = match ui.focus {
        Pane::Obey | Pane::Proof => [7, 7, 8],
        _ => [8, 8, 6],
    };
    let [top, middle, bottom] = rows(body, weights);
    let (left, right) = columns(middle, share(middle.width, 3, 7));
    let last = match ui.focus {
        Pane::Kill | Pane::Proof | Pane::Obey | Pane::Decisions | Pane::Lag => ui.focus,
        _ => Pane::Log,
    };
    vec![(Pane::Positions, top), (Pane::Ticks, left), (Pane::Gateway, right), (last, bottom)]
}

fn compact_engaged(body: Rect, ui: &Ui) -> Vec<(Pane, Rect)> {
    // A table of one row would tell nothing.
    let both = match ui.focus {
        Pane::Obey => Some([13, 9]),
        Pane::Proof => Some([9, 13]),
        _ => None,
    };
    if let Some(weights) = both {
        let [top, bottom] = rows(body, weights);
        return vec![(Pane::Kill, top), (ui.focus, bottom)];
    }
    let [top, middle, bottom] = rows(body, [13, 6, 3]);
    let last = match ui.focus {
        Pane::Kill | Pane::Positions => Pane::Log,
        other => other,
    };
    vec![(Pane::Kill, top), (Pane::Positions, middle), (last, bottom)]
}

fn full(body: Rect, ui: &Ui, stage: Stage) -> Vec<(Pane, Rect)> {
    let (left, right) = columns(body, share(body.width, 3, 8).clamp(44, 70));
    let mut panes = beside(left, ui, stage);
    if stage == Stage::Calm {
        // Room for the histograms, where there is some to spare.
        let low = if right.height < ROOMY { 9 } else { 14 };
        let (kill, below) = above(right, 14 + low);
        let (gateway, lag) = above(below, low);
        panes.extend([(Pane::Kill, kill), (Pane::Gateway, gateway), (Pane::Lag, lag)]);
    } else {
        let other = if ui.focus == Pane::Lag { Pane::Lag } else { Pane::Gateway };
        if proves(ui, stage) && right.height < ROOMY {
            let [kill, obey, below] = rows(right, [17, 8, 13]);
            panes.extend([(Pane::Kill, kill), (Pane::Obey, obey), (other, below)]);
        } else {
            let (kill, below) = above(right, 14);
            panes.extend([(Pane::Kill, kill), (other, below)]);
        }
    }
    // The alarms stand where the log does, while they have the keys.
    if ui.focus == Pane::Alarms {
        let log = panes.iter_mut().filter(|(pane, _)| *pane == Pane::Log);
        log.for_each(|(pane, _)| *pane = Pane::Alarms);
    }
    panes
}

fn proves(ui: &Ui, stage: Stage) -> bool {
    stage == Stage::Proving || ui.focus == Pane::Proof
}

/// The left column of the full layout.
fn beside(left: Rect, ui: &Ui, stage: Stage) -> Vec<(Pane, Rect)> {
    let proves = proves(ui, stage);
    if left.height >= ROOMY && proves {
        let [positions, proof, ticks, obey, decisions, log] = rows(left, [9, 14, 8, 8, 8, 9]);
        return vec![
            (Pane::Positions, positions),
            (Pane::Proof, proof),
            (Pane::Ticks, ticks),
            (Pane::Obey, obey),
            (Pane::Decisions, decisions),
            (Pane::Log, log),
        ];
    }
    if left.height >= ROOMY {
        let [positions, ticks, obey, decisions, log] = rows(left, [11, 9, 8, 8, 10]);
        return vec![
            (Pane::Positions, positions),
            (Pane::Ticks, ticks),
            (Pane::Obey, obey),
            (Pane::Decisions, decisions),
            (Pane::Log, log),
        ];
    }
    let weights = if proves { [9, 14, 7, 8] } else { [11, 9, 8, 10] };
    let [positions, second, third, log] = rows(left, weights);
    let engaged = stage != Stage::Calm;
    let (above, below) = match (engaged, ui.focus) {
        (true, Pane::Ticks) | (false, _) if proves => (Pane::Proof, Pane::Ticks),
        (true, _) if proves => (Pane::Proof, Pane::Decisions),
        (false, Pane::Obey) => (Pane::Ticks, Pane::Obey),
        (false, _) | (true, Pane::Ticks) => (Pane::Ticks, Pane::Decisions),
        (true, _) => (Pane::Obey, Pane::Decisions),
    };
    vec![(Pane::Positions, positions), (above, second), (below, third), (Pane::Log, log)]
}

/// `of / parts` of `width`.
fn share(width: u16, of: u32, parts: u32) -> u16 {
    u16::try_from(u32::from(width) * of / parts).unwrap_or(u16::MAX)
}

/// Splits off `below` rows at the bottom.
fn above(area: Rect, below: u16) -> (Rect, Rect) {
    let below = below.min(area.height);
    let top = Rect { height: area.height - below, ..area };
    (top, Rect { y: top.bottom(), height: below, ..area })
}

/// Splits off `right` columns at the right.
fn columns(area: Rect, right: u16) -> (Rect, Rect) {
    let right = right.min(area.width);
    let left = Rect { width: area.width - right, ..area };
    (left, Rect { x: left.right(), width: right, ..area })
}

/// Cuts `area` into rows in the proportion of `weights`.
fn rows<const N: usize>(area: Rect, weights: [u16; N]) -> [Rect; N] {
    let total: u32 = weights.iter().copied().map(u32::from).sum::<u32>().max(1);
    let mut upto = 0_u32;
    let mut y = area.y;
    weights.map(|weight| {
        upto += u32::from(weight);
        let end = u32::from(area.height) * upto / total;
        let bottom = area.y.saturating_add(u16::try_from(end).unwrap_or(u16::MAX));
        let row = Rect { y, height: bottom.saturating_sub(y), ..area };
        y = bottom;
        row
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cells(area: Rect) -> impl Iterator<Item = (u16, u16)> {
        (area.top()..area.bottom())
            .flat_map(move |y| (area.left()..area.right()).map(move |x| (x, y)))
    }

    #[test]
    fn every_cell_belongs_to_one_place_at_every_size() {
        for (w, h) in [
            (1, 1),
            (1, 2),
            (23, 4),
            (24, 5),
            (40, 12),
            (80, 20),
            (80, 24),
            (109, 40),
            (110, 34),
            (120, 40),
            (200, 60),
            (65_535, 40),
        ] {
            let area = Rect::new(0, 0, w, h);
            for stage in Stage::ALL {
                for focus in Pane::ALL {
                    for zoom in [false, true] {
                        let ui = Ui { focus, zoom, ..Ui::default() };
                        let all = areas(area, &ui, stage);
                        let parts =
                            all.panes.iter().map(|(_, a)| *a).chain([all.strip, all.status]);
                        let covered: u32 = parts.clone().map(Rect::area).sum();
                        if Size::of(area) > Size::Tiny {
                            assert_eq!(covered, area.area(), "{w}×{h} {focus:?} {stage:?} {zoom}");
                            assert!(
                                parts.clone().all(|p| area.intersection(p) == p && !p.is_empty())
                            );
                        }
                        if w > 200 {
                            continue;
                        }
                        let mut seen = std::collections::BTreeSet::new();
                        assert!(parts.flat_map(cells).all(|cell| seen.insert(cell)), "overlap");
                    }
                }
            }
        }
    }

    #[test]
    fn the_proof_opens_by_itself_where_there_is_room() {
        for (w, h) in [(110, 34), (120, 40), (200, 60)] {
            for focus in Pane::ALL {
                let ui = Ui { focus, ..Ui::default() };
                let shown = |stage| areas(Rect::new(0, 0, w, h), &ui, stage).pane(Pane::Proof);
                assert!(shown(Stage::Proving).is_some(), "{w}×{h} {focus:?}");
                assert_eq!(shown(Stage::Engaged).is_some(), focus == Pane::Proof);
                let focused = areas(Rect::new(0, 0, w, h), &ui, Stage::Proving).pane(focus);
                assert!(focused.is_some() || focus == Pane::Lag, "{focus:?} has no place");
            }
        }
    }

    #[test]
    fn a_kill_is_always_on_the_screen() {
        for (w, h) in [(24, 5), (40, 12), (80, 24), (120, 40), (200, 60)] {
            for focus in Pane::ALL {
                let ui = Ui { focus, ..Ui::default() };
                for stage in [Stage::Engaged, Stage::Proving] {
                    let all = areas(Rect::new(0, 0, w, h), &ui, stage);
                    assert!(all.pane(Pane::Kill).is_some());
                }
            }
        }
    }
}
