//! Market data that lie beside the project, where they do.

use std::env;
use std::io::Write as _;
use std::path::{Path, PathBuf};

/// One file of `CRS_TEST_DATA`, else of `../shared/data` seen from the
/// project's root. A test without it is skipped, and that is said past the
/// harness, which would swallow it.
pub fn file(name: &str) -> Option<PathBuf> {
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data");
    let path = env::var_os("CRS_TEST_DATA").map_or_else(beside, PathBuf::from).join(name);
    if path.is_file() {
        return Some(path);
    }
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let words = format!("\nSKIPPED {test}: no {} (CRS_TEST_DATA)\n", path.display());
    let _ = std::io::stderr().write_all(words.as_bytes());
    None
}
