//! How many colours the terminal shows, and which characters.

use super::glyphs::Charset;
use crate::config::ColorChoice;

/// Colours that may be sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// None: modifiers only.
    #[default]
    None,
    /// The sixteen of every terminal, in the reader's own palette.
    Ansi16,
    /// The cube and ramp of xterm.
    Ansi256,
    /// 24 bits.
    True,
}

/// What the environment says about the terminal. Taken as an input, so that
/// nothing here reads the process environment itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TermEnv {
    /// `NO_COLOR` is set and not empty.
    pub no_color: bool,
    /// `COLORTERM`.
    pub colorterm: String,
    /// `TERM`.
    pub term: String,
    /// The first of `LC_ALL`, `LC_CTYPE`, `LANG` that is set and not empty.
    pub locale: String,
}

impl TermEnv {
    /// Collects it through `var`, which answers like `std::env::var(..).ok()`.
    #[must_use]
    pub fn from_vars(var: impl Fn(&str) -> Option<String>) -> Self {
        let get = |name: &str| var(name).filter(|v| !v.is_empty());
        Self {
            no_color: get("NO_COLOR").is_some(),
            colorterm: get("COLORTERM").unwrap_or_default(),
            term: get("TERM").unwrap_or_default(),
            locale: ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|n| get(n)).unwrap_or_default(),
        }
    }

    /// The flag wins, then `NO_COLOR`, `COLORTERM`, `TERM`.
    #[must_use]
    pub fn depth(&self, choice: ColorChoice) -> Depth {
        match choice {
            ColorChoice::Never => Depth::None,
            ColorChoice::Always => self.capability().max(Depth::Ansi16),
            ColorChoice::Auto if self.no_color => Depth::None,
            ColorChoice::Auto => self.capability(),
        }
    }

    fn capability(&self) -> Depth {
        if matches!(self.colorterm.as_str(), "truecolor" | "24bit") {
            return Depth::True;
        }
        match self.term.as_str() {
            "" | "dumb" => Depth::None,
            t if t.ends_with("-mono") || t.ends_with("-m") || t.starts_with("vt") => Depth::None,
            t if t.ends_with("-direct") => Depth::True,
            t if t.contains("256color") => Depth::Ansi256,
            _ => Depth::Ansi16,
        }
    }

    /// Unicode where the locale says so.
    #[must_use]
    pub fn charset(&self) -> Charset {
        let locale = self.locale.to_ascii_lowercase();
        if locale.contains("utf-8") || locale.contains("utf8") {
            Charset::Unicode
        } else {
            Charset::Ascii
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(pairs: &[(&str, &str)]) -> TermEnv {
        TermEnv::from_vars(|name| {
            pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
        })
    }

    #[test]
    fn the_ladder_goes_from_flag_to_term() {
        let rich = [("NO_COLOR", "1"), ("COLORTERM", "truecolor"), ("TERM", "xterm")];
        assert_eq!(env(&rich).depth(ColorChoice::Auto), Depth::None);
        assert_eq!(env(&rich).depth(ColorChoice::Always), Depth::True);
        assert_eq!(env(&rich[1..]).depth(ColorChoice::Auto), Depth::True);
        assert_eq!(env(&rich[1..]).depth(ColorChoice::Never), Depth::None);
        assert_eq!(env(&rich[2..]).depth(ColorChoice::Auto), Depth::Ansi16);
        let empty = [("NO_COLOR", ""), ("TERM", "tmux-256color")];
        assert_eq!(env(&empty).depth(ColorChoice::Auto), Depth::Ansi256);
        assert_eq!(env(&[]).depth(ColorChoice::Auto), Depth::None);
        assert_eq!(env(&[]).depth(ColorChoice::Always), Depth::Ansi16);
        assert_eq!(env(&[("TERM", "vt100")]).depth(ColorChoice::Auto), Depth::None);
    }

    #[test]
    fn the_first_locale_that_is_set_decides() {
        assert_eq!(env(&[("LANG", "de_DE.UTF-8")]).charset(), Charset::Unicode);
        assert_eq!(env(&[("LC_ALL", "C"), ("LANG", "de_DE.UTF-8")]).charset(), Charset::Ascii);
        assert_eq!(env(&[("LC_CTYPE", "C.utf8")]).charset(), Charset::Unicode);
        assert_eq!(env(&[]).charset(), Charset::Ascii);
    }
}
