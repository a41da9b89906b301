//! Receiving in order: keyframes, messages and manifests, introductions and evidence (SPEC §10, §11).

use serde_json::{Value, json};
use zegel::{Acceptance, Card, Content, Id, Opened, Opener, Origin, Provenance};

use crate::evidence::facts;
use crate::open::{kem_keys, receiver_of};
use crate::run::{Outcome, all, array, bytes, policy, run, text, verdict};
use crate::support::hex;
use crate::support::world::Receiver;

#[test]
fn session_vectors() {
    run("session", 193, received);
}

#[test]
fn custody_vectors() {
    run("custody", 41, received);
}

fn received(input: &Value) -> Outcome {
    let (me, mut keys, mut receiver) = receiver_of(input);
    let acceptance = input.get("policy").map_or(Acceptance::ANYTHING, policy);
    let mut now = input["now"].as_u64();
    let steps = all(&input["steps"]).map(|step| {
        if step.get("bytes").is_some() {
            let opener = Opener::new(me, &keys).with_acceptance(acceptance);
            return publication(&mut receiver, &opener, now, step);
        }
        let (what, value) = step.as_object().unwrap().iter().next().unwrap();
        match what.as_str() {
            "now" => now = value.as_u64(),
            "restart" => {
                keys = kem_keys(value);
                receiver.sessions.drop_keys();
            }
            "revoke" => receiver.trust.revoke(&Id(array(value))).unwrap(),
            "pin" => {
                receiver.trust.pin(&Card::from_bytes(&bytes(value)).unwrap()).unwrap();
            }
            _ => panic!("a step of no known form: {what}"),
        }
        Value::Null
    });
    Ok(steps.collect())
}

/// The verdict on what arrives, and what a program does with it: it takes introductions, and lets go of blocks.
fn publication(receiver: &mut Receiver, opener: &Opener<'_>, now: Option<u64>, step: &Value) -> Value {
    let outcome = receiver.attempt(opener, text(&step["topic"]), now, &bytes(&step["bytes"]), |opened| {
        let introduced = match opened.content() {
            Content::Introduction(introduction) => Some(introduction.ids().collect::<Vec<_>>()),
            _ => None,
        };
        (seen(opened), *opened.sender(), opened.sequence(), introduced, opened.block().copied())
    });
    verdict(outcome.map(|(seen, sender, sequence, introduced, block)| {
        if let Some(ids) = introduced {
            receiver.trust.introduce(&sender, sequence, ids.into_iter());
        }
        block.inspect(|block| block.release(receiver).unwrap());
        seen
    }))
}

fn seen(opened: &Opened<'_>) -> Value {
    let arrival = opened.arrival();
    let mut all = json!({
        "sender": hex(&opened.sender().0), "sequence": opened.sequence(), "time": opened.time(),
        "digest": hex(opened.digest()), "missing": arrival.missing, "late": arrival.late,
    });
    all.as_object_mut().unwrap().append(by_kind(opened).as_object_mut().unwrap());
    all
}

fn by_kind(opened: &Opened<'_>) -> Value {
    let signed = opened.block().map(zegel::SignedBlock::numbers);
    match opened.content() {
        Content::Measurement { format, body } => {
            let provenance = match opened.provenance() {
                Provenance::Session => "session",
                Provenance::Signed => "signed",
            };
            json!({
                "kind": "measurement", "format": format.0, "body": hex(body), "provenance": provenance,
                "signed": signed,
            })
        }
        Content::Keyframe { session, limits } => json!({
            "kind": "keyframe", "session": hex(&session.0), "block": limits.block, "messages": limits.messages,
            "seconds": limits.seconds,
        }),
        Content::Manifest(manifest) => json!({
            "kind": "manifest", "first": manifest.numbers().0, "count": manifest.count(),
            "root": hex(manifest.root()), "signed": signed,
        }),
        Content::Evidence(custody) => {
            assert_eq!(custody.forwarder(), opened.sender());
            let known = match custody.known() {
                Origin::Pinned => "pinned",
                Origin::Vouched => "vouched",
            };
            json!({ "kind": "evidence", "origin": facts(custody.evidence()), "known": known })
        }
        Content::Introduction(introduction) => {
            let ids: Vec<String> = introduction.ids().map(|id| hex(&id.0)).collect();
            json!({ "kind": "introduction", "ids": ids })
        }
    }
}
