//! What no text file of the project may hold.

use std::fs;
use std::path::{Path, PathBuf};

/// Cut in two, so that this file does not hold what it looks for.
const BANNED: &[(&str, &str, &str)] = &[
    ("TO", "DO", "finish it, or write down why it is not done in the README"),
    ("FIX", "ME", "fix it"),
    ("/wo", "rk/", "a path of one machine"),
    ("/fa", "rm/", "a path of one machine"),
    ("/ro", "ot/", "a path of one machine"),
    ("dbg", "!(", "left over from debugging"),
];

/// File names and endings that hold text.
const TEXT: &[&str] = &["rs", "md", "toml", "py", "sh", "yml", "json", "tape", "service", "run"];

fn offences(shown: &str, text: &str) -> Vec<String> {
    let mut wrong = Vec::new();
    for (n, line) in text.lines().enumerate() {
        for (a, b, why) in BANNED {
            let word = format!("{a}{b}");
            if line.contains(&word) {
                wrong.push(format!("{shown}:{}: {word}: {why}", n + 1));
            }
        }
    }
    wrong
}

fn text_files(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() {
            if !matches!(name.as_str(), "target" | ".git") {
                out.extend(text_files(&path));
            }
        } else if TEXT.iter().any(|ext| name.rsplit('.').next() == Some(*ext)) {
            out.push(path);
        }
    }
    out
}

#[test]
fn nothing_unfinished_and_no_path_of_one_machine() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let files = text_files(&root);
    assert!(files.len() > 20, "only {} files were read", files.len());
    let wrong: Vec<String> = files
        .iter()
        .flat_map(|f| {
            let shown = f.strip_prefix(&root).unwrap().display().to_string();
            offences(&shown, &String::from_utf8_lossy(&fs::read(f).unwrap()))
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn an_offence_is_found() {
    for (a, b, _) in BANNED {
        assert_eq!(offences("x.md", &format!("first\nsee {a}{b}x\n")).len(), 1, "{a}{b}");
    }
    assert!(offences("x.md", "to do, fix me, network/, a worked example").is_empty());
}
