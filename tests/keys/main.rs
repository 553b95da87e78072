//! Keymaps and themes as an operator meets them: keys in, actions out; files
//! in, faults out.

mod faults;
mod scripts;
