//! Every broken file of `tests/fixtures/{keymap,theme}/invalid` is refused
//! with the words beside it. To accept new words, run with
//! `CRS_ACCEPT=1` and read the diff.

use crs::tui::keymap::Keymap;
use crs::tui::theme::{Charset, Depth, Theme};
use std::fs;
use std::path::Path;

fn golden(kind: &str, fault_of: impl Fn(&str, &str) -> Option<String>) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(kind);
    let mut files: Vec<_> =
        fs::read_dir(dir.join("invalid")).unwrap().map(|e| e.unwrap().path()).collect();
    files.retain(|f| f.extension().is_some_and(|e| e == "toml"));
    files.sort();
    assert!(files.len() > 10, "{kind}: only {} fixtures", files.len());
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_name().unwrap().to_str().unwrap();
        let told = fault_of(name, &fs::read_to_string(&file).unwrap());
        let told = format!("{}\n", told.unwrap_or_else(|| panic!("{name} is accepted")));
        let beside = file.with_extension("txt");
        if std::env::var_os("CRS_ACCEPT").is_some() {
            fs::write(&beside, &told).unwrap();
        }
        let expected = fs::read_to_string(&beside).unwrap_or_default();
        if told != expected {
            wrong.push(format!("{name}\n  told     {told}  expected {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_broken_keymap_is_refused_with_its_place() {
    golden("keymap", |name, text| Keymap::parse(name, text).err().map(|f| f.to_string()));
}

#[test]
fn every_broken_theme_is_refused_with_its_place() {
    golden("theme", |name, text| {
        Theme::parse(name, text, Depth::True, Charset::Unicode).err().map(|f| f.to_string())
    });
}
