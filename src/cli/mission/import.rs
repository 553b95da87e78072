//! `crs mission import`

use crate::cli::context::listed;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::mission::import::import;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

/// A file larger than this is a mistake.
const MAX_BYTES: u64 = 4 * 1_048_576;

/// Writes a mission file from the documented JSON
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The documented JSON of a mission
    file: PathBuf,
    /// The file to write, which must not be there [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// The machine that the daemon runs on [default: the hub]
    #[arg(long, value_name = "NAME")]
    here: Option<String>,
}

/// Reads the JSON and writes what `crs mission check` takes.
///
/// # Errors
/// Status 78 where the file can't be read or is none of this kind, 1 where the
/// result can't be written.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let shown = args.file.to_string_lossy();
    let bytes = read(&args.file).map_err(|e| {
        let text = format!("{shown}: {e}; name the JSON file of a mission");
        Failure::new(Exit::CONFIG, text)
    })?;
    let imported = import(&shown, &bytes, args.here.as_deref())
        .map_err(|problems| Failure::new(Exit::CONFIG, listed(&problems)))?;
    match &args.out {
        None => ctx.out.file(imported.toml.as_bytes()),
        Some(path) => {
            write(path, imported.toml.as_bytes()).map_err(|e| {
                let path = path.display();
                Failure::failed(format!("{path} can't be written: {e}; name another with --out"))
            })?;
            ctx.out.line(format!("wrote {}; now: crs mission check {0}", path.display()));
        }
    }
    for note in &imported.notes {
        ctx.out.note(note.as_str());
    }
    Ok(Exit::OK)
}

fn read(path: &Path) -> std::io::Result<Vec<u8>> {
    if !std::fs::metadata(path)?.is_file() {
        return Err(std::io::Error::other("is not a file"));
    }
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > MAX_BYTES) {
        return Err(std::io::Error::other("is larger than 4 MiB"));
    }
    Ok(bytes)
}

fn write(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}
