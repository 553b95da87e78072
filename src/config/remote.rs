//! `[remote]`: where the gateway's process is reached over SSH, and how it is
//! started and stopped there.
//!
//! Every value ends up on a command line of another machine, so each is held
//! to what a path, a name or an argument may be; quoting is `mesh::remote`'s.

use super::load::Draft;
use super::origin::{Origin, Sourced};
use super::section::Section;
use super::{Problem, Settings};
use crate::domain::Text;
use serde::Serialize;
use std::path::PathBuf;

/// Longest path or argument, in characters: what Windows takes, and what keeps
/// every command below the 8,191 of its `cmd.exe`.
const LONGEST: usize = 200;
/// Most arguments and modules.
const MANY: usize = 16;
/// What a start's values may take together on Windows, in characters: `cmd.exe`
/// there takes no command longer than 8,191, and each character costs it 8/3.
const ROOM: usize = 1_000;

/// What the other machine starts programs with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Platform {
    /// Windows, by PowerShell and the Task Scheduler.
    #[default]
    Windows,
    /// Linux, by a unit of systemd.
    LinuxSystemd,
    /// Linux, by a process of its own session and a pid file.
    LinuxProcess,
}

impl Platform {
    /// As in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Windows => "windows",
            Self::LinuxSystemd => "linux-systemd",
            Self::LinuxProcess => "linux-process",
        }
    }
}

/// How a Windows task is logged on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Logon {
    /// In the desktop session of the user who is logged on there, as the
    /// terminal of MT5 needs it.
    #[default]
    Interactive,
    /// Whether anybody is logged on or not, without a desktop.
    S4u,
}

/// The gateway's process on another machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RemoteSettings {
    /// Destination for `ssh`, an alias of its configuration allowed; empty:
    /// there is none.
    pub host: String,
    /// What starts programs there.
    pub platform: Platform,
    /// Which `[[gateway]]` it is, by name; empty for the first.
    pub gateway: String,
    /// A configuration for `ssh` instead of the user's; empty for the user's.
    pub ssh_config: PathBuf,
    /// Longest wait for a connection, in seconds.
    pub connect_timeout_s: u32,
    /// Longest wait from the start to the first good HEARTBEAT, in seconds.
    pub ready_within_s: u32,
    /// Working directory, and where `locate` looks.
    pub dir: String,
    /// The program that runs the gateway.
    pub interpreter: String,
    /// Its first argument; empty when the program is the gateway.
    pub script: String,
    /// Further arguments.
    pub args: Vec<String>,
    /// Modules that the interpreter must be able to import.
    pub modules: Vec<String>,
    /// Where the gateway's output goes; empty: systemd's journal.
    pub log: String,
    /// Where the started process is noted, on the other machine.
    pub pid_file: String,
    /// Name of the Windows task or of the unit.
    pub unit: String,
    /// Whether the unit belongs to the user's own systemd.
    pub user_unit: bool,
    /// How the Windows task is logged on.
    pub logon: Logon,
    /// The gateway's ports as its own machine has them: commands.
    pub cmd_port: u16,
    /// Ticks.
    pub data_port: u16,
    /// `watch` starts the gateway after so many missed heartbeats; 0 never.
    pub watchdog_missed: u32,
    /// Most starts by `watch` within an hour.
    pub watchdog_per_hour: u32,
}

impl Default for RemoteSettings {
    fn default() -> Self {
        Self::of(Platform::Windows)
    }
}

impl RemoteSettings {
    /// What holds on a platform when nobody says anything: the paths of the
    /// documents on Windows, none on Linux.
    #[must_use]
    pub fn of(platform: Platform) -> Self {
        let windows = |path: &str| match platform {
            Platform::Windows => path.to_owned(),
            Platform::LinuxSystemd | Platform::LinuxProcess => String::new(),
        };
        Self {
            host: String::new(),
            platform,
            gateway: String::new(),
            ssh_config: PathBuf::new(),
            connect_timeout_s: 10,
            ready_within_s: 5,
            dir: windows(r"C:\Projects\MT5-CRS"),
            interpreter: windows(r"C:\Projects\MT5-CRS\venv\Scripts\python.exe"),
            script: windows(r"C:\Projects\MT5-CRS\run_zmq_gateway.py"),
            args: Vec::new(),
            modules: ["dotenv", "zmq", "MetaTrader5"].map(str::to_owned).to_vec(),
            log: windows(r"C:\Projects\MT5-CRS\logs\gateway.log"),
            pid_file: windows(r"C:\Projects\MT5-CRS\crs-gateway.pid"),
            unit: "mt5-crs-gateway".to_owned(),
            user_unit: false,
            logon: Logon::Interactive,
            cmd_port: 5_555,
            data_port: 5_556,
            watchdog_missed: 0,
            watchdog_per_hour: 3,
        }
    }

