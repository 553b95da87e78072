//! Keymaps and themes as an operator meets them: keys in, actions out; files
//! in, faults out.

#[cfg(test)]
mod faults;
#[cfg(test)]
mod scripts;
