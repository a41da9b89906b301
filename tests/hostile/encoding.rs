//! One encoding and no other: outside, under the encryption, and under a signature that holds
//! (threats and B-01 to B-11).

use zegel::{Error, Format, Opener, envelope::Envelope};

use super::support::forge::{
    self, HPKE_4, around, bstr, encrypted, head, head_of, heads, other_heads, sign1, signed, statement, uint,
    with_head,
};
use super::support::random::Draws;
use super::support::world::{NOW, Receiver, TOPIC, World};

fn refused(world: &World, envelope: &[u8]) -> Error {
    world.receiver().refuses(&world.pgo.opener(), TOPIC, Some(NOW), envelope)
}

fn genuine_statement() -> Vec<u8> {
    statement(300, Some(NOW), 112, b"twenty-four bytes, longer", &[0; 5])
}

/// The parts of a genuine envelope.
fn parts(envelope: &[u8]) -> ([u8; 8], [u8; 32], Vec<u8>) {
    let outer = Envelope::parse(envelope).unwrap();
    (outer.claimed_recipient().0, *outer.ek(), outer.ciphertext().to_vec())
}

#[test]
fn what_is_built_by_hand_opens() {
    let world = World::new();
    let envelope = around(&world.device, &world.pgo, &genuine_statement());
    let body = world.receiver().accepts(&world.pgo.opener(), TOPIC, &envelope);
    assert_eq!(body, b"twenty-four bytes, longer");
}

#[test]
fn longer_and_indefinite_heads_outside_are_malformed() {
    let world = World::new();
    let variants = other_heads(&world.envelope());
    assert!(variants.len() > 50, "{}", variants.len());
    for variant in variants {
        assert_eq!(refused(&world, &variant), Error::Malformed);
    }
}

#[test]
fn longer_and_indefinite_heads_inside_are_rejected() {
    let world = World::new();
    let genuine = genuine_statement();
    let plaintext = signed(&world.device, &world.pgo, TOPIC, &genuine);
    for variant in other_heads(&plaintext) {
        let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &variant);
        assert_eq!(refused(&world, &envelope), Error::Rejected);
    }
    // Here the signature holds over the very bytes that are refused.
    for variant in other_heads(&genuine) {
        assert_eq!(refused(&world, &around(&world.device, &world.pgo, &variant)), Error::Rejected);
    }
}

#[test]
fn longer_heads_of_the_protected_header_are_malformed() {
    let world = World::new();
    let envelope = world.envelope();
    for variant in
        other_heads(HPKE_4).into_iter().chain([vec![], vec![0xa0], b"\xa1\x01\x18\x2a\x00".to_vec()])
    {
        let changed = [&envelope[..2], &bstr(&variant), &envelope[7..]].concat();
        assert_eq!(refused(&world, &changed), Error::Malformed, "{variant:02x?}");
    }
}

#[test]
fn duplicate_and_unsorted_keys_are_malformed() {
    let world = World::new();
    let (kid, ek, ciphertext) = parts(&world.envelope());
    let (kid, ek) = ([uint(4), bstr(&kid)].concat(), [vec![0x23], bstr(&ek)].concat());
    for pairs in [vec![&ek, &kid], vec![&kid, &kid], vec![&ek, &ek], vec![&kid], vec![&ek], vec![]] {
        let map: Vec<u8> = pairs.iter().flat_map(|pair| pair.iter().copied()).collect();
        let bytes = around_map(pairs.len() as u64, &map, &ciphertext);
        assert_eq!(refused(&world, &bytes), Error::Malformed);
    }
    for pairs in [[&kid, &ek, &kid], [&kid, &ek, &ek], [&kid, &kid, &ek]] {
        let bytes = around_map(3, &pairs.map(Clone::clone).concat(), &ciphertext);
        assert_eq!(refused(&world, &bytes), Error::Malformed);
    }
    let bytes = around_map(2, &[kid, ek].concat(), &ciphertext);
    world.receiver().accepts(&world.pgo.opener(), TOPIC, &bytes);
}

fn around_map(pairs: u64, map: &[u8], ciphertext: &[u8]) -> Vec<u8> {
    [head(6, 16), head(4, 3), bstr(HPKE_4), head(5, pairs), map.to_vec(), bstr(ciphertext)].concat()
}

