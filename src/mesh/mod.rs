//! The mesh beyond this process: its nodes and what runs on them.
pub mod remote;
