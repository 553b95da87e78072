//! The terminal and the line to it: gone, blocked, resized, pasted into.

use super::Row;

pub const ROWS: &[Row] = &[];
