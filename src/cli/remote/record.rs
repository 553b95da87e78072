//! What was done on the other machine, and what came of it, in the audit log.

use super::super::wiring;
use crate::audit::{Act, Chain};
use crate::config::Settings;
use crate::domain::Text;
use crate::host::ids;
use crate::mesh::remote::{Done, Failed, Fate};

/// An act that was begun.
#[derive(Clone, Debug)]
pub(super) struct Open {
    /// Its id in the log.
    pub id: Text,
    /// In words: `REMOTE_STOP gtw pid 688`.
    pub what: Text,
}

/// The record of one verb. Not being on record holds nothing up, and is said.
pub(super) struct OnRecord<'a> {
    settings: &'a Settings,
    verb: &'static str,
    role: &'static str,
    gateway: Text,
    chain: Option<Chain>,
    open: Option<Open>,
    /// Why something is not on record.
    fault: Option<String>,
}

impl<'a> OnRecord<'a> {
    /// Of a verb, by a role, both as in the audit log.
    pub fn new(settings: &'a Settings, (verb, role): (&'static str, &'static str)) -> Self {
        let gateway = gateway_name(settings);
        Self { settings, verb, role, gateway, chain: None, open: None, fault: None }
    }

    /// Whether anything was written: done there, or denied on purpose.
    pub const fn acted(&self) -> bool {
        self.chain.is_some()
    }

    /// What is being done there now.
    pub const fn open(&self) -> Option<&Open> {
        self.open.as_ref()
    }

    /// Something is about to be done there. The first half of a restart is over
    /// when the second begins; it is given back.
    pub fn begin(&mut self, what: &str) -> Option<Open> {
        let before = self.close("done", &Text::new("both ports are free"));
        let open = Open { id: Text::new(ids::req_id("rmt").as_str()), what: Text::new(what) };
        self.write(&open.id, what, "sent");
        self.open = Some(open);
        before
    }

    /// The end; what was open is given back.
    pub fn over(&mut self, came: &Result<Done, Failed>) -> Option<Open> {
        match came {
            Ok(done) => self.close("done", &done.what),
            // Of what a watchdog leaves alone again and again only acts count.
            Err(failed)
                if self.open.is_none() && self.role != "watch" && failed.fate == Fate::Denied =>
            {
                let what = format!("{} {}: {}", self.verb, self.settings.remote.host, failed.why);
                self.write(&Text::default(), &what, Fate::Denied.word());
                None
            }
            Err(failed) => self.close(failed.fate.word(), &failed.why),
        }
    }

    /// Why something is not on record, once.
    pub fn fault(&mut self) -> Option<String> {
        let verb = self.verb;
        self.fault.take().map(|why| format!("{verb} is not on record: {why}"))
    }

    fn close(&mut self, outcome: &str, how: &Text) -> Option<Open> {
        let open = self.open.take()?;
        self.write(&open.id, &format!("{}: {how}", open.what), outcome);
        Some(open)
    }

    fn write(&mut self, id: &Text, what: &str, outcome: &str) {
        let home = wiring::latch_home(self.settings);
        let act = Act::Command {
            req_id: id.clone(),
            what: Text::new(what),
            outcome: Text::new(outcome),
            ticket: None,
            gateway: Some(self.gateway.clone()),
            why: Text::default(),
        };
        let role = self.role;
        let written = home.prepare().map_err(|e| e.to_string()).and_then(|()| {
            let chain = self.chain.get_or_insert_with(|| home.chain(role));
            chain.append(act).map_err(|e| e.to_string())
        });
        if let Err(why) = written {
            self.fault = Some(why);
        }
    }
}

/// Which gateway `[remote]` is about: the named one, else the first.
pub(super) fn gateway_name(settings: &Settings) -> Text {
    let name = &settings.remote.gateway;
    let first = settings.gateways.first().map(|g| g.name.clone()).unwrap_or_default();
    if name.is_empty() { first } else { Text::new(name) }
}
