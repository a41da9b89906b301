"""Checks the examples of SPEC.md: every ```hex NAME block is what the oracle computes, every ```edn NAME
block encodes to the same bytes, and the envelope and the card open. `--write` fills in the hex blocks."""

import hashlib
import pathlib
import re
import sys
import textwrap

import cbor2

import byhand
import ed25519
import oracle
import spec_chain
from names import cbor, fingerprint, x25519_thumbprint
from vectors import BODY, DEVICE, DEVICE_CARD, NOW, PGO, PGO_CARD, PGO_KEM, TOPIC, noise

SPEC = pathlib.Path(__file__).parent.parent.parent / "SPEC.md"
BLOCK = re.compile(r"^```(hex|edn|text) ([a-z0-9-]+)\n(.*?)^```$", re.S | re.M)


def examples():
    """Every example of SPEC.md by name."""
    signature_noise, ephemeral_noise = noise("seal signature"), noise("seal ephemeral")
    sealed = byhand.seal(DEVICE, PGO.id, PGO_KEM.public, TOPIC, 7, NOW, 112, BODY, 0, signature_noise, ephemeral_noise)
    pad = byhand.pad_length(7, NOW, 112, len(BODY))
    dh = byhand.x25519(sealed["ephemeral_secret"], PGO_KEM.public)
    shared = byhand.kem_shared_secret(dh, sealed["ek"], PGO_KEM.public)
    key, nonce = byhand.key_schedule(shared, oracle.HPKE_INFO)
    return spec_chain.examples() | sealed | {
        "device-seed": DEVICE.seed, "device-public": DEVICE.public, "device-id": DEVICE.id,
        "device-key": cbor({1: 1, -1: 6, -2: DEVICE.public}),
        "device-fingerprint": fingerprint(DEVICE.id),
        "pgo-id": PGO.id, "pgo-kem-secret": PGO_KEM.secret, "pgo-kem-public": PGO_KEM.public,
        "pgo-kem-key": cbor({1: 1, -1: 4, -2: PGO_KEM.public}),
        "pgo-kem-thumbprint": x25519_thumbprint(PGO_KEM.public), "pgo-kem-kid": PGO_KEM.kid, "device-kid": DEVICE.kid,
        "topic": TOPIC, "body": BODY, "to-be-signed": sealed["to_be_signed"],
        "envelope-aad": oracle.envelope_aad(TOPIC), "enc-structure": byhand.enc_structure(TOPIC),
        "statement-aad": oracle.statement_aad(DEVICE.id, [PGO.id], TOPIC),
        "padded-statement": cbor([7, NOW, 112, BODY, bytes(pad)]),
        "hedge": byhand.hedge(DEVICE.seed), "ikm": sealed["ikm"], "ephemeral-secret": sealed["ephemeral_secret"],
        "signature-noise": signature_noise, "ephemeral-noise": ephemeral_noise,
        "nonce-prefix": byhand.hkdf(ed25519.expand(DEVICE.seed)[1], signature_noise, b"zegel-nonce-1", 32),
        "shared-secret": shared, "aead-key": key, "aead-nonce": nonce,
        "card": PGO_CARD, "claims": cbor2.loads(PGO_CARD).value[2], "card-digest": hashlib.sha256(PGO_CARD).digest(),
    }


def parse_edn(text):
    """The value of a little of RFC 8949 §8: enough for the examples, which are whole and not elided."""
    token = re.compile(r"(?:\s|/[^/]*/)*(?:(h'[0-9a-f\s]*')|(-?\d+)\(|(-?\d+)|(\"[^\"]*\")|(null)|(<<|>>|[\[\]{}:,()]))")
    at = 0

    def peek():
        found = token.match(text, at)
        assert found, text[at : at + 40]
        return found

    def take(literal=None):
        nonlocal at
        found = peek()
        at = found.end()
        assert literal is None or found[6] == literal, (literal, found[0])
        return found

    def items(end):
        found = []
        while peek()[6] != end:
            found.append(value())
            if peek()[6] == ",":
                take(",")
        take(end)
        return found

    def value():
        found = take()
        if found[1] is not None:
            return bytes.fromhex(found[1][2:-1])
        if found[2] is not None:
            inner = value()
            take(")")
            return cbor2.CBORTag(int(found[2]), inner)
        if found[3] is not None:
            return int(found[3])
        if found[4] is not None:
            return found[4][1:-1]
        if found[5] is not None:
            return None
        if found[6] == "[":
            return items("]")
        if found[6] == "<<":
            (inner,) = items(">>")
            return cbor(inner)
        assert found[6] == "{", found[0]
        pairs = {}
        while peek()[6] != "}":
            key = value()
            take(":")
            pairs[key] = value()
            if peek()[6] == ",":
                take(",")
        take("}")
        return pairs

    result = value()
    assert not re.sub(r"/[^/]*/", "", text[at:]).strip(), text[at:]
    return result


def check(spec):
    """The names of the blocks that were checked; raises at the first that is wrong."""
    known, checked = examples(), []
    for form, name, content in BLOCK.findall(spec):
        assert name in known, f"no example is called {name}"
        if form == "hex":
            assert bytes.fromhex("".join(content.split())) == known[name], f"hex {name}"
        elif form == "text":
            assert " ".join(content.split()) == known[name], f"text {name}"
        else:
            assert cbor(parse_edn(content)) == known[name], f"edn {name}"
        checked.append((form, name))
    return checked


def fill(spec):
    """The same text with every hex block computed anew."""
    known = examples()

    def block(found):
        form, name, content = found.groups()
        if form == "hex":
            content = "\n".join(textwrap.wrap(known[name].hex(), 96)) + "\n"
        elif form == "text":
            content = known[name] + "\n"
        return f"```{form} {name}\n{content}```"

    return BLOCK.sub(block, spec)


if __name__ == "__main__":
    if "--write" in sys.argv:
        SPEC.write_text(fill(SPEC.read_text()))
    print(f"{len(check(SPEC.read_text()))} examples of SPEC.md hold")
