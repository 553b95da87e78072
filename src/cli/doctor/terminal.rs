//! The terminal: size, type, colours, character set.

use super::check::{Check, State};
use crate::config::ColorChoice;
use crate::tui::theme::{Charset, Depth, TermEnv};
use rustix::termios::{isatty, tcgetwinsize};

/// Below this the console says that it is too small; the kill still works.
const SMALLEST: (u16, u16) = (40, 12);

/// Looks at it.
pub fn checks(choice: ColorChoice) -> Vec<Check> {
    let env = TermEnv::from_vars(|name| std::env::var(name).ok());
    vec![size(), kind(&env.term), colours(&env, choice), characters(&env)]
}

fn size() -> Check {
    let what = "terminal";
    let out = std::io::stdout();
    if !isatty(std::io::stdin()) || !isatty(&out) {
        let advice = "the console can't open here; every other verb works";
        return Check::new(what, State::Note, "not a terminal", advice);
    }
    match tcgetwinsize(&out) {
        Ok(size) if size.ws_col < SMALLEST.0 || size.ws_row < SMALLEST.1 => Check::new(
            what,
            State::Poor,
            format!("{}×{}", size.ws_col, size.ws_row),
            format!("smaller than {}×{}: panes are hidden", SMALLEST.0, SMALLEST.1),
        ),
        Ok(size) => Check::good(what, format!("{}×{}", size.ws_col, size.ws_row)),
        Err(e) => Check::new(what, State::Poor, format!("no size: {e}"), "80×24 is assumed"),
    }
}

fn kind(term: &str) -> Check {
    match term {
        "" | "dumb" | "unknown" => Check::new(
            "TERM",
            State::Poor,
            if term.is_empty() { "not set" } else { term },
            "the console may draw garbage; set TERM to what your terminal is, xterm-256color say",
        ),
        term => Check::good("TERM", term),
    }
}

fn colours(env: &TermEnv, choice: ColorChoice) -> Check {
    let found = match env.depth(choice) {
        Depth::True => "true colour",
        Depth::Ansi256 => "256",
        Depth::Ansi16 => "16",
        Depth::None => "none: words, marks and bold carry every meaning",
    };
    Check::good("colours", found)
}

fn characters(env: &TermEnv) -> Check {
    let named = if env.locale.is_empty() { "no locale" } else { &env.locale };
    match env.charset() {
        Charset::Unicode => Check::good("characters", named),
        Charset::Ascii => {
            let advice =
                "borders and bars are drawn in ASCII; set LANG to a UTF-8 locale, C.UTF-8 say";
            Check::new("characters", State::Note, named, advice)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_without_utf8_is_noticed() {
        let with = |locale: &str| TermEnv { locale: locale.to_owned(), ..TermEnv::default() };
        assert_eq!(characters(&with("C.UTF-8")).state, State::Good);
        assert_eq!(characters(&with("POSIX")).state, State::Note);
        assert_eq!(kind("dumb").state, State::Poor);
        assert_eq!(kind("tmux-256color").state, State::Good);
    }
}
