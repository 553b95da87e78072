//! `[alarms]`: how alarms call for an operator, and where they begin.

use super::file::narrow;
use super::load::Draft;
use super::origin::Sourced;
use super::section::Section;
use super::{Calls, Origin, Problem};
use crate::domain::{AlarmRules, Text};

/// Highest margin level that may be set, in percent.
const PERCENT: u64 = 100_000;
/// Most words of a command.
const WORDS: usize = 64;

/// Reads the table.
pub fn alarms(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let bell = section.text("bell", out).and_then(|t| calls("bell", t, out));
    let notify = section.text("notify", out).and_then(|t| calls("notify", t, out));
    let command = section.texts("on_alert", out).and_then(|all| command(all, out));
    draft.put("alarms.bell", bell, |s| &mut s.alarms.bell);
    draft.put("alarms.notify", notify, |s| &mut s.alarms.notify);
    draft.put("alarms.on_alert", command, |s| &mut s.alarms.on_alert);
    let warn = section.integer("margin_level_warn", 0..=PERCENT, &mut draft.problems);
    let alarm = section.integer("margin_level_alarm", 0..=PERCENT, &mut draft.problems);
    let feed = section.integer("feed_silent_s", 10..=86_400, &mut draft.problems);
    let quote = section.integer("quote_stale_s", 1..=3_600, &mut draft.problems);
    let last = alarm.as_ref().or(warn.as_ref()).map(|level| level.origin.clone());
    draft.put("alarms.margin_level_warn", warn.map(narrow), |s| {
        &mut s.alarms.rules.margin_level_warn
    });
    draft.put("alarms.margin_level_alarm", alarm.map(narrow), |s| {
        &mut s.alarms.rules.margin_level_alarm
    });
    draft.put("alarms.feed_silent_s", feed.map(narrow), |s| &mut s.alarms.rules.feed_silent_s);
    draft.put("alarms.quote_stale_s", quote.map(narrow), |s| &mut s.alarms.rules.quote_stale_s);
    if let Some(origin) = last {
        in_order(origin, draft);
    }
}

/// A warning that begins below the alarm would never be seen.
fn in_order(origin: Origin, draft: &mut Draft) {
    let AlarmRules { margin_level_warn: warn, margin_level_alarm: alarm, .. } =
        draft.settings.alarms.rules;
    if warn > 0 && warn < alarm {
        let cause = format!(
            "alarms.margin_level_warn = {warn} is below alarms.margin_level_alarm = {alarm}"
        );
        let next = "give the warning the higher percentage, as 150 and 100, or 0 for none";
        draft.problems.push(Problem::new(origin, cause, next));
    }
}

fn calls(key: &str, text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<Calls>> {
    let found = match text.value {
        "off" => Calls::Off,
        "critical" => Calls::Critical,
        "all" => Calls::All,
        other => {
            let cause = format!("alarms.{key} \"{}\" is none of ours", Text::limited(other, 40));
            out.push(Problem::new(text.origin, cause, "write off, critical or all"));
            return None;
        }
    };
    Some(text.map(|_| found))
}

/// A program by its whole path: which one runs must not hang on a `PATH`.
fn command(
    all: Sourced<Vec<Sourced<&str>>>,
    out: &mut Vec<Problem>,
) -> Option<Sourced<Vec<String>>> {
    let mut refuse = |cause: String, next: &str| {
        out.push(Problem::new(all.origin.clone(), cause, next));
        None
    };
    if all.value.len() > WORDS {
        return refuse(format!("alarms.on_alert has more than {WORDS} words"), "name a script");
    }
    if all.value.iter().any(|word| word.value.contains('\0')) {
        return refuse("alarms.on_alert holds a zero byte".to_owned(), "remove it");
    }
    if all.value.first().is_some_and(|program| !program.value.starts_with('/')) {
        let next = "write the program's absolute path first, as in [\"/usr/local/bin/page\"]";
        return refuse("alarms.on_alert names no absolute path".to_owned(), next);
    }
    Some(all.map(|words| words.into_iter().map(|word| word.value.to_owned()).collect()))
}
