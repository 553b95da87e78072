//! Settings: where they come from, which one wins, and what they mean.
//!
//! The only room that reads configuration files and environment variables.
//! Nothing connects to an address that is not in here, and with no
//! configuration at all every address is loopback.

pub mod settings;

pub use settings::{
    Card, ColorChoice, FeedSettings, KillSettings, PaperSettings, PollSettings, Settings,
};
