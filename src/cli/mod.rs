//! A file per subcommand, each as thin as it can be; wires the rooms.
