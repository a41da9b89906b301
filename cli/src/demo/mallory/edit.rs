//! What can be done to an envelope without any key: bytes changed, cut, added, or written otherwise.
//!
//! The places of the fields are those of SPEC §4.1; nothing here checks anything.

use bytes::Bytes;
use zegel::{Secret, rng::SysRng};

use super::super::attack::Kind;

/// Where the recipient's key id stands.
pub(super) const KID: std::ops::Range<usize> = 10..18;
/// Where the ephemeral key stands.
pub(super) const EK: std::ops::Range<usize> = 21..53;
/// Where the length of the ciphertext stands.
const LENGTH: usize = 53;

/// An altered copy of `envelope`; `turn` counts the attempts, so that each alters something else. `other` is
/// another envelope for the same recipient.
pub(super) fn alter(kind: Kind, envelope: &[u8], other: &[u8], turn: usize) -> Vec<u8> {
    let mut copy = envelope.to_vec();
    let text = text_start(envelope);
    match kind {
        Kind::FlipFrame => {
            let frame = FRAME[turn % FRAME.len()];
            copy[frame] ^= 1 << (turn / FRAME.len() % 8);
        }
        Kind::FlipKid => flip(&mut copy, KID, turn),
        Kind::FlipEk => flip(&mut copy, EK, turn),
        Kind::FlipText => {
            let end = copy.len();
            flip(&mut copy, text..end, turn);
        }
        Kind::Cut => copy.truncate(cut(envelope.len(), turn)),
        Kind::CutMended => {
            let most = envelope.len() - text - SMALLEST_TEXT;
            copy = with_text(envelope, &envelope[text..envelope.len() - 1 - random(most)]);
        }
        Kind::Extend => copy.extend((0..=turn % 4).map(|_| random(256) as u8)),
        Kind::Reencode => copy = reencode(envelope, turn),
        Kind::Garbage => copy = (0..random(600) + 1).map(|_| random(256) as u8).collect(),
        Kind::Empty => copy.clear(),
        Kind::Huge => copy.resize(zegel::MAX_ENVELOPE + 1, 0x5a),
        Kind::SwapEk => copy[EK].copy_from_slice(&other[EK]),
        Kind::ZeroEk => copy[EK].copy_from_slice(&LOW_ORDER[turn % LOW_ORDER.len()]),
        _ => {}
    }
    copy
}

/// The envelope with another recipient's key id.
pub(super) fn readdressed(envelope: &[u8], like: &[u8]) -> Bytes {
    let mut copy = envelope.to_vec();
    copy[KID].copy_from_slice(&like[KID]);
    Bytes::from(copy)
}

/// The same statement of the same sender, in an encoding that is not the deterministic one, or another type.
fn reencode(envelope: &[u8], turn: usize) -> Vec<u8> {
    let text = text_start(envelope);
    let (head, body) = (&envelope[..LENGTH], &envelope[text..]);
    let long = |at: usize, replacement: &[u8]| [&envelope[..at], replacement, &envelope[at + 1..]].concat();
    match turn % 12 {
        // The tag, the array, the map, a label and the byte strings with a longer head than they need.
        0 => long(0, &[0xd8, 0x10]),
        1 => long(1, &[0x98, 0x03]),
        2 => long(2, &[0x58, 0x04]),
        3 => long(7, &[0xb8, 0x02]),
        4 => long(8, &[0x18, 0x04]),
        5 => long(9, &[0x58, 0x08]),
        6 => [head, &[0x5a, 0, 0], &be16(body.len()), body].concat(),
        // Indefinite length: the array, the ciphertext.
        7 => [&envelope[..1], &[0x9f], &envelope[2..], &[0xff]].concat(),
        8 => [head, &[0x5f], &envelope[LENGTH..], &[0xff]].concat(),
        // The map in the wrong order, and with a label twice.
        9 => [&envelope[..8], &envelope[18..53], &envelope[8..18], &envelope[53..]].concat(),
        10 => [&envelope[..7], &[0xa3], &envelope[8..18], &envelope[8..]].concat(),
        // Without its tag.
        _ => envelope[1..].to_vec(),
    }
}

fn with_text(envelope: &[u8], text: &[u8]) -> Vec<u8> {
    let mut copy = envelope[..LENGTH].to_vec();
    match text.len() {
        length @ 0..=255 => copy.extend([0x58, length as u8]),
        length => copy.extend([&[0x59][..], &be16(length)].concat()),
    }
    copy.extend(text);
    copy
}

fn text_start(envelope: &[u8]) -> usize {
    LENGTH
        + if envelope[LENGTH] == 0x58 {
            2
        } else if envelope[LENGTH] == 0x59 {
            3
        } else {
            5
        }
}

fn flip(bytes: &mut [u8], within: std::ops::Range<usize>, turn: usize) {
    let at = within.start + random(within.len());
    bytes[at] ^= 1 << (turn % 8);
}

/// Sometimes a byte less, sometimes almost nothing.
fn cut(length: usize, turn: usize) -> usize {
    match turn % 3 {
        0 => length - 1,
        1 => 1 + turn % 60,
        _ => 1 + random(length - 1),
    }
}

fn be16(length: usize) -> [u8; 2] {
    (length as u16).to_be_bytes()
}

/// A number below `below`. That it is not even matters to nobody here.
pub(super) fn random(below: usize) -> usize {
    let draw = Secret::<8>::random(&mut SysRng).map_or(0, |draw| u64::from_be_bytes(*draw.expose()));
    (draw % below.max(1) as u64) as usize
}

/// Bytes of the frame: tag, array, protected header, map, labels, heads.
const FRAME: [usize; 13] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 18, 19, 20];
/// A ciphertext shorter than this cannot hold a statement at all.
const SMALLEST_TEXT: usize = 130;
/// Points whose product with any key is zero: 0, 1, and one of order 8 (RFC 7748 §6.1).
const LOW_ORDER: [[u8; 32]; 3] = [
    [0; 32],
    one(),
    [
        0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda,
        0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd, 0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
    ],
];

const fn one() -> [u8; 32] {
    let mut point = [0; 32];
    point[0] = 1;
    point
}
