//! The quotes that are kept, by symbol and feed: what one broker quotes is no
//! price of another's.

use super::Quote;
use crate::domain::Symbol;
use serde::de::Error as _;
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

/// The last quote of each symbol of each feed, in the order of the symbols, those
/// of one symbol in the order of the feeds.
///
/// Written, the first feed's quotes go by their symbol alone, as all did when one
/// feed's replaced the other's; those are still read, by the feed in the quote.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quotes(BTreeMap<(Symbol, u16), Quote>);

impl Quotes {
    /// What feed `feed` quotes for `symbol`.
    #[must_use]
    pub fn of(&self, feed: u16, symbol: &Symbol) -> Option<&Quote> {
        self.0.get(&(*symbol, feed))
    }

    /// Every feed's quote of `symbol`.
    pub fn each(&self, symbol: &Symbol) -> impl Iterator<Item = (&Symbol, &Quote)> {
        let range = self.0.range((*symbol, 0)..=(*symbol, u16::MAX));
        range.map(|((symbol, _), quote)| (symbol, quote))
    }

    /// Whether more than one feed quotes `symbol`.
    #[must_use]
    pub fn is_shared(&self, symbol: &Symbol) -> bool {
        self.each(symbol).nth(1).is_some()
    }

    /// Whether more than one feed quotes any symbol.
    #[must_use]
    pub fn has_shared(&self) -> bool {
        self.0.keys().zip(self.0.keys().skip(1)).any(|(a, b)| a.0 == b.0)
    }

    /// All of them, with their symbols.
    pub fn all(&self) -> impl Iterator<Item = (&Symbol, &Quote)> {
        self.0.iter().map(|((symbol, _), quote)| (symbol, quote))
    }

    /// All of them.
    pub fn values(&self) -> impl Iterator<Item = &Quote> {
        self.0.values()
    }

    pub(super) fn values_mut(&mut self) -> impl Iterator<Item = &mut Quote> {
        self.0.values_mut()
    }

    pub(super) fn entry(&mut self, feed: u16, symbol: Symbol) -> Entry<'_, (Symbol, u16), Quote> {
        self.0.entry((symbol, feed))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// `EURUSD`, or `EURUSD 1` of a further feed; no symbol holds a space.
struct Key<'a>(&'a Symbol, u16);

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self(symbol, 0) => serializer.serialize_str(symbol.as_str()),
            Self(symbol, feed) => serializer.collect_str(&format_args!("{symbol} {feed}")),
        }
    }
}

impl Serialize for Quotes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for ((symbol, feed), quote) in &self.0 {
            map.serialize_entry(&Key(symbol, *feed), quote)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for Quotes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = BTreeMap::<String, Quote>::deserialize(deserializer)?;
        let keyed = written.into_iter().map(|(key, quote)| -> Result<_, D::Error> {
            let name = key.split_once(' ').map_or(key.as_str(), |(name, _)| name);
            let symbol = Symbol::new(name).map_err(D::Error::custom)?;
            Ok(((symbol, quote.feed), quote))
        });
        keyed.collect::<Result<_, _>>().map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::Quotes;
    use crate::domain::{
        Heard, Lots, Money, PeerTime, Position, Price, Side, Stamp, Symbol, Text, Tick, TickBatch,
        TickShape, Ticket, UtcMicros,
    };
    use crate::event::{Event, PositionsRead, Read, Stamped};
    use crate::state::State;
    use std::time::Duration;

    fn symbol() -> Symbol {
        Symbol::new("EURUSD").unwrap()
    }

    fn hear(state: &mut State, feed: u16, bid: &str, us: i64) {
        let at = state.now.plus(Duration::from_millis(10));
        let (bid, shape) = (Price::parse(bid).unwrap(), TickShape::T2);
        let time = Some(PeerTime::Epoch(us));
        let tick = Tick { symbol: symbol(), bid, ask: bid, time, seq: None, shape };
        let ticks = vec![Heard { tick, after_us: 0 }];
        let batch = TickBatch { feed, base: at, ticks, ..TickBatch::default() };
        state.apply(&Stamped { seq: state.seq + 1, at, event: Event::Ticks(batch) }).unwrap();
    }

    fn two_books() -> State {
        let mut state = State { now: Stamp { mono_ns: 1, ..Stamp::default() }, ..State::default() };
        hear(&mut state, 0, "1.0851", 1_000_000);
        hear(&mut state, 1, "1.2001", 1_000_000);
        state
    }

    #[test]
    fn two_feeds_keep_a_quote_each() {
        let mut state = two_books();
        let bid = |state: &State, feed| state.quotes.of(feed, &symbol()).unwrap().bid.to_string();
        assert_eq!((bid(&state, 0), bid(&state, 1)), ("1.0851".to_owned(), "1.2001".to_owned()));
        assert!(state.quotes.is_shared(&symbol()) && state.quotes.has_shared());
        // What is old news of one feed is so, whoever ticked in between.
        hear(&mut state, 0, "1.0853", 1_500_000);
        hear(&mut state, 1, "1.2003", 1_500_000);
        hear(&mut state, 0, "1.0850", 1_200_000);
        assert_eq!((bid(&state, 0), bid(&state, 1)), ("1.0853".to_owned(), "1.2003".to_owned()));
        assert_eq!(state.quotes.of(0, &symbol()).unwrap().repeated, 1);
    }

    #[test]
    fn what_is_written_is_read_and_so_is_the_old_form() {
        let state = two_books();
        let text = serde_json::to_string(&state.quotes).unwrap();
        assert!(text.contains("\"EURUSD\":") && text.contains("\"EURUSD 1\":"), "{text}");
        assert_eq!(serde_json::from_str::<Quotes>(&text).unwrap(), state.quotes);
        // Once the last feed that ticked had the symbol's one place.
        let last = serde_json::to_string(state.quotes.of(1, &symbol()).unwrap()).unwrap();
        let old: Quotes = serde_json::from_str(&format!("{{\"EURUSD\":{last}}}")).unwrap();
        assert_eq!((old.len(), old.of(1, &symbol())), (1, state.quotes.of(1, &symbol())));
    }

    #[test]
    fn a_position_is_blind_while_only_another_feed_quotes_its_symbol() {
        let now = Stamp { mono_ns: 1, utc: UtcMicros(1_768_399_200_000_000) };
        let mut state = State { now, ..State::default() };
        hear(&mut state, 0, "1.0851", 1_000_000);
        for n in 0..40_i64 {
            hear(&mut state, 1, "1.2001", 1_000_000 + n);
            let mut put = |event| {
                let at = state.now.plus(Duration::from_millis(500));
                state.apply(&Stamped { seq: state.seq + 1, at, event }).unwrap();
            };
            let position = Position {
                ticket: Ticket(7),
                symbol: Text::new("EURUSD"),
                side: Side::Buy,
                lots: Lots::parse("0.1").unwrap(),
                open: Price::ZERO,
                current: None,
                profit: Money::ZERO,
                sl: None,
                tp: None,
            };
            let (asked, read) = (now, Read::Good(vec![position]));
            put(Event::Positions(Box::new(PositionsRead { gateway: 0, asked, rtt_us: 1, read })));
            put(Event::Beat);
        }
        let keys: Vec<_> = state.alarms.list.iter().map(|alarm| alarm.key.as_str()).collect();
        assert!(keys.contains(&"quote EURUSD at #0"), "{keys:?}");
    }
}
