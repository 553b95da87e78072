//! `crs themes` and `crs keys`: which files there are, and whether they hold.

use super::exit::exits;
use super::{Context, Exit, Outcome};
use crate::domain::Text;
use crate::tui::keymap::Keymap;
use crate::tui::theme::{Charset, Depth, Theme};
use std::path::Path;

/// Themes.
pub mod themes {
    use super::{Context, Outcome, What, check, exits};

    /// What to do with them.
    #[derive(Debug, clap::Args)]
    #[command(after_help = exits!(0 "all of them hold", 1 "a file has a mistake: it is named"))]
    pub struct Args {
        #[command(subcommand)]
        what: What,
    }

    /// Lists or checks.
    ///
    /// # Errors
    /// Status 78 for a wrong configuration.
    pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
        check(&args.what, "themes", ctx)
    }
}

/// Keymaps.
pub mod keys {
    use super::{Context, Outcome, What, check, exits};

    /// What to do with them.
    #[derive(Debug, clap::Args)]
    #[command(after_help = exits!(0 "all of them hold", 1 "a file has a mistake: it is named"))]
    pub struct Args {
        #[command(subcommand)]
        what: What,
    }

    /// Lists or checks.
    ///
    /// # Errors
    /// Status 78 for a wrong configuration.
    pub fn run(args: &Args, ctx: &mut Context) -> Outcome {
        check(&args.what, "keymaps", ctx)
    }
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Name them, yours and the bundled ones
    List,
    /// Read every one of them as the console would
    Check,
}

fn check(what: &What, kind: &str, ctx: &mut Context) -> Outcome {
    let loaded = ctx.strict()?;
    let dir = loaded.settings.config_dir;
    let bundled: Vec<&str> =
        if kind == "themes" { Theme::names().collect() } else { Keymap::names().collect() };
    let mut all: Vec<(String, &str)> =
        bundled.iter().map(|name| ((*name).to_owned(), "bundled")).collect();
    all.extend(own(&dir.join(kind)).into_iter().map(|name| (name, "yours")));
    let mut exit = Exit::OK;
    for (name, whose) in all {
        // A bundled file is looked up where no user's file can shadow it.
        let place = if whose == "yours" { dir.as_path() } else { Path::new("") };
        let fault = match what {
            What::List => None,
            What::Check if kind == "themes" => {
                Theme::load(&name, place, Depth::True, Charset::Unicode).1
            }
            What::Check => Keymap::load(&name, place).1,
        };
        match fault {
            None => ctx.out.line(format!("{name:<16} {whose}")),
            Some(fault) => {
                exit = Exit::FAILED;
                ctx.out.line(format!("{name:<16} {whose}  {fault}"));
            }
        }
    }
    Ok(exit)
}

/// Names of the user's own files, in order.
fn own(dir: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let name = entry.ok()?.file_name();
            let name = name.to_str()?.strip_suffix(".toml")?;
            Some(Text::limited(name, 64).to_string())
        })
        .collect();
    names.sort();
    names
}
