//! The other machine: an sshd on loopback, as the user who runs the test.

use crate::common::sandbox::{Outcome, Sandbox, binary, end, free_port};
use crate::common::wait::until;
use serde_json::Value;
use std::fmt::Write as _;
use std::fs;
use std::io::Write as _;
use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub const LONG: Duration = Duration::from_mins(2);

/// An sshd, a configuration of ours that names it, and ports for a gateway.
pub struct Host {
    pub home: Sandbox,
    sshd: Child,
    dir: PathBuf,
    ports: [u16; 3],
    user: String,
    port: u16,
}

impl Drop for Host {
    fn drop(&mut self) {
        end(&mut self.sshd);
    }
}

fn run(program: &str, args: &[&str]) -> String {
    let out = Command::new(program).args(args).stdin(Stdio::null()).output().unwrap();
    assert!(out.status.success(), "{program} {args:?}: {}", String::from_utf8_lossy(&out.stderr));
    String::from_utf8(out.stdout).unwrap().trim().to_owned()
}

/// Not in every user's path.
fn program() -> Option<&'static Path> {
    ["/usr/sbin/sshd", "/usr/local/sbin/sshd"].map(Path::new).into_iter().find(|p| p.exists())
}

impl Host {
    /// None where there is no sshd; the test says so past the harness.
    pub fn start(test: &str) -> Option<Self> {
        Self::with(test, None)
    }

    /// As [`Host::start`]; `force` is a shell script that stands between sshd
    /// and each command, which it finds in `SSH_ORIGINAL_COMMAND`.
    pub fn with(test: &str, force: Option<&str>) -> Option<Self> {
        let root = run("id", &["-u"]) == "0";
        let sshd = program().filter(|_| !root || fs::create_dir_all("/run/sshd").is_ok());
        let Some(sshd) = sshd else {
            let words = format!("\nSKIPPED {test}: no sshd, install openssh-server\n");
            let _ = std::io::stderr().write_all(words.as_bytes());
            return None;
        };
        let home = Sandbox::new();
        let dir = home.path().join("ssh");
        fs::create_dir(&dir).unwrap();
        for name in ["host", "other_host", "key", "other_key"] {
            let file = dir.join(name).display().to_string();
            run("ssh-keygen", &["-q", "-t", "ed25519", "-N", "", "-f", &file]);
        }
        fs::copy(dir.join("key.pub"), dir.join("authorized")).unwrap();
        let port = free_port();
        let at = |name: &str| dir.join(name).display().to_string();
        let mark = home.env().into_iter().find(|(key, _)| key == "CRS_TEST_HOME").unwrap().1;
        let mut config = format!(
            "ListenAddress 127.0.0.1:{port}\nHostKey {}\nAuthorizedKeysFile {}\nPidFile none\n\
             UsePAM no\nStrictModes no\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\n\
             PrintMotd no\nPrintLastLog no\nSetEnv CRS_TEST_HOME={mark}\nMaxStartups 100\n",
            at("host"),
            at("authorized"),
        );
        if let Some(script) = force {
            fs::write(at("force"), format!("#!/bin/sh\n{script}\n")).unwrap();
            fs::set_permissions(at("force"), fs::Permissions::from_mode(0o700)).unwrap();
            writeln!(config, "ForceCommand {}", at("force")).unwrap();
        }
        fs::write(at("sshd_config"), config).unwrap();
        let log = fs::File::create(at("sshd.log")).unwrap();
        let mut command = Command::new(sshd);
        command.args(["-D", "-e", "-f", &at("sshd_config")]).env_clear().envs(home.env());
        let child = command.stdin(Stdio::null()).stderr(log).spawn().unwrap();
        let ports = [free_port(), free_port(), free_port()];
        let user = run("id", &["-un"]);
        let host = Self { home, sshd: child, dir, ports, user, port };
        host.knows("host");
        host.client(host.port, "key", "127.0.0.1");
        host.configure("");
        let listens = until(LONG, || TcpStream::connect(("127.0.0.1", port)).ok());
        assert!(listens.is_some(), "no sshd: {}", fs::read_to_string(host.at("sshd.log")).unwrap());
        Some(host)
    }

    pub fn at(&self, name: &str) -> String {
        self.dir.join(name).display().to_string()
    }

    pub fn cmd_port(&self) -> u16 {
        self.ports[0]
    }

    /// Which host key is the known one; empty for none.
    pub fn knows(&self, key: &str) {
        let mut line = String::new();
        if !key.is_empty() {
            let text = fs::read_to_string(self.at(&format!("{key}.pub"))).unwrap();
            line = format!("[127.0.0.1]:{} {text}", self.port);
        }
        fs::write(self.at("known"), line).unwrap();
    }

