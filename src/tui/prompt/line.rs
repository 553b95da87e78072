//! A line of the command line: the name of a verb, and what it is told.

use crate::control::{Action, Danger, Takes};
use crate::domain::Text;
use crate::tui::fault::did_you_mean;

/// What may follow a verb; empty when the screen keeps no list of it, and then
/// anything may.
pub type Choices<'c> = &'c dyn Fn(Action) -> Vec<String>;

/// A line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Typed {
    /// The verb.
    pub action: Action,
    /// What it is told; empty when nothing.
    pub told: String,
}

/// Something that may stand in the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Candidate {
    /// The whole line.
    pub line: String,
    /// As listed: `theme NAME`, or the word that would follow.
    pub shown: String,
    /// What it does; empty for words.
    pub about: &'static str,
}

/// Understands a line.
///
/// # Errors
/// One line: no such verb, a word missing, one too many, one that is none of
/// the choices; with the nearest one.
pub fn parse(line: &str, choices: Choices<'_>) -> Result<Typed, Text> {
    let (name, told) = split(line);
    let action = verb(name)?;
    let said = Text::limited(told, 60);
    let told = match (action.takes(), told) {
        (Takes::Nothing, "") => String::new(),
        (Takes::Nothing, _) => {
            return Err(Text::new(&format!("{} takes no \"{said}\"", action.name())));
        }
        (Takes::Words(_), words) => words.to_owned(),
        (Takes::Choice(hint), "") => {
            let some = listed(&choices(action));
            return Err(Text::new(&format!("{} needs a {hint}{some}", action.name())));
        }
        (Takes::Choice(hint), word) => {
            let known = choices(action);
            if !known.is_empty() && !known.iter().any(|k| k == word) {
                let near = did_you_mean(word, known.iter().map(String::as_str));
                let hint = hint.to_lowercase();
                let (name, all) = (action.name(), listed(&known));
                return Err(Text::new(&format!("{name} knows no {hint} \"{said}\"{near}{all}")));
            }
            word.to_owned()
        }
    };
    Ok(Typed { action, told })
}

/// `: dark, light`; empty for none.
fn listed(words: &[String]) -> String {
    if words.is_empty() { String::new() } else { format!(": {}", words.join(", ")) }
}

/// Whether the first word of `line` is `name`.
#[must_use]
pub fn begins_with(line: &str, name: &str) -> bool {
    split(line).0 == name
}

/// The verb of that name, or the only harmless one that begins so.
fn verb(name: &str) -> Result<Action, Text> {
    if let Some(action) = Action::named(name) {
        return Ok(action);
    }
    let begins = || Action::ALL.iter().filter(|a| !name.is_empty() && a.name().starts_with(name));
    let shown = Text::limited(name, 40);
    match (begins().next(), begins().nth(1)) {
        (Some(one), None) if one.danger() == Danger::None => Ok(*one),
        (Some(one), None) => Err(Text::new(&format!("write {} out in full", one.name()))),
        (Some(_), Some(_)) => {
            let all: Vec<&str> = begins().map(|a| a.name()).collect();
            Err(Text::new(&format!("\"{shown}\" may be {}", all.join(", "))))
        }
        (None, _) => {
            let near = did_you_mean(name, Action::ALL.iter().map(|a| a.name()));
            Err(Text::new(&format!("no command \"{shown}\"{near}")))
        }
    }
}

/// The first word and the rest; a colon before it is forgiven.
fn split(line: &str) -> (&str, &str) {
    let line = line.trim().trim_start_matches(':').trim_start();
    let (name, told) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    (name, told.trim())
}

/// What the line may become: verbs, or what may follow the verb.
#[must_use]
pub fn candidates(line: &str, choices: Choices<'_>) -> Vec<Candidate> {
    let start = line.trim_start().trim_start_matches(':');
    let Some((name, rest)) = start.split_once(char::is_whitespace) else {
        return Action::ALL
            .iter()
            .filter(|a| a.name().starts_with(start))
            .map(|a| verb_candidate(*a))
            .collect();
    };
    let Ok(action) = verb(name) else { return Vec::new() };
    let rest = rest.trim_start();
    choices(action)
        .into_iter()
        .filter(|word| word.starts_with(rest))
        .map(|word| Candidate {
            line: format!("{} {word}", action.name()),
            shown: Text::limited(&word, 40).to_string(),
            about: "",
        })
        .collect()
}

fn verb_candidate(action: Action) -> Candidate {
    let (name, hint) = (action.name(), action.takes().hint());
    let gap = if hint.is_empty() { "" } else { " " };
    Candidate { line: format!("{name}{gap}"), shown: shown(action), about: about(action) }
}

/// A verb as it is written on the command line: `theme NAME`.
#[must_use]
pub fn shown(action: Action) -> String {
    format!("{} {}", action.name(), action.takes().hint()).trim_end().to_owned()
}

/// What it does; of those that act, that they ask first.
const fn about(action: Action) -> &'static str {
    match action {
        Action::Kill => "Open the guard of KILL; y confirms.",
        Action::Block => "Open the guard of BLOCK; y confirms.",
        _ => action.help(),
    }
}

/// How far all of them agree.
pub(super) fn common(candidates: &[Candidate]) -> String {
    let mut lines = candidates.iter().map(|c| c.line.as_str());
    let first = lines.next().unwrap_or_default();
    let agree = |a: &str, b: &str| {
        a.char_indices()
            .zip(b.chars())
            .take_while(|((_, x), y)| x == y)
            .last()
            .map_or(0, |((at, c), _)| at + c.len_utf8())
    };
    let upto = lines.fold(first.len(), |upto, l| upto.min(agree(first, l)));
    first.get(..upto).unwrap_or_default().to_owned()
}
