//! Diagnostics by `CRS_LOG` (`info`, `crs::link=debug`), silent without it:
//! of the verbs that print to standard error, of the console to a file, since
//! the screen is not theirs.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Mutex;
use tracing_subscriber::EnvFilter;

/// The console's file in the state directory.
const FILE: &str = "console.log";

/// Starts them for a verb that prints.
pub fn to_stderr() {
    let Some(filter) = wanted() else { return };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    // Its own complaint about a closed standard error would panic.
    let _ = lines.with_writer(std::io::stderr).log_internal_errors(false).try_init();
}

/// Starts them for a verb with a screen, in a file of `state_dir`. Without the
/// file there are none: they must not keep a console from opening.
pub fn to_file(state_dir: &Path) {
    let Some(filter) = wanted() else { return };
    let path = state_dir.join(FILE);
    let Ok(file) = OpenOptions::new().create(true).append(true).mode(0o600).open(path) else {
        return;
    };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
    let _ = lines.with_writer(Mutex::new(file)).log_internal_errors(false).try_init();
}

fn wanted() -> Option<EnvFilter> {
    let wanted = std::env::var("CRS_LOG").ok()?;
    // A filter that can't be parsed must not keep a verb from its work.
    Some(EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new("info")))
}
