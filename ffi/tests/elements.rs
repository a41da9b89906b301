//! Keys that something else holds: a secure element behind callbacks signs and agrees, weak keys of it are refused, and
//! an element that fails or lies seals and opens nothing.

use std::ffi::{c_int, c_void};

use zegel::{Agree, Error, Identity, KemKey, Secret, Sign};
use zegel_ffi::*;

/// A secure element: its keys, and whether it is willing.
struct Element {
    identity: Identity,
    key: KemKey,
    says: c_int,
    lies: bool,
}

impl Element {
    fn new(name: u8) -> Self {
        let secret = |kind| Secret::new(std::array::from_fn(|i| u8::try_from(i).unwrap() ^ name ^ kind));
        let (identity, key) =
            (Identity::from_seed(&secret(0x40)).unwrap(), KemKey::from_bytes(&secret(0x80)).unwrap());
        Self { identity, key, says: 0, lies: false }
    }

    fn signer(&mut self) -> zegel_signer {
        let (sign, public_key) = (Some(sign as _), self.identity.public_key());
        let hedge = std::array::from_fn(|i| u8::try_from(i).unwrap());
        zegel_signer { sign, user: std::ptr::from_mut(self).cast(), public_key, hedge }
    }

    fn agreement(&mut self) -> zegel_agreement {
        let (agree, public_key) = (Some(agree as _), *self.key.public().as_bytes());
        zegel_agreement { agree, user: std::ptr::from_mut(self).cast(), public_key }
    }
}

extern "C" fn sign(
    user: *mut c_void,
    parts: *const zegel_part,
    count: usize,
    noise: *const u8,
    signature: *mut u8,
) -> c_int {
    // SAFETY: what `zegel.h` says of the arguments of this callback.
    let (element, parts, noise) = unsafe {
        let parts = std::slice::from_raw_parts(parts, count);
        let parts: Vec<&[u8]> =
            parts.iter().map(|part| std::slice::from_raw_parts(part.bytes, part.size)).collect();
        (&*user.cast::<Element>(), parts, Secret::new(*noise.cast()))
    };
    let mut signed = element.identity.sign(&parts, &noise).unwrap();
    signed[40] ^= u8::from(element.lies);
    // SAFETY: as above.
    unsafe { signature.cast::<[u8; 64]>().write(signed) };
    element.says
}

extern "C" fn agree(user: *mut c_void, peer: *const u8, shared: *mut u8) -> c_int {
    // SAFETY: as above.
    let (element, peer) = unsafe { (&*user.cast::<Element>(), &*peer.cast()) };
    let agreed = if element.lies { [0; 32] } else { *element.key.agree(peer).unwrap().expose() };
    // SAFETY: as above.
    unsafe { shared.cast::<[u8; 32]>().write(agreed) };
    element.says
}

extern "C" fn fill(user: *mut c_void, out: *mut u8, size: usize) -> c_int {
    // SAFETY: as above.
    let (turn, out) = unsafe { (&mut *user.cast::<u8>(), std::slice::from_raw_parts_mut(out, size)) };
    *turn = turn.wrapping_add(1);
    for (place, byte) in out.iter_mut().zip(0_u8..) {
        *place = byte ^ *turn;
    }
    0
}

extern "C" fn read(user: *mut c_void, slot: u32, out: *mut u8, size: usize) -> c_int {
    // SAFETY: as above.
    let (slots, out) = unsafe { (&*user.cast::<[[u8; 64]; 2]>(), std::slice::from_raw_parts_mut(out, size)) };
    out.copy_from_slice(&slots[slot as usize]);
    0
}

extern "C" fn write(user: *mut c_void, slot: u32, bytes: *const u8, size: usize) -> c_int {
    // SAFETY: as above.
    let (slots, bytes) =
        unsafe { (&mut *user.cast::<[[u8; 64]; 2]>(), std::slice::from_raw_parts(bytes, size)) };
    slots[slot as usize].copy_from_slice(bytes);
    0
}

/// Arguments, as C passes them.
fn out<T>(place: &mut T) -> Pointer<T> {
    // SAFETY: one live value, borrowed for the call.
    unsafe { Pointer::new(place) }
}

fn bytes(place: &mut [u8]) -> Pointer<u8> {
    // SAFETY: its length is passed beside it.
    unsafe { Pointer::new(place.as_mut_ptr()) }
}

fn value<T>(place: &T) -> ConstPointer<T> {
    // SAFETY: one live value, borrowed for the call.
    unsafe { ConstPointer::new(place) }
}

fn slice<T>(place: &[T]) -> ConstPointer<T> {
    // SAFETY: its length is passed beside it.
    unsafe { ConstPointer::new(place.as_ptr()) }
}

