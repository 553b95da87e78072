//! The plan of the house, kept by a test.
//!
//! ARCHITECTURE.md says which room may import which; this reads every source
//! file and holds it to that. `rooms` is the table, `scan` reads imports,
//! `house` walks the module tree and judges, `words` reads every text file of
//! the project. What does not belong here: anything that runs `crs`.

#[cfg(test)]
mod house;
#[cfg(test)]
mod rooms;
#[cfg(test)]
mod scan;
#[cfg(test)]
mod words;
