//! Runs every file of `tests/vectors` (SPEC §16). The folder's README says what each kind holds; an independent
//! program wrote them, so what agrees here was decided twice.

mod support;

use std::fs;
use std::path::Path;

use hkdf::Hkdf;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zegel::{
    Acceptance, Card, Error, ExactGuard, Format, Id, Identity, KemKey, KemPublic, Measurement, MemoryTrust,
    Opener, Padding, ReplayGuard, Sealer, Secret, Sign, Status, Stream, hpke,
};

use support::forge;
use support::random::Script;
use support::world::{Counter, Receiver};
use support::{hex, unhex};

type Outcome = Result<Value, Error>;

/// Runs all files of one kind and compares each verdict to the letter.
#[track_caller]
fn run(kind: &str, least: usize, procedure: impl Fn(&Value) -> Outcome) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors").join(kind);
    let mut wrong = Vec::new();
    let mut ran = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let vector: Value = serde_json::from_slice(&fs::read(entry.unwrap().path()).unwrap()).unwrap();
        assert_eq!(vector["kind"], kind);
        let outcome = verdict(procedure(&vector["input"]));
        if outcome != vector["expect"] {
            wrong.push(format!("{}: {outcome}, not {}", vector["name"], vector["expect"]));
        }
        ran += 1;
    }
    assert!(wrong.is_empty(), "{} of {ran}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(ran >= least, "{ran} of at least {least} {kind} vectors");
}

fn verdict(outcome: Outcome) -> Value {
    match outcome {
        Ok(value) => json!({ "ok": value }),
        Err(error) => json!({ "error": error.name(), "code": error.code() }),
    }
}

fn bytes(value: &Value) -> Vec<u8> {
    unhex(value.as_str().unwrap())
}

fn array<const N: usize>(value: &Value) -> [u8; N] {
    bytes(value).try_into().unwrap()
}

fn secret(value: &Value) -> Secret<32> {
    Secret::new(array(value))
}

fn all(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().unwrap().iter()
}

#[test]
fn open_vectors() {
    run("open", 230, |input| {
        let keys: Vec<KemKey> =
            all(&input["kem_secrets"]).map(|key| KemKey::from_bytes(&secret(key)).unwrap()).collect();
        let opener = Opener::new(Id(array(&input["me"])), &keys).with_acceptance(Acceptance::ANYTHING);
        let (topic, now) = (input["topic"].as_str().unwrap(), input["now"].as_u64());
        let mut receiver = Receiver::default();
        for card in all(&input["cards"]) {
            receiver.trust.pin(&Card::from_bytes(&bytes(card)).unwrap()).unwrap();
        }
        all(&input["revoked"]).for_each(|id| receiver.trust.revoke(&Id(array(id))).unwrap());
        for earlier in all(&input["opened_before"]) {
            receiver.accepts(&opener, topic, &bytes(earlier));
        }
        let mut envelope = bytes(&input["envelope"]);
        if let Some(length) = input["extend_with_zeros_to"].as_u64() {
            envelope.resize(length as usize, 0);
        }
        receiver.attempt(&opener, topic, now, &envelope, |opened| {
            json!({
                "sender": hex(&opened.sender().0), "sequence": opened.sequence(), "time": opened.time(),
                "format": opened.format().unwrap().0, "body": hex(opened.body().unwrap()),
                "digest": hex(opened.digest()),
            })
        })
    });
}

#[test]
fn card_vectors() {
    run("card", 130, |input| {
        let card = Card::from_bytes(&bytes(&input["card"]))?;
        card.check_valid(input["now"].as_u64())?;
        let kem_keys: Vec<String> = card.kem_keys().map(|key| hex(key.as_bytes())).collect();
        Ok(json!({
            "id": hex(&card.id().0), "serial": card.serial(), "not_before": card.not_before(),
            "expires": card.expires(), "label": card.label(), "kem_keys": kem_keys,
            "status": u8::from(card.status() == Status::Withdrawn), "digest": hex(card.digest()),
        }))
    });
}

#[test]
fn succession_vectors() {
    run("succession", 11, |input| {
        let cards: Vec<Card> =
            all(&input["cards"]).map(|card| Card::from_bytes(&bytes(card)).unwrap()).collect();
        let (last, earlier) = cards.split_last().unwrap();
        let mut trust = MemoryTrust::new();
        for card in earlier {
            let _ = trust.pin(card);
        }
        if input["revoked"].as_bool().unwrap() {
            trust.revoke(last.id()).unwrap();
        }
        let before = format!("{trust:?}");
        let succession = trust.pin(last);
        assert!(succession.is_ok() || before == format!("{trust:?}"), "a refusal moves nothing");
        Ok(json!({ "succession": format!("{:?}", succession?) }))
    });
}

#[test]
fn topic_vectors() {
    run("topic", 19, |input| {
        // Any envelope shows whether the topic passed: the topic is checked first.
        let keys: [KemKey; 0] = [];
        match Opener::new(Id([0; 32]), &keys).look(input["topic"].as_str().unwrap(), &mut []) {
            Err(Error::InvalidTopic) => Err(Error::InvalidTopic),
            _ => Ok(json!({})),
        }
    });
}

#[test]
fn name_vectors() {
    run("name", 7, |input| {
        let public = array(&input["public"]);
        if input["key"] == "ed25519" {
            let id = Id::of(&public);
            let fingerprint = id.fingerprint().to_string();
            return Ok(
                json!({ "id": id.to_string(), "kid": id.kid().to_string(), "fingerprint": fingerprint }),
            );
        }
        let kid = KemPublic::from_bytes(public)?.kid().to_string();
        let thumbprint = hex(&Sha256::digest([&unhex("a301012004215820"), &public[..]].concat()));
        Ok(json!({ "thumbprint": thumbprint, "kid": kid }))
    });
}

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

#[test]
fn replay_vectors() {
    run("replay", 9, |input| {
        let stream = Stream::new(Id([1; 32]), &Id([2; 32]));
        let mut guard = ExactGuard::new();
        let takes = all(&input["takes"]).map(|take| {
            let (sequence, digest) = (take[0].as_u64().unwrap(), Sha256::digest(take[1].as_str().unwrap()));
            let before = guard.clone();
            let arrival = guard.take(&stream, sequence, &digest.into());
            assert!(arrival.is_ok() || before == guard, "a refusal moves nothing");
            verdict(arrival.map(|arrival| json!({ "missing": arrival.missing, "late": arrival.late })))
        });
        Ok(takes.collect())
    });
}

fn measurement<'a>(input: &Value, body: &'a [u8]) -> Measurement<'a> {
    let format = Format(input["format"].as_u64().unwrap().try_into().unwrap());
    Measurement { time: input["time"].as_u64(), format, body }
}

/// Somebody to seal to, and something to seal with.
fn pair() -> (Identity, [KemKey; 1], Card) {
    let person = support::world::Person::new(5, "anybody");
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
