//! The tail of the log of a real kill is cut off. The chains can't know; what
//! a console heard from the agent, and what a real syslog daemon kept, can.

use crate::common::console::Console;
use crate::common::sandbox::{Sandbox, Signal, end, free_port, signal};
use crate::common::wait::until;
use crate::life::{LIMIT, Mesh, phase};
use serde_json::Value;
use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// rsyslogd with a socket and a file of its own; ends with this value.
struct Daemon {
    child: Child,
    socket: PathBuf,
    file: PathBuf,
}

impl Daemon {
    fn start(home: &Sandbox) -> Self {
        let dir = home.path().join("syslog");
        fs::create_dir(&dir).unwrap();
        let (socket, file) = (dir.join("log"), dir.join("auth.log"));
        let text = format!(
            "global(workDirectory=\"{}\")\n\
             module(load=\"imuxsock\" SysSock.Use=\"off\")\n\
             input(type=\"imuxsock\" Socket=\"{}\")\n\
             authpriv.* action(type=\"omfile\" file=\"{}\")\n",
            dir.display(),
            socket.display(),
            file.display()
        );
        fs::write(dir.join("rsyslog.conf"), text).unwrap();
        let program = Path::new("/usr/sbin/rsyslogd");
        assert!(program.exists(), "this test needs rsyslogd: install rsyslog");
        let child = Command::new(program)
            .arg("-n")
            .arg("-f")
            .arg(dir.join("rsyslog.conf"))
            .arg("-i")
            .arg(dir.join("pid"))
            .env_clear()
            .envs(home.env())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let daemon = Self { child, socket, file };
        assert!(until(LIMIT, || daemon.socket.exists().then_some(())).is_some(), "no rsyslogd");
        daemon
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// The configuration of `mesh` with `audit` as its section of that name.
fn configure(mesh: &Mesh, audit: &str) {
    let file = mesh.home.path().join("home/.config/crs/config.toml");
    let text = "[kill]\nproof_interval_ms = 150\nenforce_interval_ms = 400\n[audit]\n";
    fs::write(file, format!("{text}{audit}")).unwrap();
}

/// Every chain of the log of `mesh`: path and lines.
fn chains(mesh: &Mesh) -> Vec<(PathBuf, Vec<String>)> {
    let state = mesh.home.path().join("home/.local/state/crs");
    let dir = crs::breaker::LatchHome::new(&state, &mesh.home.latch()).audit();
    let read = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        (path, text.split_inclusive('\n').map(str::to_owned).collect())
    };
    crs::audit::verify::files(&dir).into_iter().map(read).collect()
}

/// The chain that a role wrote.
fn chain_of(mesh: &Mesh, role: &str) -> (PathBuf, Vec<String>) {
    let infix = format!("-{role}-");
    let mine = |(path, _): &(PathBuf, _)| path.to_string_lossy().contains(&infix);
    chains(mesh).into_iter().find(mine).unwrap_or_else(|| panic!("no chain of {role}"))
}

/// Exit status and page of a verb that prints one.
fn page(mesh: &Mesh, args: &[&str]) -> (i32, String) {
    let (code, said) = mesh.crs(args);
    (code, said.as_str().unwrap_or_default().to_owned())
}

#[test]
fn a_tail_cut_off_the_log_of_a_kill_is_found_by_witnesses_only() {
    let mesh = Mesh::new(&["--positions", "2"]);
    let daemon = Daemon::start(&mesh.home);
    let events = format!("127.0.0.1:{}", free_port());
    let syslog = daemon.socket.display();
    configure(&mesh, &format!("syslog = \"{syslog}\"\npublish = \"{events}\"\n"));
    let port = mesh.peer.cmd_port.to_string();
    let args = ["--cmd-port", &port, "--events", &events, "console"];
    let mut console = Console::crs(&mesh.home, &args, 120, 40);
    console.wait_for("console", LIMIT, |t| t.contains("SAFE") && t.contains("v1.0"));
    let (code, report) = mesh.kill();
    assert_eq!(code, 0, "{report:#}");
    mesh.until("VERIFIED by the agent", |s| phase(s) == "VERIFIED");

    // Both witnesses have the last line of every chain, once nothing moves.
    let book = mesh.home.path().join("home/.local/state/crs/heads.jsonl");
    let kept = || {
        let book = fs::read_to_string(&book).unwrap_or_default();
        let log = fs::read_to_string(&daemon.file).unwrap_or_default();
        let last = |(_, lines): &(PathBuf, Vec<String>)| {
            let sha = crs::audit::record::line_sha(lines.last().unwrap().trim_end().as_bytes());
            book.contains(&sha) && log.contains(&sha)
        };
        chains(&mesh).iter().all(last)
    };
    assert!(until(LIMIT, || kept().then_some(())).is_some(), "{:#?}", chains(&mesh));
    console.signal(Signal::KILL);
    console.exit(LIMIT).expect("an end");
    signal(mesh.agent(), Signal::KILL);
    mesh.until("no agent", |s| s["agent_pid"].is_null());

    let file = daemon.file.display().to_string();
    let book = book.display().to_string();
    let witnesses: [&[&str]; 3] = [&["--heads", "auto"], &["--heads", &book], &["--syslog", &file]];
    let verify = |more: &[&str]| page(&mesh, &[&["audit", "verify"], more].concat());
    for witness in witnesses {
        let (code, said) = verify(witness);
        assert!(code == 0 && said.contains("heads compared") && said.contains("whole"), "{said}");
    }
    // Of what the agent wrote since the last other chain opened, none knows.
    let (path, lines) = chain_of(&mesh, "agent");
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    let remembered = chains(&mesh).into_iter().filter_map(|(_, lines)| {
        let open: Value = serde_json::from_str(&lines[0]).unwrap();
        open["heads"][&name]["n"].as_u64()
    });
    let keep = usize::try_from(remembered.max().unwrap_or(0)).unwrap() + 1;
    assert!(lines.len() > keep + 5, "{keep} of {lines:#?}");
    fs::write(&path, lines[..keep].concat()).unwrap();
    let (code, said) = verify(&[]);
    assert!(code == 0 && said.contains("whole") && said.contains("no witness was asked"), "{said}");
    let words = format!("tail lost: the log ends at {keep}, a witness saw {}", lines.len());
    for witness in witnesses {
        let (code, said) = verify(witness);
        assert!(code == 1 && said.contains(&words) && said.contains("DAMAGED"), "{said}");
        assert!(said.contains("told by"), "{said}");
    }
    let (code, json) = mesh.crs(&["audit", "verify", "--json", "--heads", "auto"]);
    let all = json.as_array().unwrap();
    assert!(code == 1 && all.iter().any(|r| r["findings"][0]["fault"] == "damage"), "{json:#}");
    // As `journalctl | crs audit verify --syslog -` does it.
    let mut piped = mesh.home.crs(&["audit", "verify", "--syslog", "-"]);
    let out = piped.stdin(fs::File::open(&daemon.file).unwrap()).output().unwrap();
    assert_eq!(out.status.code(), Some(1), "{out:?}");

    fs::remove_file(&path).unwrap();
    for witness in witnesses {
        let (code, said) = verify(witness);
        assert!(code == 1 && said.contains("this chain is gone"), "{said}");
    }
    fs::write(&path, lines.concat()).unwrap();
    assert_eq!(verify(witnesses[0]).0, 0);
}

#[test]
fn the_agent_itself_says_when_a_chain_loses_its_tail() {
    let mesh = Mesh::new(&["--positions", "0"]);
    assert_eq!(mesh.kill().0, 0);
    mesh.until("VERIFIED by the agent", |s| phase(s) == "VERIFIED");
    let (path, lines) = chain_of(&mesh, "cli");
    // The agent looks twice a second.
    std::thread::sleep(std::time::Duration::from_secs(3));
    fs::write(&path, lines[..2].concat()).unwrap();
    let said = until(LIMIT, || {
        let said = page(&mesh, &["audit", "show"]).1;
        said.lines().find(|l| l.contains("ALARM") && l.contains("audit log cut")).map(str::to_owned)
    });
    let name = path.file_name().unwrap().to_string_lossy().into_owned();
    assert!(said.expect("an alarm on record").contains(&name));
}

#[test]
fn a_syslog_that_does_not_read_delays_no_kill_and_is_told_once() {
    let mesh = Mesh::new(&["--positions", "1"]);
    let path = mesh.home.path().join("log");
    let full = UnixDatagram::bind(&path).unwrap();
    let filler = UnixDatagram::unbound().unwrap();
    filler.set_nonblocking(true).unwrap();
    while filler.send_to(b"full", &path).is_ok() {}
    configure(&mesh, &format!("syslog = \"{}\"\n", path.display()));
    let port = mesh.peer.cmd_port.to_string();
    let args = ["--cmd-port", &port, "kill", "--reason", "test", "--yes", "--timeout", "20"];
    let out = mesh.home.crs(&args).env("CRS_LOG", "warn").output().unwrap();
    let told = String::from_utf8_lossy(&out.stderr).into_owned();
    assert_eq!(out.status.code(), Some(0), "{told}");
    assert_eq!(told.matches("don't reach syslog").count(), 1, "{told}");
    assert_eq!(mesh.peer.positions(), Some(0));
    assert_eq!(page(&mesh, &["audit", "verify"]).0, 0);
    drop(full);
}
