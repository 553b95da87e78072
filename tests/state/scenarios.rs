//! Runs `tests/scenarios/*.toml`: events in, state out.
//!
//! A file holds `about` and a list of `[[step]]`, each with `at_ms` and an
//! `event` or an `expect`. Beats fill the time between steps. In an event the
//! text `@now` stands for the step's stamp and `@-250` for 250 ms before it.
//! `expect` maps a path into the state (`gateways.0.tick_rate`) or a question
//! (`? mode`, `? feed 0`, …) to its value; a missing value is "none".

use crs::domain::{Stamp, Symbol, UtcMicros};
use crs::event::{Event, Stamped};
use crs::state::State;
use serde_json::{Value, json};
use std::path::Path;

const START_NS: u64 = 1_000_000_000_000;
const START_US: i64 = 1_768_399_200_000_000;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Scenario {
    about: String,
    step: Vec<Step>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    at_ms: u64,
    event: Option<Value>,
    #[serde(default)]
    expect: serde_json::Map<String, Value>,
}

fn stamp(ms: u64) -> Stamp {
    let us = i64::try_from(ms * 1_000).unwrap();
    Stamp { mono_ns: START_NS + ms * 1_000_000, utc: UtcMicros(START_US + us) }
}

/// Puts stamps where `@…` stands.
fn fill(value: &mut Value, ms: u64) {
    match value {
        Value::String(s) if s == "@now" => *value = json!(stamp(ms)),
        Value::String(s) if s.starts_with("@-") => {
            *value = json!(stamp(ms - s[2..].parse::<u64>().unwrap()));
        }
        Value::Array(items) => items.iter_mut().for_each(|v| fill(v, ms)),
        Value::Object(map) => map.values_mut().for_each(|v| fill(v, ms)),
        _ => {}
    }
}

fn ask(state: &State, question: &str) -> Value {
    let mut words = question.split(' ');
    let verb = words.next().unwrap();
    let index = |w: Option<&str>| w.unwrap().parse::<u16>().unwrap();
    match verb {
        "mode" => json!(state.mode().word()),
        "breaker" => json!(state.breaker_phase().word()),
        "feed" => json!(state.feed_word(index(words.next()))),
        "gateway" => json!(state.gateway_freshness(index(words.next()))),
        "positions" => json!(state.positions_freshness(index(words.next()))),
        "account" => json!(state.account_freshness(index(words.next()))),
        "quote" => {
            let symbol = Symbol::new(words.next().unwrap()).unwrap();
            json!(state.quote_freshness(&symbol, state.quotes.of(0, &symbol).unwrap()))
        }
        "market" => {
            let symbol = Symbol::new(words.next().unwrap()).unwrap();
            json!(state.market(&symbol, state.quotes.of(0, &symbol)))
        }
        "kill" => json!(state.kill_standing()),
        "kill-active" => json!(state.kill_active()),
        "guard" => json!(state.guard_open().is_some()),
        "last-log" => json!(state.log.back().map(|l| l.value.text.clone())),
        "last-level" => json!(state.log.back().map(|l| l.value.level)),
        other => panic!("no question \"{other}\""),
    }
}

fn lookup<'a>(tree: &'a Value, path: &str) -> &'a Value {
    path.split('.').fold(tree, |node, key| {
        key.parse::<usize>().ok().and_then(|i| node.get(i)).unwrap_or_else(|| &node[key])
    })
}

fn run(path: &Path) {
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let text = std::fs::read_to_string(path).unwrap();
    let scenario: Scenario = toml::from_str(&text).unwrap_or_else(|e| panic!("{name}: {e}"));
    assert!(!scenario.about.is_empty() && scenario.step.iter().any(|s| !s.expect.is_empty()));
    let (mut state, mut seq, mut clock) = (State::default(), 0, 0);
    let mut put = |state: &mut State, ms, event| {
        seq += 1;
        let beat = matches!(event, Event::Beat);
        state.apply(&Stamped { seq, at: stamp(ms), event }).unwrap();
        if beat {
            return;
        }
        // A recording keeps whole States: nothing of one may get lost.
        let kept = serde_json::to_string(&state).unwrap();
        assert!(serde_json::from_str::<State>(&kept).unwrap() == *state, "record {seq}");
    };
    for (n, step) in scenario.step.into_iter().enumerate() {
        while clock + 100 <= step.at_ms {
            clock += 100;
            put(&mut state, clock, Event::Beat);
        }
        if let Some(mut event) = step.event {
            fill(&mut event, step.at_ms);
            let event =
                serde_json::from_value(event).unwrap_or_else(|e| panic!("{name} step {n}: {e}"));
            put(&mut state, step.at_ms, event);
        }
        let tree = serde_json::to_value(&state).unwrap();
        for (path, wanted) in step.expect {
            let found = path
                .strip_prefix("? ")
                .map_or_else(|| lookup(&tree, &path).clone(), |q| ask(&state, q));
            let found = if found.is_null() { json!("none") } else { found };
            assert_eq!(found, wanted, "{name}, step {n} at {} ms: {path}", step.at_ms);
        }
    }
}

#[test]
fn every_scenario_holds() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    let mut files: Vec<_> = std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "toml"))
        .collect();
    files.sort();
    assert!(files.len() >= 10, "only {} scenarios found", files.len());
    for path in &files {
        run(path);
    }
}
