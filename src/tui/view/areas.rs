//! Where everything is: the only file that knows.
//!
//! ```text
//! wide, 180×50 and up                                      single
//! ┌ truth strip ───────────────────────────────────────┐   ┌ strip ──┐
//! │ Positions        │ Chart              │ Kill       │   │ the     │
//! │ Ticks            │                    │ Gateway    │   │ focused │
//! │                  │ Who obeys          │ Mesh       │   │ pane    │
//! │ Decisions        │ Log                │ Lag        │   │         │
//! └ status line ───────────────────────────────────────┘   └ status ─┘
//! full, 110×34 and up                  compact, 80×20 and up
//! ┌ truth strip ──────────────────┐    ┌ truth strip ─────────┐
//! │ Positions         │ Kill      │    │ Positions            │
//! │ Ticks             │           │    │ Ticks     │ Kill     │
//! │ Decisions *       │ Gateway   │    │ Log *                │
//! │ Log               │ Lag       │    │                      │
//! └ status line ──────────────────┘    └ status line ─────────┘
//! ```
//!
//! A star marks the place of the *guest*: any pane without a place of its own
//! comes there with the keys and stays when they go on, as large as it needs to
//! be. While the switch is engaged the kill panel takes the room of Lag, of
//! Ticks, or of the focused pane. In the full layout the proof of flat takes that
//! of Ticks then, with Who obeys below the kill panel; once the proof is put
//! away, Who obeys does. A wide screen always shows who obeys. The alarms
//! have the log's place, or its room too, while they have the keys. Processes are a
//! guest like others; a wide screen has a place for them where mission control is
//! followed.

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
    /// Seven panes.
    Full,
    /// All of them.
    Wide,
}

