//! What seals for one recipient: envelopes one by one, or a session with its manifests.

use core::ffi::{c_char, c_int};

use zegel::{Card, Error, Format, Id, Measurement, Padding, Renewed, Sealer, Session, SessionLimits};
use zegel::{Sign, Stream};
use zeroize::Zeroize;

use crate::bridge::{Call, ConstPointer, Entered, Kind, Pointer, Tie, call, fits};
use crate::failure::Failure;
use crate::keys::clock;
use crate::numbers::Numbers;
use crate::outside::{Entropy, Signer};
use crate::types::{zegel_card, zegel_entropy, zegel_identity, zegel_limits, zegel_measurement};
use crate::types::{zegel_sealer, zegel_storage};

impl Kind for zegel_sealer {
    type Inside = Sealing;
    const KIND: u32 = 0x7a67_1d04;
}

const _: () = fits::<zegel_sealer>();

/// A sealer, and the session that has taken it, if one has.
pub struct Sealing {
    identity: Tie<zegel_identity>,
    at: Stage,
}

/// With a tag of its own: without one the compiler keeps it in an `Option<u64>` inside, and asks 64 bits each time.
#[repr(u8)]
enum Stage {
    Single(Sealer<'static, Numbers, Signer>),
    Session(Session<'static, Numbers, Signer>),
    /// A newer card brought another key: the session is over, and nobody has ended it yet.
    Over(Sealer<'static, Numbers, Signer>),
}

impl Sealing {
    fn single(&mut self) -> Result<&mut Sealer<'static, Numbers, Signer>, Failure> {
        if let Stage::Single(sealer) = &mut self.at { Ok(sealer) } else { Err(Failure::CONTEXT) }
    }

    /// Who it was made to seal for.
    const fn sender(&self) -> &Id {
        match &self.at {
            Stage::Single(sealer) | Stage::Over(sealer) => &sealer.stream().sender,
            Stage::Session(session) => &session.stream().sender,
        }
    }

    /// The session, or none when it is over.
    fn session(&mut self) -> Result<Option<&mut Session<'static, Numbers, Signer>>, Failure> {
        match &mut self.at {
            Stage::Session(session) => Ok(Some(session)),
            Stage::Over(_) => Ok(None),
            Stage::Single(_) => Err(Failure::CONTEXT),
        }
    }
}

/// Moves a sealer on to another stage.
fn change<R>(sealing: &mut Entered<'_, Sealing>, step: impl FnOnce(Stage) -> (Stage, R)) -> R {
    sealing.change(|Sealing { identity, at }| {
        let (at, result) = step(at);
        (Sealing { identity, at }, result)
    })
}

fn renew(sealing: &mut Entered<'_, Sealing>, card: &Card, now: Option<u64>) -> Result<(), Error> {
    if let Stage::Single(sealer) | Stage::Over(sealer) = &mut sealing.at {
        return sealer.renew(card, now).map(|_| ());
    }
    change(sealing, |at| match at {
        Stage::Session(session) => match session.renew(card, now) {
            Ok(Renewed::GoesOn(session)) => (Stage::Session(session), Ok(())),
            Ok(Renewed::Over(sealer)) => (Stage::Over(sealer), Ok(())),
            Err(refused) => (Stage::Session(refused.state), Err(refused.error)),
        },
        other => (other, Ok(())),
    })
}

/// Prepares the storage of a new stream.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_storage_create(
    storage: ConstPointer<zegel_storage>,
    identity: ConstPointer<zegel_identity>,
    recipient: ConstPointer<[u8; 32]>,
) -> c_int {
    call(|call| {
        let storage = call.value(storage)?;
        let sender = call.look(identity)?.id();
        let stream = Stream::new(sender, &Id(*call.value(recipient)?));
        Ok(Numbers::new(storage).create(&stream)?)
    })
}

/// Prepares to seal for the holder of a card.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_sealer_init(
    sealer: Pointer<zegel_sealer>,
    identity: ConstPointer<zegel_identity>,
    recipient: ConstPointer<zegel_card>,
    now: u64,
    storage: ConstPointer<zegel_storage>,
    options: u32,
) -> c_int {
    call(|call| {
        let place = call.fresh(sealer)?;
        let (signer, identity) = call.tie(identity)?;
        let (card, storage) = (call.look(recipient)?, call.value(storage)?);
        let (padding, self_check) = chosen(options)?;
        let made = || {
            let sealer = Sealer::new(signer, card, clock(now), Numbers::new(storage))?.with_padding(padding);
            let sealer = if self_check { sealer.with_self_check()? } else { sealer };
            Ok(Sealing { identity, at: Stage::Single(sealer) })
        };
        place.fill(made())
    })
}

