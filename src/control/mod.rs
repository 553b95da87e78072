//! Operator verbs, guards, the kill and ordinary commands.
