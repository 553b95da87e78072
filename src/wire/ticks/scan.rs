//! A scanner for flat JSON objects, as fast as a feed needs it.
//!
//! It finds keys and values as spans of the frame, checks every token against
//! the JSON grammar, and leaves what no quote has (escapes, nested values) to
//! `serde_json`. Its input is UTF-8 already. Values are written where they
//! stay and never returned: copying a struct just after its fields were
//! written costs more than reading the field did.

use super::fault::TickFault;
use crate::domain::fixed::SHORT_DIGITS;
use std::borrow::Cow;

/// Deepest nesting that is skipped in a field nobody asked for.
const MAX_DEPTH: usize = 8;

/// What a value is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Kind {
    /// There is none.
    #[default]
    Absent,
    /// A string without escapes; its span is without quotes.
    Plain,
    /// A string with escapes; its span is with quotes.
    Escaped,
    /// A number with few digits and no sign or exponent:
    /// `digits * 10^-decimals`.
    Short,
    /// Any other number of JSON's grammar.
    Number,
    /// `null`
    Null,
    /// `true`, `false`, a list, an object, or Python's `NaN` and `Infinity`.
    Other,
}

/// One value, as written.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Value {
    pub(super) kind: Kind,
    /// Of a [`Kind::Short`] number.
    pub(super) decimals: u8,
    /// Of a [`Kind::Short`] number.
    pub(super) digits: u64,
    start: usize,
    end: usize,
}

impl Value {
    const fn set(&mut self, kind: Kind, start: usize, end: usize) {
        self.kind = kind;
        self.start = start;
        self.end = end;
    }
}

/// Reads one object, field by field.
pub(super) struct Scan<'a> {
    text: &'a [u8],
    at: usize,
    /// Span of the last key.
    key: (usize, usize),
    started: bool,
}

impl<'a> Scan<'a> {
    /// `json` begins with the object's `{`, or with space before it.
    pub(super) const fn new(json: &'a str) -> Self {
        Self { text: json.as_bytes(), at: 0, key: (0, 0), started: false }
    }

    /// Finds the next field's [`Scan::key`], after which its [`Scan::value`]
    /// is due; false at the end of the object, after which only space may
    /// follow.
    pub(super) fn next(&mut self) -> Result<bool, TickFault> {
        let first = !self.started;
        if first {
            self.take(b'{')?;
            self.started = true;
        }
        if self.peek() == Some(b'}') {
            self.at += 1;
            return if self.peek().is_none() { Ok(false) } else { Err(TickFault::BadJson) };
        }
        if !first {
            self.take(b',')?;
        }
        self.take(b'"')?;
        let end = first_special(self.text, self.at);
        self.key = (self.at, end);
        match self.text.get(end) {
            Some(b'"') => self.at = end + 1,
            // No peer escapes its keys; one that did could hide a key twice.
            Some(b'\\') => return Err(TickFault::NotATick),
            _ => return Err(TickFault::BadJson),
        }
        self.take(b':')?;
        Ok(true)
    }

    /// Span of the key that was found last.
    pub(super) const fn key(&self) -> (usize, usize) {
        self.key
    }

    /// Reads the value of that key into `slot`.
    pub(super) fn value(&mut self, slot: &mut Value) -> Result<(), TickFault> {
        match self.peek() {
            Some(b'"') => self.string(slot),
            Some(b'-') if self.text.get(self.at + 1) == Some(&b'I') => {
                self.word(b"-Infinity", Kind::Other, slot)
            }
            Some(b'-' | b'0'..=b'9') => self.number(slot),
            Some(b'n') => self.word(b"null", Kind::Null, slot),
            Some(b't') => self.word(b"true", Kind::Other, slot),
            Some(b'f') => self.word(b"false", Kind::Other, slot),
            Some(b'N') => self.word(b"NaN", Kind::Other, slot),
            Some(b'I') => self.word(b"Infinity", Kind::Other, slot),
            Some(b'{' | b'[') => self.nested(slot),
            _ => Err(TickFault::BadJson),
        }
    }

