//! Processes shot, stopped, starved, and clocks that jump.

use super::Row;

pub const ROWS: &[Row] = &[];
