//! What is used and never shown.

use std::fmt;

/// A token or password. Shown, logged or debugged it is `***`; it has no form
/// in JSON.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Takes `raw` as it stands.
    #[must_use]
    pub fn new(raw: impl Into<String>) -> Self {
        Self(raw.into())
    }

    /// The thing itself, for the one place that sends it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// `text` without it, in capitals or not: a peer may repeat in its answer
    /// what it was sent, and a host's name is made lower case.
    #[must_use]
    pub fn struck_from(&self, text: &str) -> String {
        if self.0.is_empty() {
            return text.to_owned();
        }
        // Of the same length as `text`, byte for byte.
        let (lower, secret) = (text.to_ascii_lowercase(), self.0.to_ascii_lowercase());
        let (mut clean, mut from) = (String::with_capacity(text.len()), 0);
        for (at, found) in lower.match_indices(&secret) {
            clean.push_str(text.get(from..at).unwrap_or_default());
            clean.push_str("***");
            from = at + found.len();
        }
        clean.push_str(text.get(from..).unwrap_or_default());
        clean
    }
}

impl fmt::Display for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_itself_nowhere() {
        let secret = Secret::new("abc123.4567");
        assert_eq!(format!("{secret} {secret:?} {:?}", Some(&secret)), "*** *** Some(***)");
        let said = "GET /api?api_token=abc123.4567&x (abc123.4567)";
        assert_eq!(secret.struck_from(said), "GET /api?api_token=***&x (***)");
        assert_eq!(secret.struck_from("é ABC123.4567É, Abc123.4567"), "é ***É, ***");
        assert_eq!(Secret::new("Abc").struck_from("aBc|ab|c"), "***|ab|c");
        assert_eq!(Secret::new("").struck_from("nothing"), "nothing");
        assert_eq!(secret.expose(), "abc123.4567");
    }
}