#[test]
fn injected_headers_are_malformed() {
    let world = World::new();
    let (kid, ek, ciphertext) = parts(&world.envelope());
    let (kid, ek) = ([uint(4), bstr(&kid)].concat(), [vec![0x23], bstr(&ek)].concat());
    // Every label up to 300, as many negative ones, and a text; `crit` (2) is among them.
    let labels =
        (0..=300).map(uint).chain((0..=300).map(|label| head(1, label))).chain([forge::tstr("crit")]);
    for label in labels {
        for value in [uint(1), bstr(b""), [head(4, 1), uint(4)].concat()] {
            let pair = [label.clone(), value].concat();
            for map in [[&pair, &kid, &ek], [&kid, &pair, &ek], [&kid, &ek, &pair]] {
                let bytes = around_map(3, &map.map(Clone::clone).concat(), &ciphertext);
                assert_eq!(Envelope::parse(&bytes).err(), Some(Error::Malformed));
            }
        }
        let protected = [head(5, 2), uint(1), uint(42), label, uint(1)].concat();
        let bytes = [head(6, 16), head(4, 3), bstr(&protected), head(5, 2), kid.clone(), ek.clone()].concat();
        assert_eq!(refused(&world, &[bytes, bstr(&ciphertext)].concat()), Error::Malformed);
    }
}

#[test]
fn every_other_algorithm_is_refused() {
    let world = World::new();
    let envelope = world.envelope();
    let genuine = genuine_statement();
    let plaintext = signed(&world.device, &world.pgo, TOPIC, &genuine);
    let mut draws = Draws(17);
    let random = (0..2000).map(|_| head((draws.next() & 1) as u8, draws.next() >> draws.below(64)));
    let registered = (0..=300).flat_map(|value| [uint(value), head(1, value)]);
    for algorithm in registered.chain(random).chain([forge::tstr("HPKE-4"), forge::tstr("none"), bstr(b"*")])
    {
        let header = [&[0xa1, 0x01][..], &algorithm].concat();
        if header != HPKE_4 {
            let changed = [&envelope[..2], &bstr(&header), &envelope[7..]].concat();
            assert_eq!(Envelope::parse(&changed).err(), Some(Error::Malformed), "{header:02x?}");
        }
    }
    // A signature that names EdDSA (-8), ES256 (-7) or a MAC (5), over the bytes that say so.
    for algorithm in [0x27, 0x26, 0x05] {
        let inner = [&plaintext[..4], &[algorithm], &plaintext[5..]].concat();
        let inner = [&inner[..1], &bstr(&[0xa1, 0x01, algorithm]), &inner[5..]].concat();
        let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &inner);
        assert_eq!(refused(&world, &envelope), Error::Rejected);
    }
}

#[test]
fn one_tag_and_no_other_opens() {
    let world = World::new();
    let envelope = world.envelope();
    let untagged = &envelope[1..];
    for tag in (0..=0xffff).filter(|tag| *tag != 16) {
        let changed = [&head(6, tag)[..], untagged].concat();
        assert_eq!(Envelope::parse(&changed).err(), Some(Error::Malformed), "tag {tag}");
    }
    for tag in [16, 18, 61, 96, 55799] {
        assert_eq!(refused(&world, &[&head(6, tag)[..], &envelope].concat()), Error::Malformed);
    }
    assert_eq!(refused(&world, untagged), Error::Malformed);
    // Inside, the signed object has no tag.
    let plaintext = signed(&world.device, &world.pgo, TOPIC, &genuine_statement());
    let tagged = encrypted(&world.pgo.keys[0].public(), TOPIC, &[&[0xd2], &plaintext[..]].concat());
    assert_eq!(refused(&world, &tagged), Error::Rejected);
}

#[test]
fn a_huge_declared_length_is_malformed() {
    let world = World::new();
    let envelope = world.envelope();
    for head in heads(&envelope).iter().filter(|head| head.major == 2) {
        for length in [1 << 31, 1 << 32, (1 << 32) + head.argument, 1 << 63, u64::MAX] {
            let width = if length <= 0xffff_ffff { 4 } else { 8 };
            let changed = with_head(&envelope, head, &head_of(2, length, width));
            assert_eq!(refused(&world, &changed), Error::Malformed, "{length}");
        }
    }
}

