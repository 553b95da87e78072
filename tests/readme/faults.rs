//! The table of faults in `tests/README.md`: every test that it names is
//! there, is a test, and runs; every row has one.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Rows that must have a test. What is not among them is shown elsewhere, or
/// by no test yet.
const ROWS: [u32; 24] =
    [1, 2, 5, 6, 7, 8, 9, 10, 12, 14, 16, 17, 18, 19, 20, 21, 28, 30, 38, 39, 42, 43, 44, 45];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Row numbers and the names in their last column.
fn table(text: &str) -> BTreeMap<u32, Vec<String>> {
    let mut rows = BTreeMap::new();
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        let Some(row) = cells.first().and_then(|n| n.parse().ok()) else { continue };
        let names = cells.last().copied().unwrap_or_default();
        let names = names.split('`').skip(1).step_by(2).map(str::to_owned).collect();
        assert!(rows.insert(row, names).is_none(), "row {row} stands twice");
    }
    rows
}

/// What is wrong with a name; none when it is a test that runs.
fn fault(name: &str) -> Option<String> {
    let Some((file, test)) = name.split_once(".rs::") else {
        return Some(format!("{name} is no file::test"));
    };
    let below: PathBuf = if file.starts_with("src/") { "".into() } else { "tests".into() };
    let Ok(source) = fs::read_to_string(root().join(below).join(format!("{file}.rs"))) else {
        return Some(format!("{name}: no such file"));
    };
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let Some(at) = lines.iter().position(|l| l.starts_with(&format!("fn {test}("))) else {
        return Some(format!("{name}: no such function"));
    };
    let attributes: Vec<_> = lines[..at].iter().rev().take_while(|l| l.starts_with("#[")).collect();
    let runs = attributes.contains(&&"#[test]") && !attributes.iter().any(|a| a.contains("ignore"));
    (!runs).then(|| format!("{name}: not a test, or one that is ignored"))
}

#[test]
fn every_fault_has_a_test_and_every_test_named_is_one() {
    let rows = table(&fs::read_to_string(root().join("tests/README.md")).unwrap());
    assert_eq!(rows.keys().copied().collect::<Vec<_>>(), ROWS);
    let bare: Vec<_> = rows.iter().filter(|(_, names)| names.is_empty()).collect();
    assert!(bare.is_empty(), "rows without a test: {bare:?}");
    let wrong: Vec<String> = rows.values().flatten().filter_map(|name| fault(name)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_test_in_the_life_of_a_decision_is_one() {
    let text = fs::read_to_string(root().join("tests/LIFECYCLE.md")).unwrap();
    let names: Vec<&str> = text.split('`').filter(|name| name.contains(".rs::")).collect();
    assert!(names.len() > 30, "{names:?}");
    let wrong: Vec<String> = names.iter().filter_map(|name| fault(name)).collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn a_name_that_is_none_is_found() {
    let this = "readme/faults.rs::a_name_that_is_none_is_found";
    let found = table(&format!("| row | x |\n|---|---|\n| 3 | `[]` lies | `{this}`, `b` |\n"));
    assert_eq!(found, BTreeMap::from([(3, vec![this.to_owned(), String::from("b")])]));
    assert_eq!(fault(this), None);
    for name in [
        "b",
        "readme/nowhere.rs::a",
        "readme/faults.rs::a_name_that_is",
        "readme/faults.rs::fault",
        "keys/child.rs::console",
    ] {
        assert!(fault(name).is_some(), "{name}");
    }
}
