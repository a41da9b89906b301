//! Opening one envelope, for one recipient or for several (SPEC §3 to §7).

use serde_json::{Value, json};
use zegel::{Acceptance, Card, Id, KemKey, Opener};

use crate::run::{Outcome, all, array, bytes, run, secret, text};
use crate::support::hex;
use crate::support::world::Receiver;

#[test]
fn open_vectors() {
    run("open", 230, opened);
}

#[test]
fn group_vectors() {
    run("group", 117, opened);
}

fn opened(input: &Value) -> Outcome {
    let (me, keys, mut receiver) = receiver_of(input);
    let opener = Opener::new(me, &keys).with_acceptance(Acceptance::ANYTHING);
    let (topic, now) = (text(&input["topic"]), input["now"].as_u64());
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
}

/// Who receives, with which keys, and whom it has pinned and revoked.
pub(crate) fn receiver_of(input: &Value) -> (Id, Vec<KemKey>, Receiver) {
    let mut receiver = Receiver::default();
    for card in all(&input["cards"]) {
        receiver.trust.pin(&Card::from_bytes(&bytes(card)).unwrap()).unwrap();
    }
    all(&input["revoked"]).for_each(|id| receiver.trust.revoke(&Id(array(id))).unwrap());
    (Id(array(&input["me"])), kem_keys(&input["kem_secrets"]), receiver)
}

pub(crate) fn kem_keys(secrets: &Value) -> Vec<KemKey> {
    all(secrets).map(|key| KemKey::from_bytes(&secret(key)).unwrap()).collect()
}