/// Memory for a context.
fn fresh<T>() -> Box<T> {
    // SAFETY: contexts are integers.
    unsafe { Box::new(std::mem::zeroed()) }
}

fn number(error: Error) -> c_int {
    c_int::from(error.code())
}

fn card(identity: &zegel_identity, kem: Option<&[u8; 32]>, entropy: &zegel_entropy) -> Box<zegel_card> {
    let (mut card, mut text, mut size) = (fresh(), [0; 512], 0);
    let keys: &[[u8; 32]] = kem.map_or(&[], std::slice::from_ref);
    let (label, kem_keys) = (slice(b"se".map(u8::cast_signed).as_slice()), slice(keys));
    let (serial, not_before, expires) = (1, 0, 1 << 40);
    let (label_size, kem_count, withdrawn) = (0, keys.len(), 0);
    let claims = zegel_claims {
        serial,
        not_before,
        expires,
        label: ConstPointer::clone(&label),
        label_size,
        kem_keys,
        kem_count,
        withdrawn,
    };
    let issued = zegel_card_issue(
        value(identity),
        value(&claims),
        value(entropy),
        bytes(&mut text),
        512,
        out(&mut size),
    );
    assert_eq!(issued, 0);
    assert_eq!(zegel_card_read(out(&mut *card), slice(&text), size), 0);
    card
}

#[test]
fn a_secure_element_seals_and_opens() {
    let (mut device, mut pgo) = (Element::new(1), Element::new(2));
    let (mut turn, mut slots) = (0_u8, [[0xff_u8; 64]; 2]);
    let entropy = zegel_entropy { fill: Some(fill), user: (&raw mut turn).cast() };
    let storage = zegel_storage { read: Some(read), write: Some(write), user: (&raw mut slots).cast() };
    let (mut from, mut to) = (fresh::<zegel_identity>(), fresh::<zegel_identity>());
    assert_eq!(zegel_identity_from_signer(out(&mut *from), value(&device.signer())), 0);
    assert_eq!(zegel_identity_from_signer(out(&mut *to), value(&pgo.signer())), 0);
    let mut key = fresh::<zegel_kem_key>();
    assert_eq!(zegel_kem_key_from_agreement(out(&mut *key), value(&pgo.agreement())), 0);
    let mut public = [0; 32];
    assert_eq!(zegel_kem_key_public(value(&key), out(&mut public)), 0);
    assert_eq!(public, *pgo.key.public().as_bytes());

    let mut me = [0; 32];
    assert_eq!(zegel_identity_id(value(&to), out(&mut me)), 0);
    assert_eq!(me, pgo.identity.id().0);
    let (from_card, to_card) = (card(&from, None, &entropy), card(&to, Some(&public), &entropy));
    let (mut receiver, mut peer, mut session) = (fresh(), fresh(), fresh());
    let keys: ConstPointer<zegel_kem_key> = value(&key);
    let init = zegel_receiver_init(
        out(&mut *receiver),
        value(&me),
        keys,
        1,
        out(&mut *peer),
        1,
        out(&mut *session),
        1,
    );
    assert_eq!(init, 0);
    assert_eq!(zegel_receiver_pin(out(&mut *receiver), value(&from_card)), 0);

    assert_eq!(zegel_storage_create(value(&storage), value(&from), value(&me)), 0);
    let topic = b"t".map(u8::cast_signed);
    let beat = zegel_measurement { time: u64::MAX, body: slice(b"61"), body_size: 2, format: 42 };
    // 2: verifies each signature before it leaves.
    for options in [0, 2] {
        let mut sealer = fresh::<zegel_sealer>();
        let made = zegel_sealer_init(
            out(&mut *sealer),
            value(&from),
            value(&to_card),
            u64::MAX,
            value(&storage),
            options,
        );
        assert_eq!(made, 0);
        let (mut envelope, mut size) = ([0xcc; 512], 0);
        let mut seal = |envelope: &mut [u8; 512], size: &mut usize| {
            let (topic, beat, entropy) = (slice(&topic), value(&beat), value(&entropy));
            zegel_seal(out(&mut *sealer), topic, 1, beat, entropy, bytes(envelope), 512, out(size))
        };
        let mut open = |envelope: &mut [u8; 512], size: usize| {
            // SAFETY: numbers and pointers, which may be NULL.
            let mut opened = unsafe { std::mem::zeroed::<zegel_opened>() };
            // SAFETY: NULL is allowed there.
            let none = unsafe { Pointer::new(std::ptr::null_mut()) };
            let answered = zegel_open(
                out(&mut *receiver),
                slice(&topic),
                1,
                u64::MAX,
                bytes(envelope),
                size,
                out(&mut opened),
                none,
            );
            (answered, opened)
        };
        assert_eq!(seal(&mut envelope, &mut size), 0);
        let sent = envelope;
        let (answered, opened) = open(&mut envelope, size);
        assert_eq!((answered, opened.sender), (0, device.identity.id().0));

        // An element that does not answer.
        device.says = 1;
        assert_eq!(seal(&mut envelope, &mut size), number(Error::KeyUnavailable));
        assert_eq!((envelope, size), ([0; 512], 0));
        device.says = 0;
        // One whose signature is wrong: a sealer that checks itself keeps it, and nobody takes what another one sends.
        device.lies = true;
        let checks = options == 2;
        assert_eq!(seal(&mut envelope, &mut size), if checks { number(Error::KeyUnavailable) } else { 0 });
        if checks {
            assert_eq!((envelope, size), ([0; 512], 0));
        } else {
            assert_eq!(open(&mut envelope, size).0, number(Error::Rejected));
            assert_eq!(envelope[..size], [0; 512][..size]);
        }
        device.lies = false;
        // Those of the receiver: no answer, and a secret of zeros. The number is not taken.
        assert_eq!(seal(&mut envelope, &mut size), 0);
        let again = envelope;
        pgo.says = 1;
        assert_eq!(open(&mut envelope, size).0, number(Error::KeyUnavailable));
        assert_eq!(envelope[..size], [0; 512][..size]);
        (pgo.says, pgo.lies) = (0, true);
        envelope = again;
        assert_eq!(open(&mut envelope, size).0, number(Error::KeyUnavailable));
        assert_eq!(envelope[..size], [0; 512][..size]);
        pgo.lies = false;
        envelope = again;
        assert_eq!(open(&mut envelope, size).0, 0);
        envelope = sent;
        assert_eq!(open(&mut envelope, size).0, number(Error::Duplicate));
    }
}