    /// What the gateway's command line must hold to be known for it.
    #[must_use]
    pub fn mark(&self) -> &str {
        if self.script.is_empty() { &self.interpreter } else { &self.script }
    }

    /// The stop that needs no `crs`, for the out-of-band card.
    #[must_use]
    pub fn stop_by_hand(&self) -> String {
        let host = &self.host;
        match self.platform {
            Platform::Windows => format!(
                "ssh {host} \"netstat -ano | findstr :{}\", then ssh {host} taskkill /F /PID <pid>",
                self.cmd_port
            ),
            Platform::LinuxSystemd => {
                let user = if self.user_unit { "--user " } else { "" };
                format!("ssh {host} systemctl {user}stop {}", self.unit)
            }
            Platform::LinuxProcess => {
                format!("ssh {host} cat {}, then ssh {host} kill <its first number>", self.pid_file)
            }
        }
    }
}

/// Reads the table.
pub fn remote(section: &mut Section<'_, '_>, draft: &mut Draft) {
    let out = &mut draft.problems;
    let before = out.len();
    let place = section.place();
    let platform = section.text("platform", out).and_then(|t| platform(t, out));
    let named = platform.as_ref().map_or_else(Platform::default, |p| p.value);
    let host = section.text("host", out).and_then(|t| checked(t, "host", destination, out));
    let gateway = section.text("gateway", out).map(|t| t.map(str::to_owned));
    let ssh = section.path("ssh_config", out);
    let connect = section.integer("connect_timeout_s", 1..=120, out);
    let ready = section.integer("ready_within_s", 1..=120, out);
    let mut path = |key, out: &mut Vec<Problem>| {
        section.text(key, out).and_then(|t| checked(t, key, |text| of_path(text, named), out))
    };
    let (dir, interpreter) = (path("dir", out), path("interpreter", out));
    let (script, log, pid_file) = (path("script", out), path("log", out), path("pid_file", out));
    let args = list(section, "args", |text| argument(text, named), out);
    let modules = list(section, "modules", module, out);
    let unit = section.text("unit", out).and_then(|t| checked(t, "unit", unit, out));
    let user_unit = section.switch("user_unit", out);
    let logon = section.text("logon", out).and_then(|t| logon(t, out));
    let cmd = section.integer("cmd_port", 1..=65_535, out);
    let data = section.integer("data_port", 1..=65_535, out);
    let missed = section.integer("watchdog_missed", 0..=3_600, out);
    let per_hour = section.integer("watchdog_per_hour", 1..=60, out);
    let sound = out.len() == before;
    draft.settings.remote = RemoteSettings::of(named);
    draft.put("remote.platform", platform, |s| &mut s.remote.platform);
    draft.put("remote.host", host, |s| &mut s.remote.host);
    draft.put("remote.gateway", gateway, |s| &mut s.remote.gateway);
    draft.put("remote.ssh_config", ssh, |s| &mut s.remote.ssh_config);
    draft.put("remote.connect_timeout_s", connect.map(super::file::narrow), |s| {
        &mut s.remote.connect_timeout_s
    });
    draft.put("remote.ready_within_s", ready.map(super::file::narrow), |s| {
        &mut s.remote.ready_within_s
    });
    draft.put("remote.dir", dir, |s| &mut s.remote.dir);
    draft.put("remote.interpreter", interpreter, |s| &mut s.remote.interpreter);
    draft.put("remote.script", script, |s| &mut s.remote.script);
    draft.put("remote.args", args, |s| &mut s.remote.args);
    draft.put("remote.modules", modules, |s| &mut s.remote.modules);
    draft.put("remote.log", log, |s| &mut s.remote.log);
    draft.put("remote.pid_file", pid_file, |s| &mut s.remote.pid_file);
    draft.put("remote.unit", unit, |s| &mut s.remote.unit);
    draft.put("remote.user_unit", user_unit, |s| &mut s.remote.user_unit);
    draft.put("remote.logon", logon, |s| &mut s.remote.logon);
    draft.put("remote.cmd_port", cmd.map(super::file::narrow), |s| &mut s.remote.cmd_port);
    draft.put("remote.data_port", data.map(super::file::narrow), |s| &mut s.remote.data_port);
    draft.put("remote.watchdog_missed", missed.map(super::file::narrow), |s| {
        &mut s.remote.watchdog_missed
    });
    draft.put("remote.watchdog_per_hour", per_hour.map(super::file::narrow), |s| {
        &mut s.remote.watchdog_per_hour
    });
    if sound && !draft.settings.remote.host.is_empty() {
        whole(&draft.settings.remote, place, &mut draft.problems);
    }
}

