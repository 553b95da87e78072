//! `crs console`, which a bare `crs` is: the full screen.

use super::exit::exits;
use super::session::{Plan, Session};
use super::{Context, Failure, Outcome};
use crate::config::{Loaded, Origin};
use crate::domain::Text;
use crate::tui::looks::Memory;
use crate::tui::terminal;

/// Nothing of its own: everything is in the configuration.
#[derive(Debug, Default, clap::Args)]
#[command(after_help = exits!(
    0 "left by a key",
    1 "no terminal, or the state directory can't be used",
    129 "the terminal was lost; agent and latch stay as they are",
    130 "SIGINT",
    143 "SIGTERM",
))]
pub struct Args {}

/// Opens the console and stays until it is left.
///
/// # Errors
/// Status 78 for a wrong configuration, 1 when there is no terminal.
pub fn run(_: &Args, ctx: &mut Context) -> Outcome {
    let mut loaded = ctx.strict()?;
    terminal::present().map_err(Failure::failed)?;
    let config = loaded.file.as_ref().map_or_else(
        || Text::new("no file: environment and defaults"),
        |file| Text::new(&file.to_string_lossy()),
    );
    let (memory, broken) = recall(&mut loaded);
    let notes = broken.into_iter().collect();
    let plan = Plan { settings: loaded.settings, forced_mode: None, config, notes, memory };
    Session::open(plan)?.show()
}

/// Goes on with the theme and keymap that the last session chose, unless the
/// command line names others.
fn recall(loaded: &mut Loaded) -> (Memory, Option<Text>) {
    let settings = &mut loaded.settings;
    let configured = (settings.theme.as_str(), settings.keymap.as_str());
    let (memory, broken) = Memory::load(&settings.state_dir, configured);
    let named = |key| matches!(loaded.origins.of(key), Origin::Flag { .. });
    if !named("screen.theme") {
        memory.theme().clone_into(&mut settings.theme);
    }
    if !named("screen.keymap") {
        memory.keymap().clone_into(&mut settings.keymap);
    }
    (memory, broken)
}
