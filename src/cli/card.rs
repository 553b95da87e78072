//! The out-of-band card in print: what a human does when no wire does it.

use crate::config::Card;

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