/// What a platform can't do without, and two ports that are one.
fn whole(remote: &RemoteSettings, place: Origin, out: &mut Vec<Problem>) {
    let needed: &[(&str, &str)] = match remote.platform {
        Platform::LinuxSystemd => &[("unit", &remote.unit)],
        Platform::Windows | Platform::LinuxProcess => &[
            ("dir", &remote.dir),
            ("interpreter", &remote.interpreter),
            ("log", &remote.log),
            ("pid_file", &remote.pid_file),
        ],
    };
    for (key, value) in needed {
        if value.is_empty() {
            let cause = format!("remote.{key} is needed on {}", remote.platform.word());
            out.push(Problem::new(place.clone(), cause, "give its absolute path there"));
        }
    }
    let takes = |text: &str| text.encode_utf16().count() + text.matches('\'').count();
    let paths = [&remote.dir, &remote.interpreter, &remote.script, &remote.log, &remote.log];
    let room: usize = paths.into_iter().chain(&remote.args).map(|text| takes(text)).sum();
    if remote.platform == Platform::Windows && room > ROOM {
        let cause = format!("paths and arguments of [remote] are too long together ({room})");
        let next = format!("shorten them to {ROOM} characters, the log's path counts twice");
        out.push(Problem::new(place.clone(), cause, next));
    }
    if remote.cmd_port == remote.data_port {
        let cause = format!("commands and ticks share port {} in [remote]", remote.cmd_port);
        out.push(Problem::new(place, cause, "give cmd_port and data_port different numbers"));
    }
}

/// What only all layers together can tell: the name of a gateway. And a card
/// without its line about the gateway gets the one that can be typed.
pub(super) fn settle(settings: &mut Settings, at: Origin, out: &mut Vec<Problem>) {
    let remote = &settings.remote;
    if remote.host.is_empty() {
        return;
    }
    let name = &remote.gateway;
    if !name.is_empty() && !settings.gateways.iter().any(|g| g.name.as_str() == name) {
        let cause = format!("no [[gateway]] is called \"{}\"", Text::limited(name, 60));
        out.push(Problem::new(at, cause, "write the name of one, or leave it out for the first"));
    }
    if settings.card.remote_stop.is_empty() {
        let by_hand = remote.stop_by_hand();
        settings.card.remote_stop =
            Text::limited(&format!("crs remote gateway stop; without crs: {by_hand}"), 300);
    }
}

/// A value that `refused` finds nothing against.
fn checked(
    text: Sourced<&str>,
    key: &str,
    refused: impl Fn(&str) -> Option<&'static str>,
    out: &mut Vec<Problem>,
) -> Option<Sourced<String>> {
    match refused(text.value) {
        None => Some(text.map(str::to_owned)),
        Some(why) => {
            let shown = Text::limited(text.value, 60);
            out.push(Problem::new(
                text.origin,
                format!("remote.{key} \"{shown}\" can't be used"),
                why,
            ));
            None
        }
    }
}

fn list(
    section: &mut Section<'_, '_>,
    key: &'static str,
    refused: impl Fn(&str) -> Option<&'static str>,
    out: &mut Vec<Problem>,
) -> Option<Sourced<Vec<String>>> {
    let all = section.texts(key, out)?;
    if all.value.len() > MANY {
        let cause = format!("remote.{key} has more than {MANY} entries");
        out.push(Problem::new(all.origin, cause, "shorten it"));
        return None;
    }
    let origin = all.origin;
    let before = out.len();
    let entries = all.value.into_iter();
    let value: Vec<String> =
        entries.filter_map(|t| checked(t, key, &refused, out)).map(|t| t.value).collect();
    (out.len() == before).then_some(Sourced { value, origin })
}

/// A destination must never be read as an option.
fn destination(text: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-@:%[]/".contains(c);
    let dashed = text.starts_with('-') || text.contains("@-");
    (dashed || text.len() > 253 || !text.chars().all(fits))
        .then_some("give a host or an alias of ~/.ssh/config, which does not begin with a dash")
}

