//! The terminal: size, type, colours, character set.

use super::check::{Check, State};
use rustix::termios::{isatty, tcgetwinsize};

/// Below this the console says that it is too small; the kill still works.
const SMALLEST: (u16, u16) = (40, 12);

/// Looks at it.
pub fn checks() -> Vec<Check> {
    let var = |name| std::env::var(name).ok().filter(|v| !v.is_empty());
    vec![size(), kind(var("TERM").as_deref()), colours(&var), characters(&var)]
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

fn kind(term: Option<&str>) -> Check {
    match term {
        None | Some("dumb" | "unknown") => Check::new(
            "TERM",
            State::Poor,
            term.unwrap_or("not set"),
            "the console may draw garbage; set TERM to what your terminal is, xterm-256color say",
        ),
        Some(term) => Check::good("TERM", term),
    }
}

fn colours(var: &dyn Fn(&'static str) -> Option<String>) -> Check {
    let depth = match (var("COLORTERM").as_deref(), var("TERM").as_deref()) {
        (Some("truecolor" | "24bit"), _) => "true colour",
        (_, Some(term)) if term.contains("256color") => "256 colours",
        _ => "16 colours",
    };
    let found = if var("NO_COLOR").is_some() {
        "none, by NO_COLOR".to_owned()
    } else {
        format!("{depth}, by COLORTERM and TERM")
    };
    Check::good("colours", found)
}

fn characters(var: &dyn Fn(&'static str) -> Option<String>) -> Check {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(var);
    let named = locale.as_deref().unwrap_or("no locale");
    let upper = named.to_ascii_uppercase();
    if upper.contains("UTF-8") || upper.contains("UTF8") {
        return Check::good("characters", named);
    }
    let advice = "borders and bars are drawn in ASCII; set LANG to a UTF-8 locale, C.UTF-8 say";
    Check::new("characters", State::Note, named, advice)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_locale_that_is_set_decides() {
        let with = |pairs: &'static [(&'static str, &'static str)]| {
            characters(&move |name| {
                pairs.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned())
            })
            .state
        };
        assert_eq!(with(&[("LANG", "C.UTF-8")]), State::Good);
        assert_eq!(with(&[("LC_CTYPE", "en_US.utf8")]), State::Good);
        assert_eq!(with(&[("LC_ALL", "C"), ("LANG", "C.UTF-8")]), State::Note);
        assert_eq!(with(&[]), State::Note);
    }
}
