//! Sealing for a fixed set of recipients (SPEC §4.6, §5.5).

use std::sync::Arc;

use self_cell::self_cell;
use zegel::Error;

use crate::card::Card;
use crate::failure::Failure;
use crate::gate::{Gate, Inside};
use crate::identity::{Identity, Signing};
use crate::measure::{Pack, Policy};
use crate::numbers::Numbers;
use crate::rng::Rng;
use crate::sealer::{Measurement, SealerOptions, Succession};
use crate::store::Store;
use crate::taking::Mark;

/// Seals one identity's measurements for 2 to 16 recipients.
#[derive(uniffi::Object)]
pub struct GroupSealer {
    held: Gate<Held>,
    /// Of the store that has its numbers.
    mark: Mark,
}

type Core<'k> = zegel::GroupSealer<'k, Numbers, Signing>;

self_cell!(
    struct Held {
        owner: Arc<Signing>,
        #[covariant]
        dependent: Core,
    }
);

#[uniffi::export]
impl GroupSealer {
    /// Prepares to seal for the holders of `recipients`, in any order. Another set of recipients is another stream.
    /// `TooLarge`, `Equivocation`, and what is the matter with a card.
    #[uniffi::constructor]
    pub fn new(
        identity: &Identity,
        recipients: Vec<Arc<Card>>,
        now: Option<u64>,
        store: &Store,
        options: SealerOptions,
    ) -> Result<Arc<Self>, Failure> {
        let cards: Vec<zegel::Card> = recipients.iter().map(|card| card.core().clone()).collect();
        let held = Held::try_new(Arc::clone(identity.signing()), |signing| {
            let mut sealer = Core::new(&**signing, &cards, now, Numbers::of(store))?;
            if !options.padded {
                sealer = sealer.with_padding(zegel::Padding::None);
            }
            if options.self_check {
                sealer = sealer.with_self_check()?;
            }
            Ok::<_, Failure>(sealer)
        })?;
        Ok(Arc::new(Self { held: Gate::new(held), mark: store.mark() }))
    }

    /// SHA-256 of the ids it seals for: with the sender it names the stream.
    pub fn audience(&self) -> Result<Vec<u8>, Failure> {
        self.with(|sealer| Ok(sealer.stream().audience.to_vec()))
    }

    /// How many bytes the envelope of this measurement would have.
    pub fn sealed_len(&self, measurement: Measurement) -> Result<u64, Failure> {
        let length = self.with(|sealer| sealer.sealed_len(&measurement.core()))?;
        u64::try_from(length).map_err(|_| Failure::BAD_ARGUMENT)
    }

    /// Takes a newer card of one of the recipients.
    pub fn renew(&self, card: &Card, now: Option<u64>) -> Result<Succession, Failure> {
        self.with(|sealer| sealer.renew(card.core(), now)).map(Succession::from)
    }

    /// Seals a measurement for `topic`.
    pub fn seal(&self, topic: String, measurement: Measurement) -> Result<Vec<u8>, Failure> {
        self.with(|sealer| sealer.seal_to_vec(&topic, &measurement.core(), &mut Rng))
    }

    /// Seals what `policy` lets leave of `pack`; `NothingAllowed` when nothing is left.
    pub fn seal_pack(
        &self,
        topic: String,
        time: Option<u64>,
        pack: &Pack,
        policy: Policy,
    ) -> Result<Vec<u8>, Failure> {
        let policy = policy.core();
        self.with(|sealer| sealer.seal_pack(&topic, time, pack.core(), &policy, &mut Rng))
    }
}

impl GroupSealer {
    fn enter(&self) -> Result<Inside<'_, Held>, Failure> {
        self.mark.is_free()?;
        self.held.enter()
    }

    fn with<T>(&self, work: impl FnOnce(&mut Core<'_>) -> Result<T, Error>) -> Result<T, Failure> {
        self.enter()?.with_dependent_mut(|_, sealer| Ok(work(sealer)?))
    }
}
