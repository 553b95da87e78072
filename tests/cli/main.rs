//! The command line as an operator or a script meets it: files, flags, exit
//! statuses, output. Every test has its own home, latch and ports.

#[cfg(test)]
mod audit;
#[cfg(test)]
mod brief;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod config_files;
#[cfg(test)]
mod config_verb;
#[cfg(test)]
mod console;
#[cfg(test)]
mod dealing;
#[cfg(test)]
mod demo;
#[cfg(test)]
mod desk;
#[cfg(test)]
mod doctor;
#[cfg(test)]
mod drill;
#[cfg(test)]
mod gateway;
#[cfg(test)]
mod help;
#[cfg(test)]
mod looks;
#[cfg(test)]
mod mission_files;
#[cfg(test)]
mod pipes;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod record;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod ticks;
#[cfg(test)]
mod traders;
#[cfg(test)]
mod usage;
