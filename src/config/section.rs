//! One table of a configuration file, read key by key.
//!
//! Every `take` notes the key as known, so [`Section::finish`] can name the
//! rest as unknown: the list of keys is the code that reads them. A value of
//! the wrong type or range is a [`Problem`] and reads as absent.

use super::origin::Sourced;
use super::problem::nearest;
use super::{Origin, Problem};
use crate::domain::Text;
use std::ops::{Range, RangeInclusive};
use std::path::PathBuf;
use std::sync::Arc;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// A file's name and text, to turn offsets into lines and columns.
#[derive(Debug)]
pub struct Document<'a> {
    path: Arc<str>,
    text: &'a str,
    /// Offsets at which the lines begin: a long file may have many places.
    lines: Vec<usize>,
}

impl<'a> Document<'a> {
    /// `path` as the user knows it.
    #[must_use]
    pub fn new(path: &str, text: &'a str) -> Self {
        let ends = text.bytes().enumerate().filter(|(_, byte)| *byte == b'\n');
        let lines = std::iter::once(0).chain(ends.map(|(at, _)| at + 1)).collect();
        Self { path: Arc::from(Text::new(path).as_str()), text, lines }
    }

    /// Line and column of a byte offset.
    #[must_use]
    pub fn place(&self, offset: usize) -> Origin {
        let offset = if self.text.is_char_boundary(offset) { offset } else { self.text.len() };
        let line = self.lines.partition_point(|start| *start <= offset);
        let start = self.lines.get(line.saturating_sub(1)).copied().unwrap_or_default();
        let column = self.text.get(start..offset).unwrap_or_default().chars().count() + 1;
        Origin::File { path: Arc::clone(&self.path), line, column }
    }
}

/// A table that is being read.
pub struct Section<'a, 'd> {
    doc: &'a Document<'d>,
    table: &'a DeTable<'d>,
    name: String,
    at: Range<usize>,
    known: Vec<&'a str>,
}

/// A value of a table whose keys are the writer's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Plain<'a> {
    /// `true` or `false`.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A string.
    Text(&'a str),
}

/// Longest name of a table in a message, in characters.
const NAME_CHARS: usize = 60;

type Value<'a, 'd> = &'a Spanned<DeValue<'d>>;

impl<'a, 'd> Section<'a, 'd> {
    /// The whole document.
    #[must_use]
    pub fn root(doc: &'a Document<'d>, table: &'a Spanned<DeTable<'d>>) -> Self {
        Self {
            doc,
            table: table.get_ref(),
            name: String::new(),
            at: table.span(),
            known: Vec::new(),
        }
    }

    /// Where the table begins.
    #[must_use]
    pub fn place(&self) -> Origin {
        self.doc.place(self.at.start)
    }

    fn take(&mut self, key: &'a str) -> Option<Value<'a, 'd>> {
        self.known.push(key);
        self.table.get(key)
    }

    /// Every key, in the order of the file, for a table whose keys are names.
    #[must_use]
    pub fn keys(&self) -> Vec<Sourced<&'a str>> {
        let mut keys: Vec<(usize, &'a str)> = self
            .table
            .iter()
            .map(|(name, _)| (name.span().start, name.get_ref().as_ref()))
            .collect();
        keys.sort_unstable();
        let placed = |(at, value)| Sourced { value, origin: self.doc.place(at) };
        keys.into_iter().map(placed).collect()
    }

