//! What clients send to mission control: WebSocket messages and bodies.

use super::clean::clean;
use crs::mission::api::message::Asked;
use crs::mission::api::page::{
    ActBody, ConfirmBody, EndBody, LaunchBody, ProcessBody, SafeBody, ShutdownBody,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt::Debug;

/// What is taken says the same when it is written again; what is refused is
/// refused in words that are fit to be shown.
fn holds<T: DeserializeOwned + Serialize + PartialEq + Debug>(data: &[u8]) -> bool {
    match serde_json::from_slice::<T>(data) {
        Ok(taken) => {
            let text = serde_json::to_vec(&taken).unwrap();
            assert_eq!(serde_json::from_slice::<T>(&text).unwrap(), taken);
            true
        }
        Err(why) => {
            clean(crs::domain::Text::new(&why.to_string()).as_str());
            false
        }
    }
}

/// The same bytes as every kind of message.
pub fn control(data: &[u8]) -> bool {
    let all = [
        holds::<Asked>(data),
        holds::<LaunchBody>(data),
        holds::<ProcessBody>(data),
        holds::<ShutdownBody>(data),
        holds::<SafeBody>(data),
        holds::<ConfirmBody>(data),
        holds::<ActBody>(data),
        holds::<EndBody>(data),
    ];
    all.contains(&true)
}
