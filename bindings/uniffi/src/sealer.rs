//! Sealing for one recipient, alone or in a session (SPEC §6, §10). One object is both: a session holds its sealer.

use std::sync::Arc;

use self_cell::self_cell;
use zegel::{Error, Format, Renewed, Session};

use crate::card::Card;
use crate::failure::Failure;
use crate::gate::{Gate, Inside};
use crate::identity::{Identity, Signing};
use crate::measure::{Pack, Policy};
use crate::numbers::Numbers;
use crate::opened::SessionLimits;
use crate::rng::Rng;
use crate::store::Store;
use crate::taking::Mark;

/// One measurement, before it is sealed.
#[derive(Clone, Debug, uniffi::Record)]
pub struct Measurement {
    /// When it was taken, seconds since 1970.
    pub time: Option<u64>,
    /// A CoAP content format below 65,000: 112 is SenML in CBOR.
    pub format: u16,
    /// The measurement itself.
    pub body: Vec<u8>,
}

/// How a sealer seals.
#[derive(Clone, Copy, Debug, uniffi::Record)]
pub struct SealerOptions {
    /// Whether envelopes fill buckets, which hides their length (SPEC §4.5).
    pub padded: bool,
    /// Whether each signature is verified before it leaves.
    pub self_check: bool,
    /// Whether to build a table of the recipient's key: 30 KB, and each seal takes a third less.
    pub precompute: bool,
}

/// How a card follows the one before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, uniffi::Enum)]
pub enum Succession {
    /// Nothing was pinned.
    New,
    /// It replaces the one before it.
    Newer,
    /// It is the same one.
    Same,
}

/// Seals one identity's measurements for one recipient.
#[derive(uniffi::Object)]
pub struct Sealer {
    held: Gate<Held>,
    /// Of the store that has its numbers.
    mark: Mark,
}

type CoreSealer<'k> = zegel::Sealer<'k, Numbers, Signing>;
type CoreSession<'k> = Session<'k, Numbers, Signing>;

