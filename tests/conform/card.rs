//! Cards, their names and their succession, and topics (SPEC §2, §3.2, §8).

use serde_json::json;
use sha2::{Digest, Sha256};
use zegel::{Card, Error, Id, KemKey, KemPublic, MemoryTrust, Opener, Status};

use crate::run::{all, array, bytes, run};
use crate::support::{hex, unhex};

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
