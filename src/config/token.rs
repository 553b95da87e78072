//! The token of the data service: from the environment, else from a file.
//!
//! It is read where it is used and kept in no setting, so that nothing that
//! shows settings can show it.

use super::env::{EODHD_API_TOKEN, Lookup};
use super::sources::EodhdSettings;
use crate::domain::{Secret, Text};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use thiserror::Error;

/// A file larger than this holds no token.
const MAX_BYTES: u64 = 4_096;

/// Why there is no token. Never holds any part of one.
#[derive(Debug, Error)]
pub enum TokenError {
    /// Nobody gave one.
    #[error(
        "no token for EODHD: set EODHD_API_TOKEN, or write it into a file of mode 600 and \
         name that as eodhd.token_file"
    )]
    Missing,
    /// The variable holds something else.
    #[error("EODHD_API_TOKEN {0}; unset it, or give it the token alone")]
    Variable(&'static str),
    /// The file can't be used.
    #[error("eodhd.token_file {path} {cause}")]
    File {
        /// The file.
        path: Text,
        /// Cause and next step.
        cause: String,
    },
}

/// The token for EODHD: `EODHD_API_TOKEN`, else what the file holds.
///
/// # Errors
/// [`TokenError`] with the cause and the next step.
pub fn eodhd(settings: &EodhdSettings) -> Result<Secret, TokenError> {
    eodhd_with(settings, &|name| std::env::var_os(name))
}

/// As [`eodhd`], with the variables of `lookup`.
///
/// # Errors
/// As [`eodhd`].
pub fn eodhd_with(settings: &EodhdSettings, lookup: Lookup<'_>) -> Result<Secret, TokenError> {
    if let Some(value) = lookup(EODHD_API_TOKEN) {
        let text = value.into_string().map_err(|_| TokenError::Variable("is not UTF-8"))?;
        return taken(&text).map_err(TokenError::Variable);
    }
    let path = settings.token_file.as_deref().ok_or(TokenError::Missing)?;
    read(path).map_err(|cause| TokenError::File { path: Text::new(&path.to_string_lossy()), cause })
}

/// Only characters that stand for themselves in an address: what the service
/// echoes is then found and struck out, however it was written.
fn taken(text: &str) -> Result<Secret, &'static str> {
    let text = text.trim_ascii();
    if text.is_empty() {
        return Err("is set, but empty");
    }
    if is_token(text) { Ok(Secret::new(text)) } else { Err("holds what no token holds") }
}

/// Whether `text` can be a token: letters, digits and `. _ ~ -`.
#[must_use]
pub fn is_token(text: &str) -> bool {
    let fits = |b: u8| b.is_ascii_alphanumeric() || b"._~-".contains(&b);
    (1..=200).contains(&text.len()) && text.bytes().all(fits)
}

fn read(path: &Path) -> Result<Secret, String> {
    let unreadable = |e: std::io::Error| format!("can't be read: {e}; check path and permissions");
    // A pipe would hang.
    let named = std::fs::metadata(path).map_err(unreadable)?;
    if !named.is_file() {
        return Err("is not a file; write the token alone into one".to_owned());
    }
    let file = std::fs::File::open(path).map_err(unreadable)?;
    let mode = file.metadata().map_err(unreadable)?.mode() & 0o777;
    if mode & 0o007 != 0 {
        return Err(format!("is open to every user (mode {mode:03o}); run chmod 600 on it"));
    }
    let mut text = String::new();
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(unreadable)?;
    taken(&text).map_err(|_| "holds no token; write the token alone into it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;
    use std::os::unix::fs::PermissionsExt as _;

    fn in_file(text: &str, mode: u32, variable: Option<&str>) -> Result<Secret, TokenError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("token");
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        let settings = EodhdSettings { token_file: Some(path), ..EodhdSettings::default() };
        eodhd_with(&settings, &|name| {
            variable.filter(|_| name == EODHD_API_TOKEN).map(OsString::from)
        })
    }

    #[test]
    fn the_variable_wins_and_the_file_is_closed() {
        let token = |got: Result<Secret, TokenError>| got.map(|t| t.expose().to_owned()).unwrap();
        assert_eq!(token(in_file("abc.123\n", 0o600, None)), "abc.123");
        assert_eq!(token(in_file("abc.123\n", 0o600, Some("demo"))), "demo");
        let said = in_file("abc.123", 0o644, None).unwrap_err().to_string();
        assert!(said.contains("mode 644") && !said.contains("abc"), "{said}");
    }

    #[test]
    fn what_is_no_token_is_refused_and_not_repeated() {
        for (text, variable) in [
            ("", None),
            ("two words", None),
            ("a&fmt=csv", None),
            ("good", Some("")),
            ("good", Some("x\u{1b}[31m")),
        ] {
            let said = in_file(text, 0o600, variable).unwrap_err().to_string();
            assert!(!said.contains("two") && !said.contains("fmt") && !said.contains('\u{1b}'));
            assert!(said.contains("token"), "{said}");
        }
        let nobody = eodhd_with(&EodhdSettings::default(), &|_| None).unwrap_err().to_string();
        assert!(nobody.contains("EODHD_API_TOKEN") && nobody.contains("eodhd.token_file"));
        let gone = EodhdSettings { token_file: Some("/nonexistent".into()), ..Default::default() };
        assert!(eodhd_with(&gone, &|_| None).unwrap_err().to_string().contains("can't be read"));
    }
}
