//! The hash chains: append-only JSON lines, one chain per writing process.
