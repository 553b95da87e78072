//! The finder as the control API and the rules have it.

use super::end::{self, Refused};
use super::{Find, Known, Who, Zombie, find};
use crate::domain::Text;
use crate::mission::local::LocalHands;
use crate::mission::order::{By, Refusal};
use crate::mission::parts::{ZombieRecord, Zombies};
use crate::mission::rules::{Holder, Ports};
use crate::mission::spec::Mission;
use std::sync::Arc;

/// Who knows what is ours.
pub trait Knows: Send + Sync {
    /// The configuration in force.
    fn mission(&self) -> Arc<Mission>;

    /// What is on record, and what of it is in hand.
    fn known(&self) -> Known;
}

/// The daemon: its hands know what is on record, and somebody the
/// configuration in force.
pub struct Daemon<M> {
    /// The hands of this host.
    pub hands: Arc<LocalHands>,
    /// The configuration in force.
    pub mission: M,
}

impl<M: Fn() -> Arc<Mission> + Send + Sync> Knows for Daemon<M> {
    fn mission(&self) -> Arc<Mission> {
        (self.mission)()
    }

    fn known(&self) -> Known {
        self.hands.known()
    }
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

impl Ports for Finder {
    fn of(&self, process: &str) -> Vec<u16> {
        let mission = self.knows.mission();
        // Ports of another machine are nobody's here.
        let here = mission.process(process).filter(|process| process.host.is_none());
        here.map(|process| process.ports.clone()).unwrap_or_default()
    }

    fn holders(&self, port: u16) -> Result<Vec<Holder>, Text> {
        let holder = |zombie: Zombie| {
            let never = zombie.never.clone();
            let ours = zombie.ours.then(|| zombie.process.clone());
            match zombie.who() {
                None => Err(Text::new(&match never {
                    Some(never) => format!("{}: {never}", zombie.why),
                    None => zombie.why.to_string(),
                })),
                Some(Who { who, program, .. }) => {
                    let (who, program) = (who.clone(), program.clone());
                    Ok(Holder { port, who, program, ours, never })
                }
            }
        };
        self.at_port(port).into_iter().map(holder).collect()
    }

    fn end(&self, holder: &Holder) -> Result<(), Text> {
        let Holder { port, who, program, ours, never } = holder.clone();
        let zombie = Zombie {
            find: Find::Port { port, who: Some(Who { who, program, ..Who::default() }) },
            process: ours.clone().unwrap_or_default(),
            ours: ours.is_some(),
            why: Text::new(&format!("port {port} is held by {}", holder.words())),
            never,
        };
        // Whoever calls this has had it confirmed.
        let confirm = zombie.confirm();
        let done = end::end(&zombie, confirm.as_str(), &self.knows.known());
        done.map(drop).map_err(|(_, why)| why)
    }
}
