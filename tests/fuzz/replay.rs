//! Files and mutations, held to the checks of their target.

use crate::checks::{TARGETS, run};
use crate::mutate::{Random, mutated};
use std::fmt::Write as _;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

/// Mutations of each target, unless `CRS_FUZZ_CASES` says how many.
const CASES: u64 = 2_000;

fn below_fuzz(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz").join(name)
}

/// The files of a directory, in the order of their names; none without it.
fn files(dir: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let entries = std::fs::read_dir(dir).into_iter().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), std::fs::read(path).unwrap())).collect()
}

fn hex(data: &[u8]) -> String {
    data.iter().fold(String::new(), |mut hex, b| {
        let _ = write!(hex, "{b:02x}");
        hex
    })
}

/// Runs one check; where it fails, which input it was.
fn hold(name: &str, data: &[u8], source: &str) -> bool {
    catch_unwind(|| run(name, data)).unwrap_or_else(|_| {
        panic!("{name} fails at {source}: {:?}\nhex {}", String::from_utf8_lossy(data), hex(data))
    })
}

#[test]
fn every_seed_and_every_input_that_once_failed_holds() {
    for (name, _) in TARGETS {
        let seeds = files(&below_fuzz("corpus").join(name));
        let taken: Vec<bool> = seeds
            .iter()
            .map(|(path, data)| hold(name, data, &path.display().to_string()))
            .collect();
        assert!(taken.contains(&true), "{name}: its decoder takes none of its seeds");
        for (path, data) in files(&below_fuzz("regressions").join(name)) {
            hold(name, &data, &path.display().to_string());
        }
    }
}

#[test]
fn mutations_of_the_seeds_hold() {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let cases = number("CRS_FUZZ_CASES").unwrap_or(CASES);
    let first = number("CRS_FUZZ_SEED").unwrap_or(1);
    for (name, _) in TARGETS {
        let seeds: Vec<Vec<u8>> = ["corpus", "regressions"]
            .into_iter()
            .flat_map(|kind| files(&below_fuzz(kind).join(name)))
            .map(|(_, data)| data)
            .collect();
        for seed in first..first + cases {
            let data = mutated(&seeds, &mut Random::new(seed));
            let source = format!("CRS_FUZZ_SEED={seed} CRS_FUZZ_CASES=1");
            hold(name, &data, &source);
        }
    }
}

#[test]
fn targets_files_and_manifest_agree() {
    let manifest = std::fs::read_to_string(below_fuzz("Cargo.toml")).unwrap();
    let names: Vec<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    for name in &names {
        assert!(manifest.contains(&format!("name = \"{name}\"\n")), "{name} is no [[bin]]");
        let source = std::fs::read_to_string(below_fuzz(&format!("fuzz_targets/{name}.rs")));
        assert!(source.unwrap().contains(&format!("run(\"{name}\", data)")), "{name}");
    }
    assert_eq!(manifest.matches("[[bin]]").count(), names.len());
    for kind in ["fuzz_targets", "corpus", "regressions"] {
        for entry in std::fs::read_dir(below_fuzz(kind)).unwrap() {
            let stem = entry.unwrap().path().with_extension("");
            let stem = stem.file_name().unwrap().to_string_lossy().into_owned();
            assert!(names.contains(&stem.as_str()), "{kind}/{stem} belongs to no target");
        }
    }
}
