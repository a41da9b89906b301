//! A device that the PGO trusts and ought not to: its clock and its counter are wrong, and a thief has made twins of it
//! (SPEC §7.5, §10.4).
//!
//! The twins have a generator that repeats itself, and so one session between them: what one says, and the other signs,
//! contradicts.

use std::convert::Infallible;

use anyhow::Result;
use rand_core::{TryCryptoRng, TryRng};
use zegel::{Error, Identity, Measurement, Sealer, Secret, Session, SessionLimits, Sign};

use super::super::attack::Kind;
use super::super::run::{Run, now};
use super::forge::{From, lie};
use super::{Shot, forge};

/// What the twins have to say: a session of theirs, and each one's word in it.
pub(super) struct Twins {
    pub(super) keyframe: Vec<u8>,
    /// The first measurement, as the one says it.
    pub(super) message: Vec<u8>,
    /// As the other says it.
    other: Vec<u8>,
    /// The other signs what it said.
    signed: Vec<u8>,
    /// A manifest whose signature is none.
    unsigned: Vec<u8>,
}

impl Twins {
    pub(super) fn new(run: &Run) -> Result<Self> {
        let (keyframe, message, _) = twin(run, b"\x81\xa2\x00\x66weight\x02\x18\x46", true)?;
        let (_, other, signed) = twin(run, b"\x81\xa2\x00\x66weight\x02\x18\x5a", true)?;
        let (_, _, unsigned) = twin(run, b"\x81\xa2\x00\x66weight\x02\x18\x46", false)?;
        Ok(Self { keyframe, message, other, signed, unsigned })
    }
}

/// The next attack of this kind; `None` when it is another kind.
pub(super) fn shot(run: &Run, twins: &Twins, kind: Kind, turn: usize) -> Result<Option<Shot>> {
    let topic = &run.topics.pgo[0];
    let number = FIRST + turn as u64;
    let (number, time) = match kind {
        Kind::TwinMessage => return Ok(Some(Shot::new(topic, twins.other.clone()))),
        Kind::TwinManifest => return Ok(Some(Shot::new(topic, twins.signed.clone()))),
        Kind::ForgeManifest => return Ok(Some(Shot::new(topic, twins.unsigned.clone()))),
        Kind::Stale => (number, now() - run.acceptance().max_age.unwrap_or_default() - 60),
        Kind::Ahead => (number, now() + AHEAD),
        // Beyond what the policy lets a number pass over.
        Kind::Jump => (run.acceptance().max_jump.unwrap_or_default() + number, now()),
        _ => return Ok(None),
    };
    let measurement = Measurement { time: Some(time), ..lie() };
    let bad = &run.cast.bad.identity;
    Ok(Some(Shot::new(topic, forge::sealed(bad, &run.card(), topic, number, &measurement)?)))
}

/// A session of the device, up to its first manifest.
fn twin(run: &Run, body: &[u8], signs: bool) -> Result<(Vec<u8>, Vec<u8>, Vec<u8>)> {
    let own = &run.cast.bad.identity;
    let signer = Signer { public: own.public_key(), own, signs };
    let topic = &run.topics.pgo[0];
    // The same time for all, or they would not agree on the keyframe.
    let start = run.cast.bad.card.not_before();
    let sealer = Sealer::new(&signer, &run.cast.pgo.card, Some(start), From(0))?;
    let (mut session, keyframe) =
        Session::begin_to_vec(sealer, topic, Some(start), SessionLimits::default(), &mut Stuck)
            .map_err(|refused| refused.error)?;
    let message =
        session.seal_to_vec(topic, &Measurement { time: Some(start), body, ..lie() }, Some(start))?;
    let manifest = session.manifest_to_vec(topic, &mut Stuck)?;
    Ok((keyframe, message, manifest))
}

/// Signs keyframes, and manifests when it likes.
struct Signer<'k> {
    public: [u8; 32],
    own: &'k Identity,
    signs: bool,
}

impl Sign for Signer<'_> {
    fn public_key(&self) -> &[u8; 32] {
        &self.public
    }

    fn hedge(&self) -> &Secret<32> {
        self.own.hedge()
    }

    fn sign(&self, message: &[&[u8]], noise: &Secret<32>) -> Result<[u8; 64], Error> {
        let manifest =
            message.iter().any(|part| part.windows(MANIFEST.len()).any(|window| window == MANIFEST));
        if manifest && !self.signs { Ok([7; 64]) } else { self.own.sign(message, noise) }
    }
}

/// A generator that repeats itself.
struct Stuck;

impl TryRng for Stuck {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(STUCK_AT.into())
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(STUCK_AT.into())
    }

    fn try_fill_bytes(&mut self, out: &mut [u8]) -> Result<(), Infallible> {
        out.fill(STUCK_AT);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}

const STUCK_AT: u8 = 0x5a;
const MANIFEST: &[u8] = b"zegel-manifest-1";
/// Above the numbers of the twins' session.
const FIRST: u64 = 1000;
/// An hour: more than clocks may differ.
const AHEAD: u64 = 3600;
