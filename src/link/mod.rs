//! Sockets towards a gateway: a request line with its rules, a tick line with
//! its watchdog, and the proof of who is at the other end.
//!
//! What belongs here: libzmq sockets, their options, what their monitors
//! tell, and when one has to be built anew. What does not: when to ask what
//! (that is `feeds` and `control`), and what an answer means for the screen.
//! Nothing here unwraps a result of libzmq, and no call waits for ever.

pub mod context;
pub mod error;
pub mod monitor;
pub mod peer;
pub mod publish;
pub mod req;
pub mod socket;
pub mod sub;
pub mod track;
pub mod wake;

pub use context::{context, room};
pub use error::{AskError, CallError, LinkError};
pub use monitor::{LinkEvent, Monitor};
pub use peer::{Answer, Peer};
pub use publish::publisher;
pub use req::{Posted, Req};
pub(crate) use socket::poll_until;
pub use socket::{Line, Options, open_req};
pub use sub::{Look, Sub, SubLimits};
pub use track::Track;
pub use wake::{Sleeper, Waker, wake_pair};
