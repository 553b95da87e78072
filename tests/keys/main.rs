//! Keymaps, themes and the terminal as an operator meets them: keys in,
//! actions out; files in, faults out; and a console in a real terminal whose
//! hands and desk only take notes (`child`), through every way a terminal can
//! end.

#[cfg(test)]
mod child;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod scripts;
#[cfg(test)]
mod terminal;
#[cfg(test)]
mod ticket;
