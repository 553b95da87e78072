//! When the market trades: `[market]`, and `[[session]]` for some symbols.

use super::load::Draft;
use super::origin::Sourced;
use super::problem::nearest;
use super::section::Section;
use super::{Origin, Problem};
use crate::domain::calendar::{DAYS, Hours, Pause, Session, WrittenOtherwise};
use crate::domain::{Symbol, Text};
use std::str::FromStr;

/// Reads `[market]`.
pub(super) fn market(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let mut hours = draft.settings.calendar.market.clone();
    read(section, "market", &mut hours, draft);
    draft.settings.calendar.market = hours;
}

/// Reads one `[[session]]`; one that can't be used is left out, with the
/// reasons.
pub(super) fn session(index: usize, mut section: Section<'_, '_>, draft: &mut Draft) {
    let before = draft.problems.len();
    let key = format!("session[{index}]");
    let mut hours = draft.settings.calendar.market.clone();
    let place = section.place();
    let names = section.texts("symbols", &mut draft.problems);
    read(&mut section, &key, &mut hours, draft);
    section.finish(&mut draft.problems);
    let none = names.as_ref().is_none_or(|names| names.value.is_empty());
    if none && draft.problems.len() == before {
        let next = "add: symbols = [\"BTCUSD\", \"ETH*\"], or whatever the broker calls them";
        draft.problems.push(Problem::new(place, "this [[session]] names no symbol", next));
    }
    let names = names.map(|names| names.map(|all| symbols(&all, draft)));
    if draft.problems.len() > before {
        return;
    }
    if let Some(Sourced { value: symbols, origin }) = names {
        draft.settings.calendar.sessions.push(Session { symbols, hours });
        draft.origins.note(format!("{key}.symbols"), origin);
    }
}

fn symbols(all: &[Sourced<&str>], draft: &mut Draft) -> Vec<Text> {
    for name in all {
        let start = name.value.strip_suffix('*').unwrap_or(name.value);
        if start.contains('*') || Symbol::new(start).is_err() {
            let cause = format!("\"{}\" names no symbol", Text::limited(name.value, 40));
            let next = "write it as the broker does, as EURUSD.s; a * may stand at its end";
            draft.problems.push(Problem::new(name.origin.clone(), cause, next));
        }
    }
    all.iter().map(|name| Text::new(name.value)).collect()
}

fn read(section: &mut Section<'_, '_>, table: &str, hours: &mut Hours, draft: &mut Draft) {
    let out = &mut draft.problems;
    let always = section.switch("always", out);
    let zone = written(section, "zone", &["new-york", "utc"], out);
    let open = written(section, "open", &DAYS, out);
    let close = written(section, "close", &DAYS, out);
    let pause = written(section, "pause", &[], out).map(|pause| pause.map(|Daily(pause)| pause));
    let holidays = section.texts("holidays", out).map(|all| all.map(|days| dates(&days, out)));
    let mut put = |key: &str, origin| draft.origins.note(format!("{table}.{key}"), origin);
    macro_rules! take {
        ($($key:ident: $got:expr),+) => {$(
            if let Some(Sourced { value, origin }) = $got {
                hours.$key = value;
                put(stringify!($key), origin);
            }
        )+};
    }
    take!(always: always, zone: zone, open: open, close: close, pause: pause, holidays: holidays);
    if hours.open == hours.close && !hours.always {
        // Hours that this table only took over are told where they are written.
        let said =
            ["close", "open", "always"].map(|key| draft.origins.of(&format!("{table}.{key}")));
        let Some(at) = said.into_iter().find(Origin::is_configured) else { return };
        let cause = format!("{table} opens and closes at the same minute of the week");
        let next = "give another hour, or write always = true where it never closes";
        draft.problems.push(Problem::new(at, cause, next));
    }
}

/// A value that is written as text of its own kind; none where it is wrong.
fn written<T: FromStr<Err = WrittenOtherwise>>(
    section: &mut Section<'_, '_>,
    key: &'static str,
    words: &[&str],
    out: &mut Vec<Problem>,
) -> Option<Sourced<T>> {
    let text = section.text(key, out)?;
    match text.value.parse() {
        Ok(value) => Some(text.map(|_| value)),
        Err(WrittenOtherwise(right)) => {
            let first = text.value.split(' ').next().unwrap_or_default().to_lowercase();
            let known = words.contains(&&*first);
            let meant = nearest(&first, words.iter().copied()).filter(|_| !known);
            let hint = meant.map_or_else(String::new, |m| format!(" (did you mean \"{m}\"?)"));
            let (name, shown) = (section.full(key), Text::limited(text.value, 40));
            let cause = format!("{name} \"{shown}\" can't be read{hint}");
            out.push(Problem::new(text.origin, cause, format!("write it as {right}")));
            None
        }
    }
}

/// A pause, or an empty text for none.
struct Daily(Option<Pause>);

impl FromStr for Daily {
    type Err = WrittenOtherwise;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.is_empty() { Ok(Self(None)) } else { text.parse().map(|pause| Self(Some(pause))) }
    }
}

fn dates<C: FromIterator<chrono::NaiveDate>>(all: &[Sourced<&str>], out: &mut Vec<Problem>) -> C {
    let mut date = |text: &Sourced<&str>| match text.value.parse::<chrono::NaiveDate>() {
        Ok(date) if text.value.len() == 10 => Some(date),
        _ => {
            let cause = format!("holiday \"{}\" is no date", Text::limited(text.value, 40));
            out.push(Problem::new(text.origin.clone(), cause, "write it as \"2026-12-25\""));
            None
        }
    };
    all.iter().filter_map(&mut date).collect()
}
