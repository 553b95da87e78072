//! Every path, once; `openapi.json` describes them, and a test holds the two
//! together.

use super::fault::Fault;
use super::server::Parts;
use super::{orders, reads, ws};
use axum::Router;
use axum::http::{Method, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

macro_rules! routes {
    ($($method:ident $path:literal => $handler:path,)+) => {
        /// Method and path of each, for the test that holds the description to it.
        #[cfg(test)]
        pub const ROUTES: &[(&str, &str)] = &[$((stringify!($method), $path)),+];

        /// All of them.
        pub fn router(parts: Parts) -> Router {
            Router::new()
                $(.route($path, $method($handler)))+
                .fallback(no_path)
                .method_not_allowed_fallback(no_method)
                .with_state(parts)
        }
    };
}

routes! {
    get "/api/status" => reads::status,
    get "/api/modes" => reads::modes,
    get "/api/plan" => reads::plan,
    get "/api/logs" => reads::logs,
    get "/api/alerts" => reads::alerts,
    get "/api/audit" => reads::audit,
    get "/api/why" => reads::why,
    get "/api/zombies" => reads::zombies,
    get "/api/openapi.json" => reads::openapi,
    get "/metrics" => reads::metrics,
    get "/ws" => ws::open,
    post "/api/launch" => orders::launch,
    post "/api/process/start" => orders::start,
    post "/api/process/stop" => orders::stop,
    post "/api/process/restart" => orders::restart,
    post "/api/shutdown" => orders::shutdown,
    post "/api/safe" => orders::safe,
    post "/api/restore" => orders::restore,
    post "/api/reload" => orders::reload,
    post "/api/alerts/{id}/ack" => orders::acknowledge,
    post "/api/alerts/{id}/act" => orders::act,
    post "/api/zombies/end" => orders::end_zombie,
}

async fn no_path(method: Method, uri: Uri) -> Response {
    let thing = format!("{method} {}", uri.path());
    let next = "GET /api/openapi.json has every path";
    Fault::of(404, "path", &thing, "there is no such path", next).into_response()
}

async fn no_method(method: Method, uri: Uri) -> Response {
    let thing = format!("{method} {}", uri.path());
    let next = "GET /api/openapi.json has the methods of every path";
    Fault::of(405, "method", &thing, "this path is not asked so", next).into_response()
}

#[cfg(test)]
mod tests {
    use super::super::reads::OPENAPI;
    use super::ROUTES;
    use serde_json::Value;
    use std::collections::BTreeSet;

    fn described() -> Value {
        serde_json::from_str(OPENAPI).unwrap()
    }

    #[test]
    fn every_route_is_described_and_nothing_else_is() {
        let doc = described();
        let paths = doc["paths"].as_object().unwrap();
        let described: BTreeSet<(&str, &str)> = paths
            .iter()
            .flat_map(|(path, methods)| {
                methods.as_object().unwrap().keys().map(|m| (m.as_str(), path.as_str()))
            })
            .collect();
        assert_eq!(described, ROUTES.iter().copied().collect());
    }

    /// Every `$ref` of the document leads somewhere.
    #[test]
    fn the_description_holds_together() {
        fn refs<'a>(value: &'a Value, out: &mut Vec<&'a str>) {
            match value {
                Value::Object(map) => {
                    out.extend(map.get("$ref").and_then(Value::as_str));
                    map.values().for_each(|v| refs(v, out));
                }
                Value::Array(all) => all.iter().for_each(|v| refs(v, out)),
                _ => {}
            }
        }
        let doc = described();
        let mut all = Vec::new();
        refs(&doc, &mut all);
        assert!(all.len() > 100);
        for to in all {
            assert!(doc.pointer(to.trim_start_matches('#')).is_some(), "{to}");
        }
    }
}
