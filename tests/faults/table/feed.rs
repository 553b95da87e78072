//! Ticks in floods, in pieces, and none.

use super::Row;

pub const ROWS: &[Row] = &[];
