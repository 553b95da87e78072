//! The latch: any object at its path, removed, restored, raced for.

use super::Row;

pub const ROWS: &[Row] = &[];
