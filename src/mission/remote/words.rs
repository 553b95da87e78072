//! Words of a command for another machine: text, and what only that machine
//! knows.

use crate::domain::Text;
use crate::mesh::remote::quote;
use crate::mission::hands::Vars;
use std::fmt::Write as _;

/// A part of a word.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Piece {
    /// As it stands.
    Plain(String),
    /// A variable over there.
    Env(String),
    /// Where the mode's settings were put over there.
    Settings,
    /// The directory of this mission over there.
    Dir,
}

/// A word.
pub type Word = Vec<Piece>;

/// Takes a word of `mission.toml` apart. A brace that begins no name known
/// here is text.
///
/// # Errors
/// A flag that the mode in force does not have, settings without a mode, or a
/// variable whose name no shell takes.
pub fn word(text: &str, vars: &Vars) -> Result<Word, Text> {
    let mut word = Word::new();
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        plain.push_str(before);
        let known = after.split_once('}').and_then(|(name, rest)| Some((mark(name)?, rest)));
        let Some((mark, behind)) = known else {
            plain.push('{');
            rest = after;
            continue;
        };
        rest = behind;
        let piece = match mark {
            Mark::Piece(piece) => piece,
            Mark::Crs => Piece::Plain("crs".to_owned()),
            Mark::Flag(key) => {
                let value = vars.flags.get(key).ok_or_else(|| {
                    let mode = if vars.mode.is_empty() { "no mode" } else { vars.mode.as_str() };
                    Text::new(&format!("{{mode:{key}}} stands in its command, and {mode} has none"))
                })?;
                Piece::Plain(value.clone())
            }
        };
        if piece == Piece::Settings && vars.settings.is_none() {
            return Err(Text::new("{settings} stands in its command, and no mode is in force"));
        }
        match piece {
            Piece::Plain(more) => plain.push_str(&more),
            piece => {
                if !plain.is_empty() {
                    word.push(Piece::Plain(std::mem::take(&mut plain)));
                }
                word.push(piece);
            }
        }
    }
    plain.push_str(rest);
    if !plain.is_empty() || word.is_empty() {
        word.push(Piece::Plain(plain));
    }
    Ok(word)
}

enum Mark<'a> {
    Piece(Piece),
    /// This program: over there it is looked for in the path.
    Crs,
    Flag(&'a str),
}

fn mark(name: &str) -> Option<Mark<'_>> {
    Some(match name {
        "settings" => Mark::Piece(Piece::Settings),
        "dir" => Mark::Piece(Piece::Dir),
        "crs" => Mark::Crs,
        _ => match name.split_once(':')? {
            ("env", name) if is_variable(name) => Mark::Piece(Piece::Env(name.to_owned())),
            ("mode", key) => Mark::Flag(key),
            _ => return None,
        },
    })
}

/// A name that every shell takes for a variable.
#[must_use]
pub fn is_variable(name: &str) -> bool {
    let letter = |c: char| c.is_ascii_alphabetic() || c == '_';
    name.starts_with(letter) && name.chars().all(|c| letter(c) || c.is_ascii_digit())
}

/// For a POSIX shell, in which `settings` and `dir` are variables: one word,
/// whatever it holds.
#[must_use]
pub fn posix(word: &[Piece]) -> String {
    word.iter().fold(String::new(), |mut all, piece| {
        match piece {
            Piece::Plain(text) => all.push_str(&quote::posix(text)),
            Piece::Env(name) => {
                let _ = write!(all, "\"${{{name}-}}\"");
            }
            Piece::Settings => all.push_str("\"$settings\""),
            Piece::Dir => all.push_str("\"$dir\""),
        }
        all
    })
}

/// For `PowerShell`, in which `$settings` and `$dir` are variables: one
/// expression, whatever it holds.
#[must_use]
pub fn powershell(word: &[Piece]) -> String {
    let parts: Vec<String> = word
        .iter()
        .map(|piece| match piece {
            Piece::Plain(text) => quote::powershell(text),
            Piece::Env(name) => format!("[string]$env:{name}"),
            Piece::Settings => "$settings".to_owned(),
            Piece::Dir => "$dir".to_owned(),
        })
        .collect();
    format!("({})", parts.join("+"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;
    use std::process::Command;

    fn vars() -> Vars {
        Vars {
            settings: Some(PathBuf::from("/here/settings.json")),
            flags: [("risk".to_owned(), "10".to_owned())].into(),
            mode: "PAPER".to_owned(),
        }
    }

    #[test]
    fn marks_are_told_from_braces() {
        let plain = |text: &str| Piece::Plain(text.to_owned());
        let of = |text: &str| word(text, &vars()).unwrap();
        assert_eq!(of("a{mode:risk}b"), [plain("a10b")]);
        assert_eq!(of("--s={settings}"), [plain("--s="), Piece::Settings]);
        assert_eq!(of("{dir}/x"), [Piece::Dir, plain("/x")]);
        assert_eq!(of("{env:HOME}"), [Piece::Env("HOME".to_owned())]);
        assert_eq!(of("{crs}"), [plain("crs")]);
        assert_eq!(of(""), [plain("")]);
        for text in ["{\"a\":1}", "{", "}", "{x}", "{env:$(id)}", "{env:A B}", "a{b{c}d"] {
            assert_eq!(of(text), [plain(text)]);
        }
        assert!(word("{mode:nope}", &vars()).is_err());
        assert!(word("{settings}", &Vars::default()).is_err());
    }

    #[test]
    fn a_shell_reads_the_word_back() {
        let parts =
            word("it's $HOME {env:CRS_WORDS_TEST} {settings}|{dir}{env:CRS_NOT_SET};", &vars());
        let script = format!("settings='/s e'; dir='/d$'; printf %s {}", posix(&parts.unwrap()));
        let mut sh = Command::new("sh");
        let out = sh.args(["-c", &script]).env("CRS_WORDS_TEST", "a 'b'\"c\"").output().unwrap();
        assert_eq!(String::from_utf8(out.stdout).unwrap(), "it's $HOME a 'b'\"c\" /s e|/d$;");
    }
}
