//! Errors that lines show: rules as data, and the alerts they raise.
//!
//! `profiles/rules.toml` has the documented patterns; `[[rule]]` of
//! `mission.toml` adds to them, or replaces one by its name. A rule carries
//! lines that it must match and lines that it must not, and a book of rules is
//! only made when all of them hold. Expressions are linear in the length of a
//! line, whatever they say, and bounded in size.

mod act;
mod alerts;
mod book;
mod command;
mod embedded;
mod table;
#[cfg(test)]
mod tests;
mod work;

pub use act::{Holder, Ports};
pub use alerts::{Alerts, Audited, Deed, Ties};
pub use book::{Hits, Rule, RuleBook};
pub use embedded::embedded;
