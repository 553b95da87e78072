//! What the daemon tells: one stream for everybody who listens.
//!
//! A listener has a bounded queue of its own. Who is slow loses what does not
//! fit, and is told how much: it never holds up the daemon or another one.
//! Process records and alerts replace older ones of the same name there, so
//! that a slow listener still ends with the truth.

use crate::domain::Text;
use crate::domain::mission::{ConsoleLine, HostRecord, Launch, MissionAlert, ProcessRecord};
use std::sync::Arc;

/// Something told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Told {
    /// A process moved, or was measured.
    Process(Arc<ProcessRecord>),
    /// A machine answered or stopped answering.
    Host(Arc<HostRecord>),
    /// The mode in force is this one from now on; empty: none is.
    Mode {
        /// Its name.
        name: Text,
        /// It trades real money, by the settings in force.
        live: bool,
    },
    /// A launch moved.
    Launch(Arc<Launch>),
    /// Lines, in the order of their numbers.
    Lines(Arc<[ConsoleLine]>),
    /// An alert is new, or changed.
    Alert(Arc<MissionAlert>),
    /// Somebody gave an order: who, what, and how it was answered.
    Ordered(Text),
}

/// Who is told.
pub trait Hears: Send + Sync {
    /// Never waits.
    fn hear(&self, told: Told);
}
