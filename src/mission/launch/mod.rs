//! Orders for the mission as a whole: launch a mode, take it down, the
//! emergency shutdown, and the way back from one.

pub mod kept;