#[test]
fn deep_nesting_costs_no_stack() {
    for byte in [0x81, 0xa1, 0xd0, 0x9f, 0xbf, 0x5f, 0xc6] {
        let thread = std::thread::Builder::new().stack_size(32 * 1024);
        let parse = move || {
            let deep = vec![byte; 1_000_000];
            assert_eq!(Envelope::parse(&deep).err(), Some(Error::Malformed));
            assert_eq!(zegel::Card::parse(&deep[..500]).err(), Some(Error::Malformed));
        };
        thread.spawn(parse).unwrap().join().unwrap();
    }
}

#[test]
fn a_statement_has_one_shape() {
    let world = World::new();
    let good = genuine_statement();
    let at = |item: usize| heads(&good)[item];
    let replaced = |item: usize, new: &[u8]| {
        let head = at(item);
        let content = if head.major == 2 { head.argument as usize } else { 0 };
        [&good[..head.at], new, &good[head.at + head.length + content..]].concat()
    };
    let too_large = uint(1 << 53);
    let cases = [
        ("sequence above 2^53 - 1", replaced(1, &too_large)),
        ("sequence negative", replaced(1, &[0x20])),
        ("sequence null", replaced(1, &[0xf6])),
        ("sequence bignum", replaced(1, b"\xc2\x41\x01")),
        ("time above 2^53 - 1", replaced(2, &too_large)),
        ("time half float", replaced(2, b"\xf9\x3c\x00")),
        ("time NaN", replaced(2, b"\xf9\x7e\x00")),
        ("time undefined", replaced(2, &[0xf7])),
        ("time false", replaced(2, &[0xf4])),
        ("format above 65535", replaced(3, &uint(65536))),
        ("format reserved", replaced(3, &uint(65000))),
        ("format null", replaced(3, &[0xf6])),
        ("body as text", replaced(4, &forge::tstr("body"))),
        ("pad not zero", statement(300, Some(NOW), 112, b"", b"\x00\x01")),
        ("pad marker", statement(300, Some(NOW), 112, b"", b"\x80\x00")),
        ("pad as text", replaced(5, &forge::tstr(""))),
        ("four items", [&[0x84], &good[1..at(5).at]].concat()),
        ("six items", [&[0x86], &good[1..], &[0x00]].concat()),
        ("trailing byte", [&good[..], &[0x00]].concat()),
        ("nothing", vec![]),
    ];
    for (what, payload) in cases {
        assert_eq!(refused(&world, &around(&world.device, &world.pgo, &payload)), Error::Rejected, "{what}");
    }
}

#[test]
fn a_format_is_any_that_is_not_reserved() {
    let world = World::new();
    let keys = &world.pgo.keys;
    for format in [0, 23, 24, 255, 256, 64_999] {
        let payload = statement(0, None, format, b"x", b"");
        let mut envelope = around(&world.device, &world.pgo, &payload);
        let opener = Opener::new(world.pgo.identity.id(), keys);
        let mut receiver: Receiver = world.receiver();
        let opened = opener.open(&mut receiver, TOPIC, None, &mut envelope).unwrap();
        assert_eq!((opened.format(), opened.time()), (Some(Format(format as u16)), None));
    }
}

#[test]
fn a_plaintext_has_one_shape() {
    let world = World::new();
    let payload = genuine_statement();
    let plaintext = signed(&world.device, &world.pgo, TOPIC, &payload);
    let kid = world.device.identity.id().kid().0;
    let signature: [u8; 64] = plaintext[plaintext.len() - 64..].try_into().unwrap();
    let cases = [
        ("short kid", sign1(&kid[..7], &payload, &signature)),
        ("long kid", sign1(&[&kid[..], &[0]].concat(), &payload, &signature)),
        ("short signature", sign1(&kid, &payload, &signature[..63])),
        ("no signature", sign1(&kid, &payload, b"")),
        ("long signature", sign1(&kid, &payload, &[&signature[..], &[0]].concat())),
        ("detached payload", {
            let at = heads(&plaintext)[5];
            [&plaintext[..at.at], &[0xf6], &plaintext[at.at + at.length + payload.len()..]].concat()
        }),
        ("trailing byte", [&plaintext[..], &[0]].concat()),
        ("empty", vec![]),
        ("one byte", vec![0x84]),
    ];
    for (what, plaintext) in cases {
        let envelope = encrypted(&world.pgo.keys[0].public(), TOPIC, &plaintext);
        assert_eq!(refused(&world, &envelope), Error::Rejected, "{what}");
    }
}
