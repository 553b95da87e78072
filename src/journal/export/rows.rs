//! The columns of each table.
//!
//! All begin with the time; what is not known is an empty field. A read of
//! positions that found none is one row without a ticket, and one that failed
//! is one row with its fault: flat and blind must not look the same.

use super::What;
use crate::domain::{Decision, KillProgress, PeerTime, Position, Stamp, Text, UtcMicros};
use crate::event::{AccountRead, Event, PositionsRead, Read, Stamped};
use crate::state::Alarm;
use std::time::Duration;

/// Takes rows.
type Put<'a> = dyn FnMut(&[String]) -> csv::Result<()> + 'a;

/// The names of the columns, with commas between.
pub const fn header(what: What) -> &'static str {
    match what {
        What::Ticks => "timestamp,symbol,bid,ask,mono_ns,peer_time,peer_seq,shape,feed,seq",
        What::Decisions => {
            "timestamp,mono_ns,seq,source,decided_at,symbol,side,p_sell,p_hold,\
             p_buy,threshold,action,why,lag_us,number,order,steps_us,live"
        }
        What::Positions => {
            "timestamp,mono_ns,seq,gateway,asked,rtt_us,fault,open_count,ticket,\
             symbol,side,lots,open,current,profit,sl,tp"
        }
        What::Account => {
            "timestamp,mono_ns,seq,gateway,asked,rtt_us,fault,balance,equity,\
             free_margin,used_margin,margin_level,currency,trade_mode,server,\
             leverage"
        }
        What::Orders => "timestamp,mono_ns,seq,by,id,symbol,side,lots,pending,ticket,fate,at",
        What::Alarms => "timestamp,mono_ns,seq,number,key,severity,text,advice",
        What::Latch => "timestamp,mono_ns,seq,phase,reason,by,since,engage_id,tampered,path",
        What::Kills => {
            "timestamp,mono_ns,seq,engage_id,intent,gateway,phase,latch,attempts,\
             claimed_closed,claimed_total,good_polls,survivors,sent_us,acked_us,\
             verified_us,driver,note"
        }
        What::Commands => "timestamp,mono_ns,seq,req_id,what,phase,note",
        What::Heartbeats => "timestamp,mono_ns,seq,gateway,link,fingerprint,rtt_us,fault,service",
        What::All => "timestamp,mono_ns,seq,kind,record",
    }
}

/// When a tick of a batch was heard.
pub fn heard(base: Stamp, after_us: u32) -> Stamp {
    base.plus(Duration::from_micros(u64::from(after_us)))
}

/// The rows of a record.
///
/// # Errors
/// Those of `put`.
pub fn rows(what: What, record: &Stamped, put: &mut Put<'_>) -> csv::Result<()> {
    if what == What::All {
        let json = serde_json::to_value(&record.event).unwrap_or_default();
        let kind = json.get("kind").and_then(|kind| kind.as_str()).unwrap_or_default().to_owned();
        return put(&row(record, [kind, json.to_string()]));
    }
    match &record.event {
        Event::Ticks(batch) => {
            for tick in &batch.ticks {
                let (at, tick) = (heard(batch.base, tick.after_us), &tick.tick);
                let claim = tick.time.map(|time| match time {
                    PeerTime::Epoch(us) | PeerTime::Naive(us) => UtcMicros(us).naive_iso(),
                });
                put(&[
                    at.utc.iso(),
                    tick.symbol.to_string(),
                    tick.bid.to_string(),
                    tick.ask.to_string(),
                    at.mono_ns.to_string(),
                    claim.unwrap_or_default(),
                    some(tick.seq),
                    word(&tick.shape),
                    batch.feed.to_string(),
                    record.seq.to_string(),
                ])?;
            }
            Ok(())
        }
        Event::Positions(read) => positions(record, read, put),
        other => put(&one(record, other)),
    }
}

/// An alarm that this record raised.
pub fn alarm(record: &Stamped, alarm: &Alarm) -> Vec<String> {
    row(
        record,
        [
            alarm.number.to_string(),
            alarm.key.to_string(),
            word(&alarm.severity),
            alarm.text.to_string(),
            alarm.advice.to_string(),
        ],
    )
}

