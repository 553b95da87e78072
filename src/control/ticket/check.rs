//! Whether a draft can be an order, field by field, as it is typed.
//!
//! A fault stops it; a remark does not. Nothing is let pass for not being
//! known: a symbol that was never quoted is no order, and prices are held
//! against the last quote where it is old. Volumes alone are held against a rule
//! only where it is known: elsewhere the gateway decides, and the remark says
//! that nobody here knows.

use super::draft::{Draft, Field};
use super::seen::{LotRule, QuoteSeen, Seen};
use super::{Entry, LIVE_WORD, Proposal};
use crate::domain::{Lots, OrderKind, OrderTicket, Price, Side, Symbol};

/// Nobody here can say what such an order would cost, or whether there is such
/// an instrument at all.
const NEVER_QUOTED: &str = "never quoted here: take one from Ticks";

/// Something to say about a field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// Which.
    pub field: Field,
    /// What.
    pub text: String,
    /// It is no order like this.
    pub fault: bool,
}

impl Remark {
    /// With the name of its field, where it does not stand beside it.
    #[must_use]
    pub fn said(&self) -> String {
        format!("{}: {}", self.field.label(), self.text)
    }
}

/// What a draft amounts to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// The order, once every field can be read; while only the word that real
    /// money asks for or a quote of the symbol is missing it is already there, so
    /// that it can be previewed.
    pub order: Option<OrderTicket>,
    /// In the order of the fields, at most one for each.
    pub remarks: Vec<Remark>,
}

impl Checked {
    /// What is said about `field`.
    #[must_use]
    pub fn of(&self, field: Field) -> Option<&Remark> {
        self.remarks.iter().find(|r| r.field == field)
    }

    /// The first field that stops it.
    #[must_use]
    pub fn fault(&self) -> Option<&Remark> {
        self.remarks.iter().find(|r| r.fault)
    }

    /// The order as it may be proposed: whole, and typed where it must be.
    #[must_use]
    pub fn proposal(&self, draft: &Draft, seen: &Seen) -> Option<Proposal> {
        let order = self.order.filter(|_| self.fault().is_none())?;
        let shown = seen.quote.and_then(|quote| quote.opens(order.side));
        Some(Proposal {
            gateway: draft.gateway,
            order,
            live: seen.mode.is_live() && draft.word.text() == LIVE_WORD,
            shown,
            digits: seen.quote.map_or(0, |quote| quote.digits),
        })
    }
}

/// Judges `draft` by what is known.
#[must_use]
pub fn check(draft: &Draft, seen: &Seen) -> Checked {
    let mut judge = Judge { draft, seen, remarks: Vec::new() };
    let symbol = judge.symbol();
    let lots = judge.lots();
    let price = judge.price();
    let sl = judge.exit(Field::Sl, price);
    let tp = judge.exit(Field::Tp, price);
    let order = match (symbol, lots, price, sl, tp) {
        (Some(symbol), Some(lots), Some(price), Some(sl), Some(tp)) => {
            let (side, kind) = (draft.side, draft.kind);
            Some(OrderTicket { symbol, side, lots, kind, price, sl, tp })
        }
        _ => None,
    };
    judge.word();
    Checked { order, remarks: judge.remarks }
}

struct Judge<'a> {
    draft: &'a Draft,
    seen: &'a Seen,
    remarks: Vec<Remark>,
}

