//! The fuzz targets' checks in plain `cargo test`: every seed, every input
//! that once failed, and thousands of seeded mutations of them.
//!
//! The checks are those of `fuzz/`, by the same file. What does not belong
//! here: fuzzing by coverage, which is `.ci/run fuzz`.

#[cfg(test)]
#[path = "../../fuzz/checks/mod.rs"]
mod checks;
#[cfg(test)]
mod mutate;
#[cfg(test)]
mod replay;
