//! The data service over TLS, with an authority that lives as long as the
//! test. Openssl makes it; without it the test says SKIPPED.

use super::series::{entries, recent};
use super::server::{head, run};
use crs::domain::Secret;
use crs::sentinel::eodhd::{Eodhd, EodhdOptions};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

fn openssl(dir: &Path, args: &str) -> Option<()> {
    let mut command = Command::new("openssl");
    command.args(args.split(' ')).current_dir(dir).stdin(Stdio::null());
    let out = command.output().ok()?;
    let said = String::from_utf8_lossy(&out.stderr);
    assert!(out.status.success(), "openssl {args}: {said}");
    Some(())
}

/// An authority `NAME-ca.pem`, and `NAME.pem` with `NAME.key` for `alt`.
fn authority(dir: &Path, name: &str, alt: &str) -> Option<PathBuf> {
    let new = "req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes";
    std::fs::write(dir.join("ext"), format!("subjectAltName={alt}\n")).unwrap();
    openssl(
        dir,
        &format!(
            "{new} -x509 -days 2 -subj /CN={name}-ca -keyout {name}-ca.key -out {name}-ca.pem"
        ),
    )?;
    openssl(dir, &format!("{new} -subj /CN={name} -keyout {name}.key -out {name}.csr"))?;
    openssl(
        dir,
        &format!(
            "x509 -req -in {name}.csr -CA {name}-ca.pem -CAkey {name}-ca.key -CAcreateserial \
         -days 2 -extfile ext -out {name}.pem"
        ),
    )?;
    Some(dir.join(format!("{name}-ca.pem")))
}

/// Answers `body` to everybody whom the handshake brings this far.
fn serve(dir: &Path, name: &str, body: Vec<u8>) -> u16 {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let cert = CertificateDer::from_pem_file(dir.join(format!("{name}.pem"))).unwrap();
    let key = PrivateKeyDer::from_pem_file(dir.join(format!("{name}.key"))).unwrap();
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(vec![cert], key);
    let config = Arc::new(config.unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let connection = ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut stream = StreamOwned::new(connection, stream.unwrap());
            let mut asked = [0_u8; 8_192];
            if stream.read(&mut asked).is_ok() {
                let _ = stream.write_all(&[head(body.len()), body.clone()].concat());
                stream.conn.send_close_notify();
                let _ = stream.flush();
            }
        }
    });
    port
}

#[test]
fn only_the_authorities_that_were_named_are_believed() {
    let dir = tempfile::tempdir().unwrap();
    let at = dir.path();
    let ours = authority(at, "ours", "IP:127.0.0.1");
    let theirs = authority(at, "theirs", "IP:127.0.0.1");
    let other = authority(at, "other", "DNS:eodhd.example");
    let (Some(ours), Some(theirs), Some(other)) = (ours, theirs, other) else {
        let words = b"\nSKIPPED only_the_authorities_that_were_named_are_believed: no openssl\n";
        let _ = std::io::stderr().write_all(words);
        return;
    };
    let bars = recent(260);
    let body = serde_json::to_vec(&entries(&bars)).unwrap();
    let good = serve(at, "ours", body.clone());
    let elsewhere = serve(at, "other", body);
    let ask = |port: u16, ca_file: Option<PathBuf>| {
        let options = EodhdOptions {
            base_url: format!("https://127.0.0.1:{port}"),
            token: Secret::new("abc.123"),
            timeout: Duration::from_mins(1),
            ca_file,
        };
        run(Eodhd::new(&options).unwrap().bars("EURUSD"))
    };
    assert_eq!(ask(good, Some(ours)).unwrap().bars, bars);
    for (port, ca_file, why) in [
        (good, None, "a stranger to the built-in authorities"),
        (good, Some(theirs), "another authority's"),
        (elsewhere, Some(other), "made out to another host"),
    ] {
        let fault = ask(port, ca_file).unwrap_err();
        assert_eq!(fault.code(), "tls", "{why}: {fault}");
        assert!(fault.to_string().contains("no secure connection"), "{fault}");
    }
}
