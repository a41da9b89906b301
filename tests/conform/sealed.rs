//! What a sender writes for several, and in a session, to the byte (SPEC §4.6, §5.5, §10).

use hkdf::Hkdf;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use zegel::{
    Card, GroupSealer, Identity, KemKey, Opener, Padding, Sealer, Session, SessionLimits, Sign,
    envelope::GroupEnvelope,
};

use crate::run::{all, bytes, measurement, run, secret, test_key, text, verdict};
use crate::support::forge::{self, Head, bstr, head, tstr};
use crate::support::hex;
use crate::support::random::Script;
use crate::support::world::Counter;

#[test]
fn group_seal_vectors() {
    run("group-seal", 10, |input| {
        let identity = Identity::from_seed(&secret(&input["seed"]))?;
        let cards: Vec<Card> =
            all(&input["recipient_cards"]).map(|card| Card::from_bytes(&bytes(card)).unwrap()).collect();
        let store = Counter(input["sequence"].as_u64().unwrap());
        let mut sealer = GroupSealer::new(&identity, &cards, None, store)?.with_padding(padding(input));
        let body = bytes(&input["body"]);
        let mut noise = Script::new([bytes(&input["signature_noise"]), bytes(&input["content_noise"])]);
        let envelope = sealer.seal_to_vec(text(&input["topic"]), &measurement(input, &body), &mut noise)?;

        let mut ids: Vec<_> = cards.iter().map(|card| *card.id()).collect();
        ids.sort_unstable();
        let members: Vec<Vec<u8>> = ids.iter().map(|id| bstr(&id.0)).collect();
        let audience = [head(4, ids.len() as u64), members.concat()].concat();
        let me = Identity::from_seed(&test_key("pgo"))?.id();
        let keys = [KemKey::from_bytes(&test_key("pgo kem"))?];
        let mut buffer = envelope.clone();
        let looked = Opener::new(me, &keys).look(text(&input["topic"]), &mut buffer)?;
        let context = [
            head(4, 4),
            tstr("zegel-statement-1"),
            bstr(&identity.id().0),
            audience.clone(),
            tstr(text(&input["topic"])),
        ]
        .concat();
        let to_be_signed = forge::to_be_signed(&context, looked.statement());
        let signed = forge::sign1(&identity.id().kid().0, looked.statement(), looked.signature());
        let plaintext = [head(4, 2), audience, signed].concat();

        let sequence = input["sequence"].as_u64().unwrap().to_be_bytes();
        let draw = bytes(&input["content_noise"]);
        let material = [&draw[..], &sequence, &Sha256::digest(&plaintext)].concat();
        let mut derived = [0; 44];
        let hedge = identity.hedge();
        Hkdf::<Sha256>::new(Some(hedge.expose()), &material)
            .expand(b"zegel-content-1", &mut derived)
            .unwrap();
        let (iv, eks) = outer(&envelope);
        assert_eq!(iv, derived[32..], "what is derived is what is used");
        let ids: Vec<String> = ids.iter().map(|id| hex(&id.0)).collect();
        Ok(json!({
            "audience": ids, "statement": hex(looked.statement()), "digest": hex(&Sha256::digest(&to_be_signed)),
            "signature": hex(looked.signature()), "plaintext": hex(&plaintext),
            "content_key": hex(&derived[..32]), "iv": hex(&iv), "eks": eks, "envelope": hex(&envelope),
        }))
    });
}

#[test]
fn session_seal_vectors() {
    run("session-seal", 17, |input| {
        let identity = Identity::from_seed(&secret(&input["seed"]))?;
        let card = Card::from_bytes(&bytes(&input["recipient_card"]))?;
        let number = |field: &str| input[field].as_u64().unwrap();
        let sealer = Sealer::new(&identity, &card, None, Counter(number("sequence")))?;
        let limits = SessionLimits {
            block: number("block"),
            messages: number("messages"),
            seconds: number("seconds"),
        };
        let mut noise = Script::new([bytes(&input["signature_noise"]), bytes(&input["ephemeral_noise"])]);
        let (topic, now) = (text(&input["topic"]), input["time"].as_u64());
        let sealer = sealer.with_padding(padding(input));
        let begun = Session::begin_to_vec(sealer, topic, now, limits, &mut noise);
        let (mut session, keyframe) = begun.map_err(|refused| refused.error)?;
        let first = json!({ "session": hex(&session.id().0), "bytes": hex(&keyframe) });
        let steps = all(&input["steps"]).map(|step| {
            let topic = text(&step["topic"]);
            let bytes = if step.get("manifest").is_some() {
                session.manifest_to_vec(topic, &mut Script::new([bytes(&step["manifest"])]))
            } else {
                let body = bytes(&step["body"]);
                session.seal_to_vec(topic, &measurement(step, &body), step["time"].as_u64())
            };
            verdict(bytes.map(|bytes| json!({ "bytes": hex(&bytes) })))
        });
        Ok(Value::Array([verdict(Ok(first))].into_iter().chain(steps).collect()))
    });
}

fn padding(input: &Value) -> Padding {
    if input["padding"] == "none" { Padding::None } else { Padding::Buckets }
}

/// The IV of a group envelope, and each recipient's ephemeral key.
fn outer(envelope: &[u8]) -> (Vec<u8>, Vec<String>) {
    let string = |head: &Head| envelope[head.at + head.length..][..head.argument as usize].to_vec();
    let strings: Vec<Vec<u8>> =
        forge::heads(envelope).iter().filter(|head| head.major == 2).map(string).collect();
    // Protected header, IV and ciphertext; and then protected header, kid, ek and key of each recipient.
    let eks = strings[3..].chunks(4).map(|recipient| hex(&recipient[2])).collect();
    assert_eq!(GroupEnvelope::parse(envelope).unwrap().claimed_recipients().count(), (strings.len() - 3) / 4);
    (strings[1].clone(), eks)
}
