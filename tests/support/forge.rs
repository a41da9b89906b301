//! An envelope and a card built by hand from SPEC §4 and §8, with no check and every part exchangeable: what an
//! attacker's own program can write.

use zegel::{Identity, KemPublic, Secret, Sign, hpke};

use super::random::Draws;
use super::world::{NOW, Person, TOPIC};

pub const HPKE_4: &[u8] = b"\xa1\x01\x18\x2a";
pub const ED25519: &[u8] = b"\xa1\x01\x32";

/// A CBOR head in its shortest form.
pub fn head(major: u8, argument: u64) -> Vec<u8> {
    let width = match argument {
        0..=23 => 0,
        24..=0xff => 1,
        0x100..=0xffff => 2,
        0x1_0000..=0xffff_ffff => 4,
        _ => 8,
    };
    head_of(major, argument, width)
}

/// A CBOR head with an argument of `width` bytes: 0, 1, 2, 4 or 8.
pub fn head_of(major: u8, argument: u64, width: usize) -> Vec<u8> {
    let bytes = argument.to_be_bytes();
    match width {
        0 => vec![major << 5 | argument as u8],
        _ => {
            let info = 24 + width.ilog2() as u8;
            [&[major << 5 | info][..], &bytes[8 - width..]].concat()
        }
    }
}

pub fn uint(value: u64) -> Vec<u8> {
    head(0, value)
}

pub fn bstr(bytes: &[u8]) -> Vec<u8> {
    [&head(2, bytes.len() as u64)[..], bytes].concat()
}

pub fn tstr(text: &str) -> Vec<u8> {
    [&head(3, text.len() as u64)[..], text.as_bytes()].concat()
}

/// Where the heads of a well-formed encoding stand.
#[derive(Clone, Copy, Debug)]
pub struct Head {
    pub at: usize,
    pub major: u8,
    pub argument: u64,
    pub length: usize,
}

/// All heads of `bytes`, in order; the insides of strings are passed over.
pub fn heads(bytes: &[u8]) -> Vec<Head> {
    let (mut heads, mut at) = (Vec::new(), 0);
    while at < bytes.len() {
        let (major, info) = (bytes[at] >> 5, bytes[at] & 0x1f);
        let width = if info < 24 { 0 } else { 1 << (info - 24) };
        let wide = bytes[at + 1..at + 1 + width].iter().fold(0, |all, byte| all << 8 | u64::from(*byte));
        let argument = if width == 0 { u64::from(info) } else { wide };
        heads.push(Head { at, major, argument, length: 1 + width });
        at += 1 + width;
        if major == 2 || major == 3 {
            at += argument as usize;
        }
    }
    heads
}

/// `bytes` with one head exchanged.
pub fn with_head(bytes: &[u8], head: &Head, new: &[u8]) -> Vec<u8> {
    [&bytes[..head.at], new, &bytes[head.at + head.length..]].concat()
}

/// Every longer form of every head, and the indefinite form where there is one (threats B-01 and B-02).
pub fn other_heads(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut variants = Vec::new();
    for head in heads(bytes) {
        // Major type 7 holds simple values here, which have no longer form of their own.
        let widths = [1, 2, 4, 8].into_iter().filter(|width| *width + 1 > head.length && head.major != 7);
        variants.extend(widths.map(|width| {
            let longer = head_of(head.major, head.argument, width);
            with_head(bytes, &head, &longer)
        }));
        variants.extend((28..=30).map(|info| with_head(bytes, &head, &[head.major << 5 | info])));
        let end = head.at + head.length;
        match head.major {
            // One chunk, and the break after it.
            2 | 3 => {
                let after = end + head.argument as usize;
                let open = [head.major << 5 | 31];
                let parts = [&bytes[..head.at], &open, &bytes[head.at..after], b"\xff", &bytes[after..]];
                variants.push(parts.concat());
            }
            4 | 5 => variants.push([&with_head(bytes, &head, &[head.major << 5 | 31])[..], b"\xff"].concat()),
            _ => {}
        }
    }
    variants
}

/// SPEC §4.3.
pub fn statement(sequence: u64, time: Option<u64>, format: u64, body: &[u8], pad: &[u8]) -> Vec<u8> {
    let time = time.map_or(vec![0xf6], uint);
    [head(4, 5), uint(sequence), time, uint(format), bstr(body), bstr(pad)].concat()
}

