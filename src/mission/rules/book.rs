//! A book of rules: checked, compiled, and fast on lines that match none.

use super::embedded::embedded;
use crate::config::{Origin, Problem};
use crate::mission::spec::RuleSpec;
use memchr::{memchr, memrchr};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use std::ops::Range;

/// Most rules, the embedded ones included.
const MOST: usize = 200;
/// Longest expression, in bytes.
const LONGEST: usize = 4_096;
/// A compiled expression takes at most so many bytes.
const SIZE: usize = 1_024 * 1_024;
/// All of them together.
const SIZE_ALL: usize = 8 * SIZE;
/// What matching may use as memory, in bytes.
const CACHE: usize = 2 * SIZE;
/// Actions that a rule may propose.
const ACTIONS: [&str; 4] = ["", "restart", "kill_port_and_retry", "pip_install_and_retry"];

/// A rule that is fit to be used.
#[derive(Clone, Debug)]
pub struct Rule {
    /// As it was written.
    pub spec: RuleSpec,
    unless: Option<Regex>,
}

/// All rules, in their order: the first that matches has the line.
#[derive(Clone, Debug)]
pub struct RuleBook {
    rules: Vec<Rule>,
    /// Any of them, anywhere in many lines.
    any: Regex,
    set: RegexSet,
}

/// What [`RuleBook::hits`] found: for each rule its last line and how many.
#[derive(Debug, Default)]
pub struct Hits(Vec<(usize, Range<usize>, u64)>);

impl Hits {
    /// Rule, last line of it, and how many, of the bytes that were looked at.
    pub fn all<'a>(&'a self, bytes: &'a [u8]) -> impl Iterator<Item = (usize, &'a [u8], u64)> {
        let line = |range: &Range<usize>| bytes.get(range.clone()).unwrap_or_default();
        self.0.iter().map(move |(rule, range, times)| (*rule, line(range), *times))
    }
}

fn at(rule: &RuleSpec) -> Origin {
    rule.at.clone().unwrap_or_default()
}

fn builder(pattern: &str) -> RegexBuilder {
    let mut builder = RegexBuilder::new(pattern);
    builder.case_insensitive(true).unicode(false).multi_line(true).crlf(true);
    builder.size_limit(SIZE).dfa_size_limit(CACHE);
    builder
}

/// Compiles one expression; or what is wrong with it.
fn expression(rule: &RuleSpec, pattern: &str, key: &str) -> Result<Regex, Problem> {
    let wrong = |cause: &str, next: &str| {
        Err(Problem::new(at(rule), format!("rule {}: {key} {cause}", rule.name), next))
    };
    if pattern.len() > LONGEST {
        return wrong("is longer than 4096 bytes", "make two rules of it");
    }
    if [r"\A", r"\z", "(?x", "(?s"].iter().any(|part| pattern.contains(part)) {
        return wrong(r"holds \A, \z, (?x or (?s", "write ^ and $; a rule looks at one line");
    }
    match builder(pattern).build() {
        Ok(compiled) if compiled.is_match(b"") => {
            wrong("matches an empty line, so every line", "name something that must be there")
        }
        Ok(compiled) => Ok(compiled),
        Err(e) => {
            // Its last line says what; those before draw the place.
            let cause = e.to_string();
            let cause = cause.lines().last().unwrap_or_default();
            wrong(&format!("is no expression: {cause}"), "see the syntax of the regex crate")
        }
    }
}

