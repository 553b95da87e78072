//! TLS: whom to trust, and words for a certificate that is refused.

use crate::domain::Text;
use crate::mesh::look::Wrong;
use crate::mesh::net::Timed;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{CertificateError, ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use std::io;
use std::path::Path;
use std::sync::{Arc, OnceLock};

/// Largest file of authorities.
const MOST: u64 = 1 << 20;

/// Shakes hands over `line` with the server called `name`.
pub fn over(
    mut line: Timed,
    name: &str,
    ca_file: Option<&Path>,
) -> Result<StreamOwned<ClientConnection, Timed>, Wrong> {
    let server = ServerName::try_from(name.to_owned()).map_err(|_| {
        let cause =
            format!("\"{}\" is no name that a certificate can have", Text::limited(name, 60));
        Wrong::unknown(cause, "give the name of the certificate as server_name")
    })?;
    let config = match ca_file {
        Some(path) => config(&own(path)?),
        None => well_known(),
    };
    let config = config.map_err(|e| {
        Wrong::unknown(format!("no TLS here: {e}"), "`crs doctor` shows what this program has")
    })?;
    let mut tls = ClientConnection::new(config, server)
        .map_err(|e| Wrong::unknown(format!("no TLS here: {e}"), "`crs doctor`"))?;
    while tls.is_handshaking() {
        if let Err(e) = tls.complete_io(&mut line) {
            return Err(refused(&line, &e, name));
        }
    }
    Ok(StreamOwned::new(tls, line))
}

fn well_known() -> Result<Arc<ClientConfig>, String> {
    static KNOWN: OnceLock<Result<Arc<ClientConfig>, String>> = OnceLock::new();
    let roots = || webpki_root_certs::TLS_SERVER_ROOT_CERTS.to_vec();
    KNOWN.get_or_init(|| config(&roots())).clone()
}

fn config(roots: &[CertificateDer<'static>]) -> Result<Arc<ClientConfig>, String> {
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(roots.iter().cloned());
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    Ok(Arc::new(builder.with_root_certificates(store).with_no_client_auth()))
}

fn own(path: &Path) -> Result<Vec<CertificateDer<'static>>, Wrong> {
    let shown = Text::new(&path.to_string_lossy());
    let next = "give a file of certificates in PEM as ca_file";
    let wrong = |cause: String| Wrong::unknown(format!("ca_file {shown}: {cause}"), next);
    let meta = std::fs::metadata(path).map_err(|e| wrong(e.to_string()))?;
    if !meta.is_file() || meta.len() > MOST {
        return Err(wrong(String::from("no file of certificates")));
    }
    let bytes = std::fs::read(path).map_err(|e| wrong(e.to_string()))?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        Ok(_) => Err(wrong(String::from("there is no certificate in it"))),
        Err(e) => Err(wrong(e.to_string())),
    }
}

fn refused(line: &Timed, e: &io::Error, name: &str) -> Wrong {
    let inner = e.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    let Some(inner) = inner else { return line.cut(e, "the server of TLS") };
    let name = Text::limited(name, 60);
    let (cause, next) = match inner {
        rustls::Error::InvalidCertificate(certificate) => return untrusted(certificate, &name),
        rustls::Error::InvalidMessage(_) => (
            String::from("no TLS is spoken there"),
            "is it plain HTTP (tls = false), or does something else hold the port?",
        ),
        rustls::Error::AlertReceived(alert) => (
            format!("the server ends the handshake: {alert:?}"),
            "is the name right (server_name)? Its log says more",
        ),
        other => (format!("TLS fails: {other}"), "see the server's log and its TLS versions"),
    };
    Wrong::failed(cause, next)
}

fn untrusted(why: &CertificateError, name: &Text) -> Wrong {
    let (cause, next) = match why {
        CertificateError::UnknownIssuer => (
            String::from("its certificate is by an authority that is not trusted"),
            "give that authority as ca_file; if none was expected, a proxy stands between",
        ),
        CertificateError::BadSignature => (
            String::from("its certificate is not signed by the authority that it names"),
            "is ca_file that authority's newest? If it is, a proxy stands between",
        ),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => (
            String::from("its certificate has expired"),
            "renew it there; see that this host's clock is right",
        ),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => (
            String::from("its certificate is not valid yet"),
            "see that this host's clock is right",
        ),
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => (
            format!("its certificate is for another name than {name}"),
            "correct host or server_name; if both are right, something else answers there",
        ),
        CertificateError::Revoked => (
            String::from("its certificate is revoked"),
            "send nothing there until its owner says why",
        ),
        other => (format!("its certificate is refused: {other:?}"), "renew it there"),
    };
    Wrong::failed(cause, next)
}
