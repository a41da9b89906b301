//! Evidence and introductions by themselves, for third parties: no state, no keys (SPEC §11).

use zegel::{Introduction, UnverifiedEvidence, UnverifiedIntroduction};

use crate::failure::Failure;
use crate::opened::Gap;

/// What evidence proves: its origin signed this, for its audience, on its topic.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct EvidenceFacts {
    /// Who measured: 32 bytes. Whether they are trusted is another question.
    pub origin: Vec<u8>,
    /// The origin's card on the wire: verified, whether in force or not.
    pub card: Vec<u8>,
    /// The ids for whom it was meant.
    pub audience: Vec<Vec<u8>>,
    /// Where it was published.
    pub topic: String,
    /// Its number in the origin's stream.
    pub sequence: u64,
    /// Seconds since 1970 by the origin's clock.
    pub time: Option<u64>,
    /// A CoAP content format.
    pub format: u16,
    /// The measurement itself.
    pub body: Vec<u8>,
    /// Names it, however it was proven: 32 bytes.
    pub digest: Vec<u8>,
    /// The numbers that the same signature covers.
    pub signed_with: Gap,
}

/// Somebody in an introduction.
#[derive(Clone, Debug, PartialEq, Eq, uniffi::Record)]
pub struct Introduced {
    /// Who: 32 bytes.
    pub id: Vec<u8>,
    /// Their card on the wire.
    pub card: Vec<u8>,
}

impl EvidenceFacts {
    pub(crate) fn new(evidence: &zegel::Evidence<'_>) -> Self {
        Self {
            origin: evidence.origin().0.to_vec(),
            card: evidence.card().to_vec(),
            audience: evidence.audience().map(|id| id.0.to_vec()).collect(),
            topic: evidence.topic().into(),
            sequence: evidence.sequence(),
            time: evidence.time(),
            format: evidence.format().0,
            body: evidence.body().to_vec(),
            digest: evidence.digest().to_vec(),
            signed_with: evidence.signed_with().into(),
        }
    }
}

/// Checks evidence; `Malformed`, `Rejected`, or what is wrong with the card in it.
#[uniffi::export]
fn verify_evidence(evidence: Vec<u8>) -> Result<EvidenceFacts, Failure> {
    Ok(EvidenceFacts::new(&UnverifiedEvidence::parse(&evidence)?.verify()?))
}

/// Writes an introduction of these cards, in any order (SPEC §11.3).
#[uniffi::export]
fn write_introduction(cards: Vec<Vec<u8>>) -> Result<Vec<u8>, Failure> {
    let mut sorted = Vec::new();
    for card in &cards {
        sorted.push((zegel::Card::parse(card)?.claimed_id(), card.as_slice()));
    }
    sorted.sort_unstable_by_key(|(id, _)| *id);
    let wire: Vec<&[u8]> = sorted.into_iter().map(|(_, card)| card).collect();
    Ok(Introduction::to_vec(&wire)?)
}

/// Checks an introduction: those in it, in the order of their ids.
#[uniffi::export]
fn verify_introduction(introduction: Vec<u8>) -> Result<Vec<Introduced>, Failure> {
    let introduction = UnverifiedIntroduction::parse(&introduction)?.verify()?;
    let each = introduction.ids().zip(introduction.wire());
    Ok(each.map(|(id, card)| Introduced { id: id.0.to_vec(), card: card.to_vec() }).collect())
}
