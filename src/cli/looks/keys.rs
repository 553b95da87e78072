//! `crs keys list|actions|check|sheet`

use super::sheet;
use crate::cli::exit::exits;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::control::{Action, Danger};
use crate::tui::keymap::{self, Keymap};
use crate::tui::prompt::line;
use crate::tui::shelf::Shelf;
use serde::Serialize;

/// What to do with them.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(0 "done; all of them hold", 1 "a file has a mistake: it is named"))]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Name the keymaps, yours and the bundled ones
    List {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Name every action that a key can run
    Actions {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Read every keymap as the console would
    Check {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Print one as a sheet of 80 columns, to lie beside the keyboard
    Sheet {
        /// The keymap; without it the configured one
        name: Option<String>,
    },
}

/// Lists, checks or prints.
///
/// # Errors
/// Status 78 for a wrong configuration, 1 for a keymap that is not there or
/// can't be read.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    let shelf = keymap::shelf(Some(&settings.config_dir));
    match &args.what {
        What::List { json } => {
            let all = super::entries(shelf, |_, _| Ok(Vec::new()));
            Ok(super::print(&all, *json, ctx))
        }
        What::Check { json } => Ok(super::print(&super::entries(shelf, judge), *json, ctx)),
        What::Actions { json } => {
            actions(*json, ctx);
            Ok(Exit::OK)
        }
        What::Sheet { name } => {
            let name = name.as_ref().unwrap_or(&settings.keymap);
            let keymap = Keymap::find(name, shelf).map_err(Failure::failed)?;
            for line in sheet::page(&keymap) {
                ctx.out.line(line);
            }
            Ok(Exit::OK)
        }
    }
}

fn judge(name: &str, shelf: Shelf<'_>) -> Result<Vec<String>, String> {
    Keymap::find(name, shelf).map(|_| Vec::new()).map_err(|why| why.to_string())
}

fn actions(json: bool, ctx: &mut Context) {
    #[derive(Serialize)]
    struct Row {
        name: &'static str,
        takes: &'static str,
        asks: bool,
        bindable: bool,
        help: &'static str,
    }
    let row = |action: &Action| Row {
        name: action.name(),
        takes: action.takes().hint(),
        asks: action.danger() != Danger::None,
        bindable: action.danger() != Danger::Fixed,
        help: action.help(),
    };
    if json {
        let rows: Vec<Row> = Action::ALL.iter().map(row).collect();
        ctx.out.json(&rows);
        return;
    }
    for action in Action::ALL {
        let note = match action.danger() {
            Danger::None => "",
            Danger::Guarded => " (asks first)",
            Danger::Fixed => " (asks first; its chord is built in)",
        };
        ctx.out.line(format!("{:<18} {}{note}", line::shown(*action), action.help()));
    }
}
