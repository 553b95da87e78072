//! Every verb, once: the row gives it its place in `--help` and its file.

use super::{
    Context, Outcome, account, close, completions, config, doctor, gateway, heartbeat, man, order,
    positions,
};

macro_rules! verbs {
    ($($(#[$attr:meta])* $name:ident => $room:ident,)+) => {
        /// What to do.
        #[derive(Debug, clap::Subcommand)]
        pub enum Verb {
            $($(#[$attr])* $name($room::Args),)+
        }

        impl Verb {
            /// Does it.
            ///
            /// # Errors
            /// A failure with its exit status.
            pub fn run(&self, ctx: &mut Context) -> Outcome {
                match self {
                    $(Self::$name(args) => $room::run(args, ctx),)+
                }
            }
        }
    };
}

verbs! {
    /// Ask each gateway whether it is alive
    Heartbeat => heartbeat,
    /// Show the open positions
    Positions => positions,
    /// Show balance, equity and margin
    Account => account,
    /// Close one position
    Close => close,
    /// Open one position, or place one pending order
    Order => order,
    /// Run the paper gateway: the whole protocol, no broker
    Gateway => gateway,
    /// Write, check or show the configuration
    Config => config,
    /// Say what will not work here, why, and what to do
    Doctor => doctor,
    /// Print a completion script for a shell
    Completions => completions,
    /// Print the manual page
    Man => man,
}

impl Default for Verb {
    /// What a bare `crs` does.
    fn default() -> Self {
        Self::Doctor(doctor::Args::default())
    }
}
