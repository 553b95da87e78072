//! The alarms of a series: judged by the very fold that the console's are, and
//! told to the same `on_alert`.

use super::Beat;
use crate::cli::{Context, alerts};
use crate::config::Settings;
use crate::domain::{Fingerprint, GatewayAddr, LinkState, Stamp, Text};
use crate::event::{Event, GatewayReport, Receiver, SessionInfo, Stamped, channel_pair};
use crate::host::{Identity, clock};
use crate::state::State;
use crate::tui::run::OnAlarm;
use std::thread::JoinHandle;
use std::time::Duration;

/// A program of `on_alert` gets this long after the last HEARTBEAT: its own
/// limit, and the pause before its next run.
const PATIENCE: Duration = Duration::from_secs(12);
/// Between two looks at what fails.
const LOOK: Duration = Duration::from_millis(500);

/// What was heard of all gateways, and who is told.
pub(super) struct Watch {
    state: State,
    /// Number of the newest alarm that was told.
    told: u64,
    on_alert: Option<(OnAlarm, JoinHandle<()>)>,
    /// What the runner of that program complains of.
    voice: Receiver,
    /// Somebody did not answer the last time.
    failing: bool,
    looked: Stamp,
}

impl Watch {
    /// Over these gateways.
    pub fn new(settings: &Settings, gateways: &[&GatewayAddr]) -> Self {
        let (sender, voice) = channel_pair();
        let who = Identity::here();
        let info = SessionInfo {
            version: Text::new(env!("CARGO_PKG_VERSION")),
            gateways: gateways.iter().map(|gateway| (*gateway).clone()).collect(),
            operator: who.operator(),
            host: who.host,
            calendar: settings.calendar.clone(),
            alarms: settings.alarms.rules,
            ..SessionInfo::default()
        };
        let on_alert = alerts::with_its_thread(&settings.alarms.on_alert, &sender);
        let (state, told, looked) = (State::default(), 0, Stamp::default());
        let mut watch = Self { state, told, on_alert, voice, failing: false, looked };
        watch.hear(Event::Session(Box::new(info)));
        watch
    }

    /// A round begins.
    pub const fn begin(&mut self) {
        self.failing = false;
    }

    /// What came of the HEARTBEAT to the gateway of this index.
    pub fn beat(&mut self, index: usize, beat: &Beat) {
        let Ok(gateway) = u16::try_from(index) else { return };
        let answered = beat.rtt_us.is_some();
        self.failing |= !beat.alive;
        self.hear(Event::Gateway(Box::new(GatewayReport {
            gateway,
            link: if answered || !beat.unlinked { LinkState::Up } else { LinkState::Down },
            fingerprint: match (beat.alive, answered) {
                (true, _) => Fingerprint::V1,
                (false, true) => Fingerprint::NotV1,
                (false, false) => Fingerprint::default(),
            },
            rtt_us: beat.rtt_us.filter(|_| beat.alive),
            fault: beat.error.clone().unwrap_or_default(),
            service: beat.service.clone().unwrap_or_default(),
            killed: None,
        })));
    }

    /// Raises what has to be raised now. Between two HEARTBEATs only what fails
    /// grows older: a good answer of a minute ago is no silence here.
    pub fn look(&mut self, between: bool, json: bool, ctx: &mut Context) {
        let now = clock::now();
        if between && (!self.failing || now.since(self.looked) < LOOK) {
            return;
        }
        self.looked = now;
        self.hear(Event::Beat);
        let state = &self.state;
        for alarm in state.alarms.since(self.told).filter(|alarm| alarm.calls(state.now)) {
            if let Some((tell, _)) = &self.on_alert {
                tell(alarm, state);
            }
            let text = format!("ALARM {}; {}", alarm.text, alarm.advice);
            if json {
                ctx.out.note(format!("crs: {text}"));
            } else {
                ctx.out.line(format!("{} {text}", clock::utc().hms()));
            }
        }
        self.told = self.state.alarms.raised;
        self.complain(ctx);
    }

    /// Waits for the program that is being told, within its own limit.
    pub fn end(mut self, ctx: &mut Context) {
        if let Some((tell, thread)) = self.on_alert.take() {
            drop(tell);
            let began = clock::now();
            while !thread.is_finished() && clock::now().since(began) < PATIENCE {
                clock::sleep(Duration::from_millis(20));
            }
        }
        self.complain(ctx);
    }

    fn complain(&self, ctx: &mut Context) {
        for event in self.voice.urgent.try_iter() {
            if let Event::Log(line) = event {
                ctx.out.note(format!("crs: {}: {}", line.source, line.text));
            }
        }
    }

    fn hear(&mut self, event: Event) {
        let record = Stamped { seq: self.state.seq + 1, at: clock::now(), event };
        // Numbered without a hole, so never refused.
        let _ = self.state.apply(&record);
    }
}
