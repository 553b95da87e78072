//! Text as one word of another program's language. Everything that goes into
//! a remote command goes through here, and nowhere else.

use std::fmt::Write as _;

/// One word for a POSIX shell, whatever it holds.
#[must_use]
pub fn posix(word: &str) -> String {
    format!("'{}'", word.replace('\'', "'\\''"))
}

/// One single-quoted string for `PowerShell`, in which nothing is expanded.
/// It ends a single-quoted string at any of five characters, so each is
/// doubled.
#[must_use]
pub fn powershell(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('\'');
    for c in text.chars() {
        if matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}') {
            quoted.push(c);
        }
        quoted.push(c);
    }
    quoted.push('\'');
    quoted
}

/// One double-quoted word for `cmd.exe` and for the program that it starts.
/// The configuration refuses what even quotes do not protect there (a quote,
/// `%`, a backslash at the end); here they go, so that no word ever opens.
#[must_use]
pub fn cmd(word: &str) -> String {
    let kept: String =
        word.chars().filter(|c| !matches!(c, '"' | '%') && !c.is_control()).collect();
    format!("\"{}\"", kept.trim_end_matches('\\'))
}

/// What `powershell -EncodedCommand` takes: base64 of UTF-16, little-endian.
#[must_use]
pub fn encoded(script: &str) -> String {
    let bytes: Vec<u8> = script.encode_utf16().flat_map(u16::to_le_bytes).collect();
    base64(&bytes)
}

/// RFC 4648, with padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let mut group = 0_u32;
        for index in 0..3 {
            group = (group << 8) | u32::from(chunk.get(index).copied().unwrap_or(0));
        }
        for index in 0..4 {
            let digit = (group >> (18 - 6 * index)) & 63;
            let digit = usize::try_from(digit).ok().and_then(|d| DIGITS.get(d));
            let padding = index > chunk.len();
            out.push(digit.filter(|_| !padding).map_or('=', |d| char::from(*d)));
        }
    }
    out
}

/// Hexadecimal digits of a number, for a marker that nobody can know before.
#[must_use]
pub fn hex(number: u64) -> String {
    let mut text = String::with_capacity(16);
    let _ = write!(text, "{number:016x}");
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::process::Command;

    #[test]
    fn base64_as_the_standard_has_it() {
        let pairs = [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ];
        for (plain, coded) in pairs {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
        assert_eq!(encoded("dir"), "ZABpAHIA");
    }

    /// Reads one single-quoted string as `PowerShell`'s own rules do: the
    /// string, and what is left behind it.
    fn read_powershell(code: &str) -> Option<(String, String)> {
        let quote = |c: char| matches!(c, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}');
        let mut chars = code.chars().peekable();
        chars.next().filter(|c| quote(*c))?;
        let mut text = String::new();
        loop {
            let c = chars.next()?;
            if !quote(c) {
                text.push(c);
            } else if chars.peek().is_some_and(|next| quote(*next)) {
                // The first of the two is what the string holds.
                text.push(c);
                chars.next();
            } else {
                return Some((text, chars.collect()));
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(200))]

        /// Against a real shell: the words arrive as they were, whatever they hold.
        #[test]
        fn a_shell_reads_each_word_back(
            words in proptest::collection::vec("[^\0]{0,40}|['\"\\\\$`!*?;&|<> \n\t~#-]{0,12}", 1..5)
        ) {
            let quoted: Vec<String> = words.iter().map(|w| posix(w)).collect();
            let script = format!("printf '%s\\0' {}", quoted.join(" "));
            let out = Command::new("sh").arg("-c").arg(&script).output().unwrap();
            let wanted: Vec<u8> =
                words.iter().flat_map(|w| w.bytes().chain(std::iter::once(0))).collect();
            prop_assert_eq!(out.stdout, wanted);
            // Twice, as it travels: a script that is itself a word.
            let nested = format!("sh -c {}", posix(&script));
            let again = Command::new("sh").arg("-c").arg(&nested).output().unwrap();
            let wanted: Vec<u8> =
                words.iter().flat_map(|w| w.bytes().chain(std::iter::once(0))).collect();
            prop_assert_eq!(again.stdout, wanted);
        }

        #[test]
        fn powershell_reads_the_string_back_and_nothing_behind_it(
            text in "\\PC*|['\u{2018}\u{2019}\u{201a}\u{201b}\"$`(){};\n]{0,20}"
        ) {
            let read = read_powershell(&powershell(&text));
            prop_assert_eq!(read, Some((text, String::new())));
        }

        #[test]
        fn a_word_of_cmd_has_two_quotes_and_no_percent(word in ".*") {
            let quoted = cmd(&word);
            prop_assert_eq!(quoted.matches('"').count(), 2);
            prop_assert!(!quoted.contains('%') && !quoted.ends_with("\\\""));
        }

        #[test]
        fn an_encoded_script_is_the_script(script in ".*") {
            let coded = encoded(&script);
            prop_assert!(coded.bytes().all(|b| b.is_ascii_alphanumeric() || b"+/=".contains(&b)));
            prop_assert_eq!(coded.len() % 4, 0);
        }
    }
}
