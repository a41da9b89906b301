//! What a sender writes, to the byte: envelopes, and what they are derived from (SPEC §4.5, §5, §6).

use hkdf::Hkdf;
use serde_json::json;
use sha2::{Digest, Sha256};
use zegel::{Card, Identity, KemKey, Opener, Padding, Sealer, Secret, Sign, hpke};

use crate::run::{bytes, measurement, run, secret};
use crate::support::forge;
use crate::support::random::Script;
use crate::support::world::{Counter, Person};
use crate::support::{hex, unhex};

#[test]
fn padding_vectors() {
    run("padding", 23, |input| {
        let body = vec![7; input["body_length"].as_u64().unwrap() as usize];
        let measurement = measurement(input, &body);
        let (identity, keys, card) = pair();
        let sealer = |padding| {
            let store = Counter(input["sequence"].as_u64().unwrap());
            Sealer::new(&identity, &card, None, store).unwrap().with_padding(padding)
        };
        let unpadded = sealer(Padding::None).sealed_len(&measurement)?;
        let mut noise = Script::constant(9);
        let mut envelope = sealer(Padding::Buckets).seal_to_vec("t", &measurement, &mut noise)?;
        let length = envelope.len();
        let opened = Opener::new(*card.id(), &keys).look("t", &mut envelope)?.pad_len();
        Ok(json!({ "unpadded": unpadded, "pad": opened, "length": length }))
    });
}

/// The derivation of SPEC §5.2 in its parts; the `seal` vectors show that a sealer uses it.
#[test]
fn ephemeral_vectors() {
    run("ephemeral", 5, |input| {
        let hedge = *Identity::from_seed(&secret(&input["seed"]))?.hedge().expose();
        let sequence = input["sequence"].as_u64().unwrap().to_be_bytes();
        let material = [bytes(&input["noise"]), sequence.to_vec(), bytes(&input["digest"])].concat();
        let mut ikm = [0; 32];
        Hkdf::<Sha256>::new(Some(&hedge), &material).expand(b"zegel-ephemeral-1", &mut ikm).unwrap();
        let (_, _, card) = pair();
        let recipient = card.kem_keys().next().unwrap();
        let (ek, _) = hpke::sender(recipient, b"", None, &mut Script::new([ikm.to_vec()]))?;
        let secret = hex(&derive_key_pair(&ikm));
        let public = KemKey::from_bytes(&Secret::new(unhex(&secret).try_into().unwrap()))?.public();
        assert_eq!(*public.as_bytes(), ek, "the derived key is the one that HPKE uses");
        Ok(json!({ "hedge": hex(&hedge), "ikm": hex(&ikm), "secret": secret, "ek": hex(&ek) }))
    });
}

#[test]
fn signature_vectors() {
    run("signature", 3, |input| {
        let identity = Identity::from_seed(&secret(&input["seed"]))?;
        let signature = identity.sign(&[&bytes(&input["message"])], &secret(&input["noise"]))?;
        Ok(json!({ "signature": hex(&signature) }))
    });
}

#[test]
fn seal_vectors() {
    run("seal", 4, |input| {
        let identity = Identity::from_seed(&secret(&input["seed"]))?;
        let card = Card::from_bytes(&bytes(&input["recipient_card"]))?;
        let padding = if input["padding"] == "none" { Padding::None } else { Padding::Buckets };
        let store = Counter(input["sequence"].as_u64().unwrap());
        let mut sealer =
            Sealer::new(&identity, &card, None, store)?.with_padding(padding).with_self_check()?;
        let body = bytes(&input["body"]);
        let mut noise = Script::new([bytes(&input["signature_noise"]), bytes(&input["ephemeral_noise"])]);
        let topic = input["topic"].as_str().unwrap();
        let envelope = sealer.seal_to_vec(topic, &measurement(input, &body), &mut noise)?;

        let ek = *zegel::envelope::Envelope::parse(&envelope)?.ek();
        let keys = [KemKey::from_bytes(&Secret::new(Sha256::digest(b"zegel test key: pgo kem").into()))?];
        let mut buffer = envelope.clone();
        let looked = Opener::new(*card.id(), &keys).look(topic, &mut buffer)?;

        let context = forge::statement_context(&identity.id().0, &card.id().0, topic);
        let to_be_signed = forge::to_be_signed(&context, looked.statement());
        let plaintext = forge::sign1(&identity.id().kid().0, looked.statement(), looked.signature());
        Ok(json!({
            "statement": hex(looked.statement()), "to_be_signed": hex(&to_be_signed),
            "digest": hex(&Sha256::digest(&to_be_signed)), "signature": hex(looked.signature()),
            "plaintext": hex(&plaintext), "ek": hex(&ek), "envelope": hex(&envelope),
        }))
    });
}

/// Somebody to seal to, and something to seal with.
fn pair() -> (Identity, [KemKey; 1], Card) {
    let person = Person::new(5, "anybody");
    (person.identity, person.keys, person.card)
}

/// `DeriveKeyPair` of RFC 9180 §7.1.3, its private half.
fn derive_key_pair(ikm: &[u8]) -> [u8; 32] {
    let suite = b"KEM\x00\x20";
    let (prk, _) = Hkdf::<Sha256>::extract(Some(b""), &[b"HPKE-v1", &suite[..], b"dkp_prk", ikm].concat());
    let mut private = [0; 32];
    let info = [&[0, 32][..], b"HPKE-v1", suite, b"sk"].concat();
    Hkdf::<Sha256>::from_prk(&prk).unwrap().expand(&info, &mut private).unwrap();
    private
}
