//! The keymap file: tables of rows, every word and every clash checked.

use super::key::{self, Key};
use super::trie::{Clash, Trie};
use super::{Context, fixed};
use crate::control::{Action, Danger};
use crate::domain::Text;
use crate::tui::fault::{FileFault, Source, did_you_mean};
use crate::tui::shelf::{Chain, Shelf};
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// Sequences longer than this are typing, not keys.
const MAX_KEYS: usize = 4;

/// One binding in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Where it holds.
    pub context: Context,
    /// The keys.
    pub keys: Vec<Key>,
    /// The keys for a reader: `g g`.
    pub shown: String,
    /// What they run.
    pub action: Action,
    /// What the file says it is for, else the verb's own help.
    pub desc: Text,
}

/// A keymap file, read and checked.
#[derive(Debug)]
pub struct KeymapFile {
    /// Its name.
    pub name: Text,
    /// Rows in force.
    pub rows: Vec<Row>,
    /// One trie for each of [`Context::ALL`].
    pub tries: Vec<Trie>,
}

/// A row as the file has it; no action is `noop`.
struct Written {
    context: Context,
    keys: Vec<Key>,
    action: Option<Action>,
    desc: Option<Text>,
    at: Range<usize>,
}

/// Reads a keymap that was reached by `chain`; `shelf` has what it inherits.
///
/// # Errors
/// The first fault: bad TOML, an unknown word or key, a chord that is built
/// in, a clash, a verb that acts on one plain key, a verb that got lost, a
/// circle of keymaps.
pub fn parse(
    source: Source<'_>,
    shelf: Shelf<'_>,
    chain: Chain<'_>,
) -> Result<KeymapFile, FileFault> {
    let root = DeTable::parse(source.text).map_err(|e| source.syntax(&e))?;
    let mut name = Text::limited(chain.last().map_or(source.file, String::as_str), 40);
    let mut rows = Vec::new();
    let mut written = Vec::new();
    for (word, value) in root.get_ref() {
        match &**word.get_ref() {
            "name" => name = Text::limited(source.string(value)?, 40),
            "inherits" => rows = inherited(source, value, shelf, chain)?,
            table => {
                let Some(context) = Context::named(table) else {
                    let known = Context::ALL.iter().map(|c| c.name());
                    let known = known.chain(["name", "inherits"]);
                    return source.unknown(&word.span(), table, known);
                };
                for row in source.list(value, "rows under a header in double brackets")? {
                    written.push(read_row(source, context, row)?);
                }
            }
        }
    }
    // In the order of the file: TOML tables come sorted by name.
    written.sort_by_key(|w| w.at.start);
    let silenced = merge(source, &mut rows, written.as_slice())?;
    let tries = tries(source, &rows, &written)?;
    nothing_lost(source, &rows, &silenced)?;
    Ok(KeymapFile { name, rows, tries })
}

fn inherited(
    source: Source<'_>,
    value: &Spanned<DeValue<'_>>,
    shelf: Shelf<'_>,
    chain: Chain<'_>,
) -> Result<Vec<Row>, FileFault> {
    let name = source.string(value)?;
    let base = shelf.base(source, &value.span(), name, chain)?;
    let mut longer = chain.to_vec();
    longer.push(name.to_owned());
    let shelf = if base.bundled { shelf.bundled_only() } else { shelf };
    parse(Source { file: &base.file, text: &base.text }, shelf, &longer).map(|f| f.rows)
}

fn read_row(
    source: Source<'_>,
    context: Context,
    row: &Spanned<DeValue<'_>>,
) -> Result<Written, FileFault> {
    let (mut keys, mut run, mut desc) = (None, None, None);
    for (part, value) in source.table(row)? {
        match &**part.get_ref() {
            "on" => keys = Some((read_keys(source, value)?, value.span())),
            "run" => run = Some((read_action(source, value)?, value.span())),
            "desc" => desc = Some(Text::limited(source.string(value)?, 120)),
            word => return source.unknown(&part.span(), word, ["on", "run", "desc"]),
        }
    }
    let (Some((keys, at)), Some((action, run_at))) = (keys, run) else {
        return source.refuse(&row.span(), "a row needs both on and run");
    };
    let exposed = keys.len() < 2 && !keys.iter().any(Key::is_modified);
    if let Some(action) = action.filter(|a| a.danger() == Danger::Guarded && exposed) {
        let (name, keys) = (action.name(), key::show_all(&keys));
        let what = format!("{name} acts, so {keys} is not enough: use Ctrl or two keys");
        return source.refuse(&run_at, what);
    }
    Ok(Written { context, keys, action, desc, at })
}

fn read_keys(source: Source<'_>, value: &Spanned<DeValue<'_>>) -> Result<Vec<Key>, FileFault> {
    let text = source.string(value)?;
    let at = value.span();
    let mut keys = Vec::new();
    for word in text.split_whitespace() {
        let Some(key) = Key::named(word) else {
            let hint = did_you_mean(word, NAMES.iter().copied());
            return source.refuse(&at, format!("\"{word}\" is no key{hint}"));
        };
        if let Some(why) = fixed::refusal(key) {
            return source.refuse(&at, why);
        }
        keys.push(key);
    }
    match keys.len() {
        0 => source.refuse(&at, "no key: write one like \"g\" or \"g g\""),
        n if n > MAX_KEYS => source.refuse(&at, format!("{n} keys, at most {MAX_KEYS}")),
        _ => Ok(keys),
    }
}

