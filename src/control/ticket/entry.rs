//! One line of text that is being typed.

/// Longest text.
const LONGEST: usize = 31;

/// A line and the place of the next character. ASCII only, so that a place is
/// a byte and a column.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Entry {
    text: String,
    at: usize,
}

impl Entry {
    /// With a text, its end being typed at. What is not printable ASCII is
    /// left out.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let text: String = text.chars().filter(char::is_ascii_graphic).take(LONGEST).collect();
        Self { at: text.len(), text }
    }

    /// What stands there.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Where the next character goes, in columns.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Puts a character in, if there is room for it.
    pub fn put(&mut self, c: char) {
        if c.is_ascii_graphic() && self.text.len() < LONGEST {
            self.text.insert(self.at, c);
            self.at += 1;
        }
    }

    /// Takes the character before the place away.
    pub fn backspace(&mut self) {
        if let Some(before) = self.at.checked_sub(1) {
            self.text.remove(before);
            self.at = before;
        }
    }

    /// Takes the character at the place away.
    pub fn delete(&mut self) {
        if self.at < self.text.len() {
            self.text.remove(self.at);
        }
    }

    /// One place to the left or right; false when it is at the end already.
    pub fn step(&mut self, right: bool) -> bool {
        let next = if right { Some(self.at + 1) } else { self.at.checked_sub(1) };
        let Some(next) = next.filter(|next| *next <= self.text.len()) else { return false };
        self.at = next;
        true
    }

    /// To the first or behind the last character.
    pub fn jump(&mut self, end: bool) {
        self.at = if end { self.text.len() } else { 0 };
    }
}
