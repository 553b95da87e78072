//! The documented rules, and how a rule is written.

use crate::config::{Origin, Problem};
use crate::domain::Text;
use crate::domain::mission::{Gravity, Recovery};
use crate::mission::spec::RuleSpec;
use serde::Deserialize;

/// `profiles/rules.toml`.
const RULES: &str = include_str!("../../../profiles/rules.toml");

/// The file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    rule: Vec<Written>,
}

/// One `[[rule]]`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    name: String,
    pattern: String,
    #[serde(default)]
    unless: String,
    severity: Gravity,
    title: Text,
    solution: Text,
    strategy: Recovery,
    #[serde(default)]
    action: String,
    samples: Vec<String>,
    #[serde(default)]
    counter: Vec<String>,
}

impl From<Written> for RuleSpec {
    fn from(rule: Written) -> Self {
        let Written { name, pattern, unless, severity, title, solution, .. } = rule;
        let Written { strategy, action, samples, counter, .. } = rule;
        Self {
            name,
            pattern,
            unless,
            severity,
            title,
            solution,
            strategy,
            action,
            samples,
            counter,
            at: None,
        }
    }
}

/// The rules that the program brings, in their order.
///
/// # Errors
/// What is wrong with the file; a test holds that nothing is.
pub fn embedded() -> Result<Vec<RuleSpec>, Problem> {
    let file: File = toml::from_str(RULES).map_err(|e| {
        Problem::new(Origin::Default, format!("profiles/rules.toml: {e}"), "mend the file")
    })?;
    Ok(file.rule.into_iter().map(RuleSpec::from).collect())
}