    /// A flag, a whole number or a string.
    pub fn plain(&mut self, key: &'a str, out: &mut Vec<Problem>) -> Option<Sourced<Plain<'a>>> {
        let value = self.take(key)?;
        let plain = match value.get_ref() {
            DeValue::Boolean(on) => Some(Plain::Flag(*on)),
            DeValue::String(text) => Some(Plain::Text(text.as_ref())),
            DeValue::Integer(n) => {
                i64::from_str_radix(n.as_str(), n.radix()).ok().map(Plain::Number)
            }
            _ => None,
        };
        if plain.is_none() {
            out.push(self.wrong_type(value, key, "true, false, a whole number or a string"));
        }
        plain
            .map(|value_of| Sourced { value: value_of, origin: self.doc.place(value.span().start) })
    }

    /// A table under `key`.
    pub fn section(&mut self, key: &'a str, out: &mut Vec<Problem>) -> Option<Self> {
        let value = self.take(key)?;
        let found = self.table_of(key, value);
        if found.is_none() {
            out.push(self.wrong_type(value, key, "a table"));
        }
        found
    }

    /// The tables of `[[key]]`, none when there are none.
    pub fn sections(&mut self, key: &'a str, out: &mut Vec<Problem>) -> Vec<Self> {
        let Some(value) = self.take(key) else { return Vec::new() };
        let DeValue::Array(items) = value.get_ref() else {
            out.push(self.wrong_type(value, key, "a list of tables"));
            return Vec::new();
        };
        let mut found = Vec::new();
        for item in items {
            match self.table_of(key, item) {
                Some(section) => found.push(section),
                None => out.push(self.wrong_type(item, key, "a table")),
            }
        }
        found
    }

    fn table_of(&self, key: &str, value: Value<'a, 'd>) -> Option<Self> {
        let DeValue::Table(table) = value.get_ref() else { return None };
        let name = self.full(Text::limited(key, NAME_CHARS).as_str());
        Some(Self { doc: self.doc, table, name, at: value.span(), known: Vec::new() })
    }

    /// The key as people say it: `screen.fps`.
    #[must_use]
    pub fn full(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }

    /// A string.
    pub fn text(&mut self, key: &'a str, out: &mut Vec<Problem>) -> Option<Sourced<&'a str>> {
        let value = self.take(key)?;
        self.string_of(value, key, out)
    }

    fn string_of(
        &self,
        value: Value<'a, 'd>,
        key: &str,
        out: &mut Vec<Problem>,
    ) -> Option<Sourced<&'a str>> {
        let DeValue::String(text) = value.get_ref() else {
            out.push(self.wrong_type(value, key, "a string"));
            return None;
        };
        Some(Sourced { value: text.as_ref(), origin: self.doc.place(value.span().start) })
    }

    /// A list of strings.
    pub fn texts(
        &mut self,
        key: &'a str,
        out: &mut Vec<Problem>,
    ) -> Option<Sourced<Vec<Sourced<&'a str>>>> {
        let value = self.take(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            out.push(self.wrong_type(value, key, "a list of strings"));
            return None;
        };
        let strings = items.iter().filter_map(|item| self.string_of(item, key, out)).collect();
        Some(Sourced { value: strings, origin: self.doc.place(value.span().start) })
    }

    /// An absolute path. A relative one would mean another file in every
    /// working directory, and two processes would watch two latches.
    pub fn path(&mut self, key: &'a str, out: &mut Vec<Problem>) -> Option<Sourced<PathBuf>> {
        let text = self.text(key, out)?;
        absolute(text, &self.full(key), out)
    }

    /// An absolute path, or an empty text for none.
    pub fn path_or_none(
        &mut self,
        key: &'a str,
        out: &mut Vec<Problem>,
    ) -> Option<Sourced<Option<PathBuf>>> {
        let text = self.text(key, out)?;
        if text.value.is_empty() {
            return Some(text.map(|_| None));
        }
        absolute(text, &self.full(key), out).map(|path| path.map(Some))
    }

    /// A list of absolute paths.
    pub fn paths(&mut self, key: &'a str, out: &mut Vec<Problem>) -> Option<Sourced<Vec<PathBuf>>> {
        let texts = self.texts(key, out)?;
        let key = self.full(key);
        Some(texts.map(|all| {
            all.into_iter().filter_map(|t| absolute(t, &key, out)).map(|p| p.value).collect()
        }))
    }

    /// A whole number within `range`.
    pub fn integer(
        &mut self,
        key: &'a str,
        range: RangeInclusive<u64>,
        out: &mut Vec<Problem>,
    ) -> Option<Sourced<u64>> {
        let value = self.take(key)?;
        self.integer_of(value, key, &range, out)
    }

    /// A list of whole numbers within `range`.
    pub fn integers(
        &mut self,
        key: &'a str,
        range: &RangeInclusive<u64>,
        out: &mut Vec<Problem>,
    ) -> Option<Sourced<Vec<Sourced<u64>>>> {
        let value = self.take(key)?;
        let DeValue::Array(items) = value.get_ref() else {
            out.push(self.wrong_type(value, key, "a list of whole numbers"));
            return None;
        };
        let read = |item| self.integer_of(item, key, range, out);
        let numbers = items.iter().filter_map(read).collect();
        Some(Sourced { value: numbers, origin: self.doc.place(value.span().start) })
    }

