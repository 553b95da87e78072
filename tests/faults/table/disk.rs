//! Disks that are full, read-only, slow or torn, and the audit log.

use super::Row;

pub const ROWS: &[Row] = &[];