fn of_path(text: &str, platform: Platform) -> Option<&'static str> {
    if text.is_empty() {
        return None;
    }
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return Some("give at most 200 characters, all of them printable");
    }
    match platform {
        Platform::Windows => {
            let drive = matches!(text.as_bytes(), [letter, b':', b'\\', ..]
                if letter.is_ascii_alphabetic());
            let absolute = drive || text.starts_with(r"\\");
            (!absolute
                || text.ends_with('\\')
                || text.contains(['"', '%', '<', '>', '|', '?', '*']))
            .then_some(r"give a whole Windows path, as C:\Projects\…, without quotes and %")
        }
        Platform::LinuxSystemd | Platform::LinuxProcess => {
            (!text.starts_with('/')).then_some("begin it with / (~ is not expanded)")
        }
    }
}

/// What goes through `cmd.exe` may not hold what even quotes do not protect.
fn argument(text: &str, platform: Platform) -> Option<&'static str> {
    if text.chars().count() > LONGEST || text.chars().any(char::is_control) {
        return Some("give at most 200 characters, all of them printable");
    }
    let unsafe_there = text.contains(['"', '%']) || text.ends_with('\\');
    (platform == Platform::Windows && unsafe_there)
        .then_some("on Windows leave out quotes, % and a backslash at the end")
}

fn module(text: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let begins = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    (!begins || text.len() > 60 || !text.chars().all(fits))
        .then_some("name a Python module, as in \"zmq\"")
}

fn unit(text: &str) -> Option<&'static str> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "._-@:".contains(c);
    (text.is_empty() || text.len() > 100 || text.starts_with('-') || !text.chars().all(fits))
        .then_some("use letters, digits, dots, dashes and underscores")
}

fn platform(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<Platform>> {
    let found = match text.value {
        "windows" => Platform::Windows,
        "linux-systemd" => Platform::LinuxSystemd,
        "linux-process" => Platform::LinuxProcess,
        other => {
            let cause = format!("remote.platform \"{}\" is none of ours", Text::limited(other, 40));
            let next = "write windows, linux-systemd or linux-process";
            out.push(Problem::new(text.origin, cause, next));
            return None;
        }
    };
    Some(text.map(|_| found))
}

fn logon(text: Sourced<&str>, out: &mut Vec<Problem>) -> Option<Sourced<Logon>> {
    let found = match text.value {
        "interactive" => Logon::Interactive,
        "s4u" => Logon::S4u,
        other => {
            let cause = format!("remote.logon \"{}\" is none of ours", Text::limited(other, 40));
            out.push(Problem::new(text.origin, cause, "write interactive or s4u"));
            return None;
        }
    };
    Some(text.map(|_| found))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_destination_is_never_an_option() {
        for good in ["gtw", "ops@gtw.example", "ssh://ops@[::1]:2222", "192.0.2.7"] {
            assert_eq!(destination(good), None, "{good}");
        }
        for bad in ["-oProxyCommand=x", "ops@-x", "a b", "a;b", "a'b", "a$b"] {
            assert!(destination(bad).is_some(), "{bad}");
        }
    }

    #[test]
    fn a_path_is_whole_and_of_its_platform() {
        let (windows, linux) = (Platform::Windows, Platform::LinuxProcess);
        for good in [r"C:\a b\c.py", r"\\host\share\x.py", "", r"D:\it's & more\x"] {
            assert_eq!(of_path(good, windows), None, "{good}");
        }
        for bad in ["run.py", r"C:run.py", "C:/x", r"C:\a%b%", "C:\\a\"b", "C:\\a\nb", r"C:\a\"] {
            assert!(of_path(bad, windows).is_some(), "{bad}");
        }
        assert_eq!(of_path("/opt/it's \"here\"/$x", linux), None);
        assert!(of_path("opt", linux).is_some() && of_path("~/x", linux).is_some());
    }

    #[test]
    fn the_card_names_the_stop_that_needs_no_crs() {
        let mut remote = RemoteSettings::of(Platform::LinuxSystemd);
        remote.host = "gtw".to_owned();
        assert_eq!(remote.stop_by_hand(), "ssh gtw systemctl stop mt5-crs-gateway");
        let windows = RemoteSettings { host: "gtw".to_owned(), ..RemoteSettings::default() };
        assert!(windows.stop_by_hand().contains("taskkill /F /PID <pid>"));
    }
}
