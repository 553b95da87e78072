//! What processes and this host use, out of `/proc`.
//!
//! One process costs four system calls, the host a handful of short files: 50
//! processes and the host each second are far below a hundredth of a core.
//! All of `/proc` is read as text of unknown shape: the name of a program may
//! hold spaces, brackets and line ends, and a kernel may leave a field out.

pub mod gauges;
pub mod host;
pub mod process;

pub use gauges::HostGauges;
pub use host::{HostUsage, Rates, sample};
pub use process::{Stat, cpu_centi, of, stat};
