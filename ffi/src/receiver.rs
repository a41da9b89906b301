//! What opens for one identity: its keys, whom it trusts, and what it has taken.

use core::ffi::{c_char, c_int};

use zegel::{
    Acceptance, Content, Error, Event, EventLog, Id, MAX_KEM_KEYS, Opened, Opener, Origin, Provenance,
    SignedBlock,
};

use crate::bridge::{Call, ConstPointer, Kind, Pointer, Row, Span, Tie, call, fits, zeroed};
use crate::evidence::Proof;
use crate::failure::Failure;
use crate::keys::{NO_TIME, clock};
use crate::outside::Holder;
use crate::sealer::named;
use crate::state::{Followed, Peer, State};
use crate::types::{zegel_acceptance, zegel_card, zegel_event, zegel_kem_key, zegel_limits, zegel_opened};
use crate::types::{zegel_peer, zegel_proof, zegel_receiver, zegel_session, zegel_state};

impl Kind for zegel_receiver {
    type Inside = Receiving;
    const KIND: u32 = 0x7a67_1d05;
}

impl Kind for zegel_peer {
    type Inside = Peer;
    const KIND: u32 = 0x7a67_1d06;
}

impl Kind for zegel_session {
    type Inside = Followed;
    const KIND: u32 = 0x7a67_1d07;
}

const _: () = {
    fits::<zegel_receiver>();
    fits::<zegel_peer>();
    fits::<zegel_session>();
};

/// A receiver: who it is, and what belongs to it.
pub struct Receiving {
    me: Id,
    keys: [Option<Tie<zegel_kem_key>>; MAX_KEM_KEYS],
    peers: Row<zegel_peer>,
    sessions: Row<zegel_session>,
    acceptance: Acceptance,
    durable: Option<zegel_state>,
    events: EventLog<4>,
}

impl Receiving {
    /// The state behind this receiver, for one call.
    pub(crate) fn state<'s, 'c: 's>(&'s mut self, call: &mut Call<'c>) -> Result<State<'s>, Failure> {
        Ok(State {
            me: self.me,
            peers: call.row(self.peers)?,
            sessions: call.row(self.sessions)?,
            durable: self.durable.as_ref(),
            events: &mut self.events,
            passing: None,
        })
    }
}

/// Prepares to open for `me`.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_receiver_init(
    receiver: Pointer<zegel_receiver>,
    me: ConstPointer<[u8; 32]>,
    keys: ConstPointer<zegel_kem_key>,
    key_count: usize,
    peers: Pointer<zegel_peer>,
    peer_count: usize,
    sessions: Pointer<zegel_session>,
    session_count: usize,
) -> c_int {
    call(|call| {
        let place = call.fresh(receiver)?;
        let me = Id(*call.value(me)?);
        if key_count == 0 || key_count > MAX_KEM_KEYS {
            return Err(Failure::ARGUMENT);
        }
        let mut ties = [None; MAX_KEM_KEYS];
        for (at, tie) in ties.iter_mut().enumerate().take(key_count) {
            *tie = Some(call.tie(keys.at(at))?.1);
        }
        let peers = call.fresh_row(peers, peer_count, &place)?;
        let sessions = call.fresh_row(sessions, session_count, &place)?;
        let (peers, sessions) = (peers.fill(Peer::new), sessions.fill(Followed::new));
        place.fill(Ok(Receiving {
            me,
            keys: ties,
            peers,
            sessions,
            acceptance: Acceptance::default(),
            durable: None,
            events: EventLog::new(),
        }))
    })
}

/// Takes what is within these limits.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_receiver_accept(
    receiver: Pointer<zegel_receiver>,
    acceptance: ConstPointer<zegel_acceptance>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let zegel_acceptance { max_age, max_skew, max_jump } = *call.value(acceptance)?;
        let [max_age, max_skew, max_jump] = [max_age, max_skew, max_jump].map(clock);
        receiver.acceptance = Acceptance { max_age, max_skew, max_jump };
        Ok(())
    })
}