impl Judge<'_> {
    fn say(&mut self, field: Field, fault: bool, text: impl Into<String>) {
        self.remarks.push(Remark { field, text: text.into(), fault });
    }

    fn refuse<T>(&mut self, field: Field, text: impl Into<String>) -> Option<T> {
        self.say(field, true, text);
        None
    }

    fn symbol(&mut self) -> Option<Symbol> {
        let text = self.draft.symbol.text();
        if text.is_empty() {
            return self.refuse(Field::Symbol, "which one?");
        }
        let symbol = match Symbol::new(text) {
            Ok(symbol) => symbol,
            Err(e) => return self.refuse(Field::Symbol, e.to_string()),
        };
        match &self.seen.quote {
            None => self.say(Field::Symbol, true, NEVER_QUOTED),
            Some(quote) if !quote.fresh => {
                self.say(Field::Symbol, false, "its quote is old: price not known now");
            }
            Some(_) => {}
        }
        Some(symbol)
    }

    fn lots(&mut self) -> Option<Lots> {
        let text = self.draft.lots.text();
        if text.is_empty() {
            return self.refuse(Field::Lots, "how many?");
        }
        let Some(lots) = Lots::parse(text).ok().filter(|_| decimals(text) <= Lots::SCALE) else {
            return self.refuse(Field::Lots, "not a volume");
        };
        if lots <= Lots::ZERO {
            return self.refuse(Field::Lots, "above zero");
        }
        let Some(rule) = LotRule::of(self.seen.mode) else {
            self.say(Field::Lots, false, "step, min, max not known: gateway decides");
            return Some(lots);
        };
        if lots < rule.min || lots > rule.max {
            return self.refuse(Field::Lots, format!("{} to {} lots", rule.min, rule.max));
        }
        if lots.raw() % rule.step.raw() != 0 {
            return self.refuse(Field::Lots, format!("in steps of {}", rule.step));
        }
        Some(lots)
    }

    /// A price that is typed: none inside for an empty field.
    #[expect(clippy::option_option, reason = "faulty, absent, there: three cases")]
    fn number(&mut self, field: Field, entry: &Entry) -> Option<Option<Price>> {
        let text = entry.text();
        if text.is_empty() {
            return Some(None);
        }
        let Some(price) = Price::parse(text).ok().filter(|_| decimals(text) <= Price::SCALE) else {
            return self.refuse(field, "not a price");
        };
        if price <= Price::ZERO {
            return self.refuse(field, "above zero");
        }
        let Some(quote) = self.seen.quote else { return Some(Some(price)) };
        if price.decimals() > quote.digits && quote.settled {
            return self.refuse(field, format!("quoted with {} decimals", quote.digits));
        }
        let market = quote.to_open(self.draft.side);
        let (at, now) = (i128::from(price.raw()), i128::from(market.raw()));
        if at * 2 < now || at > now * 2 {
            return self.refuse(field, format!("under half or over twice {market}{}", age(quote)));
        }
        Some(Some(price))
    }

    #[expect(clippy::option_option, reason = "faulty, absent, there: three cases")]
    fn price(&mut self) -> Option<Option<Price>> {
        let (side, kind) = (self.draft.side, self.draft.kind);
        if kind == OrderKind::Market {
            return Some(None);
        }
        let draft = self.draft;
        let Some(price) = self.number(Field::Price, &draft.price)? else {
            return self.refuse(Field::Price, "at which?");
        };
        if let Some(quote) = self.seen.quote {
            let market = quote.to_open(side);
            // A limit waits on the better side of the market, a stop on the
            // worse one.
            let above = (side == Side::Buy) == (kind == OrderKind::Stop);
            if !beyond(price, market, above) {
                let text = format!("must be {} {market}{}", word(above), age(quote));
                return self.refuse(Field::Price, text);
            }
        }
        Some(Some(price))
    }

    #[expect(clippy::option_option, reason = "faulty, absent, there: three cases")]
    fn exit(&mut self, field: Field, at: Option<Option<Price>>) -> Option<Option<Price>> {
        let (draft, side) = (self.draft, self.draft.side);
        let entry = if field == Field::Sl { &draft.sl } else { &draft.tp };
        let Some(price) = self.number(field, entry)? else { return Some(None) };
        // A position that opens at the market closes on the other side of it.
        let market = self.seen.quote.map(|quote| (quote.to_close(side), age(quote)));
        let reference = match draft.kind {
            OrderKind::Market => market,
            OrderKind::Limit | OrderKind::Stop => at.flatten().map(|own| (own, "")),
        };
        // Without a price to hold it against it is no better than a wrong one.
        let Some((reference, age)) = reference else {
            self.say(field, true, "can't be checked: no price known");
            return Some(Some(price));
        };
        let above = (side == Side::Buy) == (field == Field::Tp);
        if !beyond(price, reference, above) {
            return self.refuse(field, format!("must be {} {reference}{age}", word(above)));
        }
        Some(Some(price))
    }

    fn word(&mut self) {
        if self.seen.mode.is_live() && self.draft.word.text() != LIVE_WORD {
            self.say(Field::Word, true, format!("type {LIVE_WORD}: real money moves"));
        }
    }
}

/// What is said of a price that comes from an old quote.
const fn age(quote: QuoteSeen) -> &'static str {
    if quote.fresh { "" } else { ", as last quoted" }
}

fn beyond(price: Price, reference: Price, above: bool) -> bool {
    if above { price > reference } else { price < reference }
}

const fn word(above: bool) -> &'static str {
    if above { "above" } else { "below" }
}

/// Decimals as typed; what a price or a volume can't keep must not be rounded
/// behind the operator's back.
fn decimals(text: &str) -> u32 {
    let after = text.split_once('.').map_or(0, |(_, after)| after.len());
    u32::try_from(after).unwrap_or(u32::MAX)
}
