//! `crs console`, which a bare `crs` is: the full screen.

use super::exit::exits;
use super::session::{Plan, Session};
use super::{Context, Failure, Outcome, back};
use crate::config::{self, Flags, Settings};
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
    let (memory, notes) = recall(&mut loaded.settings, &ctx.flags);
    let way_back = back::commands(&loaded.settings, &ctx.flags);
    let settings = loaded.settings;
    let plan = Plan { settings, forced_mode: None, config, notes, memory, way_back };
    Session::open(plan)?.show()
}

/// Goes on with the theme and keymap that the last session chose, unless the
/// command line names others.
fn recall(settings: &mut Settings, flags: &Flags) -> (Memory, Vec<Text>) {
    // A choice goes before the configuration, not before the flags of one day.
    let lasting = Flags { theme: None, keymap: None, ..flags.clone() };
    let lasting = config::load(&lasting).settings;
    let (memory, notes) = Memory::load(&settings.state_dir, (&lasting.theme, &lasting.keymap));
    if flags.theme.is_none() {
        memory.theme().clone_into(&mut settings.theme);
    }
    if flags.keymap.is_none() {
        memory.keymap().clone_into(&mut settings.keymap);
    }
    (memory, notes)
}
