//! Walks the module tree and judges every file of it.

use crate::rooms::{self, IMPURE};
use crate::scan::{Scan, scan};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// Lines of the longest file allowed.
const MAX_LINES: usize = 500;
/// Lines of the front door.
const MAX_MAIN: usize = 25;

/// Everything that is wrong with the file of `module`.
fn judge(module: &[String], shown: &str, found: &Scan) -> Vec<String> {
    let Some(room) = rooms::of(module) else {
        let why = "is in no room of the table: add the room to the table and to ARCHITECTURE.md";
        return if module.is_empty() { Vec::new() } else { vec![format!("{shown}: {why}")] };
    };
    let mut wrong = Vec::new();
    for named in &found.named {
        let at = format!("{shown}:{}: {}", named.line, room.path);
        if matches!(named.path.as_str(), "crate" | "crate::*") {
            wrong.push(format!("{at} names the whole crate: name the room"));
        }
        if let Some(target) = named.path.strip_prefix("crate::")
            && target != "*"
            && !rooms::may(room, target)
        {
            wrong.push(format!("{at} may not import {target}"));
        }
        let under = |base: &str| {
            named.path.strip_prefix(base).is_some_and(|r| r.is_empty() || r.starts_with("::"))
        };
        let ban = IMPURE.iter().find(|(path, _)| room.pure && under(path));
        if let Some((path, what)) = ban {
            wrong.push(format!("{at} is pure and may not touch {what} ({path})"));
        }
    }
    wrong
}

fn too_long(shown: &str, source: &str) -> Option<String> {
    let (lines, limit) =
        (source.lines().count(), if shown == "src/main.rs" { MAX_MAIN } else { MAX_LINES });
    (lines > limit).then(|| format!("{shown}: {lines} lines, at most {limit}"))
}

struct Walk {
    root: PathBuf,
    seen: BTreeSet<PathBuf>,
    wrong: Vec<String>,
}

impl Walk {
    fn file(&mut self, module: &[String], file: &Path, test: bool) {
        let shown = file.strip_prefix(&self.root).unwrap().display().to_string();
        self.seen.insert(file.to_path_buf());
        let source = fs::read_to_string(file).unwrap();
        let found = match scan(module, &source) {
            Ok(found) => found,
            Err(e) => return self.wrong.push(format!("{shown}: does not parse: {e}")),
        };
        if !test {
            self.wrong.extend(judge(module, &shown, &found));
        }
        let root_file = matches!(shown.as_str(), "src/lib.rs" | "src/main.rs");
        let is_mod = root_file || file.file_name().is_some_and(|n| n == "mod.rs");
        let dir =
            if is_mod { file.parent().unwrap().to_path_buf() } else { file.with_extension("") };
        for child in found.children {
            let flat = dir.join(format!("{}.rs", child.name));
            let nested = dir.join(&child.name).join("mod.rs");
            let path: Vec<String> = module.iter().cloned().chain([child.name.clone()]).collect();
            match [flat, nested].into_iter().find(|p| p.exists()) {
                Some(next) => self.file(&path, &next, test || child.test),
                None => self.wrong.push(format!("{shown}: no file for mod {}", child.name)),
            }
        }
    }
}

fn rust_files(dir: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in fs::read_dir(dir).into_iter().flatten() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            out.extend(rust_files(&path));
        } else if path.extension().is_some_and(|e| e == "rs") {
            out.push(path);
        }
    }
    out.sort();
    out
}

#[test]
fn every_room_keeps_to_its_imports() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut walk = Walk { root: root.clone(), seen: BTreeSet::new(), wrong: Vec::new() };
    walk.file(&[], &root.join("src/lib.rs"), false);
    walk.file(&[], &root.join("src/main.rs"), false);
    for orphan in rust_files(&root.join("src")).iter().filter(|f| !walk.seen.contains(*f)) {
        walk.wrong.push(format!("{}: no module reaches this file", orphan.display()));
    }
    assert!(walk.seen.len() > 20, "only {} files were read", walk.seen.len());
    assert!(walk.wrong.is_empty(), "\n{}\n", walk.wrong.join("\n"));
}

