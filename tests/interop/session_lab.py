"""What the vectors of sessions are made with: one session's sender, faults under its keys, and a way to state verdicts."""

import byhand
import byhand_session
import oracle
from names import MANIFEST, cbor
from vectors import (
    DEVICE, DEVICE_CARD, NOW, PGO, PGO_KEM, TOPIC, WATCH_CARD, hexed, noise, run, write,
)

LIMITS = [4, 65536, 86400]


def body(i):
    return bytes([0x18, 60 + i])


class Lab(byhand_session.SessionSender):
    """A session of the device with the PGO, its randomness drawn by name."""

    def __init__(self, name="session", sequence=0, time=NOW, limits=LIMITS, sender=DEVICE, topic=TOPIC):
        super().__init__(sender, PGO.id, PGO_KEM.public, topic, sequence, time, limits,
                         noise(name + " signature"), noise(name + " ephemeral"))
        self.name = name

    def tell(self, i=0, topic=TOPIC, time=NOW, format=60):
        """The next message, published."""
        return published(self.message(topic, time, format, body(i)), topic)

    def tells(self, count):
        return [self.tell(i) for i in range(count)]

    def sign(self, topic=TOPIC, time=NOW):
        """The next manifest, published."""
        return published(self.manifest(topic, time, noise(f"{self.name} manifest {self.number}")), topic)

    @property
    def start_step(self):
        return published(self.keyframe)

    def sealed(self, plaintext, number=None, topic=TOPIC, aad=None, published_on=None):
        """Any plaintext under this session's keys, which moves nothing."""
        number = self.number + 1 if number is None else number
        plaintext = plaintext if isinstance(plaintext, bytes) else cbor(plaintext)
        sealed = byhand_session.seal_plaintext(self.key, self.base_iv, self.id, topic, number, plaintext, aad)
        return published(sealed, published_on or topic)

    def manifest_of(self, payload, signer=DEVICE, aad=None, kid=None, protected=oracle.ALG_ED25519, signature=None):
        """A manifest's body with a fault in it."""
        payload = payload if isinstance(payload, bytes) else cbor(payload)
        aad = oracle.manifest_aad(DEVICE.id, PGO.id) if aad is None else aad
        signature = signature or byhand.sign_hedged(
            signer.seed, noise("false manifest"), cbor(["Signature1", protected, aad, payload]))
        return cbor([protected, {4: kid or signer.kid}, payload, signature])

    def false_manifest(self, manifest, number=None):
        return self.sealed([NOW, MANIFEST, manifest, b""], number)


def published(bytes_, topic=TOPIC):
    return {"topic": topic, "bytes": bytes_}


def short(verdict):
    """A verdict in a word or two: the error, or the kind and what it proved."""
    if verdict is None or "error" in verdict:
        return verdict and verdict["error"]
    ok = verdict["ok"]
    kind = ok.get("provenance", ok["kind"]) if ok["kind"] == "measurement" else ok["kind"]
    kind = ok["known"] if kind == "evidence" else kind
    return f"{kind} {ok['signed'][0]}-{ok['signed'][1]}" if ok.get("signed") else kind


def receive(name, spec, what, steps, *verdicts, kind="session", now=NOW, keys=(PGO_KEM,),
        cards=(DEVICE_CARD, WATCH_CARD),
            me=PGO, revoked=(), **more):
    """A vector of steps, after the oracle has given these verdicts, in short."""
    given = {
        "me": me.id, "kem_secrets": [k.secret for k in keys], "cards": list(cards), "revoked": list(revoked),
        "now": now,
        **more, "steps": list(steps),
    }
    found = run({"kind": kind, "input": hexed(given)})
    assert [short(v) for v in found["ok"]] == list(verdicts), f"{name}: {[short(v) for v in found['ok']]}"
    write(kind, name, spec, what, given, found)