    /// The bytes of a span.
    pub(super) fn bytes(&self, (start, end): (usize, usize)) -> &'a [u8] {
        self.text.get(start..end).unwrap_or_default()
    }

    /// The bytes that `value` was written with.
    pub(super) fn span(&self, value: &Value) -> &'a [u8] {
        self.bytes((value.start, value.end))
    }

    /// A string's UTF-8, escapes resolved; none for other values.
    pub(super) fn text(&self, value: &Value) -> Option<Cow<'a, [u8]>> {
        match value.kind {
            Kind::Plain => Some(Cow::Borrowed(self.span(value))),
            Kind::Escaped => {
                let text = serde_json::from_slice::<String>(self.span(value)).ok()?;
                Some(Cow::Owned(text.into_bytes()))
            }
            _ => None,
        }
    }

    /// The next byte that is not space, left where it is.
    fn peek(&mut self) -> Option<u8> {
        while let Some(&b) = self.text.get(self.at) {
            if b > b' ' || !matches!(b, b' ' | b'\t' | b'\n' | b'\r') {
                return Some(b);
            }
            self.at += 1;
        }
        None
    }

    fn take(&mut self, wanted: u8) -> Result<(), TickFault> {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        if found { Ok(()) } else { Err(TickFault::BadJson) }
    }

    fn word(&mut self, word: &[u8], kind: Kind, slot: &mut Value) -> Result<(), TickFault> {
        let start = self.at;
        self.at += word.len();
        slot.set(kind, start, self.at);
        if self.span(slot) == word { Ok(()) } else { Err(TickFault::BadJson) }
    }

    /// A string, of which the first quote is seen already.
    fn string(&mut self, slot: &mut Value) -> Result<(), TickFault> {
        let start = self.at + 1;
        let end = first_special(self.text, start);
        if self.text.get(end) != Some(&b'"') {
            return self.escaped(slot);
        }
        slot.set(Kind::Plain, start, end);
        self.at = end + 1;
        Ok(())
    }

    #[cold]
    fn escaped(&mut self, slot: &mut Value) -> Result<(), TickFault> {
        let end = string_end(self.text, self.at).ok_or(TickFault::BadJson)?;
        slot.set(Kind::Escaped, self.at, end);
        self.at = end;
        match serde_json::from_slice::<Cow<'_, str>>(self.span(slot)) {
            Ok(_) => Ok(()),
            Err(_) => Err(TickFault::BadJson),
        }
    }

    fn number(&mut self, slot: &mut Value) -> Result<(), TickFault> {
        let start = self.at;
        let signed = self.text.get(start) == Some(&b'-');
        let (first, mut digits) = (start + usize::from(signed), 0);
        let mut at = run(self.text, first, &mut digits);
        let whole = at - first;
        let mut sound = whole == 1 || (whole > 0 && self.text.get(first) != Some(&b'0'));
        let mut decimals = 0;
        if self.text.get(at) == Some(&b'.') {
            let point = at + 1;
            at = run(self.text, point, &mut digits);
            decimals = at - point;
            sound &= decimals > 0;
        }
        let mut kind = Kind::Short;
        if signed || whole + decimals > SHORT_DIGITS {
            kind = Kind::Number;
        }
        if let Some(b'e' | b'E') = self.text.get(at) {
            kind = Kind::Number;
            let power = at + 1 + usize::from(matches!(self.text.get(at + 1), Some(b'+' | b'-')));
            at = run(self.text, power, &mut digits);
            sound &= at > power;
        }
        slot.set(kind, start, at);
        slot.digits = digits;
        slot.decimals = u8::try_from(decimals).unwrap_or(u8::MAX);
        self.at = at;
        if sound { Ok(()) } else { Err(TickFault::BadJson) }
    }

    /// Skips a list or an object that nobody asked for.
    #[cold]
    fn nested(&mut self, slot: &mut Value) -> Result<(), TickFault> {
        let start = self.at;
        let mut depth = 0_usize;
        while let Some(&b) = self.text.get(self.at) {
            match b {
                b'"' => {
                    self.at = string_end(self.text, self.at).ok_or(TickFault::BadJson)?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                return Err(TickFault::TooDeep);
            }
            self.at += 1;
            if depth == 0 {
                break;
            }
        }
        slot.set(Kind::Other, start, self.at);
        match serde_json::from_slice::<serde::de::IgnoredAny>(self.span(slot)) {
            Ok(_) => Ok(()),
            Err(_) => Err(TickFault::BadJson),
        }
    }
}

/// Steps over the digits from `at` on and appends them to `value`, which is
/// worth something up to [`SHORT_DIGITS`] of them.
fn run(text: &[u8], mut at: usize, value: &mut u64) -> usize {
    while let Some(digit) = text.get(at).map(|b| b.wrapping_sub(b'0'))
        && digit <= 9
    {
        *value = value.wrapping_mul(10).wrapping_add(u64::from(digit));
        at += 1;
    }
    at
}

/// Where the string ends whose first quote is at `start`; none when it does
/// not end or holds a raw control character.
fn string_end(text: &[u8], start: usize) -> Option<usize> {
    let mut at = start + 1;
    loop {
        at = first_special(text, at);
        match text.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => return None,
        }
    }
}

/// Where from `at` on the first quote, backslash or control character stands,
/// or the text ends.
fn first_special(text: &[u8], mut at: usize) -> usize {
    const fn each(b: u8) -> u64 {
        u64::from_ne_bytes([b; 8])
    }
    /// The high bit of every byte that is zero (and perhaps of some above it,
    /// so only the lowest counts).
    const fn zeros(word: u64) -> u64 {
        word.wrapping_sub(each(1)) & !word & each(0x80)
    }
    // Eight bytes at a time: nearly every string on this wire fits into two.
    while let Some(word) = text.get(at..).and_then(|t| t.first_chunk::<8>()) {
        let word = u64::from_le_bytes(*word);
        let special =
            zeros(word ^ each(b'"')) | zeros(word ^ each(b'\\')) | zeros(word & each(0xe0));
        if special != 0 {
            return at + special.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    while text.get(at).is_some_and(|b| !matches!(b, b'"' | b'\\' | 0..0x20)) {
        at += 1;
    }
    at
}

#[cfg(test)]
mod tests;
