//! The shipped unit file.

use crate::common::sandbox::{Sandbox, binary};
use std::fs;
use std::path::Path;
use std::process::Command;

fn unit() -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/crs-sentinel.service");
    fs::read_to_string(path).unwrap()
}

#[test]
fn it_sees_the_common_latch_and_little_else() {
    let text = unit();
    let settings: Vec<&str> = text.lines().filter(|line| !line.starts_with('#')).collect();
    for line in [
        "PrivateTmp=no",
        "Restart=on-failure",
        "NoNewPrivileges=yes",
        "ProtectSystem=strict",
        "ReadWritePaths=/var/lib/crs",
        "EnvironmentFile=/etc/crs/sentinel.env",
    ] {
        assert!(settings.contains(&line), "{line}");
    }
    let start = settings.iter().find_map(|line| line.strip_prefix("ExecStart=")).unwrap();
    assert!(!start.contains("--live"), "it ships as a dry run");
    // The arguments are those of this program.
    let home = Sandbox::new();
    let args: Vec<&str> = start.split(' ').skip(1).chain(["--help"]).collect();
    let help = home.crs(&args).output().unwrap();
    assert!(help.status.success(), "{help:?}");
}

#[test]
fn systemd_finds_nothing_wrong_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("crs-sentinel.service");
    // It wants a program that is there.
    let text = unit().replace("/usr/local/bin/crs", &binary().display().to_string());
    fs::write(&path, text).unwrap();
    let Ok(said) = Command::new("systemd-analyze").arg("verify").arg(&path).output() else {
        return eprintln!("SKIPPED: no systemd-analyze on this machine");
    };
    let words = [said.stdout, said.stderr].concat();
    let words = String::from_utf8_lossy(&words).into_owned();
    let ours: Vec<&str> = words.lines().filter(|line| line.contains("crs-sentinel")).collect();
    assert!(said.status.success() && ours.is_empty(), "{words}");
}