/// Takes a newer card of the recipient, in a session too.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_sealer_renew(
    sealer: Pointer<zegel_sealer>,
    card: ConstPointer<zegel_card>,
    now: u64,
) -> c_int {
    call(|call| {
        let mut sealing = call.enter(sealer)?;
        let card = call.look(card)?;
        Ok(renew(&mut sealing, card, clock(now))?)
    })
}

/// Seals one measurement.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_seal(
    sealer: Pointer<zegel_sealer>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    measurement: ConstPointer<zegel_measurement>,
    entropy: ConstPointer<zegel_entropy>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let mut sealing = call.enter(sealer)?;
        signs(call, sealing.identity, sealing.sender())?;
        let sealer = sealing.single()?;
        let topic = call.text(topic, topic_size)?;
        let measurement = measured(call, measurement)?;
        let mut rng = Entropy::new(call.value(entropy)?);
        into(call, out, size, written, |out| {
            Ok(sealer.seal(named(topic)?, &measurement, &mut rng, out)?.len())
        })
    })
}

/// Hands on what somebody else has signed.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_forward(
    sealer: Pointer<zegel_sealer>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    time: u64,
    evidence: ConstPointer<u8>,
    evidence_size: usize,
    entropy: ConstPointer<zegel_entropy>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    let (topic, evidence) = ((topic, topic_size), (evidence, evidence_size));
    hand_on(sealer, topic, time, evidence, entropy, (out, size, written), Sealer::forward)
}

/// Tells whom this identity vouches for.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_introduce(
    sealer: Pointer<zegel_sealer>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    time: u64,
    introduction: ConstPointer<u8>,
    introduction_size: usize,
    entropy: ConstPointer<zegel_entropy>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    let (topic, introduction) = ((topic, topic_size), (introduction, introduction_size));
    hand_on(sealer, topic, time, introduction, entropy, (out, size, written), Sealer::introduce)
}

/// One of the two ways to hand on bytes that somebody has signed.
type Hand = for<'o> fn(
    &mut Sealer<'static, Numbers, Signer>,
    &str,
    Option<u64>,
    &[u8],
    &mut Entropy,
    &'o mut [u8],
) -> Result<&'o [u8], Error>;

fn hand_on(
    sealer: Pointer<zegel_sealer>,
    (topic, topic_size): (ConstPointer<c_char>, usize),
    time: u64,
    (handed, handed_size): (ConstPointer<u8>, usize),
    entropy: ConstPointer<zegel_entropy>,
    (out, size, written): (Pointer<u8>, usize, Pointer<usize>),
    hand: Hand,
) -> c_int {
    call(|call| {
        let mut sealing = call.enter(sealer)?;
        signs(call, sealing.identity, sealing.sender())?;
        let sealer = sealing.single()?;
        let topic = call.text(topic, topic_size)?;
        let handed = call.read(handed, handed_size)?;
        let mut rng = Entropy::new(call.value(entropy)?);
        into(call, out, size, written, |out| {
            Ok(hand(sealer, named(topic)?, clock(time), handed, &mut rng, out)?.len())
        })
    })
}

/// Begins a session: writes its keyframe.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_session_begin(
    sealer: Pointer<zegel_sealer>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    now: u64,
    limits: ConstPointer<zegel_limits>,
    entropy: ConstPointer<zegel_entropy>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let mut sealing = call.enter(sealer)?;
        signs(call, sealing.identity, sealing.sender())?;
        sealing.single()?;
        let topic = call.text(topic, topic_size)?;
        let limits = if limits.is_null() {
            SessionLimits::default()
        } else {
            let zegel_limits { block, messages, seconds } = *call.value(limits)?;
            SessionLimits { block, messages, seconds }
        };
        let mut rng = Entropy::new(call.value(entropy)?);
        into(call, out, size, written, |out| {
            let (topic, Stage::Single(sealer)) = (named(topic)?, &mut sealing.at) else {
                return Err(Error::SessionOver);
            };
            // The deep half first: what moves after it is not on the stack beneath it.
            let (beginning, keyframe) = Session::keyframe(sealer, topic, clock(now), limits, &mut rng, out)?;
            let length = keyframe.len();
            change(&mut sealing, |at| match at {
                Stage::Single(sealer) => match beginning.session(sealer) {
                    Ok(session) => (Stage::Session(session), Ok(length)),
                    Err(refused) => (Stage::Single(refused.state), Err(refused.error)),
                },
                other => (other, Err(Error::SessionOver)),
            })
        })
    })
}

