//! `[sentinel]`: the automatic trader.

use super::file::narrow;
use super::load::Draft;
use super::origin::Sourced;
use super::section::Section;
use super::{Origin, Origins, Problem};
use crate::domain::{Endpoint, Lots, Ratio, Symbol, Text};
use serde::{Serialize, Serializer};
use std::collections::BTreeSet;
use std::path::PathBuf;

/// Most symbols of one sentinel: a minute must be enough for all of them.
const MAX_SYMBOLS: usize = 32;
/// Longest suffix of a broker's symbols, in bytes.
const MAX_SUFFIX: usize = 8;
/// A threshold of one, in units of [`Ratio`].
const ONE: i64 = 10_000;

/// The sentinel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SentinelSettings {
    /// Instruments, as EODHD names them.
    pub symbols: Vec<Symbol>,
    /// What the broker adds to their names.
    pub suffix: String,
    /// It acts above this share.
    pub threshold: Ratio,
    /// Volume of one order.
    pub lots: Lots,
    /// Second of the minute at which a cycle begins, 0 to 59.
    pub second: u8,
    /// Gateway for orders; empty for the first one of the list.
    pub gtw_host: String,
    /// Its command port; 0 for that of the first one.
    pub gtw_port: u16,
    /// Address that metrics and telemetry are served at.
    pub bind: String,
    /// Metrics; 0 for none.
    pub metrics_port: u16,
    /// Telemetry; 0 for none.
    pub events_port: u16,
    /// JSON line for each decision, if anywhere.
    #[serde(serialize_with = "empty_without")]
    pub decision_log: Option<PathBuf>,
}

impl Default for SentinelSettings {
    fn default() -> Self {
        Self {
            symbols: Symbol::new("EURUSD").into_iter().collect(),
            suffix: String::new(),
            threshold: Ratio::from_raw(6_000),
            lots: Lots::from_raw(1_000_000),
            second: 58,
            gtw_host: String::new(),
            gtw_port: 0,
            bind: String::from("127.0.0.1"),
            metrics_port: 8_000,
            events_port: 5_559,
            decision_log: None,
        }
    }
}

/// As in the file.
#[expect(clippy::ref_option, reason = "the signature is serde's")]
fn empty_without<S: Serializer>(path: &Option<PathBuf>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&path.as_ref().map(|p| p.display().to_string()).unwrap_or_default())
}

/// A threshold from its decimal text; none when it is none or not within 0
/// and 1.
#[must_use]
pub fn threshold(text: &str) -> Option<Ratio> {
    Ratio::parse(text.trim()).ok().filter(|t| (0..=ONE).contains(&t.raw()))
}

/// Reads `[sentinel]`.
pub fn sentinel(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let symbols = section.texts("symbols", out).and_then(|all| symbols(all, out));
    let suffix = section.text("suffix", out).and_then(|t| suffix(t, out));
    let limit = section.decimal("threshold", out).and_then(|t| limit(t, out));
    let lots = section.decimal("lots", out).and_then(|t| lots(t, out));
    let second = section.integer("second", 0..=59, out);
    let gtw_host = section.text("gtw_host", out).and_then(|t| host("gtw_host", t, true, out));
    let gtw_port = section.integer("gtw_port", 0..=65_535, out);
    let bind = section.text("bind", out).and_then(|t| host("bind", t, false, out));
    let metrics = section.integer("metrics_port", 0..=65_535, out);
    let events = section.integer("events_port", 0..=65_535, out);
    let log = section.path_or_none("decision_log", out);
    draft.put("sentinel.symbols", symbols, |s| &mut s.sentinel.symbols);
    draft.put("sentinel.suffix", suffix, |s| &mut s.sentinel.suffix);
    draft.put("sentinel.threshold", limit, |s| &mut s.sentinel.threshold);
    draft.put("sentinel.lots", lots, |s| &mut s.sentinel.lots);
    draft.put("sentinel.second", second.map(narrow), |s| &mut s.sentinel.second);
    draft.put("sentinel.gtw_host", gtw_host, |s| &mut s.sentinel.gtw_host);
    draft.put("sentinel.gtw_port", gtw_port.map(narrow), |s| &mut s.sentinel.gtw_port);
    draft.put("sentinel.bind", bind, |s| &mut s.sentinel.bind);
    draft.put("sentinel.metrics_port", metrics.map(narrow), |s| &mut s.sentinel.metrics_port);
    draft.put("sentinel.events_port", events.map(narrow), |s| &mut s.sentinel.events_port);
    draft.put("sentinel.decision_log", log, |s| &mut s.sentinel.decision_log);
}

/// What no single value can tell.
pub fn check(settings: &SentinelSettings, origins: &Origins, out: &mut Vec<Problem>) {
    if settings.metrics_port == settings.events_port && settings.events_port > 0 {
        let keys = ["sentinel.events_port", "sentinel.metrics_port"].into_iter();
        let at = keys.map(|key| origins.of(key)).find(Origin::is_configured);
        let cause = "the sentinel's metrics and telemetry have one port";
        out.push(Problem::new(at.unwrap_or_default(), cause, "give them different numbers"));
    }
}

