//! Commands that see small file systems of their own: a user and mount
//! namespace that ends with them, and that nobody else sees.
//!
//! Needs `unshare` and a kernel that lets a user make namespaces. Where that
//! is not so the test fails and says so, unless `CRS_TEST_SKIP_NAMESPACES=1`
//! allows the skip.

use std::io::Write;
use std::process::Command;

/// What a place of tests may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// Anybody's: file systems in memory only.
    User,
    /// Root's: block devices too.
    Root,
}

/// What stands before a command that is to see what `script` mounts; none
/// only when that may be skipped. The process keeps its id.
pub fn inside(rights: Rights, script: &str) -> Option<Vec<String>> {
    let words = words(rights, script);
    let (program, rest) = words.split_first().unwrap();
    let why = match Command::new(program).args(rest).arg("true").output() {
        Ok(out) if out.status.success() => return Some(words),
        Ok(out) => String::from_utf8_lossy(&out.stderr).trim().to_owned(),
        Err(e) => e.to_string(),
    };
    let test = std::thread::current().name().unwrap_or_default().to_owned();
    let skip = std::env::var_os("CRS_TEST_SKIP_NAMESPACES").is_some_and(|v| v == "1");
    // What only root can do is nobody's fault; it is said all the same.
    assert!(
        skip || rights == Rights::Root,
        "no file system of one's own: {why}\nlet users make namespaces, or set \
         CRS_TEST_SKIP_NAMESPACES=1 to go without these tests"
    );
    // Past the capture of the test runner: a skip is never silent.
    let _ = writeln!(std::io::stderr(), "\nSKIPPED {test}: no file system of its own: {why}");
    None
}

fn words(rights: Rights, script: &str) -> Vec<String> {
    let user = (rights == Rights::User).then_some("--map-root-user");
    let script = format!("set -e; {script}; exec \"$@\"");
    let rest = ["--mount", "--propagation", "private", "sh", "-c", &script, "sh"];
    let words = ["unshare"].into_iter().chain(user).chain(rest);
    words.map(str::to_owned).collect()
}

/// What stands before a command that is to see what process `pid` sees.
pub fn beside(pid: u32) -> Vec<String> {
    let at = pid.to_string();
    let words = ["nsenter", "--target", &at, "--user", "--mount", "--preserve-credentials"];
    words.map(str::to_owned).to_vec()
}
