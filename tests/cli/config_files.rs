//! Configuration files, good and bad, with the errors they must give.
//!
//! Beside each `invalid/NAME.toml` stands `NAME.txt`: every problem, in
//! order. `UPDATE_GOLDEN=1` writes them anew; read the difference.

use super::common::sandbox::Sandbox;
use crs::config::{Calls, Flags, Loaded, SyslogChoice, load::load_with};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

const LIMIT: Duration = Duration::from_secs(20);

fn fixtures(kind: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(kind);
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> =
        entries.filter(|p| p.extension().is_some_and(|e| e == "toml")).collect();
    files.sort();
    assert!(files.len() >= 3, "fixtures are missing");
    files
}

fn load(file: &Path) -> Loaded {
    load_with(&Flags { config: Some(file.to_owned()), ..Flags::default() }, &|_| None)
}

#[test]
fn good_files_have_no_problems() {
    for file in fixtures("valid") {
        let problems = load(&file).problems;
        assert!(problems.is_empty(), "{}: {problems:#?}", file.display());
    }
}

#[test]
fn bad_files_name_every_problem() {
    for file in fixtures("invalid") {
        let problems = load(&file).problems;
        let dir = format!("{}/", file.parent().unwrap().display());
        let shown: String = problems.iter().map(|p| format!("{p}\n").replace(&dir, "")).collect();
        let golden = file.with_extension("txt");
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            std::fs::write(&golden, &shown).unwrap();
        }
        let wanted = std::fs::read_to_string(&golden).unwrap_or_default();
        assert!(!wanted.is_empty(), "{} has no golden errors", file.display());
        assert_eq!(shown, wanted, "{}", file.display());
    }
}

/// As an operator meets them: each with file, line and column, and status 78.
#[test]
fn bad_files_are_78_and_each_problem_has_its_place() {
    let home = Sandbox::new();
    for file in fixtures("invalid") {
        let mut check = home.crs(&["--config", file.to_str().unwrap(), "config", "check"]);
        // What the environment says would hide what the file says; to check
        // is to read nothing but the file.
        let outcome = check.env_remove("KILL_SWITCH_FILE").output().unwrap();
        assert_eq!(outcome.status.code(), Some(78), "{outcome:#?}");
        let said = [outcome.stdout, outcome.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        let golden = std::fs::read_to_string(file.with_extension("txt")).unwrap();
        let name = file.file_name().unwrap().to_str().unwrap();
        for problem in golden.lines() {
            assert!(said.contains(problem), "no {problem:?}: {said}");
            let Some(rest) = problem.strip_prefix(name) else {
                assert!(problem.starts_with("    next: "), "{name}: {problem}");
                continue;
            };
            let place: Vec<&str> = rest.splitn(4, ':').collect();
            let [_, line, column, cause] = place[..] else { panic!("{name}: {problem}") };
            let counted = |n: &str| n.parse::<u32>().is_ok_and(|n| n > 0);
            assert!(counted(line) && counted(column) && cause.len() > 5, "{name}: {problem}");
        }
    }
}

#[test]
fn what_stands_in_the_files_place_is_78_by_name_and_an_empty_file_is_none() {
    let home = Sandbox::new();
    let at = |name: &str| home.path().join(name);
    fs::create_dir(at("directory")).unwrap();
    std::os::unix::fs::symlink(at("nowhere"), at("dangling")).unwrap();
    fs::write(at("large"), vec![b'#'; 2 << 20]).unwrap();
    for (name, cause) in [
        ("directory", "is not a file"),
        ("dangling", "can't be read: No such file"),
        ("absent", "can't be read: No such file"),
        ("large", "is larger than 1 MiB"),
    ] {
        let path = at(name).display().to_string();
        let outcome = home.run(&["--config", &path, "config", "check"], LIMIT);
        assert_eq!(outcome.code, Some(78), "{name}: {outcome:#?}");
        let said = outcome.stdout + &outcome.stderr;
        assert!(said.contains(&format!("{path}: {cause}")), "{name}: {said}");
        assert!(said.contains("next: "), "{name}: {said}");
    }
    fs::write(at("empty"), "").unwrap();
    let path = at("empty").display().to_string();
    assert_eq!(home.run(&["--config", &path, "config", "check"], LIMIT).code, Some(0));
    // The usual place counts as much as a named one.
    fs::create_dir_all(at("home/.config/crs/config.toml")).unwrap();
    let usual = home.run(&["config", "check"], LIMIT);
    assert_eq!(usual.code, Some(78), "{usual:#?}");
}

#[test]
fn the_full_file_reaches_every_setting() {
    let full = fixtures("valid").into_iter().find(|f| f.ends_with("full.toml")).unwrap();
    let Loaded { settings, origins, .. } = load(&full);
    let [first, spare] = &settings.gateways[..] else { panic!("{:?}", settings.gateways) };
    assert_eq!(first.cmd.to_string(), "gateway.example:6555");
    assert_eq!(spare.data.to_string(), "[::1]:5556");
    assert_eq!(settings.paper.balance.text(2), "25000.50");
    assert_eq!(settings.feed.max_message_bytes, 65_536);
    assert!(settings.kill.flatten_on_external);
    let journal = SyslogChoice::At("/run/systemd/journal/dev-log".into());
    assert_eq!(settings.audit.syslog, journal);
    assert_eq!(settings.audit.publish.unwrap().to_string(), "127.0.0.1:7558");
    let alarms = settings.alarms;
    assert_eq!((alarms.bell, alarms.notify), (Calls::Critical, Calls::All));
    assert_eq!(alarms.on_alert, ["/usr/local/bin/page", "--now"]);
    let rules = alarms.rules;
    assert_eq!((rules.margin_level_warn, rules.margin_level_alarm), (300, 0));
    assert_eq!((rules.feed_silent_s, rules.quote_stale_s), (60, 5));
    let eodhd = settings.eodhd;
    assert_eq!(eodhd.base_url, "http://127.0.0.1:8000/eodhd");
    assert_eq!((eodhd.timeout_s, eodhd.max_age_h), (5, 0));
    assert_eq!(eodhd.token_file.as_deref(), Some(Path::new("/etc/crs/eodhd.token")));
    assert_eq!(eodhd.ca_file.as_deref(), Some(Path::new("/etc/ssl/own.pem")));
    let hub = settings.hub;
    assert_eq!((hub.host.as_str(), hub.port, hub.timeout_ms), ("hub.example", 6_001, 250));
    assert!(origins.of("gateway[0].cmd_port").to_string().ends_with("full.toml:7:12"));
    assert!(!origins.of("gateway[1].cmd_port").is_configured());
}

#[test]
fn the_example_profile_is_sound() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/profile-mesh.toml");
    let loaded = load(&file);
    assert_eq!(loaded.problems, []);
    assert_eq!(loaded.settings.gateways.len(), 1);
}
