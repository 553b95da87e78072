//! All layers, one over the other.

use super::env::{self, Lookup};
use super::gateways::{self, Parts};
use super::origin::Sourced;
use super::section::Document;
use super::{Flags, Origin, Origins, Problem, Settings, dirs, file, remote, sentinel};
use std::io::Read;
use std::path::{Path, PathBuf};

/// A configuration file larger than this is a mistake.
const MAX_BYTES: u64 = 1_048_576;

/// Settings while the layers speak.
#[derive(Debug)]
pub struct Draft {
    /// What holds so far.
    pub settings: Settings,
    /// The gateway that orders go to, in parts: flags may change only a port.
    pub first: Option<Parts>,
    /// The others.
    pub rest: Vec<Parts>,
    /// The file lists gateways, or nobody can tell that it lists none.
    pub lists_gateways: bool,
    /// Who said what.
    pub origins: Origins,
    /// What is wrong.
    pub problems: Vec<Problem>,
}

impl Draft {
    /// Sets a value where a layer has one.
    pub fn put<T>(
        &mut self,
        key: &str,
        got: Option<Sourced<T>>,
        slot: fn(&mut Settings) -> &mut T,
    ) {
        if let Some(Sourced { value, origin }) = got {
            *slot(&mut self.settings) = value;
            self.origins.note(key, origin);
        }
    }

    /// The gateway that flags and environment speak of.
    pub fn first_gateway(&mut self) -> &mut Parts {
        self.first.get_or_insert_default()
    }
}

/// What all layers together say, mistakes included.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The settings. Where a value was wrong, the next weaker layer's stands;
    /// gateways that can't be used are left out, so the list may be empty.
    pub settings: Settings,
    /// Who set what.
    pub origins: Origins,
    /// Everything that is wrong, in order of place.
    pub problems: Vec<Problem>,
    /// The file that was read.
    pub file: Option<PathBuf>,
}

impl Loaded {
    /// The configuration, or all that is wrong with it.
    ///
    /// For every verb but the stopping ones: a kill with a broken theme name
    /// in the file must still kill, so `kill` and `block` take the settings
    /// as they are and show the problems beside the outcome.
    ///
    /// # Errors
    /// The problems, when there are any.
    pub fn strict(self) -> Result<Self, Vec<Problem>> {
        if self.problems.is_empty() { Ok(self) } else { Err(self.problems) }
    }
}

/// Reads file and environment of this process under `flags`.
#[must_use]
pub fn load(flags: &Flags) -> Loaded {
    load_with(flags, &|name| std::env::var_os(name))
}

/// As [`load`], with the variables of `lookup`.
#[must_use]
pub fn load_with(flags: &Flags, lookup: Lookup<'_>) -> Loaded {
    let settings = Settings::defaults(dirs::config_dir(), dirs::state_dir());
    let usual = settings.config_dir.join("config.toml");
    let mut draft = Draft {
        settings,
        first: None,
        rest: Vec::new(),
        lists_gateways: false,
        origins: Origins::default(),
        problems: Vec::new(),
    };
    let path = flags.config.clone().or_else(|| usual.symlink_metadata().is_ok().then_some(usual));
    if let Some(path) = &path {
        read_file(path, &mut draft);
    }
    // A list that is empty because its entries are wrong stays empty: the
    // loopback default must not pose as the gateway that was meant. A mistake
    // elsewhere in a file that lists none takes nobody's gateway away.
    if !draft.lists_gateways {
        draft.first_gateway();
    }
    env::apply(lookup, &mut draft);
    apply_flags(flags, &mut draft);
    let Draft { mut settings, first, rest, mut origins, mut problems, .. } = draft;
    let all: Vec<Parts> = first.into_iter().chain(rest).collect();
    settings.gateways = gateways::build(&all, &mut origins, &mut problems);
    check(&settings, &origins, &mut problems);
    remote::settle(&mut settings, origins.of("remote.gateway"), &mut problems);
    problems.sort();
    Loaded { settings, origins, problems, file: path }
}

fn read_file(path: &Path, draft: &mut Draft) {
    match read_text(path) {
        Ok(text) => file::apply(&path.to_string_lossy(), &text, draft),
        Err(problem) => {
            // What nobody could read may list other gateways than the default.
            draft.lists_gateways = true;
            draft.problems.push(problem);
        }
    }
}