/// What a sealer is at.
#[expect(
    clippy::large_enum_variant,
    reason = "behind an Arc, and a session's keys are not moved more often than need be"
)]
enum Stage<'k> {
    Idle(CoreSealer<'k>),
    Session(CoreSession<'k>),
    /// A step took it and gave nothing back: it panicked.
    Gone,
}

self_cell!(
    struct Held {
        owner: Arc<Signing>,
        #[covariant]
        dependent: Stage,
    }
);

#[uniffi::export]
impl Sealer {
    /// Prepares to seal for the holder of `recipient`. `Revoked`, `NotYetValid`, `Expired`, `KeyUnavailable`.
    #[uniffi::constructor]
    pub fn new(
        identity: &Identity,
        recipient: &Card,
        now: Option<u64>,
        store: &Store,
        options: SealerOptions,
    ) -> Result<Arc<Self>, Failure> {
        let held = Held::try_new(Arc::clone(identity.signing()), |signing| {
            let mut sealer = CoreSealer::new(&**signing, recipient.core(), now, Numbers::of(store))?;
            if !options.padded {
                sealer = sealer.with_padding(zegel::Padding::None);
            }
            if options.self_check {
                sealer = sealer.with_self_check()?;
            }
            if options.precompute {
                sealer = sealer.precompute();
            }
            Ok::<_, Failure>(Stage::Idle(sealer))
        })?;
        Ok(Arc::new(Self { held: Gate::new(held), mark: store.mark() }))
    }

    /// SHA-256 of the ids it seals for: with the sender it names the stream.
    pub fn audience(&self) -> Result<Vec<u8>, Failure> {
        self.enter()?.with_dependent(|_, stage| match stage {
            Stage::Idle(sealer) => Ok(sealer.stream().audience.to_vec()),
            Stage::Session(session) => Ok(session.stream().audience.to_vec()),
            Stage::Gone => Err(Failure::BAD_CONTEXT),
        })
    }

    /// The number that the next seal uses; it is reserved by now.
    pub fn next_sequence(&self) -> Result<u64, Failure> {
        self.idle(|sealer| {
            // A path to the method would be of one lifetime alone.
            let next = sealer.next_sequence()?;
            Ok(next)
        })
    }

    /// How many bytes the envelope of this measurement would have.
    pub fn sealed_len(&self, measurement: Measurement) -> Result<u64, Failure> {
        let length = self.idle(|sealer| sealer.sealed_len(&measurement.core()))?;
        u64::try_from(length).map_err(|_| Failure::BAD_ARGUMENT)
    }

    /// Takes a newer card of the recipient.
    pub fn renew(&self, card: &Card, now: Option<u64>) -> Result<Succession, Failure> {
        self.idle(|sealer| sealer.renew(card.core(), now)).map(Succession::from)
    }

    /// Seals a measurement for `topic`.
    pub fn seal(&self, topic: String, measurement: Measurement) -> Result<Vec<u8>, Failure> {
        self.idle(|sealer| sealer.seal_to_vec(&topic, &measurement.core(), &mut Rng))
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
        self.idle(|sealer| sealer.seal_pack(&topic, time, pack.core(), &policy, &mut Rng))
    }

    /// Hands on evidence, as an opener gave it (SPEC §11.2).
    pub fn forward(&self, topic: String, time: Option<u64>, evidence: Vec<u8>) -> Result<Vec<u8>, Failure> {
        self.idle(|sealer| sealer.forward_to_vec(&topic, time, &evidence, &mut Rng))
    }

    /// Tells the recipient which devices this identity vouches for (SPEC §11.3).
    pub fn introduce(
        &self,
        topic: String,
        time: Option<u64>,
        introduction: Vec<u8>,
    ) -> Result<Vec<u8>, Failure> {
        self.idle(|sealer| sealer.introduce_to_vec(&topic, time, &introduction, &mut Rng))
    }

    /// Begins a session: its keyframe. Until its end everything else is sealed in it.
    pub fn begin_session(
        &self,
        topic: String,
        now: Option<u64>,
        limits: SessionLimits,
    ) -> Result<Vec<u8>, Failure> {
        self.enter()?.with_dependent_mut(|_, stage| match std::mem::replace(stage, Stage::Gone) {
            Stage::Idle(sealer) => {
                match Session::begin_to_vec(sealer, &topic, now, limits.into(), &mut Rng) {
                    Ok((session, keyframe)) => {
                        *stage = Stage::Session(session);
                        Ok(keyframe)
                    }
                    Err(refused) => {
                        *stage = Stage::Idle(refused.state);
                        Err(refused.error.into())
                    }
                }
            }
            other => {
                *stage = other;
                Err(Failure::BAD_CONTEXT)
            }
        })
    }

    /// What names the session on the wire: 8 bytes.
    pub fn session_id(&self) -> Result<Vec<u8>, Failure> {
        self.session(|session| Ok(session.id().0.to_vec()))
    }

    /// How many messages since the last manifest nobody but the recipient can be shown yet.
    pub fn session_unsigned(&self) -> Result<u64, Failure> {
        self.session(|session| Ok(session.unsigned()))
    }

    /// Whether a manifest has to come next.
    pub fn session_manifest_due(&self) -> Result<bool, Failure> {
        self.session(|session| Ok(session.manifest_due()))
    }

    /// Seals a measurement in the session; `ManifestDue`, `SessionOver`.
    pub fn session_seal(
        &self,
        topic: String,
        measurement: Measurement,
        now: Option<u64>,
    ) -> Result<Vec<u8>, Failure> {
        self.session(|session| session.seal_to_vec(&topic, &measurement.core(), now))
    }

    /// Seals what `policy` lets leave of `pack` in the session.
    pub fn session_seal_pack(
        &self,
        topic: String,
        time: Option<u64>,
        pack: &Pack,
        policy: Policy,
        now: Option<u64>,
    ) -> Result<Vec<u8>, Failure> {
        let policy = policy.core();
        self.session(|session| session.seal_pack(&topic, time, pack.core(), &policy, now))
    }

    /// Signs all messages since the last manifest, at once.
    pub fn session_manifest(&self, topic: String) -> Result<Vec<u8>, Failure> {
        self.session(|session| session.manifest_to_vec(&topic, &mut Rng))
    }

    /// Takes a newer card of the recipient: whether the session goes on. If not, it has ended.
    pub fn session_renew(&self, card: &Card, now: Option<u64>) -> Result<bool, Failure> {
        self.enter()?.with_dependent_mut(|_, stage| match std::mem::replace(stage, Stage::Gone) {
            Stage::Session(session) => match session.renew(card.core(), now) {
                Ok(Renewed::GoesOn(session)) => {
                    *stage = Stage::Session(session);
                    Ok(true)
                }
                Ok(Renewed::Over(sealer)) => {
                    *stage = Stage::Idle(sealer);
                    Ok(false)
                }
                Err(refused) => {
                    *stage = Stage::Session(refused.state);
                    Err(refused.error.into())
                }
            },
            other => {
                *stage = other;
                Err(Failure::BAD_CONTEXT)
            }
        })
    }

    /// Ends the session: its keys are wiped. What no manifest has signed stays unproven.
    pub fn end_session(&self) -> Result<(), Failure> {
        self.enter()?.with_dependent_mut(|_, stage| match std::mem::replace(stage, Stage::Gone) {
            Stage::Session(session) => {
                *stage = Stage::Idle(session.end());
                Ok(())
            }
            other => {
                *stage = other;
                Err(Failure::BAD_CONTEXT)
            }
        })
    }
}

impl Sealer {
    fn enter(&self) -> Result<Inside<'_, Held>, Failure> {
        self.mark.is_free()?;
        self.held.enter()
    }

    fn idle<T>(&self, work: impl FnOnce(&mut CoreSealer<'_>) -> Result<T, Error>) -> Result<T, Failure> {
        self.enter()?.with_dependent_mut(|_, stage| match stage {
            Stage::Idle(sealer) => Ok(work(sealer)?),
            _ => Err(Failure::BAD_CONTEXT),
        })
    }

    fn session<T>(&self, work: impl FnOnce(&mut CoreSession<'_>) -> Result<T, Error>) -> Result<T, Failure> {
        self.enter()?.with_dependent_mut(|_, stage| match stage {
            Stage::Session(session) => Ok(work(session)?),
            _ => Err(Failure::BAD_CONTEXT),
        })
    }
}

impl Measurement {
    pub(crate) fn core(&self) -> zegel::Measurement<'_> {
        zegel::Measurement { time: self.time, format: Format(self.format), body: &self.body }
    }
}

impl From<zegel::Succession> for Succession {
    fn from(succession: zegel::Succession) -> Self {
        match succession {
            zegel::Succession::New => Self::New,
            zegel::Succession::Newer => Self::Newer,
            zegel::Succession::Same => Self::Same,
        }
    }
}
