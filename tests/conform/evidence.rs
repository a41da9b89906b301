//! What a third party can check: evidence, and introductions (SPEC §11.1, §11.3).

use serde_json::{Value, json};
use zegel::{Error, Evidence, Id, UnverifiedEvidence, UnverifiedIntroduction};

use crate::run::{array, bytes, run};
use crate::support::hex;

#[test]
fn evidence_vectors() {
    run("evidence", 102, |input| {
        let bytes = bytes(&input["evidence"]);
        let evidence = UnverifiedEvidence::parse(&bytes)?.verify()?;
        // Inside an envelope the opener checks this: the `custody` vectors show it.
        let forwarder = input["forwarder"].is_string().then(|| Id(array(&input["forwarder"])));
        if forwarder.is_some_and(|forwarder| evidence.audience().all(|id| id != forwarder)) {
            return Err(Error::Rejected);
        }
        Ok(facts(&evidence))
    });
}

#[test]
fn introduction_vectors() {
    run("introduction", 21, |input| {
        let bytes = bytes(&input["introduction"]);
        let introduction = UnverifiedIntroduction::parse(&bytes)?.verify()?;
        let ids: Vec<String> = introduction.ids().map(|id| hex(&id.0)).collect();
        Ok(json!({ "ids": ids }))
    });
}

/// All that evidence says, as the vectors name it.
pub(crate) fn facts(evidence: &Evidence<'_>) -> Value {
    let audience: Vec<String> = evidence.audience().map(|id| hex(&id.0)).collect();
    json!({
        "origin": hex(&evidence.origin().0), "audience": audience, "topic": evidence.topic(),
        "sequence": evidence.sequence(), "time": evidence.time(), "format": evidence.format().0,
        "body": hex(evidence.body()), "digest": hex(evidence.digest()), "signed_with": evidence.signed_with(),
    })
}
