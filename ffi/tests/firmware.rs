//! Opens what the emulated device published across its resets (`cargo xtask test --only firmware`).

use zegel::{
    Card, Content, EventLog, ExactGuard, KemKey, MemorySessions, MemoryTrust, Opener, Secret, State,
};

#[test]
fn what_the_device_published_opens() {
    let Some(path) = std::env::var_os("ZEGEL_PUBLISHED") else { return };
    let text = std::fs::read_to_string(path).unwrap();
    let seed = |name: &[u8; 32]| Secret::new(*name);
    let pgo = zegel::Identity::from_seed(&seed(b"a seed of the emulated PGO......")).unwrap();
    let keys = [KemKey::from_bytes(&seed(b"a KEM key of the emulated PGO..\0")).unwrap()];
    let opener = Opener::new(pgo.id(), &keys);
    let mut state = State::<MemoryTrust, ExactGuard, MemorySessions, EventLog>::default();
    let (mut boots, mut measurements, mut signed, mut sessions, mut last) = (0, 0, 0, 0, None);
    for line in text.lines() {
        let Some((what, hex)) = line.split_once(' ') else { continue };
        if what == "boot" {
            assert_eq!(hex, if boots < 2 { ["0", "1"][boots].to_owned() } else { boots.to_string() });
            boots += 1;
            continue;
        }
        let mut bytes: Vec<u8> =
            (0..hex.len() / 2).map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap()).collect();
        if what == "card" {
            state.trust.pin(&Card::from_bytes(&bytes).unwrap()).unwrap();
            continue;
        }
        let opened = opener.open(&mut state, "zegel/7f3a/1", Some(1_764_000_000), &mut bytes).unwrap();
        assert!(
            last < Some(opened.sequence()),
            "no number comes twice: {} after {last:?}",
            opened.sequence()
        );
        last = Some(opened.sequence());
        signed += opened.block().map_or(0, |block| block.numbers().1 - block.numbers().0 + 1);
        match opened.content() {
            Content::Measurement { body, .. } => {
                assert!(body.ends_with(b" beat/min"));
                measurements += 1;
                signed += u64::from(what == "envelope");
            }
            Content::Keyframe { .. } => sessions += 1,
            Content::Manifest(_) => assert_eq!(what, "manifest"),
            other => panic!("{other:?}"),
        }
    }
    assert!(text.lines().any(|line| line == "done"), "the device came to its end");
    println!(
        "{boots} boots, {measurements} measurements, {signed} of them signed, {sessions} sessions, up to {last:?}"
    );
    assert!(boots >= 6 && sessions >= 4 && measurements > 200 && signed > 150);
}
