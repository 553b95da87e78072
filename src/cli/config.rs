//! `crs config init|check|show`

use super::context::listed;
use super::exit::exits;
use super::{Context, Exit, Failure, Outcome};
use crate::config::{Loaded, Origin, Problem, Settings, dirs, template};
use crate::domain::Text;
use crate::tui::keymap::{self, Keymap};
use crate::tui::looks::memory::{self, Memory};
use crate::tui::theme::{self, Charset, Depth, Theme};
use crate::tui::ui::Layout;
use serde::Serialize;
use serde_json::Value;
use std::path::PathBuf;

/// Which part.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    part: Part,
}

#[derive(Debug, clap::Subcommand)]
enum Part {
    /// Write a commented configuration file; never over one that is there
    #[command(after_help = exits!(0 "written", 1 "not written: it exists, or can't be"))]
    Init,
    /// Name every mistake in file, environment and flags, theme and keymap
    #[command(after_help = exits!(0 "no mistake"))]
    Check {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Show every setting in force and where it came from
    #[command(after_help = exits!(0 "shown"))]
    Show {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

/// Does that part.
///
/// # Errors
/// Status 78 with every problem, or 1 when the file can't be written.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    match args.part {
        Part::Init => init(ctx),
        Part::Check { json } => Ok(check(json, ctx)),
        Part::Show { json } => show(json, ctx),
    }
}

fn init(ctx: &mut Context) -> Outcome {
    let usual = || dirs::config_dir().join("config.toml");
    let path: PathBuf = ctx.flags.config.clone().unwrap_or_else(usual);
    template::write(&path).map_err(|e| match e.kind() {
        std::io::ErrorKind::AlreadyExists => Failure::failed(format!(
            "{} exists and was left alone; move it away, or name another with --config",
            path.display()
        )),
        _ => Failure::failed(format!(
            "{} can't be written: {e}; name another with --config",
            path.display()
        )),
    })?;
    ctx.out.line(format!("wrote {}", path.display()));
    Ok(Exit::OK)
}

fn check(json: bool, ctx: &mut Context) -> Exit {
    let mut loaded = ctx.loaded();
    let looks = looks(&loaded);
    loaded.problems.extend(looks);
    let sound = loaded.problems.is_empty();
    if json {
        #[derive(Serialize)]
        struct Report<'a> {
            file: Option<&'a PathBuf>,
            problems: &'a [crate::config::Problem],
        }
        ctx.out.json(&Report { file: loaded.file.as_ref(), problems: &loaded.problems });
    } else if sound {
        ctx.out.line(format!("no mistakes in {}", source(&loaded)));
    } else {
        ctx.out.line(listed(&loaded.problems));
    }
    if sound { Exit::OK } else { Exit::CONFIG }
}

