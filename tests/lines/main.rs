//! The output of real children: read whole, whatever they do and whoever
//! listens.

#[cfg(test)]
mod children;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod disk;
#[cfg(test)]
mod hang;
#[cfg(test)]
mod rig;
