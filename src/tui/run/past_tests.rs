//! Looking back, with a player behind the loop.