/// The bytes that are signed: SPEC §4.4, with any context.
pub fn to_be_signed(external_aad: &[u8], payload: &[u8]) -> Vec<u8> {
    [head(4, 4), tstr("Signature1"), bstr(ED25519), bstr(external_aad), bstr(payload)].concat()
}

pub fn statement_context(sender: &[u8; 32], audience: &[u8; 32], topic: &str) -> Vec<u8> {
    [head(4, 4), tstr("zegel-statement-1"), bstr(sender), head(4, 1), bstr(audience), tstr(topic)].concat()
}

pub fn card_context() -> Vec<u8> {
    [head(4, 1), tstr("zegel-card-1")].concat()
}

pub fn signature(signer: &Identity, message: &[u8]) -> [u8; 64] {
    signer.sign(&[message], &Secret::new([0x33; 32])).unwrap()
}

/// The array of a COSE_Sign1, untagged.
pub fn sign1(kid: &[u8], payload: &[u8], signature: &[u8]) -> Vec<u8> {
    let unprotected = [head(5, 1), uint(4), bstr(kid)].concat();
    [head(4, 4), bstr(ED25519), unprotected, bstr(payload), bstr(signature)].concat()
}

/// A plaintext as `from` signs it for `to` on `topic`.
pub fn signed(from: &Person, to: &Person, topic: &str, payload: &[u8]) -> Vec<u8> {
    let context = statement_context(&from.identity.id().0, &to.identity.id().0, topic);
    let signature = signature(&from.identity, &to_be_signed(&context, payload));
    sign1(&from.identity.id().kid().0, payload, &signature)
}

pub fn outer(kid: &[u8], ek: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    let unprotected = [head(5, 2), uint(4), bstr(kid), vec![0x23], bstr(ek)].concat();
    [head(6, 16), head(4, 3), bstr(HPKE_4), unprotected, bstr(ciphertext)].concat()
}

/// The envelope of any plaintext whatever.
pub fn encrypted(to: &KemPublic, topic: &str, plaintext: &[u8]) -> Vec<u8> {
    encrypted_as(to, b"zegel-1", "zegel-envelope-1", topic, plaintext)
}

pub fn encrypted_as(to: &KemPublic, info: &[u8], domain: &str, topic: &str, plaintext: &[u8]) -> Vec<u8> {
    let external = [head(4, 2), tstr(domain), tstr(topic)].concat();
    let aad = [head(4, 3), tstr("Encrypt0"), bstr(HPKE_4), bstr(&external)].concat();
    let (ek, mut context) = hpke::sender(to, info, None, &mut Draws(0xe4)).unwrap();
    let mut ciphertext = [plaintext, &[0; 16]].concat();
    context.seal_in_place(&aad, &mut ciphertext).unwrap();
    outer(&to.kid().0, &ek, &ciphertext)
}

/// An envelope around any statement, signed and encrypted as it should be.
pub fn around(from: &Person, to: &Person, payload: &[u8]) -> Vec<u8> {
    encrypted(&to.keys[0].public(), TOPIC, &signed(from, to, TOPIC, payload))
}

/// The claims of a card with one KEM key (SPEC §8.1).
pub fn claims(public: &[u8; 32], kem: &KemPublic, serial: u64, label: &[u8]) -> Vec<u8> {
    let private = |label: u64| head(1, label - 1);
    [
        head(5, 7),
        [uint(4), uint(NOW + 1000)].concat(),
        [uint(5), uint(NOW - 1000)].concat(),
        [uint(8), head(5, 1), uint(1), head(5, 3), uint(1), uint(1), vec![0x20, 6, 0x21], bstr(public)]
            .concat(),
        [private(65537), uint(serial)].concat(),
        [private(65538), head(4, 1), head(5, 4), uint(1), uint(1), uint(2), bstr(&kem.kid().0)].concat(),
        [vec![0x20, 4, 0x21], bstr(kem.as_bytes())].concat(),
        [private(65539), head(3, label.len() as u64), label.to_vec()].concat(),
        [private(65540), uint(0)].concat(),
    ]
    .concat()
}

/// A card around any claims, signed as it should be.
pub fn card(signer: &Identity, claims: &[u8]) -> Vec<u8> {
    let signature = signature(signer, &to_be_signed(&card_context(), claims));
    [head(6, 18), sign1(&signer.id().kid().0, claims, &signature)].concat()
}
