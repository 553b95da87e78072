//! `crs themes` and `crs keys`: which files there are, whether they hold, and
//! what is in them.

pub mod keys;
mod paint;
mod sheet;
pub mod themes;

use super::{Context, Exit};
use crate::tui::shelf::Shelf;
use crate::tui::user_file;
use serde::Serialize;
use std::path::Path;

/// One file, and what is wrong with it.
#[derive(Debug, Serialize)]
struct Entry {
    name: String,
    /// `bundled` or `yours`.
    whose: &'static str,
    /// What keeps it from being used, with its place.
    #[serde(skip_serializing_if = "Option::is_none")]
    fault: Option<String>,
    /// What does not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    notes: Vec<String>,
}

/// Looks at every file of a shelf; `judge` gets the shelf to look the name up
/// in, and says what is wrong and what is only worth a note.
fn entries(
    shelf: Shelf<'_>,
    judge: impl Fn(&str, Shelf<'_>) -> Result<Vec<String>, String>,
) -> Vec<Entry> {
    let bundled = shelf.bundled.iter().map(|(name, _)| ((*name).to_owned(), "bundled"));
    let own = shelf.own.map(|dir: &Path| user_file::names(dir, shelf.kind)).unwrap_or_default();
    let own = own.into_iter().map(|name| (name, "yours"));
    bundled
        .chain(own)
        .map(|(name, whose)| {
            // A bundled file is looked up where no user's file can shadow it.
            let place = if whose == "yours" { shelf } else { shelf.bundled_only() };
            match judge(&name, place) {
                Ok(notes) => Entry { name, whose, fault: None, notes },
                Err(fault) => Entry { name, whose, fault: Some(fault), notes: Vec::new() },
            }
        })
        .collect()
}

/// Prints them; the status says whether all of them hold.
fn print(entries: &[Entry], json: bool, ctx: &mut Context) -> Exit {
    let sound = entries.iter().all(|entry| entry.fault.is_none());
    if json {
        ctx.out.json(&entries);
    } else {
        for entry in entries {
            let fault = entry.fault.as_ref().map(|f| format!("  {f}")).unwrap_or_default();
            ctx.out.line(format!("{:<18} {}{fault}", entry.name, entry.whose));
            for note in &entry.notes {
                ctx.out.line(format!("    {note}"));
            }
        }
    }
    if sound { Exit::OK } else { Exit::FAILED }
}
