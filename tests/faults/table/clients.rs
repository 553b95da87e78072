//! Requests in flight, orders, strangers at the port, secrets.

use super::Row;

pub const ROWS: &[Row] = &[];
