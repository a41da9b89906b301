//! The sizes of `zegel.h`, as a C compiler has them, are those of the code.

use std::process::Command;

use zegel_ffi::*;

macro_rules! table {
    ($($name:ident)*) => { [$((stringify!($name), size_of::<$name>(), align_of::<$name>())),*] };
}

#[test]
fn contexts_and_structs_are_as_large_in_c() {
    let table = table!(
        zegel_identity zegel_kem_key zegel_card zegel_sealer zegel_group zegel_pairing zegel_receiver zegel_peer
        zegel_session zegel_proof zegel_entropy zegel_storage zegel_part zegel_signer zegel_agreement zegel_claims zegel_card_facts
        zegel_measurement zegel_limits zegel_acceptance zegel_state zegel_opened zegel_event zegel_evidence
    );
    let folder = std::env::temp_dir().join(format!("zegel-sizes-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let mut source = String::from("#include \"zegel.h\"\n");
    for (name, size, align) in table {
        source += &format!("_Static_assert(sizeof({name}) == {size}, \"{name} is {size} bytes\");\n");
        source +=
            &format!("_Static_assert(_Alignof({name}) == {align}, \"{name} is aligned to {align}\");\n");
    }
    for (name, value) in [("ZEGEL_RECORD_SIZE", 152), ("ZEGEL_CARD_SIZE", 512), ("ZEGEL_SLOT_SIZE", 64)] {
        source += &format!("_Static_assert({name} == {value}, \"{name}\");\n");
    }
    let path = folder.join("sizes.c");
    std::fs::write(&path, source).unwrap();
    let include = concat!(env!("CARGO_MANIFEST_DIR"), "/include");
    let compiler =
        Command::new("cc").args(["-std=c11", "-fsyntax-only", "-I", include]).arg(&path).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    assert!(compiler.status.success(), "{}", String::from_utf8_lossy(&compiler.stderr));
}

/// Numbers of errors are those of SPEC §14, under the names of C.
#[test]
fn errors_have_their_numbers() {
    let header = include_str!("../include/zegel.h");
    for error in zegel::Error::ALL {
        let mut name = String::from("ZEGEL");
        for letter in error.name().chars() {
            if letter.is_uppercase() {
                name.push('_');
            }
            name.extend(letter.to_uppercase());
        }
        assert!(header.contains(&format!("{name} = {}", error.code())), "{name} = {}", error.code());
    }
}

/// The macros hold the longest result for any body, number and time.
#[test]
fn macros_are_large_enough() {
    let bucket = |n: usize| match n {
        0..=256 => 512,
        257..=512 => 1024,
        513..=1024 => 2048,
        _ => n + n / 4 + 1024,
    };
    let secret = |n| zegel::Secret::new(std::array::from_fn(|i| i as u8 ^ n));
    let identity = zegel::Identity::from_seed(&secret(0)).unwrap();
    let cards: Vec<zegel::Card> = (1..=16)
        .map(|n| {
            let identity = zegel::Identity::from_seed(&secret(n)).unwrap();
            let kem = zegel::KemKey::from_bytes(&secret(n)).unwrap();
            let (serial, not_before, expires, label, status) = (1, 0, 1 << 40, "", zegel::Status::Active);
            let kem_keys = &[kem.public()];
            let claims = zegel::CardClaims { serial, not_before, expires, label, kem_keys, status };
            let card = zegel::Card::issue_to_vec(&claims, &identity, &mut zegel::rng::SysRng).unwrap();
            zegel::Card::from_bytes(&card).unwrap()
        })
        .collect();
    // The longest number, time and format.
    fn measured(body: &[u8]) -> zegel::Measurement<'_> {
        zegel::Measurement { time: Some((1 << 53) - 1), format: zegel::Format(64_999), body }
    }
    struct At(u64);
    impl zegel::SequenceStore for At {
        fn reserve(&mut self, _: &zegel::Stream) -> zegel::Result<std::ops::Range<u64>> {
            Ok(self.0..self.0 + 1)
        }
    }
    // Around the topic, statement and card of evidence: five heads, the recipients, and a proof alone or with its path.
    let heads = 1 + 3 + 3 + 5;
    let (alone, in_a_block) = (2 + 64, 1 + 9 + 3 + 1 + 6 * 34 + 2 + 64);
    assert!(heads + (1 + 16 * 34) + alone <= 640 && heads + (1 + 34) + in_a_block <= 640);
    for body in (0..330).chain((330..6000).step_by(61)).chain([65_000, 70_000, 1_000_000]) {
        let bytes = vec![0; body];
        let mut sealer = zegel::Sealer::new(&identity, &cards[0], None, At((1 << 53) - 1)).unwrap();
        let longest = sealer.sealed_len(&measured(&bytes)).unwrap();
        assert!(longest <= bucket(body + 192), "a body of {body} is sealed in {longest}");
        for count in [2, 3, 7, 16] {
            let store = At((1 << 53) - 1);
            let mut sealer = zegel::GroupSealer::new(&identity, &cards[..count], None, store).unwrap();
            let longest = sealer.sealed_len(&measured(&bytes)).unwrap();
            let most = bucket(body + 192 + 124 * count);
            assert!(longest <= most, "a body of {body} for {count} is sealed in {longest}, {most} are said");
        }
    }
}
