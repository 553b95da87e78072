//! The commands that lead a session back after a kill, as typed in a shell.

use crate::config::{Flags, Settings, dirs};
use crate::domain::{Endpoint, Text};
use crate::tui::view::WayBack;
use std::path::Path;

/// The whole way back for the latch, the state directory and the gateway of
/// `settings`, which were read with `flags`. The latch is always named: another
/// shell may have another environment.
#[must_use]
pub fn commands(settings: &Settings, flags: &Flags) -> WayBack {
    let mut place = String::new();
    let mut put = |flag: &str, value: &str| {
        place.extend([" ", flag, " ", &quoted(value)]);
    };
    let shown = |path: &Path| path.to_string_lossy().into_owned();
    if let Some(state) = own_state(settings) {
        put("--state-dir", &shown(state));
    }
    if let Some(config) = &flags.config {
        put("--config", &shown(config));
    }
    if let Some(host) = &flags.gateway {
        put("--gateway", host);
    }
    if let Some(port) = flags.cmd_port {
        put("--cmd-port", &port.to_string());
    }
    let latch = format!(" --kill-switch-file {}", quoted(&shown(&settings.kill_switch_file)));
    let far = settings.gateways.first().filter(|gateway| !gateway.cmd.is_loopback());
    let memory = match far {
        Some(gateway) => format!(" (on its host {})", gateway.cmd.host()),
        None => kept_in(settings),
    };
    WayBack {
        reset: whole(&format!("crs reset --reason TEXT{latch}{place}")),
        gateway: whole(&format!("crs gateway reset --reason TEXT{memory}")),
        arm: whole(&format!("crs arm{latch}{place}")),
    }
}

/// Where the state lies, when a command without a flag would look elsewhere.
fn own_state(settings: &Settings) -> Option<&Path> {
    Some(settings.state_dir.as_path()).filter(|dir| *dir != dirs::state_dir())
}

/// The flag with which `crs gateway reset` finds the memory of a gateway of this
/// host; empty where it finds it by itself.
pub(super) fn kept_in(settings: &Settings) -> String {
    own_state(settings)
        .map_or_else(String::new, |dir| format!(" --state-dir {}", quoted(&dir.to_string_lossy())))
}

/// As [`commands`], for a stage of its own: nothing of it is configured.
#[must_use]
pub fn of_stage(settings: &Settings) -> WayBack {
    let first = settings.gateways.first().map(|gateway| &gateway.cmd);
    let flags = Flags {
        gateway: first.map(|cmd| cmd.host().to_owned()),
        cmd_port: first.map(Endpoint::port),
        ..Flags::default()
    };
    commands(settings, &flags)
}

/// A command that is cut would be another one.
fn whole(command: &str) -> Text {
    Text::limited(command, command.len())
}

/// As a shell reads it as one word.
fn quoted(path: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "/._-+:@%,".contains(c);
    if path.chars().all(plain) {
        return path.to_owned();
    }
    format!("'{}'", path.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    #[test]
    fn it_names_what_leads_to_this_latch_and_no_more() {
        let usual = Settings::defaults(PathBuf::from("/c"), dirs::state_dir());
        let usual = Settings { kill_switch_file: PathBuf::from("/run/a.lock"), ..usual };
        let line = "crs reset --reason TEXT --kill-switch-file /run/a.lock";
        let plain = commands(&usual, &Flags::default());
        assert_eq!(plain.reset.as_str(), line);
        assert_eq!(plain.gateway.as_str(), "crs gateway reset --reason TEXT");
        assert_eq!(plain.arm.as_str(), "crs arm --kill-switch-file /run/a.lock");
        let own = Settings { state_dir: PathBuf::from("/s/it's one"), ..usual };
        let line = format!(r"{line} --state-dir '/s/it'\''s one' --config c.toml --cmd-port 7");
        let flags =
            Flags { config: Some(PathBuf::from("c.toml")), cmd_port: Some(7), ..Flags::default() };
        let deep =
            Settings { state_dir: PathBuf::from(format!("/{}", "d/".repeat(600))), ..own.clone() };
        assert!(commands(&deep, &flags).arm.as_str().ends_with("--cmd-port 7"), "never cut");
        let way = commands(&own, &flags);
        assert_eq!(way.reset.as_str(), line);
        assert!(way.gateway.as_str().ends_with(r"--state-dir '/s/it'\''s one'"), "{way:?}");
    }
}
