//! `crs close TICKET`: closes one position, once, and looks whether it went.

use super::deal::{Deal, Ending, Fate, Look, Report, line_of, look};
use super::exit::exits;
use super::reach::{holder, seconds};
use super::{Context, Failure, Outcome, confirm};
use crate::domain::Ticket;
use crate::link::{self, Peer, peer};
use crate::wire::{Action, OrderFill, Request};
use std::time::Duration;

/// Which one.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(
    0 "closed, and no longer among the open positions",
    1 "refused, or there is no such position; nothing was closed",
    2 "not sent: no gateway, or no answer before it was sent",
    4 "UNKNOWN: sent, and no answer came; never sent again by itself",
    5 "the gateway says closed, but the position is still there or can't be read",
))]
pub struct Args {
    /// Number of the position at the broker
    ticket: u64,
    /// The gateway that holds it, by its name; needed where there are several
    #[arg(long, value_name = "NAME")]
    on: Option<String>,
    /// Longest wait for each answer, in seconds
    #[arg(long, value_name = "S", default_value = "10", value_parser = seconds)]
    timeout: Duration,
    /// Don't ask for confirmation
    #[arg(long)]
    yes: bool,
    /// One JSON document on standard output
    #[arg(long)]
    json: bool,
}

/// Shows, asks, closes, looks.
///
/// # Errors
/// Status 78 for a wrong configuration, 64 for an unknown gateway, for none of
/// several, or where nobody can confirm, 1 when no socket can be had.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    let gateway = holder(&settings, args.on.as_deref())?;
    let zmq = link::context().map_err(Failure::failed)?;
    let max_message = settings.feed.max_message_bytes;
    let mut peer = Peer::connect(&zmq, &gateway.cmd, max_message).map_err(Failure::failed)?;
    let ticket = Ticket(args.ticket);
    let what = format!("CLOSE_POSITION {ticket}");
    let shown = match find(&mut peer, ticket, args.timeout) {
        Ok(shown) => shown,
        Err((ending, why)) => return Ok(Report::unsent(&what, ending, why).finish(args.json, ctx)),
    };
    if !args.yes {
        let question = format!("close at {} ({}):\n  {shown}", gateway.name, gateway.cmd);
        confirm::typed(&question, "close", "add --yes to close without being asked")?;
    }
    let mut deal = Deal::open(&settings);
    let request = peer::request(Action::ClosePosition(ticket));
    let report = match deal.close(&mut peer, &request, (&what, ticket), args.timeout) {
        Fate::Not(ending, why) => Report::sent(&what, &request, ending, why),
        Fate::Unknown(why) => unknown(&what, &request, ticket, &mut peer, args.timeout, &why),
        Fate::Claimed(fill) => proven(&what, &request, ticket, &mut peer, args.timeout, &fill),
    };
    Ok(report.recorded(&deal).finish(args.json, ctx))
}

/// The position as it stands, or why nothing should be sent.
fn find(peer: &mut Peer, ticket: Ticket, wait: Duration) -> Result<String, (Ending, String)> {
    let read = peer.positions(wait).map_err(|e| {
        let ending = if e.is_silence() { Ending::NotSent } else { Ending::Refused };
        (ending, e.to_string())
    })?;
    if let Some(position) = read.value.iter().find(|p| p.ticket == ticket) {
        return Ok(line_of(position));
    }
    // A gateway that lost its terminal shows nothing; then asking it to close
    // can do no harm, and its answer tells more than the list.
    match peer.account(wait) {
        Err(e) => Ok(format!("{ticket}, not listed, but the list can't be believed: {e}")),
        Ok(_) => Err((Ending::Refused, format!("no open position has ticket {ticket}"))),
    }
}

fn proven(
    what: &str,
    request: &Request,
    ticket: Ticket,
    peer: &mut Peer,
    wait: Duration,
    fill: &OrderFill,
) -> Report {
    let (ending, note) = match look(peer, ticket, wait) {
        Look::Gone => (Ending::Done, "closed".to_owned()),
        Look::There(position) => {
            (Ending::Unproven, format!("it says closed, but it is still open: {position}"))
        }
        Look::Blind(why) => {
            (Ending::Unproven, format!("it says closed, but nothing proves it: {why}"))
        }
    };
    // Its own number: a broker may answer with the number of the deal.
    Report { ticket: Some(ticket.0), ..Report::sent(what, request, ending, note).with(fill) }
}

fn unknown(
    what: &str,
    request: &Request,
    ticket: Ticket,
    peer: &mut Peer,
    wait: Duration,
    why: &impl std::fmt::Display,
) -> Report {
    let found = match look(peer, ticket, wait) {
        Look::Gone => "the position is gone now".to_owned(),
        Look::There(position) => format!("the position is still open now: {position}"),
        Look::Blind(why) => format!("and the positions can't be read: {why}"),
    };
    let note = format!("UNKNOWN: {why}; {found}; look again with: crs positions");
    let report = Report::sent(what, request, Ending::Unknown, note);
    Report { ticket: Some(ticket.0), ..report }
}
