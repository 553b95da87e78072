//! Who listens at a port: a start that would clash names the holder.

use crate::domain::Text;
use crate::mission::zombies::ports;
use crate::mission::zombies::scan::Scan;

/// Who listens at this port now, in words; none: nobody.
#[must_use]
pub fn holder(port: u16) -> Option<Text> {
    let all = ports::holders(&Scan::now(), &[port].into());
    // One that is shown says more than one that is not.
    let named = all.iter().find_map(|(_, who)| who.as_ref());
    match named {
        Some(who) => Some(Text::limited(&format!("{} (pid {})", who.program, who.who.pid), 80)),
        None => (!all.is_empty()).then(|| Text::new("another user's process")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    #[test]
    fn the_holder_of_a_port_is_named_and_a_free_one_has_none() {
        let held = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = held.local_addr().unwrap().port();
        let who = holder(port).unwrap();
        assert!(who.as_str().contains("(pid "), "{who}");
        drop(held);
        assert_eq!(holder(port), None);
    }
}
