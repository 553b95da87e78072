//! What several areas of tests need: a place of one's own on disk
//! (`sandbox`), market data (`data`), the Python peer (`peer`), a Python with packages (`python`), our own gateway (`paper`), the real
//! terminal (`console`).
//!
//! Each area takes its part, so a part may be unused in one of them.
#![allow(dead_code, reason = "every area of tests uses another part")]

pub mod console;
pub mod data;
pub mod paper;
pub mod peer;
pub mod python;
pub mod sandbox;
pub mod small;
pub mod wait;
