//! `crs record info|list|verify`

use super::import::format_each;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::domain::{MarkKind, UtcMicros};
use crate::journal::survey::{Survey, survey};
use crate::journal::{Recording, Source, ring};
use serde::Serialize;
use std::fmt::Display;
use std::path::PathBuf;

/// Of what.
#[derive(Debug, clap::Args)]
pub struct Info {
    /// A file, or a directory for its newest session [default: that of the console]
    path: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Of which directory.
#[derive(Debug, clap::Args)]
pub struct List {
    /// The directory [default: that of the console]
    dir: Option<PathBuf>,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// What to check.
#[derive(Debug, clap::Args)]
pub struct Verify {
    /// A file, or a directory for its newest session
    path: PathBuf,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Shows what a recording holds.
///
/// # Errors
/// Status 1 when it is no recording.
pub fn info(args: &Info, ctx: &mut Context) -> Outcome {
    let path = args.path.clone().map_or_else(|| super::ring(ctx), Ok)?;
    let found = survey(&super::open(&path)?);
    if args.json {
        ctx.out.json(&found);
    } else {
        show(&found, ctx);
    }
    Ok(if found.damage.is_empty() { Exit::OK } else { Exit::FAILED })
}

fn show(found: &Survey, ctx: &mut Context) {
    let iso = |at: Option<UtcMicros>| at.map(UtcMicros::iso).unwrap_or_default();
    let (sealed, files, torn) = (found.sealed, found.files, found.torn);
    let mut row = |name: &str, value: &dyn Display| ctx.out.line(format!("{name:<10} {value}"));
    row("from", &iso(found.from));
    row("to", &iso(found.to));
    row("records", &format!("{} to {}", found.first, found.last));
    for (kind, count) in &found.records {
        row("", &format!("{count:>10}  {kind}"));
    }
    row("ticks", &found.ticks);
    for (symbol, count) in found.symbols.iter().take(40) {
        row("", &format!("{count:>10}  {symbol}"));
    }
    for gap in &found.gaps {
        row("gap", &format!("records {} to {} are missing", gap.after + 1, gap.until));
    }
    for (kind, count) in &found.marks {
        row("marks", &format!("{count:>10}  {kind}"));
    }
    row(
        "size",
        &format!("{} bytes, {} a tick", found.bytes, format_each(found.bytes, found.ticks)),
    );
    row("crs", &found.version);
    row("settings", &found.config);
    let tail =
        if torn > 0 { format!(", {torn} bytes after the last whole part") } else { String::new() };
    row("files", &format!("{files}, {sealed} sealed{tail}"));
    row("digest", &found.digest);
    for damage in &found.damage {
        row("DAMAGED", damage);
    }
}

/// Checks a recording.
///
/// # Errors
/// Status 1 when it is none.
pub fn verify(args: &Verify, ctx: &mut Context) -> Outcome {
    let found = survey(&super::open(&args.path)?);
    // What was cut off amid a write says so by its size only.
    let cut = found.torn > 0 && found.damage.is_empty();
    let sound = found.damage.is_empty() && !cut;
    if args.json {
        #[derive(Serialize)]
        struct Verdict<'a> {
            sound: bool,
            torn: u64,
            damage: &'a [String],
            records: u64,
            digest: &'a str,
        }
        let Survey { torn, damage, digest, .. } = &found;
        let records = found.records.values().sum();
        ctx.out.json(&Verdict { sound, torn: *torn, damage, records, digest });
    } else {
        for damage in &found.damage {
            ctx.out.line(damage);
        }
        if cut {
            let (path, torn) = (args.path.display(), found.torn);
            let at = found.bytes.saturating_sub(torn);
            ctx.out.line(format!(
                "{path}:{at}: cut: {torn} bytes are no whole part; unless it is being written, \
                 \"crs record repair\" writes what can be read into a new file"
            ));
        }
        let records: u64 = found.records.values().sum();
        let word = if sound { "sound" } else { "DAMAGED" };
        let gaps = found.gaps.len();
        ctx.out.line(format!("{records} records, {gaps} gaps, digest {}: {word}", found.digest));
    }
    Ok(if sound { Exit::OK } else { Exit::FAILED })
}

/// One file of a directory.
#[derive(Serialize)]
struct Entry {
    file: String,
    session: String,
    number: u32,
    sealed: bool,
    bytes: u64,
    from: Option<UtcMicros>,
    to: Option<UtcMicros>,
    bookmarks: usize,
    /// A bookmark keeps it: its own, or one of the ten minutes after it.
    kept: bool,
    fault: String,
}

/// Lists a directory.
///
/// # Errors
/// Status 1 when it can't be read.
pub fn list(args: &List, ctx: &mut Context) -> Outcome {
    let dir = args.dir.clone().map_or_else(|| super::ring(ctx), Ok)?;
    let files = ring::files(&dir).map_err(|e| {
        let next = "name a directory of recordings";
        Failure::failed(format!("{}: {e}; {next}", dir.display()))
    })?;
    let bookmarks = ring::bookmarks(&dir);
    let entries: Vec<Entry> = files
        .into_iter()
        .map(|(name, path)| {
            let opened = Recording::open(&path);
            let bookmark = |r: &Recording| {
                r.marks().iter().filter(|mark| mark.kind == MarkKind::Bookmark).count()
            };
            let span = opened.as_ref().ok().map(Source::span);
            Entry {
                file: path.display().to_string(),
                session: name.session,
                number: name.number,
                sealed: !name.live,
                bytes: std::fs::metadata(&path).map_or(0, |meta| meta.len()),
                from: span.map(|span| span.first.1),
                to: span.map(|span| span.last.1),
                bookmarks: opened.as_ref().map_or(0, bookmark),
                kept: ring::is_kept(&path, &bookmarks),
                fault: opened.err().map(|e| e.to_string()).unwrap_or_default(),
            }
        })
        .collect();
    if args.json {
        ctx.out.json(&entries);
        return Ok(Exit::OK);
    }
    for e in &entries {
        let iso = |at: Option<UtcMicros>| at.map(UtcMicros::iso).unwrap_or_default();
        let sealed = if e.sealed { "sealed" } else { "open  " };
        let kept = match (e.kept, e.bookmarks) {
            (false, _) => String::new(),
            (true, 0) => String::from("  kept"),
            (true, 1) => String::from("  kept, 1 bookmark"),
            (true, n) => format!("  kept, {n} bookmarks"),
        };
        let (from, to, bytes, file) = (iso(e.from), iso(e.to), e.bytes, &e.file);
        ctx.out.line(format!("{from:<27}  {to:<27}  {bytes:>12}  {sealed}  {file}{kept}"));
        if !e.fault.is_empty() {
            ctx.out.line(format!("  {}", e.fault));
        }
    }
    ctx.out.line(format!("{} files in {}", entries.len(), dir.display()));
    Ok(Exit::OK)
}
