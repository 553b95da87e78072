//! A program that ends well, and says what it should.

use crate::domain::Text;
use crate::mesh::child;
use crate::mesh::look::{Good, Seen, Wrong};
use crate::mesh::net::Until;
use std::time::Instant;

/// Runs it.
pub fn look(argv: &[String], contains: &str, until: Until) -> Seen {
    let words: Vec<&str> = argv.iter().map(String::as_str).collect();
    let begun = Instant::now();
    let done = child::run(&words, until)?;
    let program = Text::limited(words.first().copied().unwrap_or_default(), 60);
    if done.code != Some(0) {
        let cause = format!("{program} ended with {}: {}", done.how(), done.words());
        return Err(Wrong::failed(cause, "run it by hand to see what it wants"));
    }
    if !contains.is_empty() && !done.stdout.contains(contains) && !done.stderr.contains(contains) {
        let wanted = Text::limited(contains, 40);
        let cause = format!("{program} does not say \"{wanted}\": {}", done.words());
        return Err(Wrong::failed(cause, "is it the right program, in the right version?"));
    }
    Ok(Good { said: done.words().to_string(), took: Some(begun.elapsed()) })
}
