//! JSON as Python writes it: with `NaN` and `Infinity` where no number is.

use std::borrow::Cow;

/// `text` with `null` for each of those words outside of strings, so that one
/// missing number does not cost the whole document.
pub fn as_null(text: &str) -> Cow<'_, str> {
    const WORDS: [&str; 3] = ["-Infinity", "Infinity", "NaN"];
    if !WORDS.iter().any(|word| text.contains(word)) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let (mut quoted, mut escaped) = (false, false);
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let word = WORDS.iter().find(|word| !quoted && rest.starts_with(**word));
        let used = word.map_or(c.len_utf8(), |word| word.len());
        if word.is_some() {
            out.push_str("null");
        } else {
            quoted ^= c == '"' && !escaped;
            escaped = c == '\\' && quoted && !escaped;
            out.push(c);
        }
        rest = rest.get(used..).unwrap_or_default();
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_bare_words_become_null() {
        assert_eq!(as_null("[NaN,-Infinity, Infinity,1]"), "[null,null, null,1]");
        assert_eq!(as_null(r#"{"NaN":"a \" NaN","b":NaN}"#), r#"{"NaN":"a \" NaN","b":null}"#);
        assert_eq!(as_null(r#"["\\",NaN,"ö"]"#), r#"["\\",null,"ö"]"#);
        assert!(matches!(as_null("[1.0]"), Cow::Borrowed(_)));
    }
}
