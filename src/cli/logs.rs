//! Diagnostics of the verbs without a screen: to standard error, by
//! `CRS_LOG` (`info`, `crs::link=debug`), silent without it.

use tracing_subscriber::EnvFilter;

/// Starts them; the console has its own.
pub fn start() {
    let Ok(wanted) = std::env::var("CRS_LOG") else { return };
    // A filter that can't be parsed must not keep a verb from its work.
    let filter = EnvFilter::try_new(&wanted).unwrap_or_else(|_| EnvFilter::new("info"));
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_ansi(false)
        .with_writer(std::io::stderr)
        // Its own complaint about a closed standard error would panic.
        .log_internal_errors(false);
    let _ = lines.try_init();
}