/// A record that is one row.
fn one(record: &Stamped, event: &Event) -> Vec<String> {
    match event {
        Event::Decision(d) => {
            let p = d.probabilities;
            row(
                record,
                [
                    word(&d.source),
                    d.at.map(UtcMicros::iso).unwrap_or_default(),
                    d.symbol.to_string(),
                    d.side.map(|side| side.word().to_owned()).unwrap_or_default(),
                    some(p.map(|p| p.sell)),
                    some(p.map(|p| p.hold)),
                    some(p.map(|p| p.buy)),
                    some(d.threshold),
                    d.action.to_string(),
                    d.why.to_string(),
                    some(d.lag_us),
                    some(d.number),
                    d.order.to_string(),
                    steps(d),
                    some(d.live),
                ],
            )
        }
        Event::Account(read) => account(record, read),
        Event::Order(o) => row(
            record,
            [
                word(&o.by),
                o.id.to_string(),
                o.symbol.to_string(),
                o.side.map(|side| side.word().to_owned()).unwrap_or_default(),
                some(o.lots),
                o.pending.to_string(),
                some(o.ticket),
                word(&o.fate),
                o.at.map(UtcMicros::iso).unwrap_or_default(),
            ],
        ),
        Event::Latch(l) => row(
            record,
            [
                word(&l.phase),
                l.reason.to_string(),
                l.by.to_string(),
                l.since.to_string(),
                some(l.engage_id.as_ref()),
                l.tampered.to_string(),
                l.path.to_string(),
            ],
        ),
        Event::Kill(k) => kill(record, k),
        Event::Command(c) => {
            let fields = [c.req_id.to_string(), c.what.to_string(), word(&c.phase)];
            row(record, fields.into_iter().chain([c.note.to_string()]))
        }
        Event::Gateway(g) => row(
            record,
            [
                g.gateway.to_string(),
                word(&g.link),
                word(&g.fingerprint),
                some(g.rtt_us),
                g.fault.to_string(),
                g.service.to_string(),
            ],
        ),
        _ => row(record, []),
    }
}

/// `bars=812000 model=63000`, in microseconds.
fn steps(d: &Decision) -> String {
    let steps = d.steps.iter().map(|step| format!("{}={}", step.name, step.us));
    steps.collect::<Vec<_>>().join(" ")
}

fn account(record: &Stamped, read: &AccountRead) -> Vec<String> {
    let (asked, rtt) = (read.asked.utc.iso(), read.rtt_us.to_string());
    let (fault, a) = told(&read.read);
    row(
        record,
        [
            read.gateway.to_string(),
            asked,
            rtt,
            fault,
            some(a.map(|a| a.balance)),
            some(a.map(|a| a.equity)),
            some(a.and_then(|a| a.free_margin)),
            some(a.and_then(|a| a.used_margin)),
            some(a.and_then(|a| a.margin_level)),
            some(a.map(|a| &a.currency)),
            a.and_then(|a| a.trade_mode).map(|mode| word(&mode)).unwrap_or_default(),
            some(a.and_then(|a| a.server_name.as_ref())),
            some(a.and_then(|a| a.leverage)),
        ],
    )
}

fn kill(record: &Stamped, k: &KillProgress) -> Vec<String> {
    row(
        record,
        [
            k.engage_id.to_string(),
            k.intent.word().to_owned(),
            k.gateway.to_string(),
            k.phase.word().to_owned(),
            word(&k.latch),
            k.attempts.to_string(),
            some(k.claimed.map(|claimed| claimed.0)),
            some(k.claimed.map(|claimed| claimed.1)),
            k.good_polls.to_string(),
            k.survivors.len().to_string(),
            some(k.times.sent),
            some(k.times.acked),
            some(k.times.verified),
            k.driver.to_string(),
            k.note.to_string(),
        ],
    )
}

fn positions(record: &Stamped, read: &PositionsRead, put: &mut Put<'_>) -> csv::Result<()> {
    let (fault, list) = told(&read.read);
    let list: &[Position] = list.map_or(&[], Vec::as_slice);
    let known = fault.is_empty();
    let head = [
        read.gateway.to_string(),
        read.asked.utc.iso(),
        read.rtt_us.to_string(),
        fault,
        if known { list.len().to_string() } else { String::new() },
    ];
    if list.is_empty() {
        let none = std::iter::repeat_n(String::new(), 9);
        return put(&row(record, head.into_iter().chain(none)));
    }
    for p in list {
        let fields = [
            p.ticket.to_string(),
            p.symbol.to_string(),
            p.side.word().to_owned(),
            p.lots.to_string(),
            p.open.to_string(),
            some(p.current),
            p.profit.to_string(),
            some(p.sl),
            some(p.tp),
        ];
        put(&row(record, head.iter().cloned().chain(fields)))?;
    }
    Ok(())
}

/// Why a read failed, never empty then, or what it found.
fn told<T>(read: &Read<T>) -> (String, Option<&T>) {
    match read {
        Read::Good(found) => (String::new(), Some(found)),
        Read::Fault(cause) if cause.is_empty() => ("no reason given".to_owned(), None),
        Read::Fault(cause) => (cause.to_string(), None),
    }
}

fn row(record: &Stamped, fields: impl IntoIterator<Item = String>) -> Vec<String> {
    let Stamp { mono_ns, utc } = record.at;
    let head = [utc.iso(), mono_ns.to_string(), record.seq.to_string()];
    head.into_iter().chain(fields).collect()
}

fn some(value: Option<impl ToString>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// The word of a value in JSON, or its JSON where it is more than a word.
fn word(value: &impl serde::Serialize) -> String {
    match serde_json::to_value(value) {
        Ok(serde_json::Value::String(word)) => Text::new(&word).to_string(),
        Ok(other) => other.to_string(),
        Err(_) => String::new(),
    }
}
