//! The program itself: versions, libzmq, limits, the HTTP client.

use super::check::{Check, State};
use rustix::process::{Resource, getrlimit};

/// Sockets, files and the agent of a console that watches a few gateways.
const DESCRIPTORS: u64 = 128;

/// Looks at them.
pub fn checks() -> Vec<Check> {
    vec![version(), libzmq(), curve(), descriptors(), http()]
}

fn version() -> Check {
    let build = if cfg!(debug_assertions) { "debug build" } else { "release build" };
    let found = format!(
        "crs {}, {build}, {}-{}",
        env!("CARGO_PKG_VERSION"),
        std::env::consts::ARCH,
        std::env::consts::OS
    );
    if cfg!(debug_assertions) {
        let advice = "slower than it should be: trade with `cargo build --release`";
        return Check::new("version", State::Note, found, advice);
    }
    Check::good("version", found)
}

fn libzmq() -> Check {
    let (major, minor, patch) = zmq::version();
    Check::good("libzmq", format!("{major}.{minor}.{patch}"))
}

fn curve() -> Check {
    if zmq::has("curve") == Some(true) {
        return Check::good("CURVE", "available");
    }
    Check::new(
        "CURVE",
        State::Note,
        "not in this libzmq",
        "commands and ticks can't be encrypted by ZeroMQ: reach a gateway on another machine \
         through an SSH tunnel or a private network",
    )
}

fn descriptors() -> Check {
    let soft = getrlimit(Resource::Nofile).current;
    match soft {
        Some(n) if n < DESCRIPTORS => Check::new(
            "descriptors",
            State::Poor,
            format!("{n} open files allowed"),
            format!("sockets may fail to open under load; run: ulimit -n {DESCRIPTORS}"),
        ),
        Some(n) => Check::good("descriptors", format!("{n} open files allowed")),
        None => Check::good("descriptors", "no limit on open files"),
    }
}

/// Built with the roots that are compiled in: a machine without CA
/// certificates would otherwise fail even for plain http.
fn http() -> Check {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let roots: Vec<_> = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|der| reqwest::Certificate::from_der(der).ok())
        .collect();
    let count = roots.len();
    match reqwest::Client::builder().tls_certs_only(roots).build() {
        Ok(_) => Check::good("HTTP client", format!("rustls with {count} built-in authorities")),
        Err(e) => Check::new(
            "HTTP client",
            State::Poor,
            format!("can't be built: {e}"),
            "nothing can be fetched over HTTP or HTTPS; the kill does not need it",
        ),
    }
}
