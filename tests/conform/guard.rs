//! What a receiver takes of what is proven: its numbers, and its policy (SPEC §7.3, §7.5).

use serde_json::json;
use sha2::{Digest, Sha256};
use zegel::{
    Arrival, Card, CardClaims, ExactGuard, Format, Id, Identity, KemKey, Measurement, MemoryTrust, Opener,
    Padding, ReplayGuard, Result, Sealer, Status, Stream,
};

use crate::run::{all, policy, run, test_key, verdict};
use crate::support::random::Script;
use crate::support::world::{Counter, state};

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

/// Through an envelope that says so, to a receiver of which the vector says the next number.
#[test]
fn policy_vectors() {
    run("policy", 22, |input| {
        let identity = Identity::from_seed(&test_key("device"))?;
        let keys = [KemKey::from_bytes(&test_key("pgo kem"))?];
        // The policy is asked after the card, which is in force for ever here.
        let claims = CardClaims {
            serial: 1,
            not_before: 0,
            expires: zegel::MAX_NUMBER,
            label: "",
            kem_keys: &[keys[0].public()],
            status: Status::Active,
        };
        let card = Card::from_bytes(&Card::issue_to_vec(&claims, &identity, &mut Script::constant(7))?)?;
        let store = Counter(input["number"].as_u64().unwrap());
        let mut sealer = Sealer::new(&identity, &card, None, store)?.with_padding(Padding::None);
        let measurement =
            Measurement { time: input["time"].as_u64(), format: Format::OCTET_STREAM, body: b"" };
        let mut buffer = sealer.seal_to_vec("t", &measurement, &mut Script::constant(7))?;

        let mut trust = MemoryTrust::new();
        trust.pin(&card)?;
        let mut state = state(trust, Next { next: input["next"].as_u64().unwrap(), taken: false });
        let opener = Opener::new(*card.id(), &keys).with_acceptance(policy(&input["policy"]));
        let outcome = opener.open(&mut state, "t", input["now"].as_u64(), &mut buffer).map(|_| json!({}));
        assert_eq!(state.replay.taken, outcome.is_ok(), "what is refused takes no number");
        assert!(outcome.is_ok() || buffer.iter().all(|byte| *byte == 0), "the buffer is wiped");
        outcome
    });
}

/// A guard of which nothing is known but the next number.
struct Next {
    next: u64,
    taken: bool,
}

impl ReplayGuard for Next {
    fn next(&self, _: &Stream) -> Result<u64> {
        Ok(self.next)
    }

    fn take(&mut self, _: &Stream, _: u64, _: &[u8; 32]) -> Result<Arrival> {
        self.taken = true;
        Ok(Arrival { missing: None, late: false })
    }
}
