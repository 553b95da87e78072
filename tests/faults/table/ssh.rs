//! Row 37: the console over a real SSH line that drops. An sshd on loopback
//! with keys and configuration of its own, as the user who runs the test.

use super::desk::{CHORD, LONG, kill, latched, think, untouched};
use super::{Came, Row};
use crate::common::console::Console;
use crate::common::sandbox::{Sandbox, Signal, binary, end, free_port, signal};
use crate::common::wait::until;
use crate::proxy::Proxy;
use crate::scene::Scene;
use std::fs;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

pub const ROWS: &[Row] = &[Row {
    number: 37,
    fault: "SSH line drops (client shot; connection cut) before and after the second key",
    outcome: "before: no kill; after: it completes; the console ends",
    timed: "drop to the console's end",
    bound: Some(Duration::from_secs(1)),
    alone: false,
    run: dropped,
}];

/// A running sshd; ends with this value.
struct Sshd {
    child: Child,
    port: u16,
    key: PathBuf,
    user: String,
}

impl Drop for Sshd {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Where Debian has it: not in every user's path.
fn program() -> Option<&'static Path> {
    ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].map(Path::new).into_iter().find(|p| p.exists())
}

fn run(program: &str, args: &[&str]) -> String {
    let out = Command::new(program).args(args).stdin(Stdio::null()).output().unwrap();
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

impl Sshd {
    fn start(home: &Sandbox, program: &Path) -> Self {
        let dir = home.path().join("ssh");
        fs::create_dir(&dir).unwrap();
        let [host, key] = ["host", "key"].map(|name| {
            let path = dir.join(name);
            let file = path.display().to_string();
            run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &file]);
            path
        });
        fs::copy(key.with_extension("pub"), dir.join("authorized")).unwrap();
        let port = free_port();
        let config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\n\
             PidFile none\nUsePAM no\nStrictModes no\nPasswordAuthentication no\n\
             PermitRootLogin prohibit-password\nPrintMotd no\nPrintLastLog no\n",
            host.display(),
            dir.join("authorized").display(),
        );
        fs::write(dir.join("config"), config).unwrap();
        let log = fs::File::create(dir.join("log")).unwrap();
        let mut command = Command::new(program);
        command.arg("-D").arg("-e").arg("-f").arg(dir.join("config"));
        command.env_clear().envs(home.env());
        let child = command.stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let sshd = Self { child, port, key, user: run("id", &["-un"]) };
        let listens = until(LONG, || TcpStream::connect(("127.0.0.1", port)).ok());
        let log = fs::read_to_string(dir.join("log")).unwrap();
        assert!(listens.is_some(), "no sshd: {log}");
        sshd
    }

    /// `program` on the other side of a line to `port`, in a terminal.
    fn line(&self, home: &Sandbox, port: u16, program: &Path) -> Console {
        let (port, key) = (port.to_string(), self.key.display().to_string());
        let at = format!("{}@127.0.0.1", self.user);
        let program = program.display().to_string();
        let options = ["-tt", "-F", "none", "-o", "StrictHostKeyChecking=no", "-o"];
        let known = ["UserKnownHostsFile=/dev/null", "-o", "IdentitiesOnly=yes", "-i", &key];
        let to = ["-o", "BatchMode=yes", "-p", &port, &at, &program];
        Console::start(home, Path::new("ssh"), &[&options[..], &known, &to].concat(), 80, 24)
    }
}

/// What sshd's clean environment is given: that of this home.
fn doorway(home: &Sandbox) -> PathBuf {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', "'\\''"));
    let set: Vec<_> =
        home.env().iter().map(|(key, value)| format!("{key}={}", quoted(value))).collect();
    let (here, pid) = (home.path().display().to_string(), home.path().join("console.pid"));
    let text = format!(
        "#!/bin/sh\ncd {}\necho $$ >{}\nexec env -i {} {} console\n",
        quoted(&here),
        quoted(&pid.display().to_string()),
        set.join(" "),
        quoted(&binary().display().to_string()),
    );
    let path = home.path().join("enter");
    fs::write(&path, text).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o700)).unwrap();
    path
}

fn dropped(seed: u64) -> Came {
    let Some(program) = program() else {
        return Came::NotHere(String::from("no sshd: install openssh-server"));
    };
    // sshd's own directory for what it runs without privileges, which the
    // service makes where there is one.
    if run("id", &["-u"]) == "0" && fs::create_dir_all("/run/sshd").is_err() {
        return Came::NotHere(String::from("/run/sshd can't be made"));
    }
    // Each run one way before and the other way after; the next the reverse.
    let shot_first = seed.is_multiple_of(2);
    let before = drop_line(program, false, shot_first);
    let after = drop_line(program, true, !shot_first);
    Came::Held { took: before.max(after), cases: 2 }
}

/// Ended, whether or not its parent has noticed yet.
fn is_over(process: &Path) -> bool {
    let stat = fs::read_to_string(process.join("stat")).unwrap_or_default();
    stat.rsplit(')').next().is_none_or(|rest| rest.is_empty() || rest.starts_with(" Z"))
}

/// A line that drops before or after the second key, by the end of the client
/// or of the connection; how long the console outlives it.
fn drop_line(program: &Path, after: bool, shot: bool) -> Duration {
    let mut scene = Scene::with(&["honest"]);
    let sshd = Sshd::start(&scene.home, program);
    let proxy = Proxy::to(sshd.port);
    let enter = doorway(&scene.home);
    let mut console = sshd.line(&scene.home, proxy.port, &enter);
    console.wait_for("two positions", LONG, |t| t.contains("2 open"));
    let pid = fs::read_to_string(scene.home.path().join("console.pid")).unwrap();
    let process = PathBuf::from(format!("/proc/{}", pid.trim()));
    assert!(process.exists());
    if after {
        latched(&scene, kill(&mut console));
    } else {
        console.keys(CHORD);
        console.see("KILL GUARD");
        think();
    }
    let began = Instant::now();
    if shot {
        signal(console.pid(), Signal::KILL);
    } else {
        proxy.cut();
    }
    let ended = || is_over(&process).then(|| began.elapsed());
    let took = until(LONG, ended).expect("the console is still there");
    if after {
        scene.verified();
    } else {
        think();
        untouched(&scene);
    }
    took
}