#[test]
fn no_file_is_too_long() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let dirs = ["src", "tests", "benches", "fuzz/checks"].map(|d| rust_files(&root.join(d)));
    let wrong: Vec<String> = dirs
        .iter()
        .flatten()
        .filter_map(|f| {
            let shown = f.strip_prefix(&root).unwrap().display().to_string();
            too_long(&shown, &fs::read_to_string(f).unwrap())
        })
        .collect();
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// What is wrong with `source`, if it were the file of `module`.
fn verdict(module: &str, source: &str) -> Vec<String> {
    let module: Vec<String> = module.split("::").map(str::to_owned).collect();
    judge(&module, "x.rs", &scan(&module, source).unwrap())
}

#[test]
fn a_forbidden_import_is_found_in_every_form() {
    for source in [
        "use crate::link::Req;",
        "use crate::{domain::Text, link::Req};",
        "use super::super::link::Req;",
        "fn f() { crate::link::connect(); }",
        "fn f() -> crate::link::Req { todo() }",
        "fn f() { println!(\"{}\", crate::link::NAME); }",
        "mod inner { use super::super::super::link as l; }",
        "use crate as c; fn f() { c::link::connect(); }",
        "impl crate::link::Sink for X {}",
        "use crate::*;",
    ] {
        assert_ne!(verdict("gateway::book", source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn a_pure_room_touches_no_clock_file_or_socket() {
    for source in [
        "use std::time::Instant;",
        "fn f() { std::time::SystemTime::now(); }",
        "use chrono::Utc; fn f() { Utc::now(); }",
        "use chrono::Utc as Zulu; fn f() { Zulu::now(); }",
        "use std::{fs, io}; fn f() { fs::read(\"x\"); }",
        "use std::fs as disk;",
        "use std::net::TcpStream;",
        "use std::os::unix::net::UnixStream;",
        "fn f() { zmq::Context::new(); }",
        "use crate::host::clock;",
        "use tui_logger::TuiLoggerWidget;",
        "use std::collections::HashMap;",
        "fn f() { let _ = std::env::var(\"HOME\"); }",
    ] {
        for module in ["state", "state::lag", "tui::view::ticks", "control::guard", "domain::x"] {
            assert_ne!(verdict(module, source), Vec::<String>::new(), "{module}: {source}");
        }
        assert_eq!(verdict("cli::doctor", source), Vec::<String>::new(), "{source}");
    }
}

#[test]
fn what_the_table_grants_passes() {
    for (module, source) in [
        ("state", "use crate::domain::Text; use std::time::Duration; use chrono::Utc;"),
        ("state::lag", "use super::State; use crate::event::Event;"),
        ("gateway::book", "#[cfg(test)] mod tests { use crate::link::Req; }"),
        ("gateway::book", "#[cfg(test)] use crate::link::Req;"),
        ("gateway::book", "/// [`crate::link`] is the other end.\nfn f() {}"),
        ("gateway::book", "mod link; use self::link::X; use super::clerk::Y;"),
        ("link::req", "pub(crate) fn f() {} pub(super) struct X;"),
        ("tui::run", "use crate::feeds::Sequencer;"),
        ("cli::kill", "use crate::tui::run;"),
    ] {
        assert_eq!(verdict(module, source), Vec::<String>::new(), "{module}: {source}");
    }
    let feeds = "use crate::feeds::Sequencer;";
    assert_ne!(verdict("tui::input", feeds), Vec::<String>::new());
    assert_ne!(verdict("gateway", "#[cfg(not(test))] use crate::link::Req;"), Vec::<String>::new());
    assert_ne!(verdict("attic", ""), Vec::<String>::new(), "a room that is not in the table");
}

#[test]
fn a_long_file_is_found() {
    assert_eq!(too_long("src/x.rs", &"\n".repeat(MAX_LINES)), None);
    assert!(too_long("src/x.rs", &"\n".repeat(MAX_LINES + 1)).is_some());
    assert!(too_long("src/main.rs", &"\n".repeat(MAX_MAIN + 1)).is_some());
}
