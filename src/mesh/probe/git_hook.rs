//! A hook of a git repository: git itself says where its hooks are.

use super::executable;
use crate::domain::Text;
use crate::mesh::child;
use crate::mesh::look::{Seen, Wrong};
use crate::mesh::net::Until;
use std::path::Path;

/// Looks.
pub fn look(repo: &Path, hook: &str, until: Until) -> Seen {
    let at = repo.to_string_lossy();
    let name = format!("hooks/{hook}");
    let done = child::run(&["git", "-C", &at, "rev-parse", "--git-path", &name], until)?;
    if done.code != Some(0) {
        let shown = Text::new(&at);
        let words = done.words();
        let (cause, next) = if words.as_str().contains("dubious ownership") {
            (
                format!("git does not trust {shown}: it belongs to another user"),
                format!(
                    "run it as its owner, or: git config --global --add safe.directory {shown}"
                ),
            )
        } else if words.as_str().contains("not a git repository") {
            (
                format!("{shown} is no git repository"),
                String::from("correct root in [mesh], or repo of this check"),
            )
        } else {
            (format!("git: {words}"), String::from("run git status there"))
        };
        return Err(Wrong::failed(cause, next));
    }
    executable::look(&repo.join(done.stdout.trim_end_matches('\n')), until)
}
