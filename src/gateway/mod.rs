//! The paper gateway. Shares no client code, or both ends would share a bug.
