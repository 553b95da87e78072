//! Mission control: the file that a daemon would run, and whether one runs.

use super::check::{Check, State};
use crate::cli::Context;
use crate::cli::mission::{Reach, client::Client, meant};
use crate::config::Loaded;
use crate::mission::api::message::Status;
use crate::mission::file;

/// Looks at both; asks nobody but the daemon of this user.
pub fn checks(loaded: &Loaded, ctx: &Context) -> Vec<Check> {
    vec![mission_file(ctx), daemon(loaded, ctx)]
}

fn mission_file(ctx: &Context) -> Check {
    let what = "mission file";
    let path = meant(None, &ctx.flags);
    let named = path.as_ref().map_or_else(
        || format!("the embedded {}", file::EMBEDDED_NAME),
        |path| path.display().to_string(),
    );
    match file::load(path.as_deref()) {
        Err(problems) => {
            let first = problems.first().map(ToString::to_string).unwrap_or_default();
            let first = first.lines().next().unwrap_or_default();
            let found = format!("{named}: mistakes: {}: {first}", problems.len());
            let advice = "crs mission serve refuses to start; see: crs mission check";
            Check::new(what, State::Broken, found, advice)
        }
        Ok(mission) => {
            let (processes, modes) = (mission.processes.len(), mission.modes.len());
            let found = format!("{named}: {processes} processes, {modes} modes");
            match file::commands::warnings(&mission).len() {
                0 => Check::good(what, found),
                n => {
                    let advice = format!("{n} warnings; see: crs mission check");
                    Check::new(what, State::Note, found, advice)
                }
            }
        }
    }
}

fn daemon(loaded: &Loaded, ctx: &Context) -> Check {
    let what = "mission daemon";
    let reach = Reach::default();
    let socket = reach.socket(&loaded.settings);
    let shown = socket.display();
    if socket.symlink_metadata().is_err() {
        let found = format!("none: {shown} is not there");
        // Only a console that was told to follow one misses it.
        return if loaded.settings.mission.follows(&loaded.settings.state_dir).is_some() {
            let advice = "the console's Processes pane stays empty; start it: crs mission serve";
            Check::new(what, State::Poor, found, advice)
        } else {
            Check::new(what, State::Note, found, "crs mission serve starts it")
        };
    }
    let asked = Client::new(&reach, ctx).and_then(|client| {
        let status: Result<Status, _> = client.get("/api/status", &[]);
        Ok(status?)
    });
    match asked {
        Err(failure) => {
            let advice = "start one: crs mission serve (it takes the place of a socket that \
                          nobody listens at)";
            Check::new(what, State::Poor, failure.text, advice)
        }
        Ok(status) => {
            let mode = if status.mode.is_empty() { "none" } else { status.mode.as_str() };
            let wanted: Vec<_> = status.processes.iter().filter(|p| p.record.wanted).collect();
            let ready = wanted.iter().filter(|p| p.record.state.in_order()).count();
            let found = format!("answers at {shown}: mode {mode}, {ready} of {} up", wanted.len());
            if ready == wanted.len() {
                Check::good(what, found)
            } else {
                let advice = "crs mission ps names the others, crs mission why NAME says why";
                Check::new(what, State::Poor, found, advice)
            }
        }
    }
}
