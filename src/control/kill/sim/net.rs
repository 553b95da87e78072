//! A simulated gateway, and a driver that carries the real machine's effects
//! to it.

use super::mail::{Got, Mail};
use super::time::{MS, Sim};
use crate::control::kill::driver::{DriverConfig, Told, is_free, machine_for, progress};
use crate::control::kill::machine::{CallId, Effect, Input, Machine};
use crate::domain::{KillIntent, KillProgress, ReqId, Text};
use crate::wire::Action;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

/// What a gateway is and does. Its account is a fact; its words may be lies.
#[derive(Debug, Default)]
pub struct Account {
    pub open: BTreeSet<u64>,
    /// From this moment on it obeys and tells the truth.
    pub honest_from: u64,
    pub kills: u32,
    /// When a position last appeared.
    pub appeared: u64,
}

pub struct Asked {
    req: ReqId,
    action: Action,
    /// Which kill of the driver, and which of its calls.
    call: (u32, CallId),
    back: Mail<Order>,
}

pub type Gateway = (Mail<Asked>, Arc<Mutex<Account>>);

pub enum Order {
    Begin(KillIntent),
    LookOn(KillIntent),
    End,
    StandDown(Text),
    Reply((u32, CallId), Vec<u8>),
    Lost((u32, CallId), Text),
}

pub fn account(gateway: &Gateway) -> std::sync::MutexGuard<'_, Account> {
    gateway.1.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Serves until the story ends.
pub fn serve(sim: &Arc<Sim>, gateway: &Gateway, end: u64) {
    loop {
        let now = sim.now();
        if now >= end {
            return;
        }
        if let Got::Letter(asked) = gateway.0.take(end) {
            answer(sim, gateway, &asked);
        }
    }
}

fn answer(sim: &Arc<Sim>, gateway: &Gateway, asked: &Asked) {
    let now = sim.now();
    let mut account = account(gateway);
    let honest = now >= account.honest_from;
    let fault = if honest { 99 } else { sim.roll(8) };
    let kill = matches!(asked.action, Action::KillSwitch);
    account.kills += u32::from(kill);
    let found = account.open.len();
    match &asked.action {
        // A gateway may close and not say so, and say so and not close.
        Action::KillSwitch if honest || sim.roll(2) == 0 => account.open.clear(),
        Action::ClosePosition(ticket) if honest || sim.roll(2) == 0 => {
            account.open.remove(&ticket.0);
        }
        _ => {}
    }
    if kill {
        sim.note(format!("gateway: KILL_SWITCH {} of {found} open, fault {fault}", asked.req));
    }
    let data = match &asked.action {
        Action::Positions => {
            let one = |ticket: &u64| {
                format!(
                    r#"{{"ticket":{ticket},"symbol":"EURUSD","type":"BUY","volume":0.1,"open_price":1.1,"current_price":1.1,"profit":0.0}}"#
                )
            };
            let all: Vec<String> = account.open.iter().map(one).collect();
            format!("[{}]", all.join(","))
        }
        Action::AccountInfo => {
            let margin = if account.open.is_empty() { "0.0" } else { "11.0" };
            format!(r#"{{"balance":10000.0,"equity":10000.0,"used_margin":{margin}}}"#)
        }
        Action::ClosePosition(ticket) => format!(r#"{{"status":"SUCCESS","ticket":{ticket}}}"#),
        _ => format!(r#"{{"positions_closed":{found},"total_positions":{found},"timestamp":1.0}}"#),
    };
    drop(account);
    let (req, status) = match fault {
        0 => return,
        1 => return asked.back.send(Order::Lost(asked.call, Text::new("gone")), 50 * MS),
        2 => ("somebody-else", "SUCCESS"),
        3 => (asked.req.as_str(), "PENDING"),
        4 => (asked.req.as_str(), "ERROR"),
        _ => (asked.req.as_str(), "SUCCESS"),
    };
    let data = if fault == 5 { r#"{"error":"no terminal"}"#.to_owned() } else { data };
    let text = format!(
        r#"{{"req_id":"{req}","status":"{status}","timestamp":1.0,"data":{data},"error":null}}"#
    );
    let late = if fault == 6 { 6_000 * MS } else { 3 * MS };
    asked.back.send(Order::Reply(asked.call, text.into_bytes()), late);
}

/// A driver's thread: the real machine on simulated calls.
pub fn drive(
    sim: &Arc<Sim>,
    config: &DriverConfig,
    inbox: &Mail<Order>,
    gateway: &Gateway,
    end: u64,
    mut tell: impl FnMut(Told),
) {
    let mut running: Option<(KillIntent, Machine, Option<KillProgress>)> = None;
    let mut turn = 0;
    while sim.now() < end {
        let wake = running.as_ref().and_then(|(_, machine, _)| machine.wake());
        // Nothing is due to a driver without a kill.
        let until = if running.is_some() { sim.now() + 200 * MS } else { end };
        let mut inputs = Vec::new();
        match inbox.take(wake.map_or(until, |at| at.min(until))) {
            Got::Letter(order @ (Order::Begin(_) | Order::LookOn(_))) => {
                let (intent, timing) = match order {
                    Order::LookOn(intent) => (intent, config.timing.looking_on()),
                    Order::Begin(intent) => (intent, config.timing),
                    _ => continue,
                };
                let busy =
                    running.as_ref().is_some_and(|(old, m, _)| !is_free(old, m.phase, &intent));
                if !busy {
                    turn += 1;
                    running = Some((intent.clone(), machine_for(&intent, timing), None));
                    inputs.push(Input::Begin);
                }
            }
            Got::Letter(Order::End) => running = None,
            Got::Letter(Order::StandDown(why)) => inputs.push(Input::StandDown(why)),
            // A socket is gone with the kill that it was made for.
            Got::Letter(Order::Reply((of, call), bytes)) if of == turn => {
                inputs.push(Input::Reply(call, bytes));
            }
            Got::Letter(Order::Lost((of, call), why)) if of == turn => {
                inputs.push(Input::Lost(call, why));
            }
            Got::Letter(Order::Reply(..) | Order::Lost(..)) | Got::Nothing => {}
        }
        let Some((intent, machine, told)) = &mut running else { continue };
        inputs.push(Input::Tick);
        let mut queue: std::collections::VecDeque<Input> = inputs.into();
        while let Some(input) = queue.pop_front() {
            let mut effects = Vec::new();
            let now = sim.now();
            machine.on(now, input, &mut effects);
            for effect in effects {
                match effect {
                    Effect::Open(call, req, action) => {
                        let (call, back) = ((turn, call), inbox.clone());
                        let asked = Asked { req, action, call, back };
                        gateway.0.send(asked, 2 * MS);
                        queue.push_back(Input::Sent(call.1));
                    }
                    Effect::Alarm(text) => tell(Told::Alarm(text)),
                    Effect::Seen(read) => tell(Told::Seen(config.gateway.name.clone(), read)),
                    Effect::Drop(_) | Effect::Found(_) | Effect::Doubt => {}
                }
            }
        }
        let now = progress(config, intent, machine);
        if told.as_ref() != Some(&now) {
            *told = Some(now.clone());
            tell(Told::Progress(Box::new(now)));
        }
    }
}
