//! Evidence: a measurement with all that a third party needs to check who said it, to whom and where (SPEC §11.1).
//!
//! [`UnverifiedEvidence::parse`] gives claims, [`UnverifiedEvidence::verify`] an [`Evidence`]. It is made from a
//! [`Testimony`](testimony::Testimony), which only what is signed can give.

pub(crate) mod introduction;
pub(crate) mod testimony;

pub use crate::evidence::introduction::{Introduction, UnverifiedIntroduction};
pub use crate::evidence::testimony::Testimony;

use core::fmt;

use crate::cbor::Reader;
use crate::crypto::kdf::sha256;
use crate::envelope::audience::Audience;
use crate::envelope::statement::{Format, Statement};
use crate::envelope::topic::Topic;
use crate::envelope::{STATEMENT_CONTEXT, StatementContext};
use crate::error::{Error, Result};
use crate::evidence::testimony::Proof;
use crate::guard::stream::Stream;
use crate::key::card::Card;
use crate::key::id::Id;
use crate::limits::MAX_ENVELOPE;

/// What evidence claims before anything of it is checked.
#[derive(Clone)]
pub struct UnverifiedEvidence<'b> {
    card: &'b [u8],
    audience: Audience<'b>,
    topic: &'b str,
    encoded: &'b [u8],
    statement: Statement,
    proof: Proof,
}

impl<'b> UnverifiedEvidence<'b> {
    /// Reads the exact shape; [`Error::Malformed`] for anything else.
    pub fn parse(bytes: &'b [u8]) -> Result<Self> {
        if bytes.len() > MAX_ENVELOPE {
            return Err(Error::Malformed);
        }
        let mut reader = Reader::new(bytes);
        reader.array(5);
        let card = reader.bytes();
        let audience = Audience::read(&mut reader, 1)?;
        let topic = reader.text();
        Topic::new(topic).map_err(|_| Error::Malformed)?;
        let encoded = reader.bytes();
        let statement = Statement::read(encoded)?;
        let proof = Proof::read(&mut reader)?;
        reader.end()?;
        Card::parse(card)?;
        // A session has one recipient.
        let several = matches!(proof, Proof::Block { .. }) && audience.ids().count() != 1;
        if statement.format.is_reserved() || several {
            return Err(Error::Malformed);
        }
        Ok(Self { card, audience, topic, encoded, statement, proof })
    }

    /// The identity whose card stands in it.
    pub fn claimed_origin(&self) -> Result<Id> {
        Card::parse(self.card).map(|card| card.claimed_id())
    }

    /// The topic that stands in it.
    pub const fn claimed_topic(&self) -> &'b str {
        self.topic
    }

    /// Checks the card and the proof (SPEC §11.1). Whether the origin is trusted is another question.
    ///
    /// # Errors
    /// Those of [`UnverifiedCard::verify`](crate::key::card::UnverifiedCard::verify), [`Error::Rejected`] when the
    /// proof does not hold.
    pub fn verify(self) -> Result<Evidence<'b>> {
        let proven = self.proven()?;
        Ok(self.with(proven))
    }

    /// What the proof proves, apart from the bytes that say it.
    pub(crate) fn proven(&self) -> Result<Proven> {
        let card = Card::parse(self.card)?.verify()?;
        let topic = Topic::new(self.topic).map_err(|_| Error::Malformed)?;
        let mut room = [0; STATEMENT_CONTEXT];
        let context = StatementContext::new(card.id(), self.audience, topic, self.encoded.len(), &mut room)?;
        let signed = context.with(self.encoded);
        self.proof.verify(&card, self.audience, self.statement.sequence, &signed)?;
        let signed_with = self.proof.numbers(self.statement.sequence);
        Ok(Proven { origin: *card.id(), digest: sha256(&signed), signed_with })
    }

    /// The same with what was [proven](Self::proven) of these very bytes.
    pub(crate) fn with(self, proven: Proven) -> Evidence<'b> {
        let Self { card, audience, topic, encoded, statement, .. } = self;
        Evidence { card, audience, topic, encoded, statement, proven }
    }

    pub(crate) fn is_for(&self, id: &Id) -> bool {
        self.audience.holds(id)
    }
}

impl fmt::Debug for UnverifiedEvidence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UnverifiedEvidence({} bytes)", self.encoded.len())
    }
}

/// A measurement that its origin has signed, for its audience, on its topic.
#[derive(Clone)]
pub struct Evidence<'b> {
    card: &'b [u8],
    audience: Audience<'b>,
    topic: &'b str,
    encoded: &'b [u8],
    statement: Statement,
    proven: Proven,
}

/// What a proof proves.
#[derive(Clone, Copy)]
pub(crate) struct Proven {
    pub(crate) origin: Id,
    digest: [u8; 32],
    signed_with: (u64, u64),
}

impl<'b> Evidence<'b> {
    /// Who measured.
    pub const fn origin(&self) -> &Id {
        &self.proven.origin
    }

    /// The origin's card on the wire, as it came with the evidence: verified, whether in force or not.
    pub const fn card(&self) -> &'b [u8] {
        self.card
    }

    /// For whom it was meant.
    pub fn audience(&self) -> impl Iterator<Item = Id> + use<'b> {
        self.audience.ids()
    }

    /// Where it was published.
    pub const fn topic(&self) -> &'b str {
        self.topic
    }

    /// The origin's stream, in which its numbers count.
    pub fn stream(&self) -> Stream {
        Stream::to(self.proven.origin, self.audience)
    }

    /// Its number in that stream.
    pub const fn sequence(&self) -> u64 {
        self.statement.sequence
    }

    /// When it was taken, seconds since 1970, by the origin's clock.
    pub const fn time(&self) -> Option<u64> {
        self.statement.time
    }

    /// What the body is.
    pub const fn format(&self) -> Format {
        self.statement.format
    }

    /// The measurement itself.
    pub fn body(&self) -> &'b [u8] {
        self.encoded.get(self.statement.body.clone()).unwrap_or_default()
    }

    /// SHA-256 of what a one-shot signature over this statement covers: names it, however it was proven.
    pub const fn digest(&self) -> &[u8; 32] {
        &self.proven.digest
    }

    /// The first and last number that the same signature covers: its own, or those of its block.
    pub const fn signed_with(&self) -> (u64, u64) {
        self.proven.signed_with
    }
}

impl fmt::Debug for Evidence<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Evidence({}, number {})", self.origin(), self.sequence())
    }
}
