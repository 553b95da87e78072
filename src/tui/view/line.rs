//! Lines: cells of text with a role and a width, before they are painted.

use crate::tui::theme::Role;
use std::borrow::Cow;
use unicode_width::UnicodeWidthStr;

/// How a cell sits in its columns.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fit {
    /// As wide as its text.
    Natural,
    /// In so many columns, from the left; cut text ends in an ellipsis.
    Left(u16),
    /// In so many columns, to the right; what does not fit becomes `#`.
    Right(u16),
    /// The rest of the line, from the left.
    Rest,
    /// At the right end of the line, as wide as its text.
    End,
}

#[derive(Clone, Debug)]
pub(super) struct Cell<'a> {
    pub(super) text: Cow<'a, str>,
    pub(super) role: Role,
    pub(super) fit: Fit,
}

/// One line of a view.
#[derive(Clone, Debug, Default)]
pub struct Line<'a> {
    pub(super) cells: Vec<Cell<'a>>,
    pub(super) ground: Option<Role>,
}

impl<'a> Line<'a> {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self { cells: Vec::new(), ground: None }
    }

    fn with(mut self, text: impl Into<Cow<'a, str>>, role: Role, fit: Fit) -> Self {
        self.cells.push(Cell { text: text.into(), role, fit });
        self
    }

    /// Text as wide as it is.
    #[must_use]
    pub fn text(self, text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        self.with(text, role, Fit::Natural)
    }

    /// A label or unit.
    #[must_use]
    pub fn dim(self, text: impl Into<Cow<'a, str>>) -> Self {
        self.text(text, Role::TextDim)
    }

    /// `width` columns left empty.
    #[must_use]
    pub fn gap(self, width: u16) -> Self {
        self.with("", Role::TextNormal, Fit::Left(width))
    }

    /// Text from the left in `width` columns.
    #[must_use]
    pub fn left(self, width: u16, text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        self.with(text, role, Fit::Left(width))
    }

    /// A number, to the right in `width` columns.
    #[must_use]
    pub fn right(self, width: u16, text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        self.with(text, role, Fit::Right(width))
    }

    /// Text in what is left of the line.
    #[must_use]
    pub fn rest(self, text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        self.with(text, role, Fit::Rest)
    }

    /// Text at the right end of the line, where there is room for it.
    #[must_use]
    pub fn end(self, text: impl Into<Cow<'a, str>>, role: Role) -> Self {
        self.with(text, role, Fit::End)
    }

    /// Paints the whole line in `role`: a selected row, a notice. What stands
    /// at the right end keeps its own.
    #[must_use]
    pub const fn on(mut self, role: Role) -> Self {
        self.ground = Some(role);
        self
    }

    /// This line, then `next`.
    #[must_use]
    pub fn chain(mut self, next: Self) -> Self {
        self.cells.extend(next.cells);
        self
    }

    /// Whether it says nothing.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.cells.iter().all(|cell| cell.text.trim().is_empty())
    }

    /// Columns of its cells of known width.
    #[must_use]
    pub fn width(&self) -> usize {
        self.cells.iter().fold(0, |sum, cell| {
            sum + match cell.fit {
                Fit::Natural | Fit::End => cell.text.width(),
                Fit::Left(w) | Fit::Right(w) => usize::from(w),
                Fit::Rest => 0,
            }
        })
    }
}
