//! What the screen looks like: every pane and overlay in every state that
//! matters, at four sizes, as text and as a map of roles.
//!
//! `crs` draws from State alone, so each scene is a list of events.

#[cfg(test)]
mod alarms;
#[cfg(test)]
mod back;
#[cfg(test)]
mod chart;
#[cfg(test)]
#[path = "../common/data.rs"]
mod data;
#[cfg(test)]
mod diagnostics;
#[cfg(test)]
mod hostile;
#[cfg(test)]
mod line;
#[cfg(test)]
mod market;
#[cfg(test)]
mod matrix;
#[cfg(test)]
mod mesh;
#[cfg(test)]
mod mission;
#[cfg(test)]
mod obey;
#[cfg(test)]
mod overlays;
#[cfg(test)]
mod panes;
#[cfg(test)]
mod picture;
#[cfg(test)]
mod proof;
#[cfg(test)]
mod scene;
#[cfg(test)]
mod sizes;
#[cfg(test)]
mod stale;
#[cfg(test)]
mod tables;
#[cfg(test)]
mod ticket;
#[cfg(test)]
mod timeline;
#[cfg(test)]
mod traders;
