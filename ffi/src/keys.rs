//! Who somebody is: identities, KEM keys, cards.

use core::ffi::{c_char, c_int};

use zegel::{Agree, Error};
use zegel::{Card, CardClaims, Identity, KemKey, KemPublic, MAX_KEM_KEYS, Secret, Sign, Status};

use crate::bridge::{ConstPointer, Kind, Pointer, call, fits};
use crate::outside::{Entropy, Holder, Signer};
use crate::sealer::into;
use crate::types::{zegel_agreement, zegel_card, zegel_card_facts, zegel_claims, zegel_entropy};
use crate::types::{zegel_identity, zegel_kem_key, zegel_signer};

impl Kind for zegel_identity {
    type Inside = Signer;
    const KIND: u32 = 0x7a67_1d01;
}

impl Kind for zegel_kem_key {
    type Inside = Holder;
    const KIND: u32 = 0x7a67_1d02;
}

impl Kind for zegel_card {
    type Inside = Card;
    const KIND: u32 = 0x7a67_1d03;
}

const _: () = {
    fits::<zegel_identity>();
    fits::<zegel_kem_key>();
    fits::<zegel_card>();
};

/// The identity of a stored seed.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_identity_from_seed(
    identity: Pointer<zegel_identity>,
    seed: ConstPointer<[u8; 32]>,
) -> c_int {
    call(|call| {
        let place = call.fresh(identity)?;
        let seed = Secret::new(*call.value(seed)?);
        place.fill(Identity::from_seed(&seed).map(Signer::Here))
    })
}

/// The identity of a key that something else holds.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_identity_from_signer(
    identity: Pointer<zegel_identity>,
    signer: ConstPointer<zegel_signer>,
) -> c_int {
    call(|call| {
        let place = call.fresh(identity)?;
        let signer = call.value(signer)?;
        place.fill(Signer::elsewhere(signer))
    })
}

/// Who signs.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_identity_id(identity: ConstPointer<zegel_identity>, id: Pointer<[u8; 32]>) -> c_int {
    call(|call| {
        let (identity, id) = (call.look(identity)?, call.place(id)?);
        *id = identity.id().0;
        Ok(())
    })
}

/// Ends an identity.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_identity_wipe(identity: Pointer<zegel_identity>) -> c_int {
    call(|call| call.finish(identity))
}

/// Digits of an id, for two people to compare.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_fingerprint(
    id: ConstPointer<[u8; 32]>,
    text: Pointer<[c_char; FINGERPRINT]>,
) -> c_int {
    call(|call| {
        let (id, text) = (call.value(id)?, call.place(text)?);
        let mut written = [b' '; FINGERPRINT];
        for (group, digits) in id.as_chunks::<4>().0.iter().zip(written.chunks_mut(6)) {
            let mut left = u32::from_be_bytes(*group).wrapping_rem(100_000);
            for digit in digits.iter_mut().take(5).rev() {
                *digit = u8::try_from(left.wrapping_rem(10)).unwrap_or_default().saturating_add(b'0');
                left = left.wrapping_div(10);
            }
        }
        if let Some(end) = written.last_mut() {
            *end = 0;
        }
        *text = written.map(letter);
        Ok(())
    })
}

/// The KEM key of 32 stored bytes.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_kem_key_from_secret(
    key: Pointer<zegel_kem_key>,
    secret: ConstPointer<[u8; 32]>,
) -> c_int {
    call(|call| {
        let place = call.fresh(key)?;
        let secret = Secret::new(*call.value(secret)?);
        place.fill(KemKey::from_bytes(&secret).map(Holder::Here))
    })
}

/// A KEM key that something else holds.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_kem_key_from_agreement(
    key: Pointer<zegel_kem_key>,
    agreement: ConstPointer<zegel_agreement>,
) -> c_int {
    call(|call| {
        let place = call.fresh(key)?;
        let agreement = call.value(agreement)?;
        place.fill(Holder::elsewhere(agreement))
    })
}

