//! The command lines for machines that are not here, word for word.
//!
//! Each file has the arguments of `ssh`, one a line, and then the script that
//! they carry, decoded. `UPDATE_GOLDEN=1` writes them anew; read the difference.

use crs::config::remote::Logon;
use crs::config::{Platform, RemoteSettings};
use crs::mesh::remote::{Ask, Process, quote, script, ssh};
use std::fmt::Write as _;
use std::path::Path;

const MARKER: &str = "crs-0123456789abcdef";

fn asks(platform: Platform) -> Vec<(&'static str, Ask)> {
    let start = match platform {
        Platform::Windows => "639026007356640000",
        _ => "5d1f0c2e-0a8b-4f3e-9d55-0123456789ab:4711",
    };
    let process = Process { pid: 688, start: start.to_owned() };
    vec![
        ("look", Ask::Look),
        ("inspect", Ask::Inspect),
        ("locate", Ask::Locate),
        ("start", Ask::Start),
        ("note", Ask::Note(Some(process.clone()))),
        ("note-stopped", Ask::Note(None)),
        ("stop", Ask::Stop { process, hard: false }),
        ("logs", Ask::Logs { lines: 20, follow: false }),
        ("logs-follow", Ask::Logs { lines: 20, follow: true }),
    ]
}

fn settings(platform: Platform) -> RemoteSettings {
    let mut remote = RemoteSettings { host: "gtw".to_owned(), ..RemoteSettings::of(platform) };
    if platform != Platform::Windows {
        "/opt/mt5-crs".clone_into(&mut remote.dir);
        "/opt/mt5-crs/venv/bin/python".clone_into(&mut remote.interpreter);
        "/opt/mt5-crs/it's a gateway.py".clone_into(&mut remote.script);
    }
    if platform == Platform::LinuxProcess {
        "/var/log/mt5-crs/gateway.log".clone_into(&mut remote.log);
        "/run/mt5-crs/gateway.pid".clone_into(&mut remote.pid_file);
        remote.args = vec!["--name".to_owned(), "a 'b' $c".to_owned()];
    }
    remote
}

/// Base64 of UTF-16, read back by other means than it was written.
pub fn decoded(coded: &str) -> String {
    let digit = |c: u8| match c {
        b'A'..=b'Z' => c - b'A',
        b'a'..=b'z' => c - b'a' + 26,
        b'0'..=b'9' => c - b'0' + 52,
        b'+' => 62,
        b'/' => 63,
        _ => panic!("{c} is no digit of base64"),
    };
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for c in coded.trim_end_matches('=').bytes() {
        bits = (bits << 6) | u32::from(digit(c));
        held += 6;
        if held >= 8 {
            held -= 8;
            bytes.push((bits >> held).to_le_bytes()[0]);
        }
    }
    let units: Vec<u16> = bytes.chunks_exact(2).map(|b| u16::from_le_bytes([b[0], b[1]])).collect();
    String::from_utf16(&units).unwrap()
}

/// The arguments of `ssh`, and the script that the last of them carries.
fn shown(remote: &RemoteSettings, ask: &Ask) -> String {
    let command = script::command(remote, ask, MARKER);
    let mut words = ssh::arguments(remote, &command);
    let last = words.pop().unwrap();
    let mut text = String::new();
    for word in &words {
        writeln!(text, "{word}").unwrap();
    }
    let wanted = script::text(remote, ask, MARKER);
    if remote.platform == Platform::Windows {
        let tokens: Vec<&str> = last.split(' ').collect();
        let (coded, before) = tokens.split_last().unwrap();
        assert_eq!(before.last(), Some(&"-EncodedCommand"));
        assert_eq!(decoded(coded), wanted);
        for token in before {
            writeln!(text, "  {token}").unwrap();
        }
    } else {
        assert_eq!(last, format!("exec /bin/sh -c {}", quote::posix(&wanted)));
        text.push_str("  exec\n  /bin/sh\n  -c\n");
    }
    text.push_str("-----\n");
    text.push_str(&wanted);
    text
}

#[test]
fn the_command_lines_are_golden() {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/remote/golden");
    let platforms = [Platform::Windows, Platform::LinuxSystemd, Platform::LinuxProcess];
    for platform in platforms {
        for (name, ask) in asks(platform) {
            let text = shown(&settings(platform), &ask);
            let path = dir.join(format!("{}-{name}.txt", platform.word()));
            if std::env::var_os("UPDATE_GOLDEN").is_some() {
                std::fs::write(&path, &text).unwrap();
            }
            let wanted = std::fs::read_to_string(&path).unwrap_or_default();
            assert_eq!(text, wanted, "{}", path.display());
        }
    }
}

/// Every script is one that a shell can read.
#[test]
fn a_shell_reads_every_script_of_linux() {
    for platform in [Platform::LinuxSystemd, Platform::LinuxProcess] {
        for (name, ask) in asks(platform) {
            let script = script::text(&settings(platform), &ask, MARKER);
            let out =
                std::process::Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
            let said = String::from_utf8_lossy(&out.stderr);
            assert!(out.status.success() && said.is_empty(), "{name}: {said}\n{script}");
        }
    }
}

/// `cmd.exe`, the usual shell of OpenSSH on Windows, takes no more than 8,191.
#[test]
fn the_longest_settings_fit_the_shortest_command_line() {
    let path = |n: usize| format!(r"C:\{}", "x".repeat(n - 3));
    let mut remote = settings(Platform::Windows);
    // As much as the configuration takes: 1,000 with the log's path twice.
    remote.dir = path(200);
    remote.interpreter = path(200);
    remote.script = path(200);
    remote.log = path(150);
    remote.args = vec!["y".repeat(99), "z".to_owned()];
    remote.pid_file = path(200);
    remote.modules = vec!["m".repeat(60); 16];
    remote.unit = "u".repeat(100);
    remote.logon = Logon::S4u;
    for (name, ask) in asks(Platform::Windows) {
        let length = script::command(&remote, &ask, MARKER).len();
        assert!(length < 8_191, "{name}: {length}");
    }
}
