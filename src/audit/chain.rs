//! Writing one chain.

use super::follow::log_id;
use super::record::{Act, Head, Record, VERSION, line_sha};
use super::syslog::{Syslog, SyslogSocket};
use super::verify::heads_of;
use crate::domain::{AuditHead, Text, UtcMicros};
use crate::host::world::{self, Made};
use crate::host::{Identity, clock, ids};
use std::path::{Path, PathBuf};
use thiserror::Error;

/// Why a line could not be written.
#[derive(Debug, Error)]
pub enum AuditError {
    /// The directory can't be used.
    #[error("audit log {path}: {cause} (is the disk full or read-only?)")]
    Io {
        /// File or directory.
        path: Text,
        /// The system's words.
        cause: std::io::Error,
    },
    /// It is on disk, and nobody waited for it any more: it has no effect.
    #[error("the disk took too long: nothing was changed")]
    TooLate,
    /// A record that does not serialise: a defect of ours.
    #[error("audit record can't be written as JSON: {0}")]
    Json(#[from] serde_json::Error),
}

/// One process's chain; the file is made with its first record.
#[derive(Debug)]
pub struct Chain {
    dir: PathBuf,
    who: Identity,
    role: Text,
    open: Option<OpenChain>,
    syslog: Option<Syslog>,
}

#[derive(Debug)]
struct OpenChain {
    file: Box<dyn Made>,
    path: PathBuf,
    head: Head,
    next: u64,
    /// Bytes of a write that failed half way may be in the file: the next
    /// write must begin on a fresh line.
    torn: bool,
}

impl OpenChain {
    fn head_told(&self, dir: &Path, who: &Identity, role: &Text, at: UtcMicros) -> AuditHead {
        let name = self.path.file_name().map(|n| n.to_string_lossy()).unwrap_or_default();
        let head = AuditHead {
            log: log_id(dir),
            chain: Text::new(&name),
            n: self.head.n,
            sha: Text::new(&self.head.sha),
            host: who.host.clone(),
            role: role.clone(),
            at,
        };
        head.in_words()
    }
}

impl Chain {
    /// A chain in `dir`, which is created (0700) when it is not there.
    #[must_use]
    pub fn new(dir: &Path, who: Identity, role: &str) -> Self {
        let role = Text::limited(role, 16);
        Self { dir: dir.to_owned(), who, role, open: None, syslog: None }
    }

    /// Its head goes to this socket after every line.
    #[must_use]
    pub fn telling(mut self, syslog: Option<SyslogSocket>) -> Self {
        self.syslog = syslog.map(Syslog::new);
        self
    }

    /// Appends and syncs. After an error the chain goes on in a new file,
    /// whose first line names the broken one's head.
    ///
    /// # Errors
    /// [`AuditError`] when the line is not known to be on disk.
    pub fn append(&mut self, act: Act) -> Result<(), AuditError> {
        self.append_while(act, || true)
    }

    /// As [`Chain::append`]; what frees takes effect only while somebody still
    /// waits for it, asked once its line is on disk.
    ///
    /// # Errors
    /// [`AuditError`] when the line is not known to be on disk, or came too late.
    pub fn append_while(
        &mut self,
        act: Act,
        wanted: impl FnOnce() -> bool,
    ) -> Result<(), AuditError> {
        if self.open.as_ref().is_none_or(|o| o.torn) {
            let (mut chain, heads) = self.create()?;
            let opened = write_line(&mut chain, &self.who, &self.role, Act::Open { heads });
            if opened.is_err() && chain.next == 0 {
                discard(&chain.path);
            }
            opened?;
            self.open = Some(chain);
        }
        let Some(chain) = self.open.as_mut() else { return Ok(()) };
        let frees = act.frees();
        let mut at = write_line(chain, &self.who, &self.role, act)?;
        if frees && !wanted() {
            return Err(AuditError::TooLate);
        }
        if frees {
            // What follows proves that the sync before it held. Its own sync
            // may fail: lost with the power, it takes the effect along.
            at = put_line(chain, &self.who, &self.role, Act::Synced)?;
            let _ = chain.file.sync();
        }
        if let Some(syslog) = &mut self.syslog {
            syslog.tell(&chain.head_told(&self.dir, &self.who, &self.role, at));
        }
        Ok(())
    }

    /// Head of this chain, once something was written.
    #[must_use]
    pub fn head(&self) -> Option<&Head> {
        self.open.as_ref().map(|o| &o.head)
    }

    fn create(&self) -> Result<(OpenChain, std::collections::BTreeMap<String, Head>), AuditError> {
        world::here(|world| world.make_dir(&self.dir)).map_err(io(&self.dir))?;
        let heads = heads_of(&self.dir);
        let stamp = clock::utc().iso().replace([':', '.'], "");
        let salt = ids::random_u64() & 0xffff;
        let name = format!("{stamp}-{}-{}-{salt:04x}.jsonl", self.role, self.who.pid);
        let path = self.dir.join(name);
        let file = world::here(|world| world.create(&path)).map_err(io(&path))?;
        let synced = world::here(|world| world.sync_dir(&self.dir));
        if synced.is_err() {
            discard(&path);
        }
        synced.map_err(io(&self.dir))?;
        let open = OpenChain { file, path, head: Head::default(), next: 0, torn: false };
        Ok((open, heads))
    }
}

/// Takes away a file without one whole line: nobody has read anything from
/// it, and a disk that refuses for hours must not leave one for each try. What
/// can't be taken away stays, and harms nobody.
fn discard(path: &Path) {
    let _ = world::here(|world| world.remove(path));
}

/// Writes a line and syncs it.
fn write_line(
    chain: &mut OpenChain,
    who: &Identity,
    role: &Text,
    act: Act,
) -> Result<UtcMicros, AuditError> {
    let at = put_line(chain, who, role, act)?;
    chain.torn = true;
    chain.file.sync().map_err(io(&chain.path))?;
    chain.torn = false;
    Ok(at)
}

/// Writes a line.
fn put_line(
    chain: &mut OpenChain,
    who: &Identity,
    role: &Text,
    act: Act,
) -> Result<UtcMicros, AuditError> {
    let record = Record {
        v: VERSION,
        n: chain.next,
        prev: chain.head.sha.clone(),
        at: clock::now(),
        who: who.clone(),
        role: role.clone(),
        act,
    };
    let mut line = serde_json::to_vec(&record)?;
    let sha = line_sha(&line);
    line.push(b'\n');
    chain.torn = true;
    chain.file.write_all(&line).map_err(io(&chain.path))?;
    chain.torn = false;
    chain.head = Head { n: chain.next, sha };
    chain.next += 1;
    Ok(record.at.utc)
}

fn io(path: &Path) -> impl FnOnce(std::io::Error) -> AuditError {
    let path = Text::new(&path.to_string_lossy());
    move |cause| AuditError::Io { path, cause }
}
