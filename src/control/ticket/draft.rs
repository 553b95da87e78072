//! What is typed into the ticket, field by field.

use super::entry::Entry;
use super::seen::Seen;
use crate::domain::{OrderKind, Side, Symbol};

/// A line of the ticket.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Field {
    /// Which gateway; only where there are several.
    Gateway,
    /// Instrument.
    Symbol,
    /// Buy or sell.
    Side,
    /// Volume.
    #[default]
    Lots,
    /// Market, limit or stop.
    Kind,
    /// Price of a limit or stop order.
    Price,
    /// Stop loss.
    Sl,
    /// Take profit.
    Tp,
    /// The word that real money asks for.
    Word,
}

impl Field {
    /// All of them, from top to bottom.
    pub const ALL: [Self; 9] = [
        Self::Gateway,
        Self::Symbol,
        Self::Side,
        Self::Lots,
        Self::Kind,
        Self::Price,
        Self::Sl,
        Self::Tp,
        Self::Word,
    ];

    /// Its label.
    #[must_use]
    pub const fn label(self) -> &'static str {
        match self {
            Self::Gateway => "at",
            Self::Symbol => "symbol",
            Self::Side => "side",
            Self::Lots => "lots",
            Self::Kind => "type",
            Self::Price => "price",
            Self::Sl => "SL",
            Self::Tp => "TP",
            Self::Word => "typed",
        }
    }

    /// Whether `c` may stand in it; numbers are digits and one kind of point.
    #[must_use]
    pub const fn takes(self, c: char) -> bool {
        match self {
            Self::Gateway | Self::Side | Self::Kind => false,
            Self::Symbol => c.is_ascii_graphic(),
            Self::Word => c.is_ascii_alphabetic(),
            Self::Lots | Self::Price | Self::Sl | Self::Tp => c.is_ascii_digit() || c == '.',
        }
    }
}

/// What stands in the ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The gateway, by its index.
    pub gateway: u16,
    /// Instrument.
    pub symbol: Entry,
    /// Direction.
    pub side: Side,
    /// Volume in lots.
    pub lots: Entry,
    /// How it enters the market.
    pub kind: OrderKind,
    /// Price of a limit or stop order.
    pub price: Entry,
    /// Stop loss, empty for none.
    pub sl: Entry,
    /// Take profit, empty for none.
    pub tp: Entry,
    /// What was typed where real money may move.
    pub word: Entry,
    /// The field that takes the keys.
    pub field: Field,
}

impl Draft {
    /// A buy at the market, without a volume: that one is typed every time.
    #[must_use]
    pub fn new(gateway: u16, symbol: Option<&Symbol>) -> Self {
        Self {
            gateway,
            symbol: symbol.map_or_else(Entry::default, |s| Entry::of(s.as_str())),
            side: Side::Buy,
            lots: Entry::default(),
            kind: OrderKind::Market,
            price: Entry::default(),
            sl: Entry::default(),
            tp: Entry::default(),
            word: Entry::default(),
            field: if symbol.is_some() { Field::Lots } else { Field::Symbol },
        }
    }

    /// Whether `field` is part of this ticket now.
    #[must_use]
    pub fn has(&self, field: Field, seen: &Seen) -> bool {
        match field {
            Field::Gateway => seen.gateways.len() > 1,
            Field::Price => self.kind != OrderKind::Market,
            Field::Word => seen.mode.is_live(),
            _ => true,
        }
    }

    /// The fields of this ticket now.
    pub fn fields<'a>(&'a self, seen: &'a Seen) -> impl Iterator<Item = Field> + 'a {
        Field::ALL.into_iter().filter(|field| self.has(*field, seen))
    }

    /// To the next field, or the one before; round at the ends.
    pub fn step(&mut self, forward: bool, seen: &Seen) {
        let fields: Vec<Field> = self.fields(seen).collect();
        let here = fields.iter().position(|f| *f >= self.field).unwrap_or(0);
        let by = if forward { 1 } else { fields.len().saturating_sub(1) };
        if let Some(next) = fields.get((here + by) % fields.len().max(1)) {
            self.field = *next;
        }
    }

    /// The text of a field that is typed; none for one that is chosen.
    #[must_use]
    pub const fn entry(&self, field: Field) -> Option<&Entry> {
        match field {
            Field::Symbol => Some(&self.symbol),
            Field::Lots => Some(&self.lots),
            Field::Price => Some(&self.price),
            Field::Sl => Some(&self.sl),
            Field::Tp => Some(&self.tp),
            Field::Word => Some(&self.word),
            Field::Gateway | Field::Side | Field::Kind => None,
        }
    }

    /// The same, to type into: that of the field which takes the keys.
    pub const fn entry_mut(&mut self) -> Option<&mut Entry> {
        match self.field {
            Field::Symbol => Some(&mut self.symbol),
            Field::Lots => Some(&mut self.lots),
            Field::Price => Some(&mut self.price),
            Field::Sl => Some(&mut self.sl),
            Field::Tp => Some(&mut self.tp),
            Field::Word => Some(&mut self.word),
            Field::Gateway | Field::Side | Field::Kind => None,
        }
    }

    /// Types one character; one that the field does not take is ignored. A
    /// field of choices takes the first letter of one.
    pub fn put(&mut self, c: char) {
        let field = self.field;
        match (field, c.to_ascii_lowercase()) {
            (Field::Side, 'b') => self.side = Side::Buy,
            (Field::Side, 's') => self.side = Side::Sell,
            (Field::Kind, 'm') => self.kind = OrderKind::Market,
            (Field::Kind, 'l') => self.kind = OrderKind::Limit,
            (Field::Kind, 's') => self.kind = OrderKind::Stop,
            _ if field.takes(c) => {
                if let Some(entry) = self.entry_mut() {
                    entry.put(c);
                }
            }
            _ => {}
        }
    }

    /// Left or right: within a text, or to the next choice.
    pub fn turn(&mut self, right: bool, seen: &Seen) {
        match self.field {
            Field::Gateway => {
                let count = u16::try_from(seen.gateways.len()).unwrap_or(u16::MAX).max(1);
                let by = if right { 1 } else { count - 1 };
                self.gateway = self.gateway.saturating_add(by) % count;
            }
            Field::Side => {
                self.side = match self.side {
                    Side::Buy => Side::Sell,
                    Side::Sell => Side::Buy,
                };
            }
            Field::Kind => {
                self.kind = match (self.kind, right) {
                    (OrderKind::Market, true) | (OrderKind::Stop, false) => OrderKind::Limit,
                    (OrderKind::Limit, true) | (OrderKind::Market, false) => OrderKind::Stop,
                    (OrderKind::Stop, true) | (OrderKind::Limit, false) => OrderKind::Market,
                };
            }
            _ => {
                if let Some(entry) = self.entry_mut() {
                    entry.step(right);
                }
            }
        }
    }
}
