//! Keeping the audit heads that telemetry tells, for `crs audit verify`.

use crate::audit::HeadBook;
use crate::domain::{AuditHead, Endpoint, Text, UtcMicros};
use crate::feeds::events::HeadTap;
use crate::host::clock;
use crossbeam_channel as channel;
use std::path::Path;
use std::sync::Arc;

/// Heads that may wait for the disk; more are dropped, for their successors
/// are on their way.
const QUEUE: usize = 4_096;

/// Who told what, and when.
type Heard = (Text, UtcMicros, AuditHead);

/// The writing thread; it ends with the last tap.
pub struct Witnessing {
    heard: Option<channel::Sender<Heard>>,
}

impl Witnessing {
    /// Starts it; without a thread nothing is kept, and the log says so.
    pub fn start(state_dir: &Path) -> Self {
        let (heard, inbox) = channel::bounded::<Heard>(QUEUE);
        let mut book = HeadBook::new(state_dir);
        let keep = move || {
            let mut told = false;
            for (from, at, head) in inbox {
                let outcome = book.hear(&from, at, head);
                if let Err(e) = &outcome
                    && !told
                {
                    tracing::warn!("audit heads of others can't be kept: {e}");
                }
                told = outcome.is_err();
            }
        };
        match std::thread::Builder::new().name("audit-heads".to_owned()).spawn(keep) {
            Ok(_) => Self { heard: Some(heard) },
            Err(e) => {
                tracing::warn!("audit heads of others are not kept: {e}");
                Self { heard: None }
            }
        }
    }

    /// For the feed of `endpoint`.
    pub fn of(&self, endpoint: &Endpoint) -> HeadTap {
        let (heard, from) = (self.heard.clone(), Text::new(&endpoint.to_string()));
        Arc::new(move |head| {
            if let Some(heard) = &heard {
                let _ = heard.try_send((from.clone(), clock::utc(), head));
            }
        })
    }
}
