//! A scanner for flat JSON objects, as fast as a feed needs it.
//!
//! It hands out keys and values as slices of the frame, checks every token
//! against the JSON grammar, and leaves what no quote has (escapes, nested
//! values) to `serde_json`. Its input is UTF-8 already.

use super::fault::TickFault;
use std::borrow::Cow;

/// Deepest nesting that is skipped in a field nobody asked for.
const MAX_DEPTH: usize = 8;

/// One value, as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Value<'a> {
    /// A string with its quotes; `plain` when it holds no escape.
    Text { quoted: &'a [u8], plain: bool },
    /// A number of JSON's grammar.
    Number(&'a [u8]),
    /// `null`
    Null,
    /// `true`, `false`, a list, an object, or Python's `NaN` and `Infinity`.
    Other,
}

impl<'a> Value<'a> {
    /// The string's characters, escapes resolved; none for other values.
    pub(super) fn text(self) -> Option<Cow<'a, str>> {
        let Self::Text { quoted, plain } = self else { return None };
        if plain {
            let inner = quoted.get(1..quoted.len().checked_sub(1)?)?;
            return std::str::from_utf8(inner).ok().map(Cow::Borrowed);
        }
        serde_json::from_slice::<String>(quoted).ok().map(Cow::Owned)
    }
}

/// Reads one object, field by field.
pub(super) struct Scan<'a> {
    rest: &'a [u8],
    started: bool,
}

impl<'a> Scan<'a> {
    /// `json` begins with the object's `{`, or with space before it.
    pub(super) fn new(json: &'a [u8]) -> Result<Self, TickFault> {
        let mut scan = Self { rest: json, started: false };
        scan.take(b'{')?;
        Ok(scan)
    }

    /// The next field; none at the end of the object, after which only space
    /// may follow. Keys come as written: one with an escape matches nothing.
    pub(super) fn field(&mut self) -> Result<Option<(&'a [u8], Value<'a>)>, TickFault> {
        if self.peek() == Some(b'}') {
            self.take(b'}')?;
            return if self.peek().is_none() { Ok(None) } else { Err(TickFault::BadJson) };
        }
        if self.started {
            self.take(b',')?;
        }
        self.started = true;
        let (quoted, plain) = self.string()?;
        if !plain {
            return Err(TickFault::NotATick);
        }
        let key = quoted.get(1..quoted.len().saturating_sub(1)).unwrap_or_default();
        self.take(b':')?;
        Ok(Some((key, self.value()?)))
    }

    fn value(&mut self) -> Result<Value<'a>, TickFault> {
        match self.peek() {
            Some(b'"') => {
                let (quoted, plain) = self.string()?;
                Ok(Value::Text { quoted, plain })
            }
            Some(b'-') if self.rest.get(1) == Some(&b'I') => self.word(b"-Infinity", Value::Other),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b'n') => self.word(b"null", Value::Null),
            Some(b't') => self.word(b"true", Value::Other),
            Some(b'f') => self.word(b"false", Value::Other),
            Some(b'N') => self.word(b"NaN", Value::Other),
            Some(b'I') => self.word(b"Infinity", Value::Other),
            Some(b'{' | b'[') => self.nested(),
            _ => Err(TickFault::BadJson),
        }
    }

    /// The next byte that is not space, left where it is.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.rest.split_first() {
                Some((b' ' | b'\t' | b'\n' | b'\r', rest)) => self.rest = rest,
                first => return first.map(|(b, _)| *b),
            }
        }
    }

    fn take(&mut self, wanted: u8) -> Result<(), TickFault> {
        if self.peek() != Some(wanted) {
            return Err(TickFault::BadJson);
        }
        self.cut(1).map(|_| ())
    }

    fn cut(&mut self, len: usize) -> Result<&'a [u8], TickFault> {
        let (head, tail) = self.rest.split_at_checked(len).ok_or(TickFault::BadJson)?;
        self.rest = tail;
        Ok(head)
    }

    fn word(&mut self, word: &[u8], value: Value<'a>) -> Result<Value<'a>, TickFault> {
        if self.cut(word.len())? == word { Ok(value) } else { Err(TickFault::BadJson) }
    }

    /// A string with its quotes, and whether it is free of escapes.
    fn string(&mut self) -> Result<(&'a [u8], bool), TickFault> {
        if self.peek() != Some(b'"') {
            return Err(TickFault::BadJson);
        }
        let len = string_len(self.rest).ok_or(TickFault::BadJson)?;
        let quoted = self.cut(len)?;
        let plain = !quoted.contains(&b'\\');
        let sound = plain || serde_json::from_slice::<Cow<'_, str>>(quoted).is_ok();
        if sound { Ok((quoted, plain)) } else { Err(TickFault::BadJson) }
    }

    fn number(&mut self) -> Result<Value<'a>, TickFault> {
        let len = number_len(self.rest).ok_or(TickFault::BadJson)?;
        self.cut(len).map(Value::Number)
    }

    /// Skips a list or an object that nobody asked for.
    fn nested(&mut self) -> Result<Value<'a>, TickFault> {
        let mut depth = 0_usize;
        let mut at = 0_usize;
        while let Some(&b) = self.rest.get(at) {
            match b {
                b'"' => {
                    let tail = self.rest.get(at..).unwrap_or_default();
                    at += string_len(tail).ok_or(TickFault::BadJson)?;
                    continue;
                }
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > MAX_DEPTH {
                return Err(TickFault::TooDeep);
            }
            at += 1;
            if depth == 0 {
                break;
            }
        }
        let raw = self.cut(at)?;
        match serde_json::from_slice::<serde::de::IgnoredAny>(raw) {
            Ok(_) => Ok(Value::Other),
            Err(_) => Err(TickFault::BadJson),
        }
    }
}