fn symbols(
    all: Sourced<Vec<Sourced<&str>>>,
    out: &mut Vec<Problem>,
) -> Option<Sourced<Vec<Symbol>>> {
    let before = out.len();
    let mut seen = BTreeSet::new();
    let mut found = Vec::new();
    for text in &all.value {
        let cause = match Symbol::new(text.value) {
            Ok(symbol) if seen.insert(symbol) => {
                found.push(symbol);
                continue;
            }
            Ok(symbol) => format!("sentinel.symbols names {symbol} twice"),
            Err(e) => format!("sentinel.symbols: {e}"),
        };
        out.push(Problem::new(text.origin.clone(), cause, "write each once, as in \"EURUSD\""));
    }
    if found.len() > MAX_SYMBOLS || all.value.is_empty() {
        let cause = format!("sentinel.symbols has {} symbols", all.value.len());
        let next = format!("name 1 to {MAX_SYMBOLS}");
        out.push(Problem::new(all.origin.clone(), cause, next));
    }
    (out.len() == before).then(|| all.map(|_| found))
}

fn suffix(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<String>> {
    if text.value.len() <= MAX_SUFFIX && text.value.bytes().all(|b| b.is_ascii_graphic()) {
        return Some(text.map(str::to_owned));
    }
    let cause = format!("sentinel.suffix \"{}\" is no suffix", Text::limited(text.value, 20));
    out.push(Problem::new(text.origin, cause, "write a few printable characters, as in \".s\""));
    None
}

fn limit(text: Sourced<String>, out: &mut Vec<Problem>) -> Option<Sourced<Ratio>> {
    let Some(found) = threshold(&text.value) else {
        let cause =
            format!("sentinel.threshold = {} is out of range", Text::limited(&text.value, 40));
        out.push(Problem::new(text.origin, cause, "give a number from 0 to 1"));
        return None;
    };
    Some(text.map(|_| found))
}

fn lots(text: Sourced<String>, out: &mut Vec<Problem>) -> Option<Sourced<Lots>> {
    match Lots::parse(&text.value) {
        Ok(lots) if lots > Lots::ZERO => Some(text.map(|_| lots)),
        _ => {
            let cause = format!("sentinel.lots = {} is no volume", Text::limited(&text.value, 40));
            out.push(Problem::new(text.origin, cause, "give a volume above zero, 0.01 say"));
            None
        }
    }
}

/// A host from the environment.
pub(super) fn gtw_host(text: &Sourced<String>, draft: &mut Draft) -> Option<Sourced<String>> {
    let given = Sourced { value: text.value.as_str(), origin: text.origin.clone() };
    host("gtw_host", given, false, &mut draft.problems)
}

fn host(
    key: &str,
    text: Sourced<&str>,
    may_be_empty: bool,
    out: &mut Vec<Problem>,
) -> Option<Sourced<String>> {
    match Endpoint::new(text.value, 1) {
        Err(e) if !(may_be_empty && text.value.is_empty()) => {
            let next = "give a host name or an IP address, the port apart";
            out.push(Problem::new(text.origin, format!("sentinel.{key}: {e}"), next));
            None
        }
        _ => Some(text.map(str::to_owned)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Flags, load::load_with};
    use std::ffi::OsString;

    fn under(text: &str, vars: &[(&str, &str)]) -> crate::config::Loaded {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        let flags = Flags { config: Some(path), ..Flags::default() };
        load_with(&flags, &|name| {
            vars.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v))
        })
    }

    #[test]
    fn a_threshold_is_a_share() {
        for (text, raw) in [("0", 0), ("0.6", 6_000), ("1", 10_000), ("0.65", 6_500)] {
            assert_eq!(threshold(text).map(Ratio::raw), Some(raw), "{text}");
        }
        for text in ["NaN", "-0.1", "1.1", "inf", "", "60%", "-nan"] {
            assert_eq!(threshold(text), None, "{text}");
        }
    }

    #[test]
    fn the_environment_wins_over_the_file() {
        let file = "[sentinel]\ngtw_host='a.example'\ngtw_port=1\nmetrics_port=2";
        let vars = [("GTW_HOST", "b.example"), ("METRICS_PORT", "9")];
        let loaded = under(file, &vars);
        let s = &loaded.settings.sentinel;
        assert_eq!((s.gtw_host.as_str(), s.gtw_port), ("b.example", 1));
        assert_eq!((s.metrics_port, loaded.problems.len()), (9, 0));
        assert_eq!(under("", &[("GTW_HOST", "a b")]).problems.len(), 1);
    }

    #[test]
    fn every_mistake_is_named_once() {
        for text in [
            "[sentinel]\nsymbols=[]",
            "[sentinel]\nsymbols=['EURUSD','EURUSD']",
            "[sentinel]\nsymbols=['EUR USD']",
            "[sentinel]\nthreshold=1.5",
            "[sentinel]\nthreshold=nan",
            "[sentinel]\nlots=0",
            "[sentinel]\nsecond=60",
            "[sentinel]\nsuffix='too long for one'",
            "[sentinel]\nmetrics_port=5559",
            "[sentinel]\ndecision_log='here'",
        ] {
            let problems = under(text, &[]).problems;
            assert_eq!(problems.len(), 1, "{text}: {problems:?}");
        }
    }
}