    /// The user's own ssh configuration: careless, as some are.
    pub fn client(&self, port: u16, key: &str, name: &str) {
        let text = format!(
            "Host gtw\n HostName {name}\n Port {port}\n User {}\n IdentityFile {}\n \
             IdentitiesOnly yes\n UserKnownHostsFile {}\n GlobalKnownHostsFile /dev/null\n \
             StrictHostKeyChecking no\n BatchMode no\n",
            self.user,
            self.at(key),
            self.at("known"),
        );
        fs::write(self.at("client"), text).unwrap();
    }

    pub fn any_port(&self) -> u16 {
        self.port
    }

    /// The command line of the gateway there, without its program.
    pub fn gateway_args(&self) -> Vec<String> {
        let [cmd, data, events] = self.ports.map(|p| p.to_string());
        let (latch, state) = (self.home.latch(), self.home.path().join("there"));
        let words = [
            "--config",
            "/dev/null",
            "--state-dir",
            &state.display().to_string(),
            "--kill-switch-file",
            &latch.display().to_string(),
            "--cmd-port",
            &cmd,
            "--data-port",
            &data,
            "gateway",
            "--events-port",
            &events,
            "--rate",
            "5",
        ]
        .map(str::to_owned);
        words.to_vec()
    }

    /// Writes our configuration, with further lines for `[remote]`, which come
    /// first.
    pub fn configure(&self, more: &str) {
        let [cmd, data, _] = self.ports;
        let mut remote = format!("{more}\n");
        let usual = [
            ("host", "\"gtw\"".to_owned()),
            ("platform", "\"linux-process\"".to_owned()),
            ("ssh_config", format!("\"{}\"", self.at("client"))),
            ("dir", format!("\"{}\"", self.home.path().display())),
            ("interpreter", format!("\"{}\"", binary().display())),
            ("args", format!("{:?}", self.gateway_args())),
            ("modules", "[]".to_owned()),
            ("log", format!("\"{}\"", self.log().display())),
            ("pid_file", format!("\"{}\"", self.pid_file().display())),
            ("cmd_port", cmd.to_string()),
            ("data_port", data.to_string()),
            ("ready_within_s", "60".to_owned()),
        ];
        for (key, value) in usual {
            if !more.lines().any(|line| line.starts_with(&format!("{key} ="))) {
                writeln!(remote, "{key} = {value}").unwrap();
            }
        }
        let text = format!(
            "[[gateway]]\nname = \"gtw\"\nhost = \"127.0.0.1\"\ncmd_port = {cmd}\n\
             data_port = {data}\n[audit]\nsyslog = \"off\"\n[remote]\n{remote}"
        );
        fs::write(self.config(), text).unwrap();
    }

    pub fn config(&self) -> PathBuf {
        self.home.path().join("crs.toml")
    }

    pub fn log(&self) -> PathBuf {
        self.home.path().join("it's a log/gateway log.txt")
    }

    pub fn pid_file(&self) -> PathBuf {
        self.home.path().join("there is/the pid")
    }

    /// `crs remote gateway …`
    pub fn gateway(&self, args: &[&str]) -> Outcome {
        let config = self.config().display().to_string();
        let all = [&["--config", &config, "remote", "gateway"], args].concat();
        self.home.run(&all, LONG)
    }

    /// `crs remote gateway status --json`
    pub fn status(&self) -> Value {
        self.gateway(&["status", "--json"]).json()
    }

    /// The process that stands on record there.
    pub fn pid(&self) -> u32 {
        let status = self.status();
        assert_eq!(status["standing"], "ours", "{status:#}");
        u32::try_from(status["pid"].as_u64().unwrap()).unwrap()
    }

    /// Starts the gateway, which must come about.
    pub fn up(&self) -> u32 {
        let outcome = self.gateway(&["start"]);
        assert_eq!(outcome.code, Some(0), "{outcome:#?}");
        self.pid()
    }

    /// What the audit log says of remote acts.
    pub fn audit(&self) -> String {
        let config = self.config().display().to_string();
        let shown = self.home.run(&["--config", &config, "audit", "show"], LONG);
        assert_eq!(shown.code, Some(0), "{shown:#?}");
        shown.stdout.lines().filter(|line| line.contains("REMOTE_")).fold(
            String::new(),
            |mut all, line| {
                all.push_str(line);
                all.push('\n');
                all
            },
        )
    }
}
