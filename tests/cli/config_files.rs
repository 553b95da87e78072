//! Configuration files, good and bad, with the errors they must give.
//!
//! Beside each `invalid/NAME.toml` stands `NAME.txt`: every problem, in
//! order. `UPDATE_GOLDEN=1` writes them anew; read the difference.

use crs::config::{Flags, Loaded, load::load_with};
use std::path::{Path, PathBuf};

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