impl Size {
    /// What fits into `area`.
    #[must_use]
    pub const fn of(area: Rect) -> Self {
        match (area.width, area.height) {
            (180.., 50..) => Self::Wide,
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
    /// The pane in the place that is not one pane's own, where there is one.
    pub guest: Option<Pane>,
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
    let (panes, guest) = match Size::of(area) {
        Size::Tiny => (Vec::new(), None),
        _ if ui.zoom => (vec![(ui.focus, body)], None),
        Size::Single if engaged => (vec![(Pane::Kill, body)], None),
        Size::Single => (vec![(ui.focus, body)], None),
        Size::Compact if engaged => compact_engaged(body, ui),
        Size::Compact => compact(body, ui),
        Size::Full if engaged => full_engaged(body, ui, stage),
        Size::Full => full(body, ui),
        Size::Wide => (wide(body, ui, stage), None),
    };
    let panes = if ui.focus == Pane::Alarms { without_log(panes) } else { panes };
    Areas { strip, panes, guest, body, status }
}

/// Alarms with the keys have the room of the log below them too: what is wrong
/// and what to do are whole sentences.
fn without_log(mut panes: Vec<(Pane, Rect)>) -> Vec<(Pane, Rect)> {
    let place = |wanted| panes.iter().find(|(pane, _)| *pane == wanted).map(|(_, area)| *area);
    let (Some(alarms), Some(log)) = (place(Pane::Alarms), place(Pane::Log)) else { return panes };
    if (alarms.x, alarms.width, alarms.bottom()) == (log.x, log.width, log.y) {
        panes.retain(|(pane, _)| *pane != Pane::Log);
        if let Some((_, area)) = panes.iter_mut().find(|(pane, _)| *pane == Pane::Alarms) {
            area.height += log.height;
        }
    }
    panes
}

/// Panes and places, and which of them is the guest.
type Cut = (Vec<(Pane, Rect)>, Option<Pane>);

/// Who has the guest's place where `own` have theirs.
fn guest(ui: &Ui, own: &[Pane], usual: Pane) -> Pane {
    if own.contains(&ui.focus) {
        ui.guest.filter(|guest| !own.contains(guest)).unwrap_or(usual)
    } else {
        ui.focus
    }
}

fn compact(body: Rect, ui: &Ui) -> Cut {
    let last = guest(ui, &[Pane::Positions, Pane::Ticks, Pane::Kill], Pane::Log);
    let weights = match last {
        Pane::Log => [9, 7, 6],
        Pane::Chart | Pane::Processes => [6, 6, 10],
        Pane::Lag | Pane::Gateway => [7, 6, 9],
        // Five consumers are expected: all of them in view.
        _ => [7, 7, 8],
    };
    let [top, middle, bottom] = rows(body, weights);
    let (left, right) = columns(middle, share(middle.width, 3, 7));
    let panes =
        vec![(Pane::Positions, top), (Pane::Ticks, left), (Pane::Kill, right), (last, bottom)];
    (panes, Some(last))
}

fn compact_engaged(body: Rect, ui: &Ui) -> Cut {
    // A table of one row would tell nothing.
    let both = match ui.focus {
        Pane::Obey => Some([13, 9]),
        Pane::Proof => Some([9, 13]),
        Pane::Kill | Pane::Positions | Pane::Log => None,
        _ => Some([12, 10]),
    };
    if let Some(weights) = both {
        let [top, bottom] = rows(body, weights);
        return (vec![(Pane::Kill, top), (ui.focus, bottom)], None);
    }
    let [top, middle, bottom] = rows(body, [13, 6, 3]);
    let last = match ui.focus {
        Pane::Kill | Pane::Positions => Pane::Log,
        other => other,
    };
    (vec![(Pane::Kill, top), (Pane::Positions, middle), (last, bottom)], None)
}

fn full(body: Rect, ui: &Ui) -> Cut {
    let (left, right) = columns(body, share(body.width, 3, 8).clamp(44, 70));
    let (kill, below) = above(right, 23);
    let (gateway, lag) = above(below, 9);
    let own = [Pane::Positions, Pane::Ticks, Pane::Log, Pane::Kill, Pane::Gateway, Pane::Lag];
    let mut panes = vec![(Pane::Kill, kill), (Pane::Gateway, gateway), (Pane::Lag, lag)];
    if left.height >= ROOMY {
        let own = [own.as_slice(), &[Pane::Decisions]].concat();
        let last = guest(ui, &own, Pane::Chart);
        let [positions, ticks, third, decisions, log] = rows(left, [11, 9, 14, 9, 9]);
        panes.extend([
            (Pane::Positions, positions),
            (Pane::Ticks, ticks),
            (last, third),
            (Pane::Decisions, decisions),
            (Pane::Log, log),
        ]);
        return (panes, Some(last));
    }
    let last = guest(ui, &own, Pane::Decisions);
    let weights = match last {
        Pane::Chart | Pane::Processes => [9, 8, 15, 6],
        Pane::Proof => [9, 8, 14, 7],
        Pane::Mesh => [10, 8, 12, 8],
        _ => [11, 9, 9, 9],
    };
    let [positions, ticks, third, log] = rows(left, weights);
    panes.extend([
        (Pane::Positions, positions),
        (Pane::Ticks, ticks),
        (last, third),
        (Pane::Log, log),
    ]);
    (panes, Some(last))
}

fn full_engaged(body: Rect, ui: &Ui, stage: Stage) -> Cut {
    let (left, right) = columns(body, share(body.width, 3, 8).clamp(44, 70));
    let (mut panes, guest) = beside(left, ui, stage);
    let other = if ui.focus == Pane::Lag { Pane::Lag } else { Pane::Gateway };
    if proves(ui, stage) && right.height < ROOMY {
        let [kill, obey, below] = rows(right, [17, 8, 13]);
        panes.extend([(Pane::Kill, kill), (Pane::Obey, obey), (other, below)]);
    } else {
        let (kill, below) = above(right, 14);
        panes.extend([(Pane::Kill, kill), (other, below)]);
    }
    (panes, guest)
}

/// Three columns: what is open and quoted, the chart, the machinery.
fn wide(body: Rect, ui: &Ui, stage: Stage) -> Vec<(Pane, Rect)> {
    let (rest, right) = columns(body, 45);
    // Who ordered a position has a column from here on.
    let (left, middle) = columns(rest, share(rest.width, 13, 30));
    let proves = proves(ui, stage);
    let mut panes = Vec::new();
    let second = if proves { Pane::Proof } else { Pane::Ticks };
    // Mission control has a place of its own where it is followed.
    if ui.mission.followed || ui.focus == Pane::Processes {
        let [positions, place, processes, decisions] = rows(left, [15, 14, 17, 12]);
        panes.extend([
            (Pane::Positions, positions),
            (second, place),
            (Pane::Processes, processes),
            (Pane::Decisions, decisions),
        ]);
    } else {
        let [positions, place, decisions] = rows(left, [20, 21, 17]);
        panes.extend([(Pane::Positions, positions), (second, place), (Pane::Decisions, decisions)]);
    }
    if proves {
        let [ticks, chart, log] = rows(middle, [12, 29, 17]);
        panes.extend([(Pane::Ticks, ticks), (Pane::Chart, chart), (Pane::Log, log)]);
    } else {
        let [chart, log] = rows(middle, [41, 17]);
        panes.extend([(Pane::Chart, chart), (Pane::Log, log)]);
    }
    if stage == Stage::Calm {
        let [kill, obey, gateway, mesh, lag] = rows(right, [11, 8, 12, 10, 17]);
        panes.extend([
            (Pane::Kill, kill),
            (Pane::Obey, obey),
            (Pane::Gateway, gateway),
            (Pane::Mesh, mesh),
            (Pane::Lag, lag),
        ]);
    } else {
        let other = match ui.focus {
            Pane::Lag | Pane::Mesh => ui.focus,
            _ => Pane::Gateway,
        };
        let [kill, obey, below] = rows(right, [35, 9, 14]);
        panes.extend([(Pane::Kill, kill), (Pane::Obey, obey), (other, below)]);
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

/// The left column of the full layout while the switch is engaged.
fn beside(left: Rect, ui: &Ui, stage: Stage) -> Cut {
    let own =
        [Pane::Positions, Pane::Proof, Pane::Obey, Pane::Log, Pane::Kill, Pane::Gateway, Pane::Lag];
    let with_ticks = [own.as_slice(), &[Pane::Ticks]].concat();
    let proves = proves(ui, stage);
    if left.height >= ROOMY {
        let last = guest(ui, &with_ticks, Pane::Decisions);
        let panes = if proves {
            let [positions, proof, ticks, obey, third, log] = rows(left, [9, 14, 8, 8, 9, 8]);
            vec![
                (Pane::Positions, positions),
                (Pane::Proof, proof),
                (Pane::Ticks, ticks),
                (Pane::Obey, obey),
                (last, third),
                (Pane::Log, log),
            ]
        } else {
            let [positions, ticks, obey, third, log] = rows(left, [11, 9, 8, 10, 10]);
            vec![
                (Pane::Positions, positions),
                (Pane::Ticks, ticks),
                (Pane::Obey, obey),
                (last, third),
                (Pane::Log, log),
            ]
        };
        return (panes, Some(last));
    }
    let weights = if proves { [9, 14, 8, 7] } else { [11, 9, 9, 9] };
    let [positions, second, third, log] = rows(left, weights);
    let (above, own) = match (proves, ui.focus) {
        (true, _) => (Pane::Proof, own.as_slice()),
        (false, Pane::Ticks) => (Pane::Ticks, with_ticks.as_slice()),
        (false, _) => (Pane::Obey, with_ticks.as_slice()),
    };
    let last = guest(ui, own, Pane::Decisions);
    let panes =
        vec![(Pane::Positions, positions), (above, second), (last, third), (Pane::Log, log)];
    (panes, Some(last))
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
            (120, 60),
            (180, 50),
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
                        let mut seen = vec![false; area.area() as usize];
                        let mut is_new = |(x, y): (u16, u16)| {
                            let at = usize::from(y) * usize::from(w) + usize::from(x);
                            !std::mem::replace(&mut seen[at], true)
                        };
                        assert!(parts.flat_map(cells).all(&mut is_new), "overlap");
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
                assert!(focused.is_some(), "{focus:?} has no place");
            }
        }
    }

    #[test]
    fn who_has_the_keys_has_a_place_and_a_guest_stays_when_they_go_on() {
        for (w, h) in [(80, 24), (110, 34), (120, 40), (120, 60), (200, 60)] {
            let area = Rect::new(0, 0, w, h);
            for focus in Pane::ALL {
                let ui = Ui { focus, ..Ui::default() };
                let all = areas(area, &ui, Stage::Calm);
                assert!(all.pane(focus).is_some(), "{w}×{h} {focus:?}");
                let Some(guest) = all.guest else { continue };
                let ui = Ui { focus: Pane::Positions, guest: Some(guest), ..Ui::default() };
                assert!(areas(area, &ui, Stage::Calm).pane(guest).is_some(), "{w}×{h} {guest:?}");
            }
        }
    }

    /// A frame with a heading and no row tells nothing. The log's last line does.
    #[test]
    fn who_has_the_keys_under_a_kill_has_rows_below_its_heading() {
        for (w, h) in [(80, 20), (80, 24), (109, 40), (110, 34), (120, 40), (200, 60)] {
            for focus in Pane::ALL.into_iter().filter(|pane| *pane != Pane::Log) {
                let ui = Ui { focus, ..Ui::default() };
                for stage in [Stage::Engaged, Stage::Proving] {
                    let all = areas(Rect::new(0, 0, w, h), &ui, stage);
                    let place = all.pane(focus).unwrap_or_default();
                    assert!(place.height >= 5, "{w}×{h} {focus:?} {stage:?}: {place:?}");
                }
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