/// The public half, for a card.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_kem_key_public(key: ConstPointer<zegel_kem_key>, public: Pointer<[u8; 32]>) -> c_int {
    call(|call| {
        let (key, public) = (call.look(key)?, call.place(public)?);
        *public = *key.public().as_bytes();
        Ok(())
    })
}

/// Ends a KEM key.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_kem_key_wipe(key: Pointer<zegel_kem_key>) -> c_int {
    call(|call| call.finish(key))
}

/// Reads and verifies a card.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_card_read(card: Pointer<zegel_card>, bytes: ConstPointer<u8>, size: usize) -> c_int {
    call(|call| {
        let place = call.fresh(card)?;
        let bytes = call.read(bytes, size)?;
        place.fill(Card::from_bytes(bytes))
    })
}

/// Whether a card is in force.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_card_check(card: ConstPointer<zegel_card>, now: u64) -> c_int {
    call(|call| Ok(call.look(card)?.check_valid(clock(now))?))
}

/// What a card says.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_card_tell(card: ConstPointer<zegel_card>, facts: Pointer<zegel_card_facts>) -> c_int {
    call(|call| {
        let (card, facts) = (call.look(card)?, call.place(facts)?);
        let mut label = [0; 65];
        for (place, byte) in label.iter_mut().zip(card.label().bytes()) {
            *place = letter(byte);
        }
        *facts = zegel_card_facts {
            serial: card.serial(),
            not_before: card.not_before(),
            expires: card.expires(),
            id: card.id().0,
            digest: *card.digest(),
            label,
            kem_count: u8::try_from(card.kem_keys().count()).unwrap_or_default(),
            withdrawn: u8::from(card.status() == Status::Withdrawn),
        };
        Ok(())
    })
}

/// Signs a card.
#[unsafe(no_mangle)]
pub extern "C" fn zegel_card_issue(
    identity: ConstPointer<zegel_identity>,
    claims: ConstPointer<zegel_claims>,
    entropy: ConstPointer<zegel_entropy>,
    out: Pointer<u8>,
    size: usize,
    written: Pointer<usize>,
) -> c_int {
    call(|call| {
        let identity = call.look(identity)?;
        let claims = call.value(claims)?;
        let mut rng = Entropy::new(call.value(entropy)?);
        let (label, keys) =
            (call.text(claims.label, claims.label_size)?, call.read(claims.kem_keys, claims.kem_count)?);
        into(call, out, size, written, |out| issue(claims, label, keys, identity, &mut rng, out))
    })
}

fn issue(
    claims: &zegel_claims,
    label: &[u8],
    keys: &[[u8; 32]],
    identity: &Signer,
    rng: &mut Entropy,
    out: &mut [u8],
) -> Result<usize, Error> {
    let mut kem_keys: &[KemPublic] = &[];
    let mut room;
    if let Some(first) = keys.first() {
        room = [KemPublic::from_bytes(*first)?; MAX_KEM_KEYS];
        let places = room.get_mut(..keys.len()).ok_or(Error::Malformed)?;
        for (place, key) in places.iter_mut().zip(keys).skip(1) {
            *place = KemPublic::from_bytes(*key)?;
        }
        kem_keys = places;
    }
    let status = if claims.withdrawn == 0 { Status::Active } else { Status::Withdrawn };
    let zegel_claims { serial, not_before, expires, .. } = *claims;
    let label = core::str::from_utf8(label).map_err(|_| Error::Malformed)?;
    let claims = CardClaims { serial, not_before, expires, label, kem_keys, status };
    Card::issue(&claims, identity, rng, out).map(<[u8]>::len)
}

/// A byte as C's `char`, whose sign differs from one machine to the next.
fn letter(byte: u8) -> c_char {
    c_char::from_ne_bytes([byte])
}

/// Seconds since 1970, or none.
pub(crate) const fn clock(seconds: u64) -> Option<u64> {
    if seconds == NO_TIME { None } else { Some(seconds) }
}

/// What C writes for no time.
pub(crate) const NO_TIME: u64 = u64::MAX;
const FINGERPRINT: usize = 48;
