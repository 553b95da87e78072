//! Everything that was said of the selected decision.

use super::how;
use crate::domain::{Decision, DecisionStep};
use crate::state::lag::{MODEL_LIMIT_US, RTT_LIMIT_US};
use crate::state::{Aged, Run};
use crate::tui::theme::{Glyphs, Role};
use crate::tui::view::pen::Line;
use crate::tui::view::{cut_rows as cut, format, wrap};

/// At most `height` rows: what was done and the whole reason, the numbers, and
/// how long each step took. The reason is cut first, with a mark.
pub(super) fn lines<'a>(row: &Aged<Run>, width: u16, height: u16, g: &Glyphs) -> Vec<Line<'a>> {
    let run = &row.value;
    let height = usize::from(height);
    // One row of each at least, while there are rows.
    let mut steps = steps(&run.decision.steps, width, g);
    let short = steps.len().min(height.saturating_sub(2).max(1));
    if steps.len() > short {
        steps.truncate(short);
        if let Some(last) = steps.last_mut() {
            *last = std::mem::take(last).dim(format!(" {}", g.ellipsis));
        }
    }
    let mut numbers = wrap(&numbers(&run.decision), width);
    numbers.retain(|text| !text.is_empty());
    cut(&mut numbers, height.saturating_sub(1 + steps.len()));
    let mut above = wrap(&reason(run, g), width);
    cut(&mut above, height.saturating_sub(numbers.len() + steps.len()).min(REASON));
    let look = |at: usize| if at == 0 { Role::TextStrong } else { Role::TextNormal };
    let above = above.into_iter().enumerate();
    let above = above.map(|(at, text)| Line::new().rest(text, look(at)));
    let numbers = numbers.into_iter().map(|text| Line::new().rest(text, Role::TextNormal));
    above.chain(numbers).chain(steps).take(height).collect()
}

/// Rows of the reason, at most.
const REASON: usize = 3;

fn reason(run: &Run, g: &Glyphs) -> String {
    let d = &run.decision;
    let why = if d.why.is_empty() { "no reason given" } else { d.why.as_str() };
    let times = match run.count {
        0 | 1 => String::new(),
        n => format!(" {}{} since {}", g.times, format::count(n), run.first.utc.hms()),
    };
    format!("{} {}{times}: {why}", d.symbol, d.action)
}

/// Shares, threshold, mode, order and number, as far as they were told.
fn numbers(d: &Decision) -> String {
    let mut parts = Vec::new();
    if let Some(p) = &d.probabilities {
        let [sell, hold, buy] = [p.sell, p.hold, p.buy].map(|share| share.text(2));
        parts.push(format!("sell {sell}, hold {hold}, buy {buy}"));
    }
    parts.extend(d.threshold.map(|threshold| format!("over {}", threshold.text(2))));
    parts.extend(d.live.map(|_| how(d.live).to_owned()));
    if !d.order.is_empty() {
        parts.push(d.order.to_string());
    }
    parts.extend(d.number.map(|number| format!("#{number}")));
    parts.join(", ")
}

/// `bars 812ms · features 41µs · model 63ms`, in as many rows as it takes.
fn steps<'a>(steps: &[DecisionStep], width: u16, g: &Glyphs) -> Vec<Line<'a>> {
    let mut rows: Vec<Line<'a>> = Vec::new();
    for step in steps {
        let piece = Line::new()
            .dim(format!("{} ", step.name))
            .text(span(step.us, g), look(step.name.as_str(), step.us));
        let between = Line::new().dim(format!(" {} ", g.flat));
        match rows.last_mut() {
            Some(row) if row.width() + between.width() + piece.width() <= usize::from(width) => {
                *row = std::mem::take(row).chain(between).chain(piece);
            }
            _ => rows.push(piece),
        }
    }
    rows
}

/// Below a millisecond in microseconds.
fn span(us: u64, g: &Glyphs) -> String {
    let unit = if g.braille { "µs" } else { "us" };
    if us < 1_000 { format!("{us}{unit}") } else { format::span(Some(us)) }
}

fn look(step: &str, us: u64) -> Role {
    let limit = match step {
        "model" => MODEL_LIMIT_US,
        "order" => RTT_LIMIT_US,
        _ => u64::MAX,
    };
    if us > limit { Role::LagBreach } else { Role::TextNormal }
}
