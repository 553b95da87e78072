//! What the command line says; `cli` fills it in.

use super::ColorChoice;
use crate::domain::Endpoint;
use std::path::PathBuf;

/// The strongest layer. None means that the flag was not given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Flags {
    /// `--config`: read this file and no other.
    pub config: Option<PathBuf>,
    /// `--gateway`: host of the first gateway.
    pub gateway: Option<String>,
    /// `--cmd-port`: its command port.
    pub cmd_port: Option<u16>,
    /// `--data-port`: its tick port.
    pub data_port: Option<u16>,
    /// `--events`: telemetry publishers.
    pub events: Option<Vec<Endpoint>>,
    /// `--kill-switch-file`: the latch.
    pub kill_switch_file: Option<PathBuf>,
    /// `--state-dir`
    pub state_dir: Option<PathBuf>,
    /// `--theme`
    pub theme: Option<String>,
    /// `--keymap`
    pub keymap: Option<String>,
    /// `--color`
    pub color: Option<ColorChoice>,
}