/// Length of the string that `text` begins with, both quotes included; none
/// when it does not end or holds a raw control character.
fn string_len(text: &[u8]) -> Option<usize> {
    let mut bytes = text.iter().enumerate().skip(1);
    while let Some((i, &b)) = bytes.next() {
        match b {
            b'"' => return Some(i + 1),
            b'\\' => {
                bytes.next()?;
            }
            0..0x20 => return None,
            _ => {}
        }
    }
    None
}

/// Length of the JSON number that `text` begins with.
fn number_len(text: &[u8]) -> Option<usize> {
    let digits = |from: usize| {
        let tail = text.get(from..).unwrap_or_default();
        tail.iter().take_while(|b| b.is_ascii_digit()).count()
    };
    let start = usize::from(text.first() == Some(&b'-'));
    let whole = digits(start);
    if whole == 0 || (whole > 1 && text.get(start) == Some(&b'0')) {
        return None;
    }
    let mut end = start + whole;
    if text.get(end) == Some(&b'.') {
        let part = digits(end + 1);
        if part == 0 {
            return None;
        }
        end += 1 + part;
    }
    if matches!(text.get(end), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(end + 1), Some(b'+' | b'-')));
        let power = digits(end + 1 + sign);
        if power == 0 {
            return None;
        }
        end += 1 + sign + power;
    }
    Some(end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn scan(text: &str) -> Result<usize, TickFault> {
        let mut scan = Scan::new(text.as_bytes())?;
        let mut fields = 0;
        while scan.field()?.is_some() {
            fields += 1;
        }
        Ok(fields)
    }

    /// Objects as `serde_json` writes them, with any text and any number.
    fn object() -> impl Strategy<Value = serde_json::Value> {
        let scalar = prop_oneof![
            any::<String>().prop_map(serde_json::Value::from),
            any::<f64>().prop_map(serde_json::Value::from),
            any::<i64>().prop_map(serde_json::Value::from),
            Just(serde_json::Value::Null),
            Just(serde_json::json!([1, "]", {"a": "\\\""}])),
        ];
        prop::collection::btree_map("[a-z]{1,6}", scalar, 0..8)
            .prop_map(|m| serde_json::Value::Object(m.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn whatever_serde_writes_is_read(value in object(), pretty in any::<bool>()) {
            let text = if pretty { format!("{value:#}") } else { value.to_string() };
            prop_assert_eq!(scan(&text), Ok(value.as_object().unwrap().len()));
        }

        #[test]
        fn whatever_is_read_is_json(value in object(), cut in any::<prop::sample::Index>(),
                                    put in any::<char>()) {
            let mut text: Vec<char> = value.to_string().chars().collect();
            let at = cut.index(text.len());
            text[at] = put;
            let text: String = text.into_iter().collect();
            if scan(&text).is_ok() && !text.contains("NaN") && !text.contains("Infinity") {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{}", text);
            }
        }
    }

    #[test]
    fn the_grammar_is_kept() {
        for bad in [
            "",
            "{",
            "}",
            "[]",
            "{}{}",
            "{} x",
            "{,}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a":1 "b":2}"#,
            "{a:1}",
            "{'a':1}",
            r#"{"a":01}"#,
            r#"{"a":+1}"#,
            r#"{"a":.5}"#,
            r#"{"a":1.}"#,
            r#"{"a":1e}"#,
            r#"{"a":-}"#,
            r#"{"a":0x1}"#,
            r#"{"a":nul}"#,
            r#"{"a":"x}"#,
            r#"{"a":"\x"}"#,
            "{\"a\":\"\n\"}",
            r#"{"a":[1}"#,
            r#"{"a":[1,]}"#,
            r#"{"a":{"b"}}"#,
            r#"{"a":"\ud800"}"#,
        ] {
            assert_eq!(scan(bad), Err(TickFault::BadJson), "{bad}");
        }
        assert_eq!(
            scan(&format!("{{\"a\":{}{}}}", "[".repeat(9), "]".repeat(9))),
            Err(TickFault::TooDeep)
        );
        assert_eq!(scan(&format!("{{\"a\":{}{}}}", "[".repeat(8), "]".repeat(8))), Ok(1));
        assert_eq!(scan(r#" { "a" : 1 , "b" : [ "]" ] } "#), Ok(2));
    }
}
