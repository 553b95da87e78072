//! The finder as the control API has it.

use super::end::{self, Refused};
use super::{Known, Zombie, find};
use crate::domain::Text;
use crate::mission::order::{By, Refusal};
use crate::mission::parts::{ZombieRecord, Zombies};
use crate::mission::spec::Mission;
use std::sync::Arc;

/// Who knows what is ours.
pub trait Knows: Send + Sync {
    /// The configuration in force.
    fn mission(&self) -> Arc<Mission>;

    /// What is on record, and what of it is in hand.
    fn known(&self) -> Known;
}

/// Looks and ends on demand; keeps nothing between two questions.
pub struct Finder {
    knows: Arc<dyn Knows>,
}

impl Finder {
    /// With what the daemon knows.
    #[must_use]
    pub fn new(knows: Arc<dyn Knows>) -> Self {
        Self { knows }
    }

    /// Looks now.
    #[must_use]
    pub fn look(&self) -> Vec<Zombie> {
        find::find(&self.knows.mission(), &self.knows.known())
    }

    /// Who listens at a port of this machine.
    #[must_use]
    pub fn at_port(&self, port: u16) -> Vec<Zombie> {
        find::at_port(port, &self.knows.known())
    }
}

impl Zombies for Finder {
    fn find(&self) -> Vec<ZombieRecord> {
        self.look().iter().map(Zombie::record).collect()
    }

    /// Who gave the order is in the audit; here it makes no difference.
    fn end(&self, id: &str, confirm: &str, _by: &By) -> Result<Text, Refused> {
        let all = self.look();
        let Some(zombie) = all.iter().find(|zombie| zombie.id().as_str() == id) else {
            let why = "nothing of this id is there any more, or it is another one now; look again: \
                       crs mission zombies";
            return Err((Refusal::Unknown, Text::new(why)));
        };
        end::end(zombie, confirm, &self.knows.known())
    }
}
