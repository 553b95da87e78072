//! How loud a line is: by its structure (JSON, `level=`), by a mark in
//! brackets, or by a whole word. Pure.
//!
//! A word inside a sentence says nothing ("no errors today", "critical path"):
//! it counts in capitals, in brackets, before a colon at the line's beginning,
//! or as the value of a level. The first that counts decides.

use crate::domain::mission::LineLevel;
use memchr::memchr2;

/// So much of a line is looked at, in bytes; a level stands at its beginning.
const LOOK: usize = 256;
/// So much of a line of JSON is looked at.
const LOOK_JSON: usize = 4_096;

/// How loud a line is; without a word about it, `Info`.
#[must_use]
pub fn level(line: &[u8]) -> LineLevel {
    let begin = line.iter().position(|b| !b.is_ascii_whitespace()).unwrap_or(line.len());
    let line = line.get(begin..).unwrap_or_default();
    let json = line.first() == Some(&b'{');
    let found = if json { structured(line) } else { None };
    found.or_else(|| spoken(line)).unwrap_or_default()
}

/// The level that a word stands for, in any case.
fn named(word: &[u8]) -> Option<LineLevel> {
    let mut small = [0_u8; 12];
    let lower = small.get_mut(..word.len())?;
    lower.copy_from_slice(word);
    lower.make_ascii_lowercase();
    Some(match &*lower {
        b"trace" | b"trc" | b"finest" => LineLevel::Trace,
        b"debug" | b"dbg" | b"verbose" => LineLevel::Debug,
        b"info" | b"inf" | b"notice" | b"information" => LineLevel::Info,
        b"warn" | b"warning" | b"wrn" => LineLevel::Warn,
        b"error" | b"err" | b"severe" => LineLevel::Error,
        b"fatal" | b"ftl" | b"critical" | b"crit" | b"panic" | b"emerg" | b"emergency"
        | b"alert" => LineLevel::Critical,
        _ => return None,
    })
}

/// A letter in brackets, `[E]`.
const fn letter(byte: u8) -> Option<LineLevel> {
    Some(match byte {
        b'T' => LineLevel::Trace,
        b'D' => LineLevel::Debug,
        b'I' => LineLevel::Info,
        b'W' => LineLevel::Warn,
        b'E' => LineLevel::Error,
        b'C' | b'F' => LineLevel::Critical,
        _ => return None,
    })
}

/// A number as pino writes it (10 to 60), or syslog (0 to 7).
const fn numbered(n: u32) -> LineLevel {
    match n {
        0..=2 | 60.. => LineLevel::Critical,
        3 | 50..=59 => LineLevel::Error,
        4 | 40..=49 => LineLevel::Warn,
        5 | 6 | 30..=39 => LineLevel::Info,
        7..=9 | 20..=29 => LineLevel::Debug,
        10..=19 => LineLevel::Trace,
    }
}

/// Keys whose value is a level.
fn is_key(key: &[u8]) -> bool {
    const KEYS: [&[u8]; 7] =
        [b"level", b"lvl", b"severity", b"levelname", b"loglevel", b"log.level", b"@level"];
    KEYS.iter().any(|known| key.eq_ignore_ascii_case(known))
}

