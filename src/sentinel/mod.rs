//! The sentinel: bars, features, the model's word.
//!
//! What belongs here: reading and judging hourly bars (`bars`), the numbers
//! that the model was trained on (`features`), and the two services that are
//! asked on the way, the data service (`eodhd`) and the model server (`hub`).
//! Both run in an async function under a current-thread runtime of tokio.
//! What does not: what the command line prints, and the screen. Floats are at
//! home here and nowhere else, since they are what the model takes.

pub mod bars;
pub mod eodhd;
pub mod features;
mod http;
pub mod hub;
mod nan;
