//! Lines towards gateways against real sockets: peers that are dead, hung,
//! restarted, rogue or broken. Loopback and free ports only.

#[cfg(test)]
mod events;
#[cfg(test)]
mod fake;
#[cfg(test)]
mod feeds;
#[cfg(test)]
mod peers;
#[cfg(test)]
mod polls;
#[cfg(test)]
mod refused;
#[cfg(test)]
mod requests;
#[cfg(test)]
mod wild;
