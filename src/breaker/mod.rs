//! The latch: the atomic gate, the lock file, its watcher and its status.
