//! The command line as an operator meets it: files, flags, exit codes, output.

#[cfg(test)]
mod config_files;
