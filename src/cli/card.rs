//! `crs card`, the out-of-band card in print: what a human does when no wire
//! does it.

use super::exit::exits;
use super::{Context, Exit, Outcome};
use crate::config::Card;

/// Nothing of its own: the card is in the configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(0 "printed"))]
pub struct Args {}

/// Prints it, from a configuration with faults too.
///
/// # Errors
/// None; the signature is that of every verb.
pub fn run(_: &Args, ctx: &mut Context) -> Outcome {
    let loaded = ctx.loaded();
    for problem in &loaded.problems {
        ctx.out.note(format!("crs: {problem}"));
    }
    for line in lines(&loaded.settings.card) {
        ctx.out.line(line);
    }
    Ok(Exit::OK)
}

/// Its lines, or what stands in the place of one that nobody wrote.
pub(super) fn lines(card: &Card) -> Vec<String> {
    let written = card.lines();
    if written.is_empty() {
        return vec![format!("CARD:    {}", Card::NONE)];
    }
    let rows = written.iter().map(|(label, words)| format!("  {label:<12} {words}"));
    std::iter::once("CARD:    act by hand".to_owned()).chain(rows).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Text;

    #[test]
    fn what_was_written_is_printed_and_nothing_is_never_nothing() {
        assert_eq!(lines(&Card::default()), [format!("CARD:    {}", Card::NONE)]);
        let card = Card { broker_phone: Text::new("dial 0815"), ..Card::default() };
        assert_eq!(lines(&card), ["CARD:    act by hand", "  broker       dial 0815"]);
    }
}
