//! One stream of one run: a pipe's end, or a file that grows.

use super::super::lines::Output;
use super::intake::Meta;
use super::split::Carry;
use rustix::io::{Errno, ioctl_fionbio, read};
use std::fs::{self, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::time::Instant;

/// What a pipe may hold while its reader is busy, in bytes. What the system
/// grants an ordinary user is 64 MB of these in all.
const PIPE: usize = 512 * 1_024;

/// What a look for bytes found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Got {
    /// So many.
    Bytes(usize),
    /// None now.
    Nothing,
    /// The file begins anew: it was emptied, or another one lies there.
    Anew,
    /// There will be no more.
    End,
}

/// A stream and what is known about it.
#[derive(Debug)]
pub struct Stream {
    /// Whose.
    pub meta: Meta,
    /// Half a line.
    pub carry: Carry,
    /// Its run ended; what is left is read until then.
    pub ending: Option<Instant>,
    from: From,
}

#[derive(Debug)]
enum From {
    Pipe(OwnedFd),
    File(Tail),
}

impl Stream {
    /// One that is read from now on.
    ///
    /// # Errors
    /// The system's, where it can't be read without waiting.
    pub fn new(meta: Meta, output: Output) -> io::Result<Self> {
        let from = match output {
            Output::Pipe(fd) => {
                ioctl_fionbio(&fd, true)?;
                // A socket has no such size, and a poor user gets less.
                let _ = rustix::pipe::fcntl_setpipe_size(&fd, PIPE);
                From::Pipe(fd)
            }
            Output::File { path, from } => From::File(Tail { path, from, open: None }),
        };
        Ok(Self { meta, carry: Carry::default(), ending: None, from })
    }

    /// The pipe, for whoever waits for it.
    #[must_use]
    pub const fn pipe(&self) -> Option<&OwnedFd> {
        match &self.from {
            From::Pipe(fd) => Some(fd),
            From::File(_) => None,
        }
    }

    /// The file that it follows.
    #[must_use]
    pub fn file(&self) -> Option<&Path> {
        match &self.from {
            From::Pipe(_) => None,
            From::File(tail) => Some(&tail.path),
        }
    }

    /// First byte of the file that is in no line yet.
    #[must_use]
    pub const fn place(&self) -> Option<u64> {
        match &self.from {
            From::Pipe(_) => None,
            From::File(tail) => Some(tail.from.saturating_sub(self.carry.waits() as u64)),
        }
    }

    /// Reads what is there.
    pub fn read(&mut self, buffer: &mut [u8]) -> Got {
        match &mut self.from {
            From::File(tail) => tail.read(buffer),
            From::Pipe(fd) => loop {
                return match read(&*fd, &mut *buffer) {
                    Ok(0) => Got::End,
                    Ok(n) => Got::Bytes(n),
                    Err(Errno::INTR) => continue,
                    Err(Errno::AGAIN) => Got::Nothing,
                    Err(_) => Got::End,
                };
            },
        }
    }
}

/// A file that somebody else writes.
#[derive(Debug)]
struct Tail {
    path: PathBuf,
    /// First byte not read yet.
    from: u64,
    open: Option<File>,
}

impl Tail {
    fn read(&mut self, buffer: &mut [u8]) -> Got {
        if self.open.is_none() {
            self.open = File::open(&self.path).ok();
        }
        let Some(file) = &self.open else { return Got::Nothing };
        match file.read_at(buffer, self.from) {
            Ok(n) if n > 0 => {
                self.from += n as u64;
                return Got::Bytes(n);
            }
            Ok(_) => {}
            Err(_) => return Got::Nothing,
        }
        let Ok(ours) = file.metadata() else { return Got::Nothing };
        if ours.len() < self.from {
            self.from = 0;
            return Got::Anew;
        }
        // All of the old one is read; is it still the one of this name?
        match fs::metadata(&self.path) {
            Ok(there) if there.ino() != ours.ino() || there.dev() != ours.dev() => {
                (self.open, self.from) = (None, 0);
                Got::Anew
            }
            _ => Got::Nothing,
        }
    }
}