/// The level of an object of JSON, by a key of its own (not one further in).
fn structured(line: &[u8]) -> Option<LineLevel> {
    let line = line.get(..LOOK_JSON).unwrap_or(line);
    let (mut at, mut depth, mut key) = (0, 0_usize, None);
    while let Some(byte) = line.get(at) {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => {
                let end = closing(line, at + 1)?;
                let text = line.get(at + 1..end).unwrap_or_default();
                let after = line.get(end + 1..).unwrap_or_default();
                let names = after.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b':');
                if let (false, Some(())) = (names, key.take()) {
                    return named(text);
                }
                key = (names && depth == 1 && is_key(text)).then_some(());
                at = end;
            }
            b'0'..=b'9' if key.take().is_some() => {
                let digits = line.get(at..).unwrap_or_default();
                let digits = digits.iter().take_while(|b| b.is_ascii_digit()).take(6);
                let number = digits.fold(0, |n, b| n * 10 + u32::from(b - b'0'));
                return Some(numbered(number));
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Where the string that begins at `from` ends.
fn closing(line: &[u8], mut from: usize) -> Option<usize> {
    loop {
        let at = from + memchr2(b'"', b'\\', line.get(from..)?)?;
        if line.get(at) == Some(&b'"') {
            return Some(at);
        }
        from = at + 2;
    }
}

/// What stands around a word.
struct Word<'a> {
    line: &'a [u8],
    from: usize,
    end: usize,
    /// What stands before this is an escape sequence, and no letter of it.
    floor: usize,
}

impl Word<'_> {
    fn text(&self) -> &[u8] {
        self.line.get(self.from..self.end).unwrap_or_default()
    }

    fn back(&self, by: usize) -> u8 {
        self.from
            .checked_sub(by)
            .filter(|at| *at >= self.floor)
            .and_then(|at| self.line.get(at))
            .copied()
            .unwrap_or(b' ')
    }

    fn ahead(&self, by: usize) -> u8 {
        self.line.get(self.end + by).copied().unwrap_or(b' ')
    }

    /// Not a part of a name, a path or a longer word (`ERROR_COUNT`,
    /// `error.log`, `ERROR-prone`).
    fn stands_alone(&self) -> bool {
        let joint = |byte: u8| matches!(byte, b'-' | b'.' | b'/' | b'\\');
        let part = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let before = part(self.back(1)) || joint(self.back(1)) && part(self.back(2));
        let after = part(self.ahead(0)) || joint(self.ahead(0)) && part(self.ahead(1));
        !before && !after
    }

    fn bracketed(&self) -> bool {
        matches!(
            (self.back(1), self.ahead(0)),
            (b'[', b']') | (b'<', b'>') | (b'(', b')') | (b'|', b'|')
        )
    }

    /// `0 ERROR`, `no ERROR`, `ERROR=3`, `ERROR: 0`: a count, not a cry.
    fn is_counted(&self) -> bool {
        let before = self.line.get(..self.from).unwrap_or_default().trim_ascii_end();
        let last = before.iter().rposition(u8::is_ascii_whitespace).map_or(0, |at| at + 1);
        let last = before.get(last..).unwrap_or_default();
        let none = [&b"no"[..], b"0", b"without", b"zero"];
        let after = self.line.get(self.end + 1..).unwrap_or_default().trim_ascii();
        none.iter().any(|word| last.eq_ignore_ascii_case(word))
            || self.ahead(0) == b'='
            || self.ahead(0) == b':' && after == b"0"
    }
}

/// The level by marks and words.
fn spoken(line: &[u8]) -> Option<LineLevel> {
    let line = line.get(..LOOK).unwrap_or(line);
    let (mut at, mut floor, mut words, mut valued) = (0, 0, 0_u32, false);
    while let Some(byte) = line.get(at) {
        if *byte == 0x1b {
            at = past_escape(line, at);
            floor = at;
            continue;
        }
        if !byte.is_ascii_alphabetic() {
            at += 1;
            continue;
        }
        let from = at;
        while line.get(at).is_some_and(u8::is_ascii_alphabetic) {
            at += 1;
        }
        let word = Word { line, from, end: at, floor };
        if let Some(level) = judged(&word, words == 0, valued) {
            return Some(level);
        }
        // `level=warn`, `severity: "error"`.
        valued = is_key(word.text()) && matches!(word.ahead(0), b'=' | b':');
        words += u32::from(word.text().len() > 2);
    }
    None
}

/// What one word says. `first`: none stands before it; `valued`: it is what a
/// level's name is given.
fn judged(word: &Word<'_>, first: bool, valued: bool) -> Option<LineLevel> {
    let text = word.text();
    let [head, .., last] = text else {
        let only = text.first().copied().and_then(letter);
        return only.filter(|_| word.bracketed() && word.back(1) == b'[');
    };
    // `ValueError: …`, `redis.exceptions.ConnectionError: …`
    if *last == b'r' && text.len() > 5 && text.ends_with(b"Error") && word.ahead(0) == b':' {
        return Some(LineLevel::Error);
    }
    if first && text == b"Traceback" && word.ahead(1) == b'(' {
        return Some(LineLevel::Error);
    }
    if text == b"panicked" && word.line.get(word.end..word.end + 4) == Some(b" at ") {
        return Some(LineLevel::Critical);
    }
    if !matches!(head | 0x20, b'a' | b'c'..=b'f' | b'i' | b'n' | b'p' | b's' | b't' | b'v' | b'w') {
        return None;
    }
    let capitals = head.is_ascii_uppercase() && last.is_ascii_uppercase();
    let opens = first && matches!(word.ahead(0), b':' | b'[');
    if !(capitals || opens || valued || word.bracketed()) {
        return None;
    }
    named(text).filter(|_| word.stands_alone() && !word.is_counted())
}

