//! Where the daemon is heard: one daemon for each directory, its Unix socket,
//! and TCP only with a token.

use crate::domain::{Endpoint, Secret, Text};
use crate::host::world;
use crate::mission::spec::Daemon;
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom, Write};
use std::net::{TcpListener, ToSocketAddrs};
use std::os::unix::fs::{FileTypeExt, MetadataExt, OpenOptionsExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use subtle::ConstantTimeEq;

/// The shortest token, in bytes.
pub const TOKEN: usize = 32;

/// A daemon's directory, held against any other daemon for as long as this lives.
#[derive(Debug)]
pub struct Seat {
    /// The directory.
    pub dir: PathBuf,
    _lock: File,
}

impl Seat {
    /// Takes the directory, which is made (0700) where it is not there.
    ///
    /// # Errors
    /// It can't be used, or another daemon has it.
    pub fn take(dir: &Path) -> Result<Self, Text> {
        let shown = dir.display();
        private(dir)?;
        let path = dir.join("mission.lock");
        let mut options = File::options();
        options.create(true).truncate(false).read(true).write(true).mode(0o600);
        let file = options.open(&path);
        let mut file = file.map_err(|e| Text::new(&format!("{}: {e}", path.display())))?;
        if file.try_lock().is_err() {
            let mut pid = String::new();
            let _ = file.read_to_string(&mut pid);
            return Err(Text::new(&format!(
                "{shown}: a mission control runs here already (pid {}); crs mission ps asks it",
                pid.trim()
            )));
        }
        // For whoever finds it locked; the lock itself is what counts.
        let _ = file.set_len(0);
        let _ = file.seek(SeekFrom::Start(0));
        let _ = writeln!(file, "{}", std::process::id());
        Ok(Self { dir: dir.to_owned(), _lock: file })
    }
}

/// Makes a directory, or sees that nobody else can get into it.
fn private(dir: &Path) -> Result<(), Text> {
    let shown = dir.display();
    let fault = |e: std::io::Error| Text::new(&format!("{shown}: {e}"));
    if let Some(parent) = dir.parent() {
        std::fs::create_dir_all(parent).map_err(fault)?;
    }
    world::here(|world| world.make_private_dir(dir)).map_err(fault)?;
    let meta = std::fs::metadata(dir).map_err(fault)?;
    if meta.uid() != rustix::process::getuid().as_raw() {
        return Err(Text::new(&format!("{shown}: it belongs to uid {}", meta.uid())));
    }
    if meta.mode() & 0o077 != 0 {
        return Err(Text::new(&format!("{shown}: others can get in; chmod 700 {shown}")));
    }
    Ok(())
}

/// Where and by whom the daemon may be asked.
#[derive(Clone, Debug)]
pub struct Access {
    /// The Unix socket.
    pub socket: PathBuf,
    /// The TCP address, where one is wanted.
    pub listen: Option<Endpoint>,
    /// SHA-256 of the token that TCP demands.
    token: Option<[u8; 32]>,
    /// Origins that a browser may come from.
    pub origins: Vec<String>,
}

impl Access {
    /// As the configuration has it; `dir` is the daemon's directory.
    ///
    /// # Errors
    /// TCP is wanted, and there is no token that could be demanded.
    pub fn of(daemon: &Daemon, dir: &Path) -> Result<Self, Text> {
        let socket = daemon.socket.clone().unwrap_or_else(|| dir.join("mission.sock"));
        let token = match (&daemon.listen, &daemon.token_file) {
            (None, _) => None,
            (Some(at), None) => {
                return Err(Text::new(&format!(
                    "[daemon] listen {at}: TCP needs token_file, a file (0600) with at least \
                     {TOKEN} random characters"
                )));
            }
            (Some(_), Some(path)) => Some(hash(read_token(path)?.expose())),
        };
        let (listen, origins) = (daemon.listen.clone(), daemon.origins.clone());
        Ok(Self { socket, listen, token, origins })
    }

    /// Whether this is the token; in the same time whatever it is.
    #[must_use]
    pub fn admits(&self, token: &str) -> bool {
        let said = hash(token);
        self.token.as_ref().is_some_and(|token| bool::from(token.ct_eq(&said)))
    }

    /// The Unix socket, in place of one that a dead daemon left.
    ///
    /// # Errors
    /// Somebody listens there, something else lies there, or the system's.
    pub fn bind_unix(&self) -> Result<UnixListener, Text> {
        let path = &self.socket;
        let shown = path.display();
        let fault = |e: std::io::Error| Text::new(&format!("{shown}: {e}"));
        if let Some(dir) = path.parent() {
            private(dir)?;
        }
        match std::fs::symlink_metadata(path) {
            Ok(meta) if !meta.file_type().is_socket() => {
                return Err(Text::new(&format!("{shown}: something else lies there; move it")));
            }
            Ok(_) if UnixStream::connect(path).is_ok() => {
                return Err(Text::new(&format!("{shown}: another mission control listens there")));
            }
            Ok(_) => std::fs::remove_file(path).map_err(fault)?,
            Err(_) => {}
        }
        let listener = UnixListener::bind(path).map_err(fault)?;
        // Between bind and this the directory keeps others out.
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).map_err(fault)?;
        listener.set_nonblocking(true).map_err(fault)?;
        Ok(listener)
    }

    /// The TCP address, where one is wanted.
    ///
    /// # Errors
    /// The system's.
    pub fn bind_tcp(&self) -> Result<Option<TcpListener>, Text> {
        let Some(at) = &self.listen else { return Ok(None) };
        let fault = |e: std::io::Error| Text::new(&format!("[daemon] listen {at}: {e}"));
        let all: Vec<_> = (at.host(), at.port()).to_socket_addrs().map_err(fault)?.collect();
        let listener = TcpListener::bind(all.as_slice()).map_err(fault)?;
        listener.set_nonblocking(true).map_err(fault)?;
        Ok(Some(listener))
    }
}

