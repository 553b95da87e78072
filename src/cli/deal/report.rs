//! What a shell is told of a command, and its exit status.

use super::Deal;
use crate::cli::reach::number;
use crate::cli::{Context, Exit};
use crate::domain::Text;
use crate::wire::{OrderFill, Request};
use serde::Serialize;
use serde_json::value::RawValue;

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Done, and a read of the positions agrees.
    Done,
    /// The gateway said no.
    Refused,
    /// It never left this process.
    NotSent,
    /// A gate denied it; nothing was sent.
    Denied,
    /// Sent, and no answer came: it may have happened, or still happen.
    Unknown,
    /// The gateway claims success, and no read agrees.
    Unproven,
}

impl Ending {
    /// The status for scripts, the same for every such verb.
    #[must_use]
    pub const fn exit(self) -> Exit {
        match self {
            Self::Done => Exit::OK,
            Self::Refused => Exit::FAILED,
            Self::NotSent => Exit::TIMEOUT,
            Self::Denied => Exit(3),
            Self::Unknown => Exit(4),
            Self::Unproven => Exit(5),
        }
    }
}

/// What is printed in the end.
#[derive(Debug, Serialize)]
pub struct Report {
    /// `CLOSE_POSITION 1000003`
    pub what: Text,
    /// Its identity on the wire and in the audit log; none when not sent.
    pub req_id: Option<Text>,
    /// How it ended.
    pub ending: Ending,
    /// Number at the broker, where one is known.
    pub ticket: Option<u64>,
    /// Lots filled, as claimed.
    pub lots: Option<Box<RawValue>>,
    /// Price filled, as claimed.
    pub price: Option<Box<RawValue>>,
    /// In words: cause and next step.
    pub note: Text,
}

impl Report {
    /// A report on a command that was not sent.
    pub fn unsent(what: &str, ending: Ending, note: impl AsRef<str>) -> Self {
        let (what, note) = (Text::new(what), Text::new(note.as_ref()));
        Self { what, req_id: None, ending, ticket: None, lots: None, price: None, note }
    }

    /// A report on one that was.
    pub fn sent(what: &str, request: &Request, ending: Ending, note: impl AsRef<str>) -> Self {
        let req_id = Some(Text::new(request.req_id.as_str()));
        Self { req_id, ..Self::unsent(what, ending, note) }
    }

    /// Prints it; gives back its status.
    pub fn finish(&self, json: bool, ctx: &mut Context) -> Exit {
        if json {
            ctx.out.json(self);
        } else {
            ctx.out.line(format!("{}: {}", self.what, self.note));
        }
        self.ending.exit()
    }

    /// With a remark on what is missing from the audit log.
    #[must_use]
    pub fn recorded(self, deal: &Deal) -> Self {
        let Some(why) = deal.unrecorded() else { return self };
        let note = Text::new(&format!("{}; NOT IN THE AUDIT LOG: {why}", self.note));
        Self { note, ..self }
    }

    /// With what the gateway claims to have done.
    #[must_use]
    pub fn with(self, fill: &OrderFill) -> Self {
        Self {
            ticket: Some(fill.ticket.0),
            lots: fill.volume.and_then(number),
            price: fill.price.and_then(number),
            ..self
        }
    }
}
