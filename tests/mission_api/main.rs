//! The control API of mission control over real sockets, asked by real
//! clients: HTTP, WebSocket, the command line, Python. Behind it are doubles of
//! the supervision and the launcher; hub, desk and audit are the real ones.

#[cfg(test)]
mod bad;
#[cfg(test)]
#[path = "../common/mod.rs"]
mod common;
#[cfg(test)]
mod doubles;
#[cfg(test)]
mod house;
#[cfg(test)]
mod http;
#[cfg(test)]
mod many;
#[cfg(test)]
mod python;
#[cfg(test)]
mod tcp;
#[cfg(test)]
mod verbs;
#[cfg(test)]
mod ws;
