//! Every verb, once: the row gives it its place in `--help` and its file.

use super::looks::{keys, themes};
use super::{
    Context, Outcome, account, agent, arm, audit, block, brief, card, close, completions, config,
    console, demo, doctor, drill, engine, features, gateway, heartbeat, kill, man, mission, order,
    positions, record, remote, replay, reset, seal, sentinel, status, ticks, verify,
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
    /// Open the full-screen console, as a bare `crs` does
    Console => console,
    /// Try everything: simulated market, paper gateway, console, scratch latch
    Demo => demo,
    /// Play a recording on the same screen, connected to nothing
    Replay => replay,
    /// Ask each gateway whether it is alive
    Heartbeat => heartbeat,
    /// Look at every part of the mesh: services, hosts, ports, the way out
    Verify => verify,
    /// Print quotes as they arrive
    Ticks => ticks,
    /// Show the open positions
    Positions => positions,
    /// Show balance, equity and margin
    Account => account,
    /// Close one position
    Close => close,
    /// Open one position, or place one pending order
    Order => order,
    /// Print the model's 23 features of each window of 200 hourly bars, a JSON line each
    Features => features,
    /// Run the paper gateway: the whole protocol, no broker
    Gateway => gateway,
    /// Ask the model each minute and trade on its word; a dry run unless --live
    Sentinel => sentinel,
    /// Run the live engine: ticks, two gates, signals, orders; a dry run without --live
    Engine => engine,
    /// Stop all trading: latch, cancel, close, and prove it
    Kill => kill,
    /// Deny new orders; positions stand
    Block => block,
    /// Undo a kill or block, by its name
    Reset => reset,
    /// Let orders pass again after a reset
    Arm => arm,
    /// Rehearse the kill on a stage of its own, and time every step
    Drill => drill,
    /// Show where the switch stands
    Status => status,
    /// One page: the switch, what is at risk, what changed, what is broken, what to do
    Brief => brief,
    /// Print the out-of-band card: what to do by hand when nothing here works
    Card => card,
    /// Check or print the audit log
    Audit => audit,
    /// Start, stop and look at the gateway's process on its own machine, over SSH
    Remote => remote,
    /// Mission control: launch modes, start and stop processes, logs, alerts, audit
    Mission => mission,
    /// Look into recordings, mend, cut, import and export them
    Record => record,
    /// Write, check or show the configuration
    Config => config,
    /// List, show or check themes
    Themes => themes,
    /// List or check keymaps, or print one as a sheet
    Keys => keys,
    /// Say what will not work here, why, and what to do
    Doctor => doctor,
    /// Print a completion script for a shell
    Completions => completions,
    /// Print the manual page
    Man => man,
    /// The process that owns the kill
    #[command(name = "__agent", hide = true)]
    Agent => agent,
    /// Packs a recorded file that grows no more
    #[command(name = "__seal", hide = true)]
    Seal => seal,
}

impl Verb {
    /// Whether it takes the terminal for itself.
    #[must_use]
    pub const fn has_screen(&self) -> bool {
        match self {
            Self::Console(_) | Self::Demo(_) => true,
            Self::Drill(args) => args.has_screen(),
            Self::Replay(args) => args.has_screen(),
            _ => false,
        }
    }
}

impl Default for Verb {
    /// What a bare `crs` does.
    fn default() -> Self {
        Self::Console(console::Args::default())
    }
}