    fn integer_of(
        &self,
        value: Value<'a, 'd>,
        key: &str,
        range: &RangeInclusive<u64>,
        out: &mut Vec<Problem>,
    ) -> Option<Sourced<u64>> {
        let DeValue::Integer(number) = value.get_ref() else {
            out.push(self.wrong_type(value, key, "a whole number"));
            return None;
        };
        let parsed = i128::from_str_radix(number.as_str(), number.radix()).ok();
        let fits = parsed.and_then(|n| u64::try_from(n).ok()).filter(|n| range.contains(n));
        let origin = self.doc.place(value.span().start);
        if fits.is_none() {
            let (low, high) = (range.start(), range.end());
            out.push(Problem::new(
                origin.clone(),
                format!(
                    "{} = {} is out of range",
                    self.full(key),
                    Text::limited(number.as_str(), 40)
                ),
                format!("give a number from {low} to {high}"),
            ));
        }
        fits.map(|value| Sourced { value, origin })
    }

    /// The text of a number, whole or not: money never passes through a float.
    pub fn decimal(&mut self, key: &'a str, out: &mut Vec<Problem>) -> Option<Sourced<String>> {
        let value = self.take(key)?;
        let origin = self.doc.place(value.span().start);
        let text = match value.get_ref() {
            DeValue::Integer(number) if number.radix() == 10 => number.as_str(),
            DeValue::Float(number) => number.as_str(),
            _ => {
                out.push(self.wrong_type(value, key, "a decimal number"));
                return None;
            }
        };
        Some(Sourced { value: text.to_owned(), origin })
    }

    /// `true` or `false`.
    pub fn switch(&mut self, key: &'a str, out: &mut Vec<Problem>) -> Option<Sourced<bool>> {
        let value = self.take(key)?;
        let DeValue::Boolean(on) = value.get_ref() else {
            out.push(self.wrong_type(value, key, "true or false"));
            return None;
        };
        Some(Sourced { value: *on, origin: self.doc.place(value.span().start) })
    }

    /// Names every key that nobody took.
    pub fn finish(self, out: &mut Vec<Problem>) {
        self.unknown(out);
    }

    /// As [`Section::finish`], of a section that is only borrowed.
    pub fn unknown(&self, out: &mut Vec<Problem>) {
        // A key may be read twice, and is still one.
        let mut all: Vec<&str> = Vec::new();
        for key in &self.known {
            if !all.contains(key) {
                all.push(key);
            }
        }
        let known = all.join(", ");
        for (name, _) in self.table {
            let key: &str = name.get_ref();
            if self.known.contains(&key) {
                continue;
            }
            let meant = nearest(key, self.known.iter().copied());
            let hint =
                meant.map_or_else(String::new, |meant| format!(" (did you mean \"{meant}\"?)"));
            let cause = format!("unknown key \"{}\"{hint}", Text::limited(key, 60));
            if self.name.is_empty()
                && let Some((section, table)) = section_of(key)
                && self.known.contains(&section)
            {
                let next = format!("write it below {table}");
                out.push(Problem::new(self.doc.place(name.span().start), cause, next));
                continue;
            }
            let what = meant.map_or_else(
                || String::from("remove it"),
                |meant| format!("write {meant}, or remove it"),
            );
            let next = match self.name.as_str() {
                "" => format!("{what}; the file may hold: {known}"),
                name => format!("{what}; [{name}] may hold: {known}"),
            };
            out.push(Problem::new(self.doc.place(name.span().start), cause, next));
        }
    }

    fn wrong_type(&self, value: Value<'_, '_>, key: &str, wanted: &str) -> Problem {
        let cause = format!("{} is {}, not {wanted}", self.full(key), kind(value.get_ref()));
        Problem::new(self.doc.place(value.span().start), cause, format!("write {wanted}"))
    }
}

/// The section that a key at the top of the file was meant for: those which
/// people look for there.
fn section_of(key: &str) -> Option<(&'static str, &'static str)> {
    Some(match key {
        "theme" | "keymap" | "color" | "fps" | "line" | "mouse" => ("screen", "[screen]"),
        "host" | "cmd_port" | "data_port" => ("gateway", "[[gateway]]"),
        "proof_interval_ms" | "enforce_interval_ms" | "flatten_on_external" => ("kill", "[kill]"),
        "on_alert" => ("alarms", "[alarms]"),
        _ => return None,
    })
}

fn absolute(text: Sourced<&str>, key: &str, out: &mut Vec<Problem>) -> Option<Sourced<PathBuf>> {
    let path = PathBuf::from(text.value);
    if path.is_absolute() && !text.value.contains('\0') {
        return Some(Sourced { value: path, origin: text.origin });
    }
    let cause = format!("{key} is not an absolute path");
    out.push(Problem::new(
        text.origin,
        cause,
        "begin it with / (~ and variables are not expanded)",
    ));
    None
}

const fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a decimal number",
        DeValue::Boolean(true) => "true",
        DeValue::Boolean(false) => "false",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}