/// Ed25519 and X25519 points of small order, one that is not canonical, and keys that are printed in a standard or made
/// of what erased memory holds: refused as those in memory are, and the memory of the context is wiped.
#[test]
fn weak_keys_of_a_secure_element_are_refused() {
    let mut element = Element::new(3);
    let (sound, sound_agreement) = (element.signer(), element.agreement());
    let refused = |signer: zegel_signer| {
        let mut identity = fresh::<zegel_identity>();
        let answered = zegel_identity_from_signer(out(&mut *identity), value(&signer));
        let mut id = [0; 32];
        assert!(answered == 0 || zegel_identity_id(value(&identity), out(&mut id)) == -2);
        answered
    };
    assert_eq!(refused(sound), 0);
    let one = std::array::from_fn(|i| u8::from(i == 0));
    // RFC 8032 §7.1, test 1.
    let printed = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07, 0x3a, 0x0e,
        0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07, 0x51, 0x1a,
    ];
    for public_key in [[0; 32], one, [0xff; 32], printed] {
        assert_eq!(
            refused(zegel_signer { public_key, ..sound }),
            number(Error::WeakKey),
            "{public_key:02x?}"
        );
    }
    for hedge in [[0; 32], [0xff; 32]] {
        assert_eq!(refused(zegel_signer { hedge, ..sound }), number(Error::WeakKey));
    }
    assert_eq!(refused(zegel_signer { sign: None, ..sound }), number(Error::KeyUnavailable));

    let refused = |agreement: zegel_agreement| {
        let mut key = fresh::<zegel_kem_key>();
        let answered = zegel_kem_key_from_agreement(out(&mut *key), value(&agreement));
        let mut public = [0; 32];
        assert!(answered == 0 || zegel_kem_key_public(value(&key), out(&mut public)) == -2);
        answered
    };
    assert_eq!(refused(sound_agreement), 0);
    // RFC 7748 §6.1, Alice.
    let printed = [
        0x85, 0x20, 0xf0, 0x09, 0x89, 0x30, 0xa7, 0x54, 0x74, 0x8b, 0x7d, 0xdc, 0xb4, 0x3e, 0xf7, 0x5a, 0x0d,
        0xbf, 0x3a, 0x0d, 0x26, 0x38, 0x1a, 0xf4, 0xeb, 0xa4, 0xa9, 0x8e, 0xaa, 0x9b, 0x4e, 0x6a,
    ];
    for public_key in [[0; 32], one, [0xff; 32], printed] {
        let agreement = zegel_agreement { public_key, ..sound_agreement };
        assert_eq!(refused(agreement), number(Error::WeakKey), "{public_key:02x?}");
    }
    assert_eq!(refused(zegel_agreement { agree: None, ..sound_agreement }), number(Error::KeyUnavailable));
}