/// Names offered for a misspelt key.
const NAMES: &[&str] = &[
    "esc",
    "enter",
    "left",
    "right",
    "up",
    "down",
    "home",
    "end",
    "pageup",
    "pagedown",
    "tab",
    "shift-tab",
    "backspace",
    "delete",
    "insert",
    "space",
    "ctrl-",
    "alt-",
    "shift-",
];

fn read_action(
    source: Source<'_>,
    value: &Spanned<DeValue<'_>>,
) -> Result<Option<Action>, FileFault> {
    let name = source.string(value)?;
    if name == "noop" {
        return Ok(None);
    }
    let bindable = || Action::ALL.iter().filter(|a| a.danger() != Danger::Fixed);
    match Action::named(name) {
        Some(action) if action.danger() == Danger::Fixed => {
            let what = format!("{name} has its chord built in: no keymap can bind it");
            source.refuse(&value.span(), what)
        }
        Some(action) => Ok(Some(action)),
        None => {
            let hint = did_you_mean(name, bindable().map(|a| a.name()).chain(["noop"]));
            source.refuse(&value.span(), format!("no action \"{name}\"{hint}"))
        }
    }
}

/// Lays the file's rows over the inherited ones; returns what `noop` rows
/// took away.
fn merge(
    source: Source<'_>,
    rows: &mut Vec<Row>,
    written: &[Written],
) -> Result<Vec<Action>, FileFault> {
    let mut silenced = Vec::new();
    for (n, w) in written.iter().enumerate() {
        let earlier = written.iter().take(n);
        if earlier.clone().any(|e| e.context == w.context && e.keys == w.keys) {
            let (keys, table) = (key::show_all(&w.keys), w.context.name());
            return source.refuse(&w.at, format!("{keys} is bound twice in {table}"));
        }
        let here = |r: &Row| r.context == w.context && r.keys == w.keys;
        silenced.extend(rows.iter().filter(|r| here(r) && w.action.is_none()).map(|r| r.action));
        rows.retain(|r| !here(r));
        if let Some(action) = w.action {
            let desc = w.desc.clone().unwrap_or_else(|| Text::new(action.help()));
            let (keys, shown) = (w.keys.clone(), key::show_all(&w.keys));
            rows.push(Row { context: w.context, keys, shown, action, desc });
        }
    }
    Ok(silenced)
}

/// Per context its own rows, then the global ones that it does not replace.
/// Those of a recording lie before a pane's, which has the global ones.
fn tries(source: Source<'_>, rows: &[Row], written: &[Written]) -> Result<Vec<Trie>, FileFault> {
    let mut tries = Vec::new();
    for context in Context::ALL.iter().copied() {
        let mut trie = Trie::new();
        let own = rows.iter().filter(|r| r.context == context);
        let replaced = |r: &&Row| {
            let own = |keys: &[Key]| keys == r.keys.as_slice();
            rows.iter().any(|o| o.context == context && own(&o.keys))
                || written.iter().any(|w| w.context == context && own(&w.keys))
        };
        let global = rows.iter().filter(|r| {
            let apart = matches!(context, Context::Global | Context::Replay);
            !apart && r.context == Context::Global && !replaced(r)
        });
        for row in own.chain(global) {
            if let Err(clash) = trie.add(&row.keys, row.action) {
                return source.refuse(&place(written, row), told(row, context, &clash));
            }
        }
        tries.push(trie);
    }
    Ok(tries)
}

/// Where the file wrote a row, or its first row when it was inherited.
fn place(written: &[Written], row: &Row) -> Range<usize> {
    let exact = written.iter().find(|w| w.context == row.context && w.keys == row.keys);
    exact.or(written.first()).map_or(0..0, |w| w.at.clone())
}

fn told(row: &Row, context: Context, clash: &Clash) -> String {
    let (keys, table) = (&row.shown, context.name());
    match clash {
        Clash::Same => format!("{keys} is bound twice in {table}"),
        Clash::Shadowed(by) => {
            let by = key::show_all(by);
            format!("{keys} can't be typed in {table}: {by} is bound and runs first")
        }
        Clash::Shadows => {
            format!("{keys} in {table} hides the longer keys that begin like it")
        }
    }
}

/// The way out, the help, and every verb that acts must stay within reach.
/// A verb that acts may be taken away, but only by a `noop` that names it.
fn nothing_lost(source: Source<'_>, rows: &[Row], silenced: &[Action]) -> Result<(), FileFault> {
    for action in Action::ALL {
        let always = matches!(action, Action::Quit | Action::Help);
        let acts = action.danger() == Danger::Guarded && !silenced.contains(action);
        if (always || acts) && !rows.iter().any(|r| r.action == *action) {
            let name = action.name();
            let what = format!(
                "nothing runs {name} ({}): bind it, or begin with inherits = \"default\"",
                action.help()
            );
            return source.refuse(&(0..0), what);
        }
    }
    Ok(())
}
