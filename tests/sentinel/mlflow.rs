//! A real MLflow model server, started by hand: tests/mlflow/README.md.

use super::series::{MONDAY, walk};
use super::server::run;
use crs::domain::Endpoint;
use crs::sentinel::features::build;
use crs::sentinel::hub::{Hub, HubOptions};
use std::time::{Duration, Instant};

/// What tests/mlflow/model.py answers, to 1e-4 downwards.
fn wanted(features: &crs::sentinel::features::Features) -> [f64; 3] {
    let rsi = features.tabular[9];
    let hour = f64::from(features.sequence[0][18]);
    let parts = [1.0, 1.0 + rsi / 100.0, 1.0 + hour / 24.0];
    let sum: f64 = parts.iter().sum();
    parts.map(|part| part / sum)
}

#[test]
#[ignore = "needs a model server: CRS_HUB=127.0.0.1:PORT, see tests/mlflow/README.md"]
fn mlflow_takes_the_question_and_its_answer_is_read() {
    let at = std::env::var("CRS_HUB").expect("CRS_HUB=127.0.0.1:PORT");
    let at: Endpoint = at.parse().unwrap();
    assert!(at.is_loopback(), "a trial stays on this machine");
    let options =
        HubOptions { host: at.host().to_owned(), port: at.port(), timeout: Duration::from_secs(5) };
    let hub = Hub::new(&options).unwrap();
    run(async {
        for hours in 0..5 {
            let features = build(&walk(200 + hours, MONDAY)).unwrap();
            let start = Instant::now();
            let got = hub.predict(&features).await.unwrap();
            let took = start.elapsed();
            let wanted = wanted(&features);
            println!("{took:?}: {got:?}, wanted {wanted:.6?}");
            for (got, wanted) in [got.sell, got.hold, got.buy].into_iter().zip(wanted) {
                let got = f64::from(i32::try_from(got.raw()).unwrap());
                assert!((got - (wanted * 1e4).floor()).abs() < 1.5, "{got} for {wanted}");
            }
        }
    });
}
