//! No secret has a way out through a log: what each public type shows of itself (house rule 12, threat D-15).

mod support;

use zegel::pairing::{Answered, Confirming, MAX_MESSAGE, PairingCode, Reply, Scanner, Shower};
use zegel::{Card, ExactGuard, Identity, KemKey, MemoryTrust, Opener, Padding, Secret, Sign, hpke};

use support::ends;
use support::hex;
use support::random::Draws;
use support::world::{NOW, Person, TOPIC, World, measurement, state};

/// What a log would show of everything that holds or has seen a secret.
fn shown(seed: &Secret<32>, kem: &Secret<32>) -> Vec<String> {
    let world = World::new();
    let (identity, key) = (Identity::from_seed(seed).unwrap(), KemKey::from_bytes(kem).unwrap());
    let body = b"a body that is nobody's business";
    let mut envelope = world.sealed(0, &measurement(body), Padding::None);
    let mut looked = envelope.clone();
    let mut receiver = world.receiver();
    let opener = world.pgo.opener();
    let unverified = format!("{:?}", opener.look(TOPIC, &mut looked).unwrap());
    let opened = format!("{:?}", opener.open(&mut receiver, TOPIC, Some(NOW), &mut envelope).unwrap());
    vec![
        format!("{seed:?}"),
        format!("{kem:#?}"),
        format!("{identity:?}"),
        format!("{identity:#?}"),
        format!("{:?}", identity.hedge()),
        format!("{key:?}"),
        format!("{:?}", key.public()),
        format!("{:?}", world.device.card),
        format!("{receiver:?}"),
        format!("{:?}", state(MemoryTrust::new(), ExactGuard::new())),
        unverified,
        opened,
    ]
}

#[test]
fn debug_shows_no_secret() {
    let mut draws = Draws(42);
    let seed = Secret::random(&mut draws).unwrap();
    let kem = Secret::random(&mut draws).unwrap();
    let identity = Identity::from_seed(&seed).unwrap();
    let secrets = [*seed.expose(), *kem.expose(), *identity.hedge().expose()];
    for text in shown(&seed, &kem) {
        for secret in &secrets {
            // In hex, in upper case, and as Rust prints an array: even four bytes in a row are too many.
            for part in secret.windows(4) {
                let list = part.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
                for form in [hex(part), hex(part).to_uppercase(), list] {
                    assert!(!text.contains(&form), "{text} shows {form}");
                }
            }
        }
        assert!(!text.contains("business") && !text.contains(&hex(b"business")), "{text} shows a body");
    }
}

/// What a log would show of a pairing by a code with this secret, at each of its steps.
fn shown_of_a_pairing() -> (Vec<String>, [u8; 32]) {
    let world = World::new();
    let (shown, scanned, _) = ends::code(&world.pgo, 7);
    let secret: [u8; 32] = shown.to_bytes().expose()[33..65].try_into().unwrap();
    let mut texts = vec![format!("{shown:?}"), format!("{:?}", shown.to_bytes())];
    let mut out = [0; MAX_MESSAGE];
    let shower = Shower::new(shown, &world.pgo.identity, &world.pgo.wire, None).unwrap();
    let (scanner, one) =
        Scanner::new(scanned, &world.device.identity, &world.device.wire, None, &mut out).unwrap();
    texts.extend([format!("{shower:?}"), format!("{scanner:?}")]);
    let refused = shower.answer(&mut [7; 80], None, &mut [0; MAX_MESSAGE]).unwrap_err();
    texts.extend([format!("{refused:?}"), format!("{refused}")]);
    let (answered, two) = ends::answer(refused.state, one);
    let (confirming, three) = ends::confirm(scanner, &two);
    texts.extend([format!("{answered:?}"), format!("{confirming:?}")]);
    let mut out = [0; MAX_MESSAGE];
    let reply = answered.reply(&mut one.to_vec(), None, &mut Draws(1), &mut out).unwrap();
    texts.push(format!("{reply:?}"));
    let Reply::Again(answered, _) = reply else { panic!() };
    let (paired, four) = ends::reply(answered, &three);
    texts.extend([format!("{paired:?}"), format!("{:?}", ends::finish(confirming, &four))]);
    (texts, secret)
}

#[test]
fn debug_shows_nothing_of_a_pairing() {
    let (texts, secret) = shown_of_a_pairing();
    let id = Person::new(2, "PGO").identity.id();
    assert_eq!(texts[..2], [format!("PairingCode({id}, ..)"), "Secret(..)".to_owned()]);
    for text in &texts {
        for part in secret.windows(4) {
            let list = part.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
            for form in [hex(part), hex(part).to_uppercase(), list] {
                assert!(!text.contains(&form), "{text} shows {form}");
            }
        }
    }
}

#[test]
fn debug_is_what_it_was() {
    let identity = Person::new(2, "PGO");
    let id = identity.identity.id();
    assert_eq!(format!("{:?}", Secret::new([7; 32])), "Secret(..)");
    assert_eq!(format!("{:?}", identity.identity), format!("Identity({id}, ..)"));
    assert_eq!(format!("{:?}", identity.keys[0]), format!("KemKey({}, ..)", identity.keys[0].public().kid()));
    assert_eq!(format!("{:?}", identity.card), format!("Card({id}, serial 1)"));
    assert_eq!(format!("{id:?}"), format!("Id({id})"));
}

/// What holds a key has something to do when it is dropped: it wipes it.
#[test]
fn what_holds_a_secret_is_wiped_on_drop() {
    use std::mem::needs_drop;
    assert!(needs_drop::<Secret<32>>() && needs_drop::<Identity>() && needs_drop::<KemKey>());
    assert!(needs_drop::<hpke::SenderContext>() && needs_drop::<hpke::ReceiverContext>());
    assert!(needs_drop::<ed25519_dalek::hazmat::ExpandedSecretKey>());
    assert!(needs_drop::<chacha20poly1305::ChaCha20Poly1305>());
    assert!(needs_drop::<PairingCode>() && needs_drop::<Shower<'_>>() && needs_drop::<Answered<'_>>());
    assert!(needs_drop::<Scanner<'_>>() && needs_drop::<Confirming<'_>>());
    assert!(!needs_drop::<Card>() && !needs_drop::<Opener<'_>>(), "public things need no wiping");
}
