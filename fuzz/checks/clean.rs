//! `domain::Text`, and the rule that nothing decoded holds what steers a
//! terminal. The list is written down anew here: with the decoder's own, both
//! would miss the same character.

use crs::domain::{Text, text::MAX_CHARS};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use std::fmt::Debug;

/// Limits that are in use.
const LIMITS: &[usize] = &[0, 1, 8, 32, 80, 160, MAX_CHARS, 2_048];
/// Longest text kept anywhere: a frame of the audit log in hexadecimal.
const LONGEST: usize = 4_096;

/// The first byte chooses a limit, the rest is the text.
pub fn text(data: &[u8]) -> bool {
    let Some((first, raw)) = data.split_first() else { return false };
    let limit = LIMITS[usize::from(*first) % LIMITS.len()];
    let raw = String::from_utf8_lossy(raw);
    let text = Text::limited(&raw, limit);
    clean(text.as_str());
    assert!(text.as_str().chars().count() <= limit + 1, "longer than {limit} and the mark");
    assert_eq!(Text::limited(text.as_str(), limit), text, "not the same when cleaned again");
    let usual = Text::from_bytes(raw.as_bytes());
    clean(usual.as_str());
    assert!(usual.as_str().chars().count() <= MAX_CHARS + 1);
    same_again(&usual);
    true
}

fn steers(c: char) -> bool {
    matches!(c,
        // C0 (ESC, BEL, newline), DEL and C1.
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}'
        // Bidirectional controls.
        | '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}'
        // Of no width, separators, byte order mark, tags.
        | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{2028}' | '\u{2029}' | '\u{feff}'
        | '\u{e0000}'..='\u{e007f}')
}

/// Nothing that steers, and no tower of combining marks.
pub fn clean(text: &str) {
    let bad = text.chars().find(|c| steers(*c));
    assert!(bad.is_none(), "holds {bad:?}: {text:?}");
    let mut tower = 0;
    for c in text.chars() {
        tower = if matches!(c, '\u{300}'..='\u{36f}') { tower + 1 } else { 0 };
        assert!(tower <= 2, "{tower} marks on one character: {text:?}");
    }
    assert!(text.chars().count() <= LONGEST + 1, "without bound");
}

/// The same for every text in a value, the fields `besides` left out: paths,
/// and what is compared but never shown.
pub fn clean_all(thing: &impl Serialize, besides: &[&str]) {
    walk(&serde_json::to_value(thing).unwrap(), besides);
}

fn walk(value: &Value, besides: &[&str]) {
    match value {
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().for_each(|item| walk(item, besides)),
        Value::Object(fields) => {
            for (name, value) in fields.iter().filter(|(name, _)| !besides.contains(&&***name)) {
                clean(name);
                walk(value, besides);
            }
        }
        _ => {}
    }
}

/// What is written is read back as it was.
pub fn same_again<T: Serialize + DeserializeOwned + PartialEq + Debug>(thing: &T) {
    let text = serde_json::to_string(thing).unwrap();
    match serde_json::from_str::<T>(&text) {
        Ok(back) => assert_eq!(&back, thing, "{text}"),
        Err(e) => panic!("{e}: {text}"),
    }
}