/// The place behind an escape sequence, colours above all.
fn past_escape(line: &[u8], at: usize) -> usize {
    if line.get(at + 1) != Some(&b'[') {
        return at + 1;
    }
    let rest = line.get(at + 2..).unwrap_or_default();
    let end = rest.iter().position(|b| (0x40..=0x7e).contains(b));
    end.map_or(line.len(), |end| at + 3 + end)
}

/// A line's bytes without colours and with blanks for tabs, where it has any.
#[must_use]
pub fn plain(line: &[u8]) -> Option<Vec<u8>> {
    memchr2(0x1b, b'\t', line)?;
    let mut out = Vec::with_capacity(line.len());
    let mut at = 0;
    while let Some(byte) = line.get(at) {
        let end = if *byte == 0x1b { past_escape(line, at) } else { at + 1 };
        let colour = end > at + 2 && line.get(end - 1) == Some(&b'm');
        match byte {
            b'\t' => out.push(b' '),
            0x1b if colour => {}
            _ => out.extend_from_slice(line.get(at..end).unwrap_or_default()),
        }
        at = end;
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(level_of: LineLevel, lines: &[&str]) {
        for line in lines {
            assert_eq!(level(line.as_bytes()), level_of, "{line}");
        }
    }

    #[test]
    fn structure_says_it() {
        all(
            LineLevel::Error,
            &[
                r#"{"ts":1,"level":"error","msg":"x"}"#,
                r#"{"severity": "ERROR"}"#,
                r#"{"msg":"say \"level\":\"debug\"","lvl":"err"}"#,
                r#"{"a":{"level":"debug"},"level":"error"}"#,
                r#"{"level":50}"#,
                "ts=1 level=error msg=x",
                r#"severity: "error" x"#,
            ],
        );
        all(LineLevel::Warn, &[r#"{"levelname":"WARNING"}"#, r#"{"level":4}"#, "lvl=warn x"]);
        all(LineLevel::Info, &[r#"{"level":{"x":"error"}}"#, r#"{"a":["level","error"]}"#, "{"]);
    }

    #[test]
    fn marks_and_whole_words_say_it() {
        all(
            LineLevel::Error,
            &[
                "2026-01-14 13:56:58,271 ERROR main: no answer",
                "[error] x",
                "[E] x",
                "error: cannot find file",
                "error[E0308]: mismatched types",
                "\u{1b}[31mERROR\u{1b}[0m x",
                "-ERR unknown command",
                "redis.exceptions.ConnectionError: Error 111",
                "Traceback (most recent call last):",
            ],
        );
        all(
            LineLevel::Warn,
            &["[2026-01-14T13:56:58Z WARN  crs] x", "warning: unused", "<warn> x"],
        );
        all(
            LineLevel::Critical,
            &["CRITICAL: no margin", "thread 'main' panicked at src/main.rs:1", "FATAL x"],
        );
        all(LineLevel::Debug, &["DEBUG x", "[debug] x", "12:00 DEBUG an ERROR in a word"]);
    }

    #[test]
    fn a_word_in_a_sentence_says_nothing() {
        all(
            LineLevel::Info,
            &[
                "no errors today",
                "memory usage 95%",
                "0 ERROR lines",
                "no ERROR so far",
                "ERROR=3",
                "ERROR: 0",
                "ERROR_COUNT 3",
                "see logs/ERROR.log",
                "the critical path is short",
                "an error was expected",
                "Errors: 0",
                "TERROR",
                "",
                "\0\u{1}",
            ],
        );
    }

    #[test]
    fn colours_go_and_other_sequences_stay_to_be_seen() {
        assert_eq!(plain(b"plain"), None);
        assert_eq!(plain(b"\x1b[1;31mred\x1b[0m\tx").unwrap(), b"red x");
        assert_eq!(plain(b"a\x1b[2Jb\x1b").unwrap(), b"a\x1b[2Jb\x1b");
    }
}
