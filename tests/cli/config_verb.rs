//! `crs config`

use super::common::sandbox::Sandbox;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

#[test]
fn init_writes_once_and_for_this_user_alone() {
    let home = Sandbox::new();
    let path = home.path().join("home/.config/crs/config.toml");
    let first = home.run(&["config", "init"], LIMIT);
    assert_eq!(first.code, Some(0), "{first:#?}");
    assert!(first.stdout.contains(path.to_str().unwrap()));
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::write(&path, "[screen]\nfps = 7\n").unwrap();
    let second = home.run(&["config", "init"], LIMIT);
    assert_eq!(second.code, Some(1), "{second:#?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "[screen]\nfps = 7\n");
    let shown = home.run(&["config", "show"], LIMIT);
    let row = shown.stdout.lines().find(|l| l.starts_with("screen.fps")).unwrap();
    assert!(row.contains("= 7") && row.ends_with("config.toml:2:7"), "{row}");
}

#[test]
fn show_names_the_source_of_every_value() {
    let home = Sandbox::new();
    let args = ["--cmd-port", "6001", "--theme", "mono", "config", "show", "--json"];
    let outcome = home.run(&args, LIMIT);
    assert_eq!(outcome.code, Some(0), "{outcome:#?}");
    let json = outcome.json();
    assert_eq!(json["settings"]["gateways"][0]["cmd"], "127.0.0.1:6001");
    assert_eq!(json["origins"]["gateway[0].cmd_port"]["name"], "--cmd-port");
    assert_eq!(json["origins"]["screen.theme"]["from"], "flag");
    assert_eq!(json["origins"]["latch.file"]["name"], "KILL_SWITCH_FILE");
    assert_eq!(json["file"], serde_json::Value::Null);
}

#[test]
fn every_setting_is_shown_under_the_name_the_file_gives_it() {
    let home = Sandbox::new();
    let shown = home.run(&["config", "show"], LIMIT).stdout;
    let named: Vec<&str> = shown.lines().filter_map(|l| l.split(" = ").next()).collect();
    let mut table = String::new();
    for line in crs::config::template::TEXT.lines() {
        let line = line.strip_prefix('#').unwrap_or(line);
        if let Some(name) = line.strip_prefix('[') {
            table = format!("{}.", name.trim_matches(['[', ']']));
        } else if let Some((key, _)) = line.split_once(" = ").filter(|(k, _)| !k.contains(' ')) {
            let key = format!("{table}{key}").replace("gateway.", "gateway[0].");
            assert!(named.contains(&key.as_str()), "{key} is not shown:\n{shown}");
        }
    }
}

#[test]
fn check_reports_as_a_document_too() {
    let home = Sandbox::new();
    assert_eq!(home.run(&["config", "check"], LIMIT).code, Some(0));
    let file = home.path().join("bad.toml");
    fs::write(&file, "screen = 1\n").unwrap();
    let args = ["--config", file.to_str().unwrap(), "config", "check", "--json"];
    let outcome = home.run(&args, LIMIT);
    assert_eq!(outcome.code, Some(78));
    assert_eq!(outcome.json()["problems"][0]["at"]["line"], 1);
}

#[test]
fn a_user_without_a_home_has_directories_too() {
    let home = Sandbox::new();
    let mut command = home.crs(&["config", "show", "--json"]);
    for name in ["HOME", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "XDG_DATA_HOME", "USER"] {
        command.env_remove(name);
    }
    let output = command.output().unwrap();
    assert!(output.status.success(), "{output:?}");
    let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    for dir in ["state_dir", "config_dir"] {
        assert!(json["settings"][dir].as_str().unwrap().starts_with('/'), "{json:#}");
    }
}