/// Theme and keymap are files of their own: whether they are there and hold.
fn looks(loaded: &Loaded) -> Vec<Problem> {
    let settings = &loaded.settings;
    let own = Some(settings.config_dir.as_path());
    let (depth, charset) = (Depth::None, Charset::Ascii);
    let theme = Theme::find(&settings.theme, theme::shelf(own), depth, charset).err();
    let keymap = Keymap::find(&settings.keymap, keymap::shelf(own)).err();
    let told = |key, why: Option<Text>, next| {
        why.map(|why| Problem::new(loaded.origins.of(key), format!("{key}: {why}"), next))
    };
    [
        told("screen.theme", theme, "crs themes list names them, crs themes check reads them"),
        told("screen.keymap", keymap, "crs keys list names them, crs keys check reads them"),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn source(loaded: &Loaded) -> String {
    match &loaded.file {
        Some(file) => file.display().to_string(),
        None => "the environment; there is no file, `crs config init` writes one".to_owned(),
    }
}

fn show(json: bool, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    if json {
        #[derive(Serialize)]
        struct Report<'a> {
            file: Option<&'a PathBuf>,
            settings: &'a crate::config::Settings,
            origins: &'a crate::config::Origins,
        }
        let Loaded { file, settings, origins, .. } = &loaded;
        ctx.out.json(&Report { file: file.as_ref(), settings, origins });
        return Ok(Exit::OK);
    }
    for (key, value) in rows(&loaded)? {
        let text = format!("{key} = {value}");
        let line = match loaded.origins.of(&key) {
            Origin::Default => format!("{text:<52}  # default"),
            said => format!("{text:<52}  # {said}"),
        };
        ctx.out.line(line);
    }
    for line in chosen(&loaded) {
        ctx.out.line(line);
    }
    Ok(Exit::OK)
}

/// Where the console begins with something else than the configuration says.
fn chosen(loaded: &Loaded) -> Vec<String> {
    let Settings { theme, keymap, state_dir, .. } = &loaded.settings;
    let memory = Memory::peek(state_dir, (theme, keymap));
    let file = state_dir.join(memory::FILE);
    let told = |key, configured: &str, chosen: &str| {
        let flag = matches!(loaded.origins.of(key), Origin::Flag { .. });
        (configured != chosen && !flag).then(|| {
            let file = file.display();
            format!("# the console begins with {key} = \"{chosen}\", chosen in it: {file}")
        })
    };
    let theme = told("screen.theme", theme, memory.theme());
    let layout = (loaded.settings.keep_layout && memory.layout != Layout::default()).then(|| {
        format!("# the console begins with the layout that it was left with: {}", file.display())
    });
    let keymap = told("screen.keymap", keymap, memory.keymap());
    theme.into_iter().chain(keymap).chain(layout).collect()
}

/// Settings under the names that the file gives them.
fn rows(loaded: &Loaded) -> Result<Vec<(String, String)>, Failure> {
    let settings = &loaded.settings;
    let mut rows = Vec::new();
    for (n, gateway) in settings.gateways.iter().enumerate() {
        rows.push((format!("gateway[{n}].name"), format!("\"{}\"", gateway.name)));
        rows.push((format!("gateway[{n}].host"), format!("\"{}\"", gateway.cmd.host())));
        rows.push((format!("gateway[{n}].cmd_port"), gateway.cmd.port().to_string()));
        rows.push((format!("gateway[{n}].data_port"), gateway.data.port().to_string()));
    }
    let tree = serde_json::to_value(settings).map_err(Failure::failed)?;
    for (key, path) in KEYS {
        let Some(value) = tree.pointer(path) else { continue };
        if let Value::Object(fields) = value {
            rows.extend(fields.iter().map(|(name, v)| (format!("{key}.{name}"), v.to_string())));
        } else {
            rows.push(((*key).to_owned(), value.to_string()));
        }
    }
    for (n, session) in settings.calendar.sessions.iter().enumerate() {
        let tree = serde_json::to_value(session).map_err(Failure::failed)?;
        let symbols = tree.pointer("/symbols").map_or_else(String::new, Value::to_string);
        rows.push((format!("session[{n}].symbols"), symbols));
        let hours = tree.pointer("/hours").and_then(Value::as_object).into_iter().flatten();
        rows.extend(hours.map(|(key, v)| (format!("session[{n}].{key}"), v.to_string())));
    }
    for (n, node) in settings.mesh.nodes.iter().enumerate() {
        rows.push((format!("node[{n}].name"), format!("\"{}\"", node.name)));
        let host = node.host.iter().map(|host| (format!("node[{n}].host"), format!("\"{host}\"")));
        rows.extend(host);
    }
    for (n, check) in settings.mesh.checks.iter().enumerate() {
        rows.push((format!("check[{n}].node"), format!("\"{}\"", check.node)));
        rows.push((format!("check[{n}].name"), format!("\"{}\"", check.name)));
        rows.push((format!("check[{n}].kind"), format!("\"{}\"", check.probe.kind())));
    }
    for (key, value) in &mut rows {
        match key.as_str() {
            "paper.balance" => *value = settings.paper.balance.text(2),
            "sentinel.threshold" => *value = settings.sentinel.threshold.to_string(),
            "sentinel.lots" => *value = settings.sentinel.lots.to_string(),
            "engine.lots" => *value = settings.engine.lots.to_string(),
            "engine.buy_above" => *value = settings.engine.buy_above.text(5),
            "engine.sell_below" => *value = settings.engine.sell_below.text(5),
            _ => {}
        }
    }
    Ok(rows)
}

/// The file's name of a setting or table, and where it stands in the settings.
const KEYS: &[(&str, &str)] = &[
    ("events", "/events"),
    ("decision_logs", "/decision_logs"),
    ("latch.file", "/kill_switch_file"),
    ("latch.extra", "/extra_latches"),
    ("state.dir", "/state_dir"),
    ("screen.theme", "/theme"),
    ("screen.keymap", "/keymap"),
    ("screen.color", "/color"),
    ("screen.fps", "/fps"),
    ("screen.line", "/line"),
    ("screen.mouse", "/mouse"),
    ("screen.keep_layout", "/keep_layout"),
    ("kill", "/kill"),
    ("audit", "/audit"),
    ("alarms", "/alarms"),
    ("recording", "/recording"),
    ("feed", "/feed"),
    ("poll", "/poll"),
    ("market", "/calendar/market"),
    ("eodhd", "/eodhd"),
    ("hub", "/hub"),
    ("sentinel", "/sentinel"),
    ("mesh", "/mesh"),
    ("card", "/card"),
    ("remote", "/remote"),
    ("paper", "/paper"),
    ("engine", "/engine"),
    ("mission", "/mission"),
];
