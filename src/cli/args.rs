//! The flags that every verb takes.

use super::Verb;
use crate::config::{ColorChoice, Flags, gateways::is_name};
use crate::domain::Endpoint;
use std::path::PathBuf;

const ABOUT: &str = "\
Console and kill switch of the MT5-CRS trading mesh.

Without a verb the full-screen console opens. Settings come from the command line, else the \
environment (RUST_GATEWAY_HOST, RUST_GATEWAY_PORT, KILL_SWITCH_FILE; for the sentinel HUB_HOST, \
HUB_PORT, GTW_HOST, GTW_PORT, METRICS_PORT, EODHD_API_TOKEN), else the configuration file, else \
the default; every default address is this machine. `crs config show` tells what is in force.";

/// The whole command line.
#[derive(Debug, clap::Parser)]
#[command(name = "crs", version, disable_help_subcommand = true, max_term_width = 100)]
#[command(about = "Console and kill switch of the MT5-CRS trading mesh", long_about = ABOUT)]
#[command(after_help = "Exit status: listed in `crs VERB --help`; \
    64 is a wrong command line, 78 a wrong configuration.")]
pub struct Cli {
    /// Flags of every verb.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub verb: Option<Verb>,
}

/// Flags of every verb.
#[derive(Debug, Default, clap::Args)]
#[command(next_help_heading = "Settings")]
pub struct Global {
    /// Configuration file; ~/.config/crs/config.toml if there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Host of the first gateway; further gateways of the file stay
    #[arg(long, global = true, value_name = "HOST", value_parser = host)]
    gateway: Option<String>,
    /// Its command port (REQ/REP) [default: 5555]
    #[arg(long, global = true, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    cmd_port: Option<u16>,
    /// Its tick port (PUB/SUB) [default: 5556]
    #[arg(long, global = true, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    data_port: Option<u16>,
    /// Telemetry publishers, as HOST:5557,…
    #[arg(long, global = true, value_name = "HOST:PORT", value_delimiter = ',')]
    events: Option<Vec<Endpoint>>,
    /// The latch
    #[arg(long, global = true, value_name = "PATH", value_parser = path)]
    #[arg(help = "Kill switch file (the latch) [default: /tmp/mt5_crs_kill_switch.lock]")]
    kill_switch_file: Option<PathBuf>,
    /// Directory of audit log and agent socket [default: ~/.local/state/crs]
    #[arg(long, global = true, value_name = "PATH", value_parser = path)]
    state_dir: Option<PathBuf>,
    /// Theme of the console
    #[arg(long, global = true, value_name = "NAME", value_parser = name)]
    theme: Option<String>,
    /// Keymap of the console
    #[arg(long, global = true, value_name = "NAME", value_parser = name)]
    keymap: Option<String>,
    /// When to use colour
    #[arg(long, global = true, value_name = "WHEN", value_enum)]
    #[arg(help = "Colour; auto heeds NO_COLOR, COLORTERM and TERM")]
    color: Option<When>,
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

impl Global {
    /// As the configuration's strongest layer.
    #[must_use]
    pub fn flags(self) -> Flags {
        Flags {
            config: self.config,
            gateway: self.gateway,
            cmd_port: self.cmd_port,
            data_port: self.data_port,
            events: self.events,
            kill_switch_file: self.kill_switch_file,
            state_dir: self.state_dir,
            theme: self.theme,
            keymap: self.keymap,
            color: self.color.map(|when| match when {
                When::Auto => ColorChoice::Auto,
                When::Always => ColorChoice::Always,
                When::Never => ColorChoice::Never,
            }),
        }
    }
}

pub(super) fn host(text: &str) -> Result<String, String> {
    let endpoint = Endpoint::new(text, 1).map_err(|e| format!("{e}; the port is --cmd-port"))?;
    Ok(endpoint.host().to_owned())
}

fn path(text: &str) -> Result<PathBuf, String> {
    if text.is_empty() { Err("an empty path names no file".to_owned()) } else { Ok(text.into()) }
}

fn name(text: &str) -> Result<String, String> {
    let refused = "use letters, digits, dots, dashes and underscores, no directory, no ending";
    if is_name(text) { Ok(text.to_owned()) } else { Err(refused.to_owned()) }
}
