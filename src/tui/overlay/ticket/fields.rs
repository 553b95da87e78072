//! The lines that are typed into.

use super::{Ranked, Ticket};
use crate::control::ticket::{Checked, Draft, Field, Remark, Seen};
use crate::domain::OrderKind;
use crate::tui::theme::Role;
use crate::tui::view::pen::{Line, Pen};
use crate::tui::view::wrap;

/// Columns of a label.
const LABEL: u16 = 8;
/// Columns of what is typed, where a remark stands beside it.
const VALUE: u16 = 22;
/// Columns of a label and of what is typed, two to a row.
const SHORT: (u16, u16) = (8, 10);

/// One field a row, its remark beside it, in as many rows as it needs.
pub(super) fn tall<'a>(
    pen: &Pen<'_>,
    draft: &Draft,
    seen: &Seen,
    checked: &Checked,
    width: u16,
) -> Ranked<'a> {
    let mut lines = Ranked::new();
    for field in draft.fields(seen) {
        let line = cell(pen, draft, seen, field, (LABEL, VALUE));
        let rank = rank(draft, field, 1);
        let Some(remark) = checked.of(field) else {
            lines.push((rank, line));
            continue;
        };
        let role = if remark.fault { Role::HealthBad } else { Role::TextDim };
        let mark = if remark.fault { pen.glyphs().bad } else { pen.glyphs().flat };
        let mut line = line.gap(1).text(mark, role).gap(1);
        for row in wrap(&remark.text, width.saturating_sub(LABEL + VALUE + 3)) {
            lines.push((rank, line.rest(row, role)));
            line = Line::new().gap(LABEL + VALUE + 3);
        }
    }
    lines
}

/// Two fields a row, and one remark below: that of the field with the keys,
/// else the first that stops the order; none that is said below anyway.
pub(super) fn short<'a>(
    pen: &Pen<'_>,
    ticket: &Ticket,
    seen: &Seen,
    checked: &Checked,
    width: u16,
) -> Ranked<'a> {
    let draft = &ticket.draft;
    let fields: Vec<Field> = draft.fields(seen).collect();
    let mut lines: Ranked<'a> = fields
        .chunks(2)
        .map(|row| {
            let line = row
                .iter()
                .fold(Line::new(), |line, field| line.chain(cell(pen, draft, seen, *field, SHORT)));
            (1, line)
        })
        .collect();
    let remark = checked.of(draft.field).or_else(|| checked.fault());
    let known = |remark: &&Remark| ticket.said.as_str() == remark.said();
    if let Some(remark) = remark.filter(|remark| !known(remark)) {
        let role = if remark.fault { Role::HealthBad } else { Role::TextDim };
        let rows = wrap(&remark.said(), width).into_iter();
        lines.extend(rows.map(|row| (1, Line::new().rest(row, role))));
    }
    lines
}

/// The field with the keys stays when rows are scarce.
fn rank(draft: &Draft, field: Field, other: u8) -> u8 {
    if draft.field == field { 0 } else { other }
}

/// Label and value; under the keys with a mark and the place of the next one.
fn cell<'a>(
    pen: &Pen<'_>,
    draft: &Draft,
    seen: &Seen,
    field: Field,
    (label, value): (u16, u16),
) -> Line<'a> {
    let here = draft.field == field;
    let mark = if here { pen.glyphs().select } else { " " };
    let look = if here { Role::Accent } else { Role::TextDim };
    let line = Line::new().text(mark, look).left(label - 1, field.label(), look);
    let Some(entry) = draft.entry(field) else {
        let role = if here { Role::Selection } else { Role::TextStrong };
        return line.left(value, chosen(draft, seen, field), role);
    };
    if !here {
        let (text, role) = match (entry.text(), field) {
            ("", Field::Sl | Field::Tp) => ("none", Role::TextDim),
            ("", _) => ("?", Role::HealthUnknown),
            (text, _) => (text, Role::TextStrong),
        };
        return line.left(value, text.to_owned(), role);
    }
    // The end of a long text is what is being typed.
    let from = (entry.at() + 2).saturating_sub(usize::from(value));
    let before = entry.text().get(from..entry.at()).unwrap_or_default().to_owned();
    let after = entry.text().get(entry.at()..).unwrap_or_default();
    let under = after.get(..1).unwrap_or(" ").to_owned();
    let used = u16::try_from(before.len() + 1).unwrap_or(value);
    let after = after.get(1..).unwrap_or_default().to_owned();
    line.text(before, Role::TextStrong).text(under, Role::Selection).left(
        value.saturating_sub(used),
        after,
        Role::TextStrong,
    )
}

fn chosen(draft: &Draft, seen: &Seen, field: Field) -> String {
    match field {
        Field::Gateway => {
            let name = seen.gateways.get(usize::from(draft.gateway));
            name.map_or_else(|| String::from("?"), ToString::to_string)
        }
        Field::Side => String::from(draft.side.word()),
        _ => String::from(match draft.kind {
            OrderKind::Market => "MARKET",
            OrderKind::Limit => "LIMIT",
            OrderKind::Stop => "STOP",
        }),
    }
}
