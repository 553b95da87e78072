//! Services of the mesh as processes on free loopback ports; each ends with
//! its value.

use super::common::sandbox::{Sandbox, end, free_port};
use super::common::wait::until;
use std::fs;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

pub const LONG: Duration = Duration::from_mins(1);
/// The user that servers run as which refuse to be root.
const NOBODY: u32 = 65_534;

/// Where Debian puts programs that are not on every user's path.
fn find(name: &str) -> Option<PathBuf> {
    let mut dirs: Vec<PathBuf> =
        std::env::var_os("PATH").iter().flat_map(std::env::split_paths).collect();
    dirs.extend(["/usr/sbin", "/usr/local/sbin"].map(PathBuf::from));
    let versions = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    dirs.extend(versions.map(|entry| entry.path().join("bin")));
    dirs.into_iter().map(|dir| dir.join(name)).find(|path| path.is_file())
}

/// Says past the harness that a test is not run here.
pub fn missing(programs: &[&str]) -> bool {
    let gone: Vec<_> = programs.iter().filter(|name| find(name).is_none()).collect();
    if gone.is_empty() {
        return false;
    }
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let words = format!("\nSKIPPED {test}: not installed: {gone:?}\n");
    let _ = std::io::Write::write_all(&mut std::io::stderr(), words.as_bytes());
    true
}

pub fn run(program: &str, args: &[&str], dir: &Path) -> String {
    let program = find(program).unwrap_or_else(|| panic!("no {program}"));
    let out = Command::new(&program).args(args).current_dir(dir).stdin(Stdio::null()).output();
    let out = out.unwrap();
    let (said, wrong) = (&out.stdout, String::from_utf8_lossy(&out.stderr));
    assert!(out.status.success(), "{} {args:?}: {wrong}", program.display());
    String::from_utf8_lossy(said).trim().to_owned()
}

/// A process that listens.
pub struct Service {
    child: Child,
    pub port: u16,
    _dir: Option<tempfile::TempDir>,
}

impl Drop for Service {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

impl Service {
    fn start(mut command: Command, port: u16, dir: Option<tempfile::TempDir>) -> Self {
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let shown = format!("{command:?}");
        let child = command.spawn().unwrap();
        let service = Self { child, port, _dir: dir };
        let listens = until(LONG, || TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(listens.is_some(), "it does not listen: {shown}");
        service
    }
}

pub fn redis(home: &Sandbox, port: u16, password: Option<&str>) -> Service {
    let dir = home.path().join(format!("redis-{port}"));
    fs::create_dir_all(&dir).unwrap();
    let mut command = Command::new(find("redis-server").unwrap());
    command.args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", ""]);
    command.args(["--appendonly", "no", "--dir", dir.to_str().unwrap()]);
    if let Some(password) = password {
        command.args(["--requirepass", password]);
    }
    Service::start(command, port, None)
}

/// A program as a user without rights, where this one is root.
fn unprivileged(program: &Path) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new(program);
    }
    let mut command = Command::new(find("setpriv").unwrap());
    let id = NOBODY.to_string();
    command.args(["--reuid", &id, "--regid", &id, "--clear-groups", "--"]).arg(program);
    command
}

/// A cluster of its own for each start: made in a second.
pub fn postgres(port: u16) -> Service {
    let dir = tempfile::Builder::new().prefix("crs-test-pg-").tempdir().unwrap();
    if rustix::process::geteuid().is_root() {
        chown(dir.path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    let data = dir.path().join("data");
    let mut init = unprivileged(&find("initdb").unwrap());
    init.args(["--no-sync", "-A", "scram-sha-256", "-U", "postgres", "--pwfile"]);
    let words = dir.path().join("words");
    fs::write(&words, "of-this-test\n").unwrap();
    fs::set_permissions(&words, fs::Permissions::from_mode(0o644)).unwrap();
    init.arg(&words).arg("-D").arg(&data).current_dir(dir.path());
    let made = init.env("LC_ALL", "C").stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let mut command = unprivileged(&find("postgres").unwrap());
    command.arg("-D").arg(&data).args(["-p", &port.to_string()]).current_dir(dir.path());
    for setting in ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off"] {
        command.args(["-c", setting]);
    }
    Service::start(command, port, Some(dir))
}

/// Keys and settings of a server and its client.
pub struct Keys {
    dir: PathBuf,
    pub user: String,
}

impl Keys {
    pub fn new(home: &Sandbox) -> Self {
        let dir = home.path().join("ssh");
        fs::create_dir(&dir).unwrap();
        for name in ["host", "key", "other"] {
            let file = dir.join(name).display().to_string();
            run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &file], &dir);
        }
        fs::copy(dir.join("key.pub"), dir.join("authorized")).unwrap();
        let client = "StrictHostKeyChecking no\nUserKnownHostsFile /dev/null\n";
        fs::write(dir.join("client"), client).unwrap();
        let user = run("id", &["-un"], &dir);
        Self { dir, user }
    }

    /// A path in their directory.
    pub fn path(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    /// Keys of a check of kind `ssh` or `latch`.
    pub fn toml(&self, port: u16, key: &str) -> String {
        format!(
            "port = {port}\nuser = \"{}\"\nidentity = \"{}\"\nssh_config = \"{}\"\n",
            self.user,
            self.path(key),
            self.path("client")
        )
    }
}

