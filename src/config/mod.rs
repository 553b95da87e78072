//! Settings: where they come from, which one wins, and what they mean.
//!
//! The only room that reads configuration files and environment variables.
//! Layers, the strongest first: command line, environment, file, default;
//! every value remembers its [`Origin`]. Nothing connects to an address that
//! is not in here, and with no configuration at all every address is
//! loopback. What does not belong here: acting on a setting.

mod alarms;
pub mod checks;
pub mod dirs;
mod engine;
pub mod env;
pub mod file;
pub mod flags;
pub mod gateways;
pub mod load;
mod market;
mod mission;
pub mod origin;
pub mod problem;
mod recording;
pub mod remote;
pub mod section;
pub mod sentinel;
pub mod settings;
pub mod sources;
pub mod template;
pub mod token;

pub use checks::{Check, MeshSettings, Profile};
pub use engine::{EngineSettings, StrategyChoice};
pub use flags::Flags;
pub use load::{Loaded, load};
pub use mission::MissionSettings;
pub use origin::{Origin, Origins};
pub use problem::Problem;
pub use remote::{Platform, RemoteSettings};
pub use sentinel::SentinelSettings;
pub use settings::{
    AlarmSettings, AuditSettings, Calls, Card, ColorChoice, FeedSettings, KillSettings, LineChoice,
    PaperSettings, PollSettings, RecordingSettings, Settings, SyslogChoice,
};
pub use sources::{EodhdSettings, HubSettings};