/// Keeps what has to outlive the process with the program.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_receiver_keep(
    receiver: Pointer<zegel_receiver>,
    state: ConstPointer<zegel_state>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let state = call.value(state)?;
        let [take, next] = [state.take.is_some(), state.next.is_some()];
        let [keep, find] = [state.keep.is_some(), state.find.is_some()];
        // Numbers that one keeps and the other does not know of would soon be too large a jump, all of them. And where
        // a keyframe's number is taken in memory, a session that could not be kept would be a duplicate when it comes
        // again.
        if take != next || keep != find || keep && !take {
            return Err(Failure::ARGUMENT);
        }
        receiver.durable = Some(*state);
        Ok(())
    })
}

/// Pins a card that the user decided to trust.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_receiver_pin(
    receiver: Pointer<zegel_receiver>,
    card: ConstPointer<zegel_card>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let card = call.look(card)?;
        Ok(receiver.state(call)?.pin(card)?)
    })
}

/// Takes a newer card of somebody pinned.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_receiver_renew(
    receiver: Pointer<zegel_receiver>,
    card: ConstPointer<zegel_card>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let card = call.look(card)?;
        Ok(receiver.state(call)?.renew(card)?)
    })
}

/// Ends the trust in somebody.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_receiver_revoke(
    receiver: Pointer<zegel_receiver>,
    id: ConstPointer<[u8; 32]>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let id = Id(*call.value(id)?);
        Ok(receiver.state(call)?.revoke(&id)?)
    })
}

/// Opens what arrived, in place.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_open(
    receiver: Pointer<zegel_receiver>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    now: u64,
    envelope: Pointer<u8>,
    size: usize,
    opened: Pointer<zegel_opened>,
    proof: Pointer<zegel_proof>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let spans = [Span::of_text(topic, topic_size), Span::written(&envelope, size)];
        let topic = call.lasting_text(topic, topic_size)?;
        let (envelope, opened) = (call.lasting_mut(envelope, size)?, call.place(opened)?);
        let proof = if proof.is_null() { None } else { Some(call.fresh(proof)?) };
        let (me, acceptance, keys) = (receiver.me, receiver.acceptance, receiver.keys);
        let mut holders: [Option<&Holder>; MAX_KEM_KEYS] = [None; MAX_KEM_KEYS];
        for (holder, tie) in holders.iter_mut().zip(keys) {
            *holder = tie.map(|tie| call.look_at(tie)).transpose()?;
        }
        let mut state = receiver.state(call)?;
        *opened = zeroed();
        let first = holders.iter().flatten().next().ok_or(Failure::CONTEXT)?;
        let keys = holders.map(|holder| holder.unwrap_or(first));
        let opener = Opener::new(me, &keys).with_acceptance(acceptance);
        let found = match named(topic) {
            Ok(topic) => opener.open(&mut state, topic, clock(now), envelope),
            Err(error) => {
                envelope.fill(0);
                Err(error)
            }
        };
        if let Ok(found) = &found {
            tell(found, opened);
        }
        match proof {
            Some(proof) => proof.fill(found.map(|found| Proof::of(&found, spans))),
            None => Ok(found.map(|_| ())?),
        }
    })
}

/// Takes the events out: things that a person has to see.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_receiver_events(
    receiver: Pointer<zegel_receiver>,
    events: Pointer<[zegel_event; 4]>,
    count: Pointer<u64>,
) -> c_int {
    call(|call| {
        let mut receiver = call.enter(receiver)?;
        let (events, count) = (call.place(events)?, call.place(count)?);
        *count = receiver.events.count();
        *events = receiver.events.take().map(|event| event.as_ref().map_or_else(zeroed, seen));
        Ok(())
    })
}