impl RuleBook {
    /// The embedded rules and these: one of the same name replaces it where it
    /// stands, others come behind.
    ///
    /// # Errors
    /// Every mistake: an expression that does not compile or matches
    /// everything, a sample that does not match its rule or that an earlier
    /// rule takes, a counter-sample that matches, an action that nobody knows,
    /// a name that is there twice.
    pub fn new(own: &[RuleSpec]) -> Result<Self, Vec<Problem>> {
        let mut specs = embedded().map_err(|problem| vec![problem])?;
        let mut problems = Vec::new();
        for (n, rule) in own.iter().enumerate() {
            if own.iter().take(n).any(|other| other.name == rule.name) {
                let cause = format!("rule {} is there twice", rule.name);
                problems.push(Problem::new(at(rule), cause, "give one of them another name"));
            } else if let Some(same) = specs.iter_mut().find(|known| known.name == rule.name) {
                *same = rule.clone();
            } else {
                specs.push(rule.clone());
            }
        }
        if specs.len() > MOST {
            let cause = format!("{} rules, at most {MOST}", specs.len());
            let place = own.last().map(at).unwrap_or_default();
            problems.push(Problem::new(place, cause, "join some of them"));
        }
        let mut rules = Vec::new();
        for spec in specs {
            match Self::compiled(spec) {
                Ok(rule) => rules.push(rule),
                Err(problem) => problems.push(problem),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let book = Self::joined(rules).map_err(|problem| vec![problem])?;
        let problems: Vec<Problem> =
            (0..).zip(&book.rules).flat_map(|(n, rule)| book.samples(n, rule)).collect();
        // The clone begins without the memory that matching the samples took.
        if problems.is_empty() { Ok(book.clone()) } else { Err(problems) }
    }

    fn compiled(spec: RuleSpec) -> Result<Rule, Problem> {
        if !ACTIONS.contains(&spec.action.as_str()) {
            let cause = format!("rule {}: no action is called {:?}", spec.name, spec.action);
            let next = "use restart, kill_port_and_retry or pip_install_and_retry, or leave it out";
            return Err(Problem::new(at(&spec), cause, next));
        }
        if spec.samples.is_empty() {
            let cause = format!("rule {} has no samples", spec.name);
            return Err(Problem::new(at(&spec), cause, "give it a line that it must match"));
        }
        expression(&spec, &spec.pattern, "pattern")?;
        let unless = match spec.unless.as_str() {
            "" => None,
            unless => Some(expression(&spec, unless, "unless")?),
        };
        Ok(Rule { spec, unless })
    }

    fn joined(rules: Vec<Rule>) -> Result<Self, Problem> {
        let patterns: Vec<&str> = rules.iter().map(|rule| rule.spec.pattern.as_str()).collect();
        let all: Vec<String> = patterns.iter().map(|pattern| format!("(?:{pattern})")).collect();
        let wrong = |e: regex::Error| {
            let next = "shorten the longest ones; a number such as {1,100} makes them large";
            Problem::new(Origin::Default, format!("the rules together are too large: {e}"), next)
        };
        let any = builder(&all.join("|")).size_limit(SIZE_ALL).build().map_err(wrong)?;
        let set = RegexSetBuilder::new(&patterns)
            .case_insensitive(true)
            .unicode(false)
            .multi_line(true)
            .crlf(true)
            .size_limit(SIZE_ALL)
            .dfa_size_limit(CACHE)
            .build()
            .map_err(wrong)?;
        Ok(Self { rules, any, set })
    }

    /// What is wrong with the samples of one rule.
    fn samples(&self, n: usize, rule: &Rule) -> Vec<Problem> {
        let spec = &rule.spec;
        let quoted = |line: &str| format!("{:?}", line.chars().take(120).collect::<String>());
        let missed = |line: &String| {
            let first = self.first(line.as_bytes());
            let cause = match first {
                Some(found) if found == n => return None,
                Some(other) => {
                    let name = self.rule(other).map_or("", |rule| &rule.spec.name);
                    format!("rule {}: its sample {} is taken by {name}", spec.name, quoted(line))
                }
                None => format!("rule {} does not match its sample {}", spec.name, quoted(line)),
            };
            Some(Problem::new(at(spec), cause, "correct the pattern, unless or the sample"))
        };
        let matched = |line: &String| {
            let hit = self.first(line.as_bytes()) == Some(n);
            let cause = format!("rule {} matches its counter-sample {}", spec.name, quoted(line));
            hit.then(|| Problem::new(at(spec), cause, "narrow the pattern, or write an unless"))
        };
        let missed = spec.samples.iter().filter_map(missed);
        missed.chain(spec.counter.iter().filter_map(matched)).collect()
    }

    /// The rule of this number.
    #[must_use]
    pub fn rule(&self, n: usize) -> Option<&Rule> {
        self.rules.get(n)
    }

    /// All rules, in their order.
    #[must_use]
    pub fn rules(&self) -> &[Rule] {
        &self.rules
    }

    /// The number of the rule that has this line.
    #[must_use]
    pub fn first(&self, line: &[u8]) -> Option<usize> {
        let passes = |n: &usize| {
            let unless = self.rules.get(*n).and_then(|rule| rule.unless.as_ref());
            !unless.is_some_and(|unless| unless.is_match(line))
        };
        self.set.matches(line).iter().find(passes)
    }

    /// Looks at many lines at once.
    pub fn hits(&self, bytes: &[u8], hits: &mut Hits) {
        hits.0.clear();
        let mut from = 0;
        while let Some(found) = bytes.get(from..).and_then(|_| self.any.find_at(bytes, from)) {
            let before = bytes.get(..found.start()).unwrap_or_default();
            let begin = memrchr(b'\n', before).map_or(0, |at| at + 1);
            let rest = bytes.get(begin..).unwrap_or_default();
            let end = begin + memchr(b'\n', rest).unwrap_or(rest.len());
            let line = bytes.get(begin..end).unwrap_or_default();
            if let Some(rule) = self.first(line) {
                match hits.0.iter_mut().find(|(known, _, _)| *known == rule) {
                    Some((_, range, times)) => (*range, *times) = (begin..end, *times + 1),
                    None => hits.0.push((rule, begin..end, 1)),
                }
            }
            from = end + 1;
        }
    }
}
