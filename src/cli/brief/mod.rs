//! `crs brief`: the handover in one page. Where the switch stands, what is at
//! risk, what changed, what is broken, and the one safe thing to do now.
//! 80 columns, plain text: it is read on a telephone at night.

mod facts;
mod mission;
mod page;

use super::exit::exits;
use super::reach::seconds;
use super::{Context, Exit, Outcome};
use facts::Facts;
use std::time::Duration;

/// How long to wait, and how far to look back.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "nothing is broken and nothing is engaged",
    1 "something is, and the page says what to do",
))]
pub struct Args {
    /// Changes of so many hours
    #[arg(long, value_name = "HOURS", default_value_t = 24, value_parser = hours)]
    since: u16,
    /// Longest wait for each gateway's answer, in seconds
    #[arg(long, value_name = "S", default_value = "3", value_parser = seconds)]
    timeout: Duration,
}

/// Parses whole hours, `3` or `3h`, up to 30 days.
fn hours(text: &str) -> Result<u16, String> {
    let number = text.strip_suffix('h').unwrap_or(text).parse().ok();
    let fits = number.filter(|hours| (1..=720).contains(hours));
    fits.ok_or_else(|| "give whole hours from 1 to 720, as 3 or 3h".to_owned())
}

/// Looks at everything once, and tells.
///
/// # Errors
/// Status 78 for a wrong configuration.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let back = Duration::from_hours(u64::from(args.since));
    let facts = Facts::gather(&loaded.settings, back, args.timeout);
    for line in page::lines(&facts, args.since) {
        ctx.out.line(line);
    }
    Ok(if facts.is_calm() { Exit::OK } else { Exit::FAILED })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hours_are_read_with_and_without_their_letter() {
        assert_eq!((hours("3"), hours("3h"), hours("720h")), (Ok(3), Ok(3), Ok(720)));
        for text in ["", "h", "0", "721", "3m", "-3", "1.5h", "today"] {
            assert!(hours(text).unwrap_err().contains("3 or 3h"), "{text}");
        }
    }
}