/// Ends a receiver, and what belongs to it.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_receiver_wipe(receiver: Pointer<zegel_receiver>) -> c_int {
    call(|call| {
        if let Some((peers, sessions)) =
            call.finish_with(receiver, |inside| (inside.peers, inside.sessions))?
        {
            call.finish_row(peers)?;
            call.finish_row(sessions)?;
        }
        Ok(())
    })
}

/// What was opened, as C reads it.
#[inline(never)]
fn tell(found: &Opened<'_>, opened: &mut zegel_opened) {
    let arrival = found.arrival();
    let (missing_first, missing_last) = arrival.missing.unwrap_or_default();
    let (block_first, block_last) = found.block().map(SignedBlock::numbers).unwrap_or_default();
    *opened = zegel_opened {
        sequence: found.sequence(),
        time: found.time().unwrap_or(NO_TIME),
        statement: found.statement().as_ptr(),
        statement_size: found.statement().len(),
        missing_first,
        missing_last,
        block_first,
        block_last,
        sender: found.sender().0,
        digest: *found.digest(),
        audience: found.stream().audience,
        is_signed: u8::from(found.provenance() == Provenance::Signed),
        missing: u8::from(arrival.missing.is_some()),
        late: u8::from(arrival.late),
        block: u8::from(found.block().is_some()),
        ..zeroed()
    };
    match found.content() {
        Content::Measurement { format, body } => {
            opened.kind = MEASUREMENT;
            (opened.body, opened.body_size, opened.format) = (body.as_ptr(), body.len(), format.0);
        }
        Content::Keyframe { session, limits, kept } => {
            opened.kind = KEYFRAME;
            opened.kept = u8::from(*kept);
            opened.session = session.0;
            let (block, messages, seconds) = (limits.block, limits.messages, limits.seconds);
            opened.limits = zegel_limits { block, messages, seconds };
        }
        Content::Manifest(_) => opened.kind = MANIFEST,
        Content::Evidence(custody) => {
            opened.kind = EVIDENCE;
            opened.origin_pinned = u8::from(custody.known() == Origin::Pinned);
            let body = body(found.statement()).unwrap_or_default();
            (opened.body, opened.body_size) = (body.as_ptr(), body.len());
        }
        Content::Introduction(_) => {
            opened.kind = INTRODUCTION;
            let body = body(found.statement()).unwrap_or_default();
            (opened.body, opened.body_size) = (body.as_ptr(), body.len());
        }
    }
}

/// The body of a statement, which was read before: `[sequence, time, format, body, pad]`.
fn body(statement: &[u8]) -> Option<&[u8]> {
    let (_, mut rest) = statement.split_first()?;
    for _ in 0..3 {
        rest = head(rest)?.1;
    }
    let (length, rest) = head(rest)?;
    rest.get(..usize::try_from(length).ok()?)
}

/// The number in the head of an item, and what follows it.
fn head(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (first, rest) = bytes.split_first()?;
    let short = first & 0x1f;
    let length = match short {
        24 => 1,
        25 => 2,
        26 => 4,
        27 => 8,
        _ => return Some((u64::from(short), rest)),
    };
    let (number, rest) = rest.split_at_checked(length)?;
    Some((number.iter().fold(0, |sum, byte| sum << 8 | u64::from(*byte)), rest))
}

fn seen(event: &Event) -> zegel_event {
    match event {
        Event::Conflict { stream, sequence } => {
            zegel_event { number: *sequence, id: stream.sender.0, what: Error::Conflict.code() }
        }
        Event::Equivocation { id } => zegel_event { number: 0, id: id.0, what: Error::Equivocation.code() },
        Event::KeyChanged { id, serial } => zegel_event { number: *serial, id: id.0, what: KEY_CHANGED },
    }
}

const MEASUREMENT: u8 = 1;
const KEYFRAME: u8 = 2;
const MANIFEST: u8 = 3;
const EVIDENCE: u8 = 4;
const INTRODUCTION: u8 = 5;
/// Beyond the numbers of errors.
const KEY_CHANGED: u8 = 255;
