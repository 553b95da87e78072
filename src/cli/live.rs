//! Real money: which account and which configuration an arming is for, and
//! whether one stands. `crs arm --live` writes it, `deal` asks here before
//! every order, `status` and `brief` tell.

use super::wiring;
use crate::audit::record::line_sha;
use crate::audit::{LedgerReader, LiveAccount, LiveStand};
use crate::config::Settings;
use crate::domain::{Account, Endpoint, GatewayAddr, LatchPhase, Mode, Text, UtcMicros};
use serde::Serialize;
use std::path::PathBuf;

/// What of this process an arming has to agree with.
pub struct LiveTerms {
    audit: PathBuf,
    gateways: Vec<GatewayAddr>,
    config_sha: String,
}

/// An arming that stands.
#[derive(Debug, Serialize)]
pub struct Standing {
    /// Typed then.
    pub since: UtcMicros,
    /// For whom.
    #[serde(flatten)]
    pub account: LiveAccount,
}

impl LiveTerms {
    /// Under these settings.
    #[must_use]
    pub fn of(settings: &Settings) -> Self {
        Self {
            audit: wiring::latch_home(settings).audit(),
            gateways: settings.gateways.clone(),
            config_sha: config_sha(settings),
        }
    }

    /// The hash that an arming is recorded with.
    #[must_use]
    pub fn config_sha(&self) -> &str {
        &self.config_sha
    }

    /// Whether an order may go to this account: always where no real money
    /// can move, else only under an arming that stands. Reads the log, so it
    /// belongs before the permit, never after it.
    ///
    /// # Errors
    /// Why not, and what to do.
    pub fn allow(&self, to: &Endpoint, account: &Account) -> Result<(), Text> {
        let mode = Mode::of_account(account);
        if !mode.is_live() {
            return Ok(());
        }
        let Some(gateway) = self.gateways.iter().find(|g| g.cmd == *to) else {
            let why = format!("{to} is {} and no configured gateway", mode.word());
            return Err(Text::new(&why));
        };
        let account = LiveAccount::of(gateway, account);
        let why = match LedgerReader::new(&self.audit).refresh() {
            Ok(ledger) => match ledger.live(&account, &self.config_sha) {
                LiveStand::Armed(_) => return Ok(()),
                LiveStand::Not(why) => why,
            },
            Err(e) => Text::new(&format!("{} can't be read: {e}", self.audit.display())),
        };
        let on = &gateway.name;
        let next = format!("arm it with: crs arm --live --on {on}");
        Err(Text::new(&format!("LIVE is not armed for {account}: {why}; {next}")))
    }

    /// Every arming that stands.
    ///
    /// # Errors
    /// Why the log can't tell.
    pub fn standing(&self) -> Result<Vec<Standing>, Text> {
        let mut reader = LedgerReader::new(&self.audit);
        let ledger = reader.refresh().map_err(|e| {
            Text::new(&format!("unknown: {} can't be read: {e}", self.audit.display()))
        })?;
        let holding = ledger.live_armings(&self.config_sha).into_iter();
        Ok(holding.map(|(since, a)| Standing { since, account: a.clone() }).collect())
    }
}

/// What a page says of them, one line each, and never nothing. An arming
/// lets nothing pass that the switch holds, and the line must not sound so.
#[must_use]
pub fn lines(standing: &Result<Vec<Standing>, Text>, switch: LatchPhase) -> Vec<String> {
    let held = match switch {
        LatchPhase::Safe => String::new(),
        held => format!(", but {},", held.word()),
    };
    match standing {
        Err(why) => vec![why.to_string()],
        Ok(none) if none.is_empty() => vec!["not armed".to_owned()],
        Ok(all) => all.iter().map(|s| format!("armed{held} for {}", s.account)).collect(),
    }
}

/// SHA-256, hexadecimal, over what decides where orders go and how a kill
/// stops them: the gateways in their order (name, both addresses), the
/// latch, further latches, and the kill's settings. Colours, polls and paths
/// of logs may change without typing anything anew.
#[must_use]
pub fn config_sha(settings: &Settings) -> String {
    let mut bytes = b"crs-live-1".to_vec();
    // Lengths first, so that no two lists run into the same bytes.
    let mut put = |part: &[u8]| {
        bytes.extend_from_slice(format!("\n{}:", part.len()).as_bytes());
        bytes.extend_from_slice(part);
    };
    put(settings.gateways.len().to_string().as_bytes());
    for gateway in &settings.gateways {
        put(gateway.name.as_str().as_bytes());
        put(gateway.cmd.to_string().as_bytes());
        put(gateway.data.to_string().as_bytes());
    }
    put(wiring::latch_home(settings).latch.as_os_str().as_encoded_bytes());
    for extra in wiring::extra(settings) {
        put(extra.as_os_str().as_encoded_bytes());
    }
    let kill = &settings.kill;
    put(format!(
        "{} {} {}",
        kill.proof_interval_ms, kill.enforce_interval_ms, kill.flatten_on_external
    )
    .as_bytes());
    line_sha(&bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;

    fn settings() -> Settings {
        let mut settings = Settings::defaults("/c".into(), "/s".into());
        let at = |port| Endpoint::new("127.0.0.1", port).unwrap();
        let main = GatewayAddr { name: Text::new("main"), cmd: at(5_555), data: at(5_556) };
        settings.gateways.push(main);
        settings
    }

    #[test]
    fn only_what_matters_changes_the_hash() {
        let sha = config_sha(&settings());
        let changed = |change: fn(&mut Settings)| {
            let mut other = settings();
            change(&mut other);
            config_sha(&other) != sha
        };
        assert!(!changed(|s| s.theme = "light".to_owned()) && !changed(|s| s.fps = 1));
        assert!(changed(|s| s.gateways.push(s.gateways[0].clone())));
        assert!(changed(|s| s.gateways[0].cmd = Endpoint::new("127.0.0.2", 5_555).unwrap()));
        assert!(changed(|s| s.gateways[0].name = Text::new("other")));
        assert!(changed(|s| s.kill_switch_file = "/elsewhere".into()));
        assert!(changed(|s| s.extra_latches.push("/x".into())));
        assert!(changed(|s| s.kill.flatten_on_external = true));
        assert!(changed(|s| s.kill.enforce_interval_ms += 1));
        assert_eq!(sha.len(), 64);
    }

    #[test]
    fn a_log_that_cant_be_read_arms_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = settings();
        settings.state_dir = dir.path().into();
        let audit = wiring::latch_home(&settings).audit();
        std::fs::create_dir_all(audit.parent().unwrap_or(Path::new("/"))).unwrap();
        std::fs::write(&audit, "not a directory").unwrap();
        let standing = LiveTerms::of(&settings).standing();
        assert!(lines(&standing, LatchPhase::Safe)[0].starts_with("unknown"), "{standing:?}");
    }
}