/// The text of a file of ours, bounded.
///
/// # Errors
/// Why it can't be read, and where it is no text.
pub(super) fn read_text(path: &Path) -> Result<String, Problem> {
    let shown = path.to_string_lossy();
    let bytes =
        read_bytes(path).map_err(|(cause, next)| Problem::new(file::whole(&shown), cause, next))?;
    String::from_utf8(bytes).map_err(|e| {
        let good = e.as_bytes().get(..e.utf8_error().valid_up_to()).unwrap_or_default();
        let good = String::from_utf8_lossy(good);
        let at = Document::new(&shown, &good).place(good.len());
        Problem::new(at, "is not UTF-8", "save it as UTF-8")
    })
}

fn read_bytes(path: &Path) -> Result<Vec<u8>, (String, &'static str)> {
    let unreadable = |e: std::io::Error| {
        (format!("can't be read: {e}"), "check path and permissions, or write one: crs config init")
    };
    let meta = std::fs::metadata(path).map_err(unreadable)?;
    // A pipe would hang, a device might never end; /dev/null means "no file".
    if !meta.is_file() && path != Path::new("/dev/null") {
        return Err(("is not a file".to_owned(), "name a TOML file with --config"));
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(path).map_err(unreadable)?;
    opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(unreadable)?;
    if u64::try_from(bytes.len()).is_ok_and(|n| n > MAX_BYTES) {
        return Err(("is larger than 1 MiB".to_owned(), "name a TOML file with --config"));
    }
    Ok(bytes)
}

fn apply_flags(flags: &Flags, draft: &mut Draft) {
    if let Some(host) = from(flags.gateway.clone(), "--gateway") {
        draft.first_gateway().host = host;
    }
    if let Some(port) = from(flags.cmd_port, "--cmd-port") {
        draft.first_gateway().cmd_port = port;
    }
    if let Some(port) = from(flags.data_port, "--data-port") {
        draft.first_gateway().data_port = port;
    }
    let latch = flags.kill_switch_file.clone().map(typed);
    let state = flags.state_dir.clone().map(typed);
    draft.put("events", from(flags.events.clone(), "--events"), |s| &mut s.events);
    draft.put("latch.file", from(latch, "--kill-switch-file"), |s| &mut s.kill_switch_file);
    draft.put("state.dir", from(state, "--state-dir"), |s| &mut s.state_dir);
    draft.put("screen.theme", from(flags.theme.clone(), "--theme"), |s| &mut s.theme);
    draft.put("screen.keymap", from(flags.keymap.clone(), "--keymap"), |s| &mut s.keymap);
    draft.put("screen.color", from(flags.color, "--color"), |s| &mut s.color);
}

fn from<T>(given: Option<T>, name: &'static str) -> Option<Sourced<T>> {
    given.map(|value| Sourced { value, origin: Origin::Flag { name } })
}

/// A path typed into a shell means a file below the working directory.
fn typed(path: PathBuf) -> PathBuf {
    std::path::absolute(&path).unwrap_or(path)
}

/// What no single value can tell.
fn check(settings: &Settings, origins: &Origins, out: &mut Vec<Problem>) {
    sentinel::check(&settings.sentinel, origins, out);
    if settings.extra_latches.contains(&settings.kill_switch_file) {
        out.push(Problem::new(
            origins.of("latch.extra"),
            "the latch is listed among the further ones too",
            "remove it from latch.extra",
        ));
    }
    let paper = &settings.paper;
    let ports = [paper.cmd_port, paper.data_port, paper.events_port];
    let distinct: std::collections::BTreeSet<_> = ports.into_iter().collect();
    if distinct.len() < ports.len() {
        let at = ["paper.events_port", "paper.data_port", "paper.cmd_port"]
            .into_iter()
            .map(|key| origins.of(key))
            .find(Origin::is_configured);
        out.push(Problem::new(
            at.unwrap_or_default(),
            "two of the paper gateway's ports are the same",
            "give cmd_port, data_port and events_port different numbers",
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsString;

    const FILE: &str = "[[gateway]]\nname='a'\nhost='file.example'\ncmd_port=1111\n\
        [[gateway]]\nname='b'\nhost='other.example'\n[latch]\nfile='/file/latch'\n";

    fn under(text: &str, vars: &[(&str, &str)], mut flags: Flags) -> Loaded {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("config.toml");
        std::fs::write(&path, text).unwrap();
        flags.config = Some(path);
        load_with(&flags, &|name| {
            vars.iter().find(|(n, _)| *n == name).map(|(_, v)| OsString::from(v))
        })
    }

    fn first(loaded: &Loaded) -> String {
        loaded.settings.gateways.first().map(|g| g.cmd.to_string()).unwrap_or_default()
    }

    #[test]
    fn flag_beats_environment_beats_file_beats_default() {
        let none = Flags::default;
        assert_eq!(first(&under("", &[], none())), "127.0.0.1:5555");
        assert_eq!(first(&under(FILE, &[], none())), "file.example:1111");
        let vars = [("RUST_GATEWAY_HOST", "env.example"), ("KILL_SWITCH_FILE", "/env/latch")];
        let by_env = under(FILE, &vars, none());
        assert_eq!(first(&by_env), "env.example:1111");
        assert_eq!(by_env.settings.kill_switch_file, Path::new("/env/latch"));
        let by_flag = Flags {
            gateway: Some("flag.example".into()),
            cmd_port: Some(2222),
            kill_switch_file: Some("/flag/latch".into()),
            ..none()
        };
        let by_flag = under(FILE, &vars, by_flag);
        assert_eq!(first(&by_flag), "flag.example:2222");
        assert_eq!(by_flag.settings.kill_switch_file, Path::new("/flag/latch"));
        assert_eq!(by_flag.origins.of("latch.file").to_string(), "--kill-switch-file");
        assert_eq!(by_flag.origins.of("gateway[0].host").to_string(), "--gateway");
    }

    #[test]
    fn the_hub_of_the_environment_is_the_one_that_is_asked() {
        let file = "[hub]\nhost = 'file.example'\nport = 1";
        let vars = [("HUB_HOST", "env.example"), ("HUB_PORT", "6001")];
        let loaded = under(file, &vars, Flags::default());
        let hub = &loaded.settings.hub;
        assert_eq!((hub.host.as_str(), hub.port, hub.timeout_ms), ("env.example", 6_001, 1_000));
        assert_eq!(loaded.origins.of("hub.port").to_string(), "environment HUB_PORT");
    }

    #[test]
    fn a_host_from_outside_leaves_the_other_gateways_in_reach_of_a_kill() {
        let loaded = under(FILE, &[("RUST_GATEWAY_HOST", "env.example")], Flags::default());
        let names: Vec<_> = loaded.settings.gateways.iter().map(|g| g.name.as_str()).collect();
        assert_eq!(names, ["a", "b"]);
    }

    #[test]
    fn variables_that_programs_read_differently_are_refused() {
        for (name, value) in [
            ("KILL_SWITCH_FILE", ""),
            ("KILL_SWITCH_FILE", "kill.lock"),
            ("RUST_GATEWAY_PORT", "0"),
            ("RUST_GATEWAY_PORT", "5555x"),
            ("RUST_GATEWAY_HOST", "a b"),
            ("HUB_HOST", "http://hub.example"),
            ("HUB_PORT", "65536"),
        ] {
            let loaded = under("", &[(name, value)], Flags::default());
            assert_eq!(loaded.problems.len(), 1, "{name}={value}");
            assert!(loaded.problems.first().unwrap().to_string().contains(name));
        }
    }

    #[test]
    fn a_broken_gateway_is_never_replaced_by_loopback() {
        let loaded = under("[[gateway]]\nhost = 7\n[screen]\nfps = 5", &[], Flags::default());
        assert_eq!(loaded.settings.gateways, []);
        assert_eq!(loaded.settings.fps, 5, "what can be read is read, for the kill's sake");
        assert!(loaded.strict().is_err());
    }

    #[test]
    fn a_mistake_elsewhere_leaves_the_default_gateway_in_reach_of_a_kill() {
        for text in ["[screen]\nthem = 'dark'", "[screen]\nfps = [", "#[[gateway]]\nxyz = 1\n"] {
            let loaded = under(text, &[], Flags::default());
            assert!(!loaded.problems.is_empty(), "{text}");
            assert_eq!(first(&loaded), "127.0.0.1:5555", "{text}");
        }
        let typos = [
            "[[gatway]]\nhost = 'far.example'",
            "[gateway]\nhost = 'far.example'",
            "gateway = 'far.example'",
            "[[gtw]]\nhost = 'far.example'",
            "x = [\n[[gateway]]\nhost = 'far.example'",
        ];
        for text in typos {
            let loaded = under(text, &[], Flags::default());
            assert!(!loaded.problems.is_empty(), "{text}");
            assert_eq!(loaded.settings.gateways, [], "{text}");
        }
    }

    #[test]
    fn the_null_device_stands_for_no_file() {
        let flags = Flags { config: Some("/dev/null".into()), ..Flags::default() };
        assert_eq!(load_with(&flags, &|_| None).problems, []);
    }

    #[test]
    fn what_is_no_readable_file_is_named() {
        for path in ["/nonexistent/crs.toml", "/dev/zero", "/"] {
            let flags = Flags { config: Some(path.into()), ..Flags::default() };
            let loaded = load_with(&flags, &|_| None);
            assert_eq!(loaded.problems.len(), 1, "{path}");
            assert!(loaded.problems.first().unwrap().to_string().starts_with(path));
        }
    }
}