fn hash(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// The token of a file that nobody else may read.
///
/// # Errors
/// It can't be read, others may read it, or it is too short.
pub fn read_token(path: &Path) -> Result<Secret, Text> {
    let shown = path.display();
    let fault = |e: std::io::Error| Text::new(&format!("token file {shown}: {e}"));
    let meta = std::fs::metadata(path).map_err(fault)?;
    if meta.mode() & 0o077 != 0 {
        let why = format!("token file {shown}: others may read it; chmod 600 {shown}");
        return Err(Text::new(&why));
    }
    let text = std::fs::read_to_string(path).map_err(fault)?;
    let token = text.trim();
    if token.len() < TOKEN || token.bytes().any(|b| !b.is_ascii_graphic()) {
        return Err(Text::new(&format!(
            "token file {shown}: a token is one word of at least {TOKEN} printable characters"
        )));
    }
    Ok(Secret::new(token))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(dir: &Path, name: &str, text: &str, mode: u32) -> PathBuf {
        let path = dir.join(name);
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn tcp_needs_a_token_that_is_long_and_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let good = "0123456789abcdef0123456789abcdef";
        let open = file(dir.path(), "open", good, 0o644);
        let short = file(dir.path(), "short", &good[1..], 0o600);
        let words = file(dir.path(), "words", &format!("{good} {good}"), 0o600);
        let fit = file(dir.path(), "fit", &format!("{good}\n"), 0o600);
        let listen = Some("127.0.0.1:0".parse::<Endpoint>()).and_then(Result::ok);
        let listen = listen.or_else(|| Endpoint::new("127.0.0.1", 1).ok());
        let with = |token_file| {
            let daemon = Daemon { listen: listen.clone(), token_file, ..Daemon::default() };
            Access::of(&daemon, dir.path())
        };
        for (path, words) in [
            (None, "token_file"),
            (Some(open), "chmod 600"),
            (Some(short), "at least 32"),
            (Some(words), "one word"),
            (Some(dir.path().join("none")), "No such file"),
        ] {
            let why = with(path).unwrap_err();
            assert!(why.as_str().contains(words), "{why}");
            assert!(!why.as_str().contains("0123456789"), "{why}");
        }
        let access = with(Some(fit)).unwrap();
        assert!(access.admits(good));
        for wrong in ["", &good[1..], &good.to_uppercase(), "0123456789abcdef0123456789abcdef0"] {
            assert!(!access.admits(wrong), "{wrong}");
        }
        assert!(!format!("{access:?}").contains(good));
    }

    #[test]
    fn one_daemon_for_each_directory() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("a").join("mission");
        let seat = Seat::take(&dir).unwrap();
        assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        let why = Seat::take(&dir).unwrap_err();
        assert!(why.as_str().contains(&std::process::id().to_string()), "{why}");
        drop(seat);
        Seat::take(&dir).unwrap();
        std::fs::set_permissions(&dir, std::fs::Permissions::from_mode(0o755)).unwrap();
        let again = Seat::take(&dir);
        let mode = std::fs::metadata(&dir).unwrap().mode() & 0o777;
        assert!(again.is_err() || mode == 0o700, "{again:?}, {mode:o}");
    }

    #[test]
    fn a_dead_socket_is_replaced_and_a_living_one_is_not() {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("mission");
        let access = Access::of(&Daemon::default(), &dir).unwrap();
        let living = access.bind_unix().unwrap();
        assert_eq!(std::fs::metadata(&access.socket).unwrap().mode() & 0o777, 0o600);
        assert!(access.bind_unix().unwrap_err().as_str().contains("listens there"));
        drop(living);
        assert!(access.socket.exists());
        drop(access.bind_unix().unwrap());
        std::fs::remove_file(&access.socket).unwrap();
        std::fs::write(&access.socket, "mine").unwrap();
        assert!(access.bind_unix().unwrap_err().as_str().contains("something else"));
        assert_eq!(std::fs::read_to_string(&access.socket).unwrap(), "mine");
    }
}
