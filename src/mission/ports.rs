//! What mission control needs from elsewhere; `cli` implements it.

use crate::domain::{Text, UtcMicros};

/// The switch, as mission control may use it. It never clears one.
pub trait Switch: Send + Sync {
    /// Why the latch is not proven absent now; none while it is.
    fn engaged(&self) -> Option<Text>;

    /// What refuses orders now (the latch, a gateway that remembers a kill),
    /// each with the commands of its way back. May take a second for each
    /// gateway; one that does not answer is not in it.
    fn refusing(&self) -> Vec<Text>;

    /// Engages the breaker and blocks new orders; the same decision as long
    /// as one is in force.
    ///
    /// # Errors
    /// The cause, where the latch could not be made.
    fn engage(&self, reason: &str) -> Result<Text, Text>;

    /// Closes everything by the kill path and waits for its end, at most
    /// `wait_s` seconds. On Protocol v1.0 this is the only way to cancel
    /// pending orders, and it closes positions too.
    fn kill(&self, reason: &str, wait_s: u64) -> KillEnd;

    /// Why no account is armed for real money under this configuration; none
    /// where one is.
    fn not_armed(&self) -> Option<Text>;

    /// Trades, profit and exposure as the gateway says them.
    fn figures(&self) -> Option<Figures>;
}

/// How a kill ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KillEnd {
    /// Proven flat by independent reads.
    pub verified: bool,
    /// In words, for the screen and the dump.
    pub said: Text,
}

/// What the gateway says about the business.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Open positions.
    pub positions: u64,
    /// Orders accepted since the gateway's start, where it says so.
    pub orders: Option<u64>,
    /// Floating profit or loss, in ten-thousandths of the account's currency.
    pub profit: i64,
    /// Sum of the open volume, in hundred-millionths of a lot.
    pub exposure: i64,
    /// When it was read.
    pub at: UtcMicros,
}
