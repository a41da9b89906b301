//! What all roles of one run share: the script, the topics, the account, and who is who.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, Result};
use tempfile::TempDir;
use zegel::{Acceptance, Card, Secret, rng::SysRng};

use super::attack::Role;
use super::broker::Address;
use super::cast::Cast;
use super::ledger::Ledger;
use super::script::Script;

/// One run of the demo.
pub(super) struct Run {
    pub(super) broker: Address,
    pub(super) topics: Topics,
    pub(super) cast: Cast,
    pub(super) script: Script,
    pub(super) ledger: Ledger,
    /// The card of the PGO that is on its topic.
    current: Mutex<Card>,
    state: TempDir,
}

/// The topics of a run; what stands in them tells nothing about anybody.
pub(super) struct Topics {
    /// Nobody else's: new for each run.
    pub(super) prefix: String,
    /// Where the wearable publishes, and another topic that the PGO reads too.
    pub(super) pgo: [String; 2],
    /// Where the wearable publishes what the carer reads too.
    pub(super) group: String,
    /// Where the PGO publishes what it hands on.
    pub(super) gp: String,
    /// Where the PGO's card is retained, and another one.
    pub(super) cards: [String; 2],
}

impl Run {
    pub(super) fn new(broker: Address, script: Script) -> Result<Arc<Self>> {
        let state = TempDir::with_prefix("zegel-demo-").context("cannot make a directory for the state")?;
        let tag = Secret::<4>::random(&mut SysRng)?;
        let prefix = format!("zegel-demo/{:08x}", u32::from_be_bytes(*tag.expose()));
        let topics = Topics {
            pgo: [format!("{prefix}/a/1"), format!("{prefix}/a/2")],
            group: format!("{prefix}/c/1"),
            gp: format!("{prefix}/b/1"),
            cards: [format!("{prefix}/k/1"), format!("{prefix}/k/2")],
            prefix,
        };
        let cast = Cast::new()?;
        let current = Mutex::new(cast.pgo.card.clone());
        Ok(Arc::new(Self { broker, topics, cast, script, ledger: Ledger::default(), current, state }))
    }

    /// Where a role keeps its state.
    pub(super) fn state(&self, name: &str) -> PathBuf {
        self.state.path().join(name)
    }

    /// A name for the broker.
    pub(super) fn client(&self, role: &str) -> String {
        format!("{}-{role}", self.topics.prefix.replace('/', "-"))
    }

    /// Where the broker says that a role's connection is gone.
    pub(super) fn will(&self, role: &str) -> String {
        format!("{}/w/{role}", self.topics.prefix)
    }

    /// The newest card of the PGO.
    pub(super) fn card(&self) -> Card {
        self.current.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn publish_card(&self, card: Card) {
        *self.current.lock().unwrap_or_else(PoisonError::into_inner) = card;
    }

    /// The receivers' policy: the defaults, for a recording that is not longer than they allow.
    pub(super) fn acceptance(&self) -> Acceptance {
        let defaults = Acceptance::default();
        let oldest = self.script.oldest.saturating_add(DAY);
        Acceptance { max_age: defaults.max_age.map(|age| age.max(oldest)), ..defaults }
    }
}

impl Topics {
    /// Who reads a topic.
    pub(super) fn readers(&self, topic: &str) -> &'static [Role] {
        if self.pgo.iter().any(|own| own == topic) {
            &[Role::Pgo]
        } else if self.group == topic {
            &[Role::Pgo, Role::Carer]
        } else if self.gp == topic {
            &[Role::Gp]
        } else if self.cards.iter().any(|own| own == topic) {
            &[Role::Wearable]
        } else {
            &[]
        }
    }
}

/// Seconds since 1970.
pub(super) fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

const DAY: u64 = 86_400;
