//! What can be done with keys of one's own, or with somebody else's: envelopes that are sound in every byte.

use anyhow::Result;
use zegel::{
    Card, Error, Format, Identity, Measurement, Opener, Sealer, Secret, SequenceStore, Sign, Stream,
    rng::SysRng,
};

use super::super::run::{Holder, Run, now};

/// A measurement that was never taken.
const LIE: &[u8] = b"\x81\xa2\x00\x6aheart-rate\x02\x18\xb4";

/// Sealed by somebody who holds the keys that he names: himself, or a device of the patient's.
pub(super) fn sealed_by(holder: &Holder, run: &Run, turn: usize) -> Result<Vec<u8>> {
    seal(&holder.identity, &run.cast.pgo.card, &run.topics.pgo[0], turn as u64)
}

/// Names the wearable as the sender and is signed with another key.
pub(super) fn signed_in_the_name_of(
    victim: &Holder,
    own: &Holder,
    run: &Run,
    turn: usize,
) -> Result<Vec<u8>> {
    let forger = Forger { claims: victim.identity.public_key(), own: &own.identity };
    seal(&forger, &run.cast.pgo.card, &run.topics.pgo[0], turn as u64)
}

/// A dishonest recipient opens an envelope and addresses the statement, with its true signature, to the GP.
pub(super) fn handed_on(envelope: &[u8], topic: &str, run: &Run) -> Result<Vec<u8>> {
    let cast = &run.cast;
    let mut copy = envelope.to_vec();
    let opener = Opener::new(*cast.pgo.card.id(), std::slice::from_ref(&cast.pgo.kem));
    let inside = opener.look(topic, &mut copy)?;
    let thief = Thief {
        claims: cast.wearable.identity.public_key(),
        signature: *inside.signature(),
        hedge: Secret::random(&mut SysRng)?,
    };
    let numbers = From(inside.claimed_sequence());
    let mut sealer = Sealer::new(&thief, &cast.gp.card, Some(now()), numbers)?;
    let measurement = Measurement {
        time: inside.claimed_time(),
        format: inside.claimed_format(),
        body: inside.claimed_body(),
    };
    Ok(sealer.seal_to_vec(&run.topics.gp, &measurement, &mut SysRng)?)
}

fn seal(signer: &impl Sign, to: &Card, topic: &str, sequence: u64) -> Result<Vec<u8>> {
    let mut sealer = Sealer::new(signer, to, Some(now()), From(sequence))?;
    let lie = Measurement { time: Some(now()), format: Format::SENML_CBOR, body: LIE };
    Ok(sealer.seal_to_vec(topic, &lie, &mut SysRng)?)
}

/// Signs with his own key under another's name.
struct Forger<'k> {
    claims: [u8; 32],
    own: &'k Identity,
}

impl Sign for Forger<'_> {
    fn public_key(&self) -> &[u8; 32] {
        &self.claims
    }

    fn hedge(&self) -> &Secret<32> {
        self.own.hedge()
    }

    fn sign(&self, message: &[&[u8]], noise: &Secret<32>) -> Result<[u8; 64], Error> {
        self.own.sign(message, noise)
    }
}

/// Signs nothing: he has a signature already.
struct Thief {
    claims: [u8; 32],
    signature: [u8; 64],
    hedge: Secret<32>,
}

impl Sign for Thief {
    fn public_key(&self) -> &[u8; 32] {
        &self.claims
    }

    fn hedge(&self) -> &Secret<32> {
        &self.hedge
    }

    fn sign(&self, _: &[&[u8]], _: &Secret<32>) -> Result<[u8; 64], Error> {
        Ok(self.signature)
    }
}

/// Numbers that begin where he likes, and are kept nowhere: a backup that was restored.
struct From(u64);

impl SequenceStore for From {
    fn reserve(&mut self, _: &Stream) -> Result<std::ops::Range<u64>, Error> {
        let first = self.0;
        self.0 += 1;
        Ok(first..self.0)
    }
}
