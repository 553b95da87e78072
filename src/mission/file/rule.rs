//! `[[rule]]`: error rules beside the embedded ones.

use super::{label, words};
use crate::config::Problem;
use crate::config::origin::Sourced;
use crate::config::section::Section;
use crate::domain::Text;
use crate::domain::mission::{Gravity, Recovery};
use crate::mission::spec::RuleSpec;
use regex::{Regex, RegexBuilder};

/// Largest compiled pattern, in bytes.
const PATTERN_BYTES: usize = 1 << 20;

/// All of them; two of one name are a mistake.
pub fn rules(sections: Vec<Section<'_, '_>>, out: &mut Vec<Problem>) -> Vec<RuleSpec> {
    let mut found: Vec<RuleSpec> = Vec::new();
    for section in sections {
        let at = section.place();
        let Some(rule) = rule(section, out) else { continue };
        if found.iter().any(|other| other.name == rule.name) {
            let cause = format!("two rules are called \"{}\"", rule.name);
            out.push(Problem::new(at, cause, "give each [[rule]] a name of its own"));
            continue;
        }
        found.push(rule);
    }
    found
}

fn rule(mut section: Section<'_, '_>, out: &mut Vec<Problem>) -> Option<RuleSpec> {
    let before = out.len();
    let at = section.place();
    let given = section.text("name", out);
    let pattern = section.text("pattern", out);
    let unless = section.text("unless", out);
    let severities = [
        ("LOW", Gravity::Low),
        ("MEDIUM", Gravity::Medium),
        ("HIGH", Gravity::High),
        ("CRITICAL", Gravity::Critical),
    ];
    let severity = section.text("severity", out);
    let severity = severity.and_then(|s| words::one_of(&s, "severity", &severities, out));
    let title = label(section.text("title", out), 200);
    let solution = label(section.text("solution", out), 400);
    let strategies = [
        ("automatic", Recovery::Automatic),
        ("guided", Recovery::Guided),
        ("manual", Recovery::Manual),
        ("escalate", Recovery::Escalate),
    ];
    let strategy = section.text("strategy", out);
    let strategy = strategy.and_then(|s| words::one_of(&s, "strategy", &strategies, out));
    let action = section.text("action", out).map(|action| action.value.to_owned());
    let samples = section.texts("samples", out).map(|list| list.value).unwrap_or_default();
    let counter = section.texts("counter", out).map(|list| list.value).unwrap_or_default();
    section.finish(out);
    for (key, there) in [("name", given.is_some()), ("pattern", pattern.is_some())] {
        if !there && out.len() == before {
            let next = "a [[rule]] needs name and pattern";
            out.push(Problem::new(at.clone(), format!("rule.{key} is missing"), next));
        }
    }
    let name = given.as_ref().and_then(|given| words::name(given, "rule", out));
    let compiled = pattern.as_ref().and_then(|pattern| compile(pattern, out));
    let except = unless.as_ref().filter(|u| !u.value.is_empty()).and_then(|u| compile(u, out));
    if let Some(compiled) = compiled.filter(|_| out.len() == before) {
        let hit = |line: &str| {
            compiled.is_match(line) && !except.as_ref().is_some_and(|e| e.is_match(line))
        };
        hold(&samples, true, hit, out);
        hold(&counter, false, hit, out);
    }
    let owned = |lines: Vec<Sourced<&str>>| lines.into_iter().map(|l| l.value.to_owned()).collect();
    let name = name?;
    Some(RuleSpec {
        pattern: pattern?.value.to_owned(),
        unless: unless.map(|unless| unless.value.to_owned()).unwrap_or_default(),
        severity: severity.unwrap_or(Gravity::Medium),
        title: title.unwrap_or_else(|| Text::new(&name)),
        solution: solution.unwrap_or_default(),
        strategy: strategy.unwrap_or_default(),
        action: action.unwrap_or_default(),
        samples: owned(samples),
        counter: owned(counter),
        at: Some(at),
        name,
    })
}

fn compile(text: &Sourced<&str>, out: &mut Vec<Problem>) -> Option<Regex> {
    let mut builder = RegexBuilder::new(text.value);
    match builder.case_insensitive(true).size_limit(PATTERN_BYTES).build() {
        Ok(compiled) => Some(compiled),
        Err(e) => {
            let said = e.to_string();
            let last = said.lines().last().unwrap_or_default();
            let cause = format!("this is no regular expression: {last}");
            out.push(Problem::new(text.origin.clone(), cause, "correct the pattern"));
            None
        }
    }
}

/// A line that a rule names must do what the rule says of it.
fn hold(lines: &[Sourced<&str>], must: bool, hit: impl Fn(&str) -> bool, out: &mut Vec<Problem>) {
    for line in lines.iter().filter(|line| hit(line.value) != must) {
        let (cause, list) = if must {
            ("the rule does not match this sample", "samples")
        } else {
            ("the rule matches this line, which it must not", "counter")
        };
        let next = format!("correct pattern or unless, or take the line out of {list}");
        out.push(Problem::new(line.origin.clone(), cause, next));
    }
}