/// Seals one measurement as a message of the session.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_session_seal(
    sealer: Pointer<zegel_sealer>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    measurement: ConstPointer<zegel_measurement>,
    now: u64,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let mut sealing = call.enter(sealer)?;
        signs(call, sealing.identity, sealing.sender())?;
        let session = sealing.session()?;
        let topic = call.text(topic, topic_size)?;
        let measurement = measured(call, measurement)?;
        into(call, out, size, written, |out| {
            let session = session.ok_or(Error::SessionOver)?;
            Ok(session.seal(named(topic)?, &measurement, clock(now), out)?.len())
        })
    })
}

/// Signs all messages since the last manifest.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_session_manifest(
    sealer: Pointer<zegel_sealer>,
    topic: ConstPointer<c_char>,
    topic_size: usize,
    entropy: ConstPointer<zegel_entropy>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let mut sealing = call.enter(sealer)?;
        signs(call, sealing.identity, sealing.sender())?;
        let session = sealing.session()?;
        let topic = call.text(topic, topic_size)?;
        let mut rng = Entropy::new(call.value(entropy)?);
        into(call, out, size, written, |out| {
            let session = session.ok_or(Error::SessionOver)?;
            Ok(session.manifest(named(topic)?, &mut rng, out)?.len())
        })
    })
}

/// Ends the session: its keys are wiped.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_session_end(sealer: Pointer<zegel_sealer>) -> c_int {
    call(|call| {
        let mut sealing = call.enter(sealer)?;
        sealing.session()?;
        change(&mut sealing, |at| match at {
            Stage::Session(session) => (Stage::Single(session.end()), Ok(())),
            Stage::Over(sealer) => (Stage::Single(sealer), Ok(())),
            other @ Stage::Single(_) => (other, Err(Failure::CONTEXT)),
        })
    })
}

/// Ends a sealer, and its session.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_sealer_wipe(sealer: Pointer<zegel_sealer>) -> c_int {
    call(|call| call.finish(sealer))
}

/// Looks whether the identity that a context holds on to is still there, and still the same: another one may have been
/// made in its place, whose numbers these are not.
pub(crate) fn signs(call: &mut Call<'_>, identity: Tie<zegel_identity>, id: &Id) -> Result<(), Failure> {
    if call.look_at(identity)?.id() == *id { Ok(()) } else { Err(Failure::CONTEXT) }
}

/// The topic as text.
pub(crate) fn named(topic: &[u8]) -> Result<&str, Error> {
    core::str::from_utf8(topic).map_err(|_| Error::InvalidTopic)
}

/// Lets `make` write into C's buffer, which is wiped when it does not.
pub(crate) fn into(
    call: &mut Call<'_>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
    make: impl FnOnce(&mut [u8]) -> Result<usize, Error>,
) -> Result<(), Failure> {
    let (out, written) = (call.write(out, size)?, call.place(written)?);
    *written = 0;
    let made = make(out);
    if made.is_err() {
        out.zeroize();
    }
    *written = made?;
    Ok(())
}

/// What `options` choose: how much of a length shows, and whether each signature is verified before it leaves.
pub(crate) const fn chosen(options: u32) -> Result<(Padding, bool), Failure> {
    if options & !(UNPADDED | SELF_CHECK) != 0 {
        return Err(Failure::ARGUMENT);
    }
    let padding = if options & UNPADDED == 0 { Padding::Buckets } else { Padding::None };
    Ok((padding, options & SELF_CHECK != 0))
}

pub(crate) fn measured<'c>(
    call: &mut Call<'c>,
    measurement: ConstPointer<zegel_measurement>,
) -> Result<Measurement<'c>, Failure> {
    let zegel_measurement { time, body, body_size, format } = *call.value(measurement)?;
    Ok(Measurement { time: clock(time), format: Format(format), body: call.read(body, body_size)? })
}

/// Shows the broker each body's length.
const UNPADDED: u32 = 1;
/// Verifies each signature before it leaves.
const SELF_CHECK: u32 = 2;
