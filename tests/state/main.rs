//! State from outside: scenarios as data, a real market's rhythm, and the
//! promise that the same records always make the same state.

#[cfg(test)]
#[path = "../common/data.rs"]
mod data;
#[cfg(test)]
mod events;
#[cfg(test)]
mod market;
#[cfg(test)]
mod mission_events;
#[cfg(test)]
mod obey;
#[cfg(test)]
mod replay;
#[cfg(test)]
mod scenarios;
