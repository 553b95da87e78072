//! `crs themes list|show|check`

use super::paint;
use crate::cli::exit::exits;
use crate::cli::{Context, Exit, Failure, Outcome};
use crate::config::ColorChoice;
use crate::tui::shelf::Shelf;
use crate::tui::theme::{self, Charset, Depth, TermEnv, Theme, contrast};
use std::io::IsTerminal;

/// What to do with them.
#[derive(Debug, clap::Args)]
#[command(after_help = exits!(0 "done; all of them hold", 1 "a file has a mistake: it is named"))]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Name them, yours and the bundled ones
    List {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
    /// Print every role of one in its own look, with its contrast
    Show {
        /// The theme; without it the configured one
        name: Option<String>,
    },
    /// Read every one of them as the console would
    Check {
        /// One JSON document on standard output
        #[arg(long)]
        json: bool,
    },
}

/// Lists, shows or checks.
///
/// # Errors
/// Status 78 for a wrong configuration, 1 for a theme that is not there or
/// can't be read.
pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
    let settings = ctx.strict()?.settings;
    let shelf = theme::shelf(Some(&settings.config_dir));
    match &args.what {
        What::List { json } => {
            let all = super::entries(shelf, |_, _| Ok(Vec::new()));
            Ok(super::print(&all, *json, ctx))
        }
        What::Check { json } => Ok(super::print(&super::entries(shelf, judge), *json, ctx)),
        What::Show { name } => {
            show(name.as_ref().unwrap_or(&settings.theme), shelf, settings.color, ctx)
        }
    }
}

/// A theme that is hard to read can be used all the same.
fn judge(name: &str, shelf: Shelf<'_>) -> Result<Vec<String>, String> {
    let find = |depth| Theme::find(name, shelf, depth, Charset::Unicode);
    let theme = find(Depth::True).map_err(|why| why.to_string())?;
    let note = |(role, ratio): (theme::Role, f64)| {
        let needs = contrast::needed(role);
        format!("{}: contrast {ratio:.1}:1, WCAG level AA wants {needs}:1", role.name())
    };
    Ok(contrast::weak(&theme).into_iter().map(note).collect())
}

fn show(name: &str, shelf: Shelf<'_>, color: ColorChoice, ctx: &mut Context) -> Outcome {
    let env = TermEnv::from_vars(|name| std::env::var(name).ok());
    let seen = std::io::stdout().is_terminal() || color == ColorChoice::Always;
    let depth = if seen { env.depth(color) } else { Depth::None };
    let find = |depth| Theme::find(name, shelf, depth, env.charset()).map_err(Failure::failed);
    let (theme, full) = (find(depth)?, find(Depth::True)?);
    ctx.out.file(paint::page(&theme, &full, seen).as_bytes());
    Ok(Exit::OK)
}