pub fn sshd(keys: &Keys, port: u16) -> Service {
    if rustix::process::geteuid().is_root() {
        fs::create_dir_all("/run/sshd").unwrap();
    }
    let config = format!(
        "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
         UsePAM no\nStrictModes no\nPasswordAuthentication no\n\
         PermitRootLogin prohibit-password\nPrintMotd no\nPrintLastLog no\n",
        keys.path("host"),
        keys.path("authorized"),
    );
    fs::write(keys.path("server"), config).unwrap();
    let mut command = Command::new(find("sshd").unwrap());
    command.args(["-D", "-e", "-f", &keys.path("server")]);
    Service::start(command, port, None)
}

/// An authority, and certificates by it.
pub struct Authority {
    dir: PathBuf,
}

impl Authority {
    pub fn new(home: &Sandbox, name: &str, subject: &str) -> Self {
        let dir = home.path().join(name);
        fs::create_dir(&dir).unwrap();
        let subject = format!("/CN={subject}");
        let mut args = vec!["req", "-x509", "-keyout", "ca.key", "-out", "ca.pem", "-days", "2"];
        args.extend(["-subj", &subject, "-nodes", "-newkey", "ec"]);
        args.extend(["-pkeyopt", "ec_paramgen_curve:prime256v1"]);
        run("openssl", &args, &dir);
        Self { dir }
    }

    pub fn file(&self) -> String {
        self.dir.join("ca.pem").display().to_string()
    }

    /// A server with a certificate for `name`, that ends after so many days.
    pub fn server(&self, name: &str, days: u32, port: u16) -> Service {
        let of = |end: &str| format!("{name}-{days}.{end}");
        if !self.dir.join(of("pem")).exists() {
            let (key, request, names) =
                (of("key"), of("csr"), format!("subjectAltName=DNS:{name}"));
            let (cert, days) = (of("pem"), days.to_string());
            let mut args = vec!["req", "-keyout", &key, "-out", &request, "-subj", "/CN=server"];
            args.extend(["-addext", &names, "-nodes", "-newkey", "ec"]);
            args.extend(["-pkeyopt", "ec_paramgen_curve:prime256v1"]);
            run("openssl", &args, &self.dir);
            let mut args = vec!["x509", "-req", "-in", &request, "-out", &cert, "-days", &days];
            args.extend(["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"]);
            args.extend(["-copy_extensions", "copy"]);
            run("openssl", &args, &self.dir);
        }
        let mut command = Command::new(find("openssl").unwrap());
        command.args(["s_server", "-accept", &format!("127.0.0.1:{port}"), "-www", "-quiet"]);
        command.args(["-cert", &of("pem"), "-key", &of("key")]).current_dir(&self.dir);
        Service::start(command, port, None)
    }
}

/// Answers every question for an address with one record.
pub struct Dns {
    pub port: u16,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Dns {
    /// `answers`: else it hears and says nothing.
    pub fn start(port: u16, answers: bool) -> Self {
        let socket = UdpSocket::bind(("127.0.0.1", port)).unwrap();
        socket.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopping = Arc::clone(&stop);
        let thread = std::thread::spawn(move || {
            let mut asked = [0_u8; 512];
            while !stopping.load(Ordering::SeqCst) {
                let Ok((n, from)) = socket.recv_from(&mut asked) else { continue };
                if !answers || n < 12 {
                    continue;
                }
                let mut answer = asked[..n].to_vec();
                // It is an answer, and there is one record.
                answer[2] |= 0x80;
                answer[7] = 1;
                answer.extend([0xc0, 0x0c, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 0, 0, 1]);
                socket.send_to(&answer, from).unwrap();
            }
        });
        Self { port, stop, thread: Some(thread) }
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::SeqCst);
        self.thread.take().map(JoinHandle::join);
    }
}

/// A port of this test's own.
pub fn port() -> u16 {
    free_port()
}
