//! Who seals: signs statements, and derives what must never repeat from the identity's own secret
//! (SPEC §5.2, §5.3, §5.5).

use crate::cbor::write;
use crate::cose::sign1;
use crate::crypto::kdf::derive;
use crate::crypto::sign::{PublicKey, SIGNATURE};
use crate::envelope::audience::Audience;
use crate::envelope::statement::Measurement;
use crate::envelope::topic::Topic;
use crate::envelope::{STATEMENT_CONTEXT, StatementContext};
use crate::error::{Error, Result};
use crate::key::id::Id;
use crate::key::identity::Sign;
use crate::secret::Secret;

/// The identity behind a sealer.
pub(crate) struct Author<'k, I: Sign> {
    identity: &'k I,
    id: Id,
    self_check: Option<PublicKey>,
}

/// A statement to sign, and how long it is.
pub(crate) struct Draft<'a> {
    pub(crate) audience: Audience<'a>,
    pub(crate) topic: Topic<'a>,
    pub(crate) measurement: &'a Measurement<'a>,
    pub(crate) sequence: u64,
    pub(crate) pad: usize,
    /// Bytes of the encoded statement.
    pub(crate) length: usize,
}

impl<'k, I: Sign> Author<'k, I> {
    pub(crate) fn new(identity: &'k I) -> Self {
        Self { identity, id: identity.id(), self_check: None }
    }

    pub(crate) const fn id(&self) -> &Id {
        &self.id
    }

    /// Verifies each signature from now on before it leaves.
    pub(crate) fn check_itself(&mut self) -> Result<()> {
        self.self_check = Some(PublicKey::from_bytes(self.identity.public_key())?);
        Ok(())
    }

    /// A signature over the parts, one after the other.
    pub(crate) fn sign(&self, signed: &[&[u8]], noise: &Secret<32>) -> Result<[u8; SIGNATURE]> {
        let signature = self.identity.sign(signed, noise)?;
        if let Some(public) = &self.self_check {
            public.verify(signed, &signature).map_err(|_| Error::KeyUnavailable)?;
        }
        Ok(signature)
    }

    /// Writes the COSE_Sign1 of a statement to the front of `out`.
    pub(crate) fn write_signed(&self, draft: &Draft<'_>, noise: &Secret<32>, out: &mut [u8]) -> Result<()> {
        let end = write(out, |writer| {
            sign1::write_head(writer, false, &self.id.kid().0, draft.length);
            draft.measurement.write(writer, draft.sequence, draft.pad);
        })?;
        let start = end.checked_sub(draft.length).ok_or(Error::BufferTooSmall)?;
        let statement = out.get(start..end).ok_or(Error::BufferTooSmall)?;
        let mut room = [0; STATEMENT_CONTEXT];
        let context =
            StatementContext::new(&self.id, draft.audience, draft.topic, statement.len(), &mut room)?;
        let signature = self.sign(&context.with(statement), noise)?;
        write(out, |writer| {
            writer.skip(end);
            writer.bytes(&signature);
        })
        .map(|_| ())
    }

    /// A secret of its own for each plaintext, also with a generator that repeats itself.
    pub(crate) fn hedged<const N: usize>(
        &self,
        entropy: &Secret<32>,
        sequence: u64,
        plaintext_digest: &[u8; 32],
        recipient: &[u8],
        label: &[u8],
    ) -> Secret<N> {
        let input = [entropy.expose().as_slice(), &sequence.to_be_bytes(), plaintext_digest, recipient];
        derive(self.identity.hedge().expose(), &input, label)
    }
}
