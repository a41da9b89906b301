//! Evidence: what can be handed on of what was opened, and what somebody else hands on.

use core::ffi::{c_char, c_int};

use zegel::{
    Error, Id, MAX_INTRODUCED, Opened, SignedBlock, Testimony, UnverifiedEvidence, UnverifiedIntroduction,
};

use crate::bridge::{ConstPointer, Kind, Pointer, Span, call, fits, zeroed};
use crate::keys::NO_TIME;
use crate::sealer::{into, named};
use crate::types::{zegel_evidence, zegel_proof, zegel_receiver};

impl Kind for zegel_proof {
    type Inside = Proof;
    const KIND: u32 = 0x7a67_1d08;
}

const _: () = fits::<zegel_proof>();

/// What was signed, and by whom.
pub enum Proof {
    /// Nothing yet.
    None,
    /// What was opened, by itself, and where that is: its topic and its envelope.
    One(Testimony<'static>, [Span; 2]),
    /// A block of a session.
    Block(SignedBlock),
}

impl Proof {
    pub(crate) fn of(opened: &Opened<'static>, spans: [Span; 2]) -> Self {
        match (opened.block(), opened.testimony()) {
            (Some(block), _) => Self::Block(*block),
            (None, Some(testimony)) => Self::One(testimony, spans),
            (None, None) => Self::None,
        }
    }
}

/// Writes evidence of a measurement that is signed.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_evidence_write(
    receiver: Pointer<zegel_receiver>,
    proof: ConstPointer<zegel_proof>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    statement: ConstPointer<u8>,
    statement_size: usize,
    card: ConstPointer<u8>,
    card_size: usize,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let proof = call.look(proof)?;
        let (topic, statement) = (call.text(topic, topic_size)?, call.read(statement, statement_size)?);
        let card = call.read(card, card_size)?;
        if let Proof::One(_, spans) = proof {
            spans.iter().try_for_each(|span| call.held(*span))?;
        }
        let mut state = receiver.state(call)?;
        into(call, out, size, written, |out| {
            let topic = named(topic)?;
            let testimony = match proof {
                Proof::None => return Err(Error::NothingAllowed),
                Proof::One(testimony, _) if testimony.statement() == statement => *testimony,
                Proof::One(..) => return Err(Error::Rejected),
                Proof::Block(block) => block.testimony(&mut state, topic, statement)?,
            };
            testimony.write(card, out).map(<[u8]>::len)
        })
    })
}

/// Forgets a block: its evidence was written, or is not wanted.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_proof_release(
    receiver: Pointer<zegel_receiver>,
    proof: Pointer<zegel_proof>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let proof = call.enter(proof)?;
        let mut state = receiver.state(call)?;
        match &*proof {
            Proof::Block(block) => Ok(block.release(&mut state)?),
            Proof::None | Proof::One(..) => Ok(()),
        }
    })
}

/// Ends a proof.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_proof_wipe(proof: Pointer<zegel_proof>) -> c_int {
    call(|call| call.finish(proof))
}

/// Reads and verifies evidence.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_evidence_read(
    bytes: ConstPointer<u8>,
    size: usize,
    evidence: Pointer<zegel_evidence>,
) -> c_int {
    call(|call| {
        let (bytes, place) = (call.read(bytes, size)?, call.place(evidence)?);
        *place = zeroed();
        let evidence = UnverifiedEvidence::parse(bytes)?.verify()?;
        let (body, topic, card) = (evidence.body(), evidence.topic(), evidence.card());
        let (signed_first, signed_last) = evidence.signed_with();
        *place = zegel_evidence {
            sequence: evidence.sequence(),
            time: evidence.time().unwrap_or(NO_TIME),
            body: body.as_ptr(),
            body_size: body.len(),
            topic: topic.as_ptr().cast(),
            topic_size: topic.len(),
            card: card.as_ptr(),
            card_size: card.len(),
            signed_first,
            signed_last,
            origin: evidence.origin().0,
            digest: *evidence.digest(),
            format: evidence.format().0,
        };
        Ok(())
    })
}

/// Whether evidence was meant for somebody.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_evidence_is_for(
    bytes: ConstPointer<u8>,
    size: usize,
    id: ConstPointer<[u8; 32]>,
) -> c_int {
    call(|call| {
        let (bytes, id) = (call.read(bytes, size)?, Id(*call.value(id)?));
        let evidence = UnverifiedEvidence::parse(bytes)?.verify()?;
        if evidence.audience().any(|reader| reader == id) { Ok(()) } else { Err(Error::Rejected.into()) }
    })
}

/// Reads and verifies an introduction: the ids of whom it vouches for.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_introduction_read(
    bytes: ConstPointer<u8>,
    size: usize,
    ids: Pointer<[u8; 32]>,
    room: usize,
    count: Pointer<usize>,
) -> c_int {
    call(|call| {
        let bytes = call.read(bytes, size)?;
        let (ids, count) = (call.write(ids, room.min(MAX_INTRODUCED))?, call.place(count)?);
        *count = 0;
        ids.fill([0; 32]);
        let introduction = UnverifiedIntroduction::parse(bytes)?.verify()?;
        let named = introduction.wire().fold(0, |sum: usize, _| sum.saturating_add(1));
        if named > ids.len() {
            return Err(Error::BufferTooSmall.into());
        }
        for (place, id) in ids.iter_mut().zip(introduction.ids()) {
            *place = id.0;
        }
        *count = named;
        Ok(())
    })
}
