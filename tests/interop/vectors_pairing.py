"""Vectors of kinds `code`, `transcript` and `pairing` (SPEC §12)."""

import byhand
import oracle
import pairing
from faults import encoding_faults
from names import cbor
from pairing import Keys, Scanner, Shower, code_bytes, code_text, partial_iv, sha256, transcripts
from vectors import (
    DEVICE, DEVICE_CARD, GP, GP_CARD, MALLORY, NOW, PGO, PGO_CARD, PGO_KEM, TOPIC, VALID, computed, error, hexed,
    noise, run, write,
)
from vectors_card import card_of

SECRET, EXPIRES = noise("pairing secret"), NOW + 600
KEYS = Keys(PGO.id, SECRET, EXPIRES)
NOISE_3, NOISE_4 = noise("pairing scanner"), noise("pairing shower")
MESSAGE = "tag array protected unprotected label-4 pairing-id label-6 step ciphertext".split()
MALLORY_CARD = card_of(oracle.claims(MALLORY.public, [], **VALID), MALLORY)


def codes():
    raw = code_bytes(PGO.id, SECRET, EXPIRES)
    text = code_text(raw)

    def accept(name, what, text, now, expires):
        write("code", name, "12.1", what, {"text": text, "now": now}, {"ok": {"shower": PGO.id, "secret": SECRET,
            "expires": expires}})

    def refuse(name, what, text, refusal="Malformed", now=NOW):
        write("code", name, "12.1", what, {"text": text, "now": now}, error(refusal))

    accept("ok", "a code", text, NOW, EXPIRES)
    accept("ok-last-second", "now is the expiry", text, EXPIRES, EXPIRES)
    accept("ok-day", "a day ahead", text, EXPIRES - 86400, EXPIRES)
    accept("ok-no-clock", "a reader without a clock", text, None, EXPIRES)
    accept("ok-largest", "the largest expiry", code_text(code_bytes(PGO.id, SECRET, 2**40 - 1)), None, 2**40 - 1)
    accept("ok-no-end", "a shower without a clock", code_text(code_bytes(PGO.id, SECRET, 0)), NOW, 0)
    for name, secret in (("zeros", bytes(32)), ("stuck", b"\x5a" * 32)):
        refuse(f"secret-{name}", "a secret that nobody drew", code_text(code_bytes(PGO.id, secret, EXPIRES)), "WeakKey")
    refuse("expired", "one second after the expiry", text, "Expired", EXPIRES + 1)
    refuse("too-far", "more than a day ahead", text, "TooLarge", EXPIRES - 86401)
    refuse("empty", "no text at all", "")
    refuse("lower-case", "lower case", text.lower())
    refuse("lower-case-prefix", "the prefix in lower case", "zegel:" + text[6:])
    letter = next(i for i in range(6, 125) if text[i].isalpha())
    refuse("lower-case-one", "one letter in lower case", text[:letter] + text[letter].lower() + text[letter + 1 :])
    refuse("no-prefix", "no prefix", text[6:])
    refuse("other-prefix", "another prefix", "SEGEL:" + text[6:])
    refuse("padded", "with the padding of base32", text + "=")
    refuse("short", "one character less", text[:-1])
    refuse("long", "one character more", text + "A")
    refuse("space", "a space at the end", text[:-1] + " ")
    refuse("newline", "a newline after it", text + "\n")
    refuse("digit-0", "a 0, which base32 has not", text[:20] + "0" + text[21:])
    refuse("digit-1", "a 1, which base32 has not", text[:20] + "1" + text[21:])
    refuse("full-width", "a letter that is not ASCII", text[:20] + "Ａ" + text[21:])
    refuse("trailing-bits", "bits that are not zero after the last byte",
           text[:-1] + pairing.ALPHABET[pairing.ALPHABET.index(text[-1]) | 1])
    for version in (0, 2):
        refuse(f"version-{version}", "another version, its check right",
            code_text(code_bytes(PGO.id, SECRET, EXPIRES, version)))
    for name, at in {"id": 1, "secret": 33, "expires": 69, "check": 73}.items():
        flipped = bytearray(raw)
        flipped[at] ^= 1
        refuse(f"flipped-{name}", f"one bit of the {name} flipped", code_text(bytes(flipped)))
    bare = raw[:-4] + sha256(raw[:-4])[:4]
    refuse("check-bare", "a check without its first text", code_text(bare))
    refuse("check-zero", "a check of zeros", code_text(raw[:-4] + bytes(4)))


def whole():
    base = {
        "shower_seed": PGO.seed, "shower_card": PGO_CARD, "scanner_seed": DEVICE.seed, "scanner_card": DEVICE_CARD,
        "secret": SECRET, "expires": EXPIRES, "noise_3": NOISE_3, "noise_4": NOISE_4,
    }
    computed("transcript", "device-scans", "12", "a device scans the PGO's code", base)
    computed("transcript", "gp-scans", "12", "the GP scans it", base | {"scanner_seed": GP.seed,
        "scanner_card": GP_CARD})
    computed("transcript", "device-shows", "12", "a device shows the code, the PGO scans it", base | {
        "shower_seed": DEVICE.seed, "shower_card": DEVICE_CARD, "scanner_seed": PGO.seed, "scanner_card": PGO_CARD})
    computed("transcript", "other-secret", "12.2", "another secret, other keys",
        base | {"secret": noise("other secret")})
    computed("transcript", "no-end", "12.1", "a shower without a clock", base | {"expires": 0})
    computed("transcript", "other-expiry", "12.2", "another expiry, other keys", base | {"expires": EXPIRES + 1})


def honest(scanner_card=DEVICE_CARD, shower_card=PGO_CARD, keys=KEYS):
    """Both ends and the four messages of an honest pairing."""
    scans, shows = Scanner(DEVICE, scanner_card, keys, NOISE_3), Shower(PGO, shower_card, keys, NOISE_4)
    sent = [scans.start()]
    for end in (shows, scans, shows):
        sent.append(end.take(sent[-1], None)["answer"])
    return sent


def end(role, name, spec, what, steps, *verdicts, now=NOW, seed=None, card=None, expires=EXPIRES):
    """One end of a pairing: each verdict an error, "answers", "paired" or both."""
    me = PGO if role == "shower" else DEVICE
    given = {
        "role": role, "seed": seed or me.seed, "card": card or (PGO_CARD if role == "shower" else DEVICE_CARD),
        "shower": PGO.id,
        "secret": SECRET, "expires": expires, "now": now, "noise": NOISE_4 if role == "shower" else NOISE_3,
        "steps": steps,
    }
    found = run({"kind": "pairing", "input": hexed(given)})

    def short(verdict):
        if "error" in verdict:
            return verdict["error"]
        return " ".join(w for w, k in (("answers", "answer"), ("paired", "paired")) if verdict["ok"][k])

    assert [short(v) for v in found["ok"]] == list(verdicts), f"{name}: {[short(v) for v in found['ok']]}"
    write("pairing", f"{role}-{name}", spec, what, given, found)


def shower():
    one, two, three, four = honest()

    def first(name, what, bad, refusal="Rejected", spec="12.4", **more):
        """A false message 1, then the true one, which is still answered."""
        end("shower", f"1-{name}", spec, what, [bad, one], refusal, "answers", **more)

    def third(name, what, bad, refusal="Rejected", spec="12.4"):
        end("shower", f"3-{name}", spec, what, [one, bad, three], "answers", refusal, "answers paired")

    end("shower", "ok", "12.4", "a pairing, as the shower sees it", [one, three], "answers", "answers paired")
    end("shower", "ok-no-clock", "12.4", "an end without a clock", [one, three], "answers", "answers paired", now=None)
    end("shower", "ok-last-second", "12.4", "now is the expiry", [one, three], "answers", "answers paired", now=EXPIRES)
    end("shower", "1-again", "12.4", "message 1 again gets the same answer", [one, one, three, three],
        "answers", "answers", "answers paired", "CodeUsed")
    timeless = honest(keys=Keys(PGO.id, SECRET, 0))
    end("shower", "ok-no-end", "12.1", "a shower without a clock showed the code", timeless[0:3:2], "answers",
        "answers paired", now=VALID["expires"], expires=0)
    anew = KEYS.seal(1, cbor([DEVICE_CARD]), number=(1 << 48) + 5)
    end("shower", "ok-other-mark", "12.3", "any six bytes after the step", [anew], "answers")
    other = KEYS.seal(1, cbor([MALLORY_CARD]))
    forged = other[:-1] + bytes([other[-1] ^ 1])
    end("shower", "1-another-forged", "12.4", "a forged message 1 after the first does not ring an alarm",
        [one, forged, three], "answers", "Rejected", "answers paired")
    end("shower", "1-another-nonce", "12.4", "message 1 in other bytes", [one, anew, three], "answers", "CodeUsed",
        "answers paired")
    end("shower", "1-another", "12.4", "another message 1 after the first", [one, other, three], "answers",
        "CodeUsed", "answers paired")
    end("shower", "after", "12.4", "a code that has served", [one, three, one, other, three], "answers",
        "answers paired", *["CodeUsed"] * 3)
    end("shower", "expired", "12.4", "one second after the expiry", [one], "Expired", now=EXPIRES + 1)
    end("shower", "expired-step", "12.4", "the expiry is told before the step", [three], "Expired", now=EXPIRES + 1)
    end("shower", "expired-step-5", "12.4", "a step that is none is told before the expiry",
        [KEYS.seal(5, cbor([DEVICE_CARD]))], "Malformed", now=EXPIRES + 1)
    for name, what, bytes_ in encoding_faults(one, MESSAGE):
        first(name, what, bytes_, "Malformed", "3.1")
    first("trailing-byte", "one byte follows", one + b"\x00", "Malformed", "3.1")
    first("step-3", "message 3 before message 1", three, "Malformed")
    first("step-2", "its own kind of message", two, "Malformed")
    first("step-0", "step 0", KEYS.seal(0, cbor([DEVICE_CARD])), "Malformed")
    first("step-5", "step 5", KEYS.seal(5, cbor([DEVICE_CARD])), "Malformed")
    first("partial-iv-step", "the step alone for a Partial IV", KEYS.seal(1, cbor([DEVICE_CARD]), number=1), "Malformed",
        "12.3")
    first("too-long", "597 bytes", KEYS.seal(1, cbor([bytes(547)])), "Malformed")
    first("longest", "596 bytes, and no card", KEYS.seal(1, cbor([bytes(546)])), "Malformed")
    first("pairing-id", "another pairing's id", one[:10] + bytes(8) + one[18:], "Malformed")
    flipped = one[:-1] + bytes([one[-1] ^ 1])
    first("flipped", "one bit of the tag flipped", flipped)

    def other_keys(name, what, shower=PGO.id, secret=SECRET, expires=EXPIRES, aad=None):
        strange = Keys(shower, secret, expires).seal(1, cbor([DEVICE_CARD]), aad)
        first(name, what, strange[:10] + KEYS.id + strange[18:], spec="12.2")

    other_keys("secret", "sealed under another secret", secret=noise("other secret"))
    other_keys("shower-id", "sealed for another shower", shower=GP.id)
    other_keys("expiry", "sealed under another expiry", expires=EXPIRES + 1)
    other_keys("context", "the context of a session", aad=oracle.message_aad(TOPIC))
    key, iv = KEYS.of(2)
    number = KEYS.number(1, cbor([DEVICE_CARD]))
    reflected = byhand.ChaCha20Poly1305(key).encrypt(pairing.nonce(iv, number), cbor([DEVICE_CARD]), KEYS.aad)
    first("role", "sealed under the shower's own key", b"\xd0" + cbor([oracle.ALG_CHACHA, {4: KEYS.id,
        6: partial_iv(number)}, reflected]), spec="12.2")

    def card(name, what, card, refusal="Rejected", spec="8.2", **more):
        first(f"card-{name}", what, KEYS.seal(1, cbor([card])), refusal, spec, **more)

    card("own", "the shower's own card", PGO_CARD, spec="12.4")
    card("forged", "a card signed by another key", card_of(oracle.claims(DEVICE.public, [], **VALID), MALLORY,
        DEVICE.kid))
    card("malformed", "a card that is no card", b"\xd2\x80", "Malformed")
    card("withdrawn", "a withdrawn card", oracle.issue_card(DEVICE, [], status=1, **VALID), "Revoked")
    card("expired", "a card that has expired", oracle.issue_card(DEVICE, [], not_before=1, expires=NOW - 1), "Expired")
    card("not-yet-valid", "a card that is to come", oracle.issue_card(DEVICE, [], not_before=NOW + 1,
        expires=NOW + 2), "NotYetValid")
    for name, what, plaintext in (
        ("plaintext-empty", "an empty plaintext", b""), ("plaintext-bare", "a card without its array",
        cbor(DEVICE_CARD)),
        ("plaintext-two", "a second item", cbor([DEVICE_CARD, bytes(32)])),
        ("plaintext-trailing", "a byte follows", cbor([DEVICE_CARD]) + b"\x00"),
        ("plaintext-longer", "an array head in more bytes than it needs", b"\x98\x01" + cbor([DEVICE_CARD])[1:]),
    ):
        first(name, what, KEYS.seal(1, plaintext), spec="12.3")

    confirmations(third, 3, DEVICE, PGO, (one, two))
    third("step-4", "message 4 in place of message 3", four, "Malformed")
    third("flipped", "one bit of the tag flipped", three[:-1] + bytes([three[-1] ^ 1]))


def confirmations(refuse, step, speaker, listener, before):
    """False messages 3 and 4: the hash and the signature."""
    transcript = transcripts(before)[-1]

    def confirmed(name, what, hash_=transcript, signed=None, speaker_id=speaker.id, listener_id=listener.id,
            signer=speaker, aad=None, spec="12.3"):
        message = pairing.to_be_signed(speaker_id, listener_id, hash_ if signed is None else signed)
        message = message if aad is None else oracle.sig_structure(aad, hash_)
        refuse(name, what, KEYS.seal(step, cbor([hash_, byhand.sign_hedged(signer.seed, noise(name), message)])),
            spec=spec)

    confirmed("hash-first", "the hash of message 1 alone", sha256(before[0]))
    confirmed("hash-order", "the hash of the messages in another order", transcripts(before[::-1])[-1])
    confirmed("hash-flat", "one hash over all messages, and not the chain", sha256(*before))
    confirmed("hash-other", "another hash", bytes(32))
    confirmed("signed-other", "signed over another hash", signed=bytes(32))
    confirmed("signed-swapped", "speaker and listener have changed places", speaker_id=listener.id,
        listener_id=speaker.id)
    confirmed("signed-listener", "signed for somebody else", listener_id=GP.id)
    confirmed("signed-speaker", "signed as somebody else", speaker_id=GP.id)
    confirmed("signed-mallory", "signed by another key", signer=MALLORY)
    confirmed("signed-bare", "signed without context", aad=b"")
    confirmed("signed-card", "signed in the context of cards", aad=cbor(["zegel-card-1"]))
    for name, what, plaintext in (
        ("plaintext-one", "no signature", cbor([transcript])), ("plaintext-three", "a third item", cbor([transcript,
        bytes(64), b""])),
        ("signature-63", "a signature of 63 bytes", cbor([transcript, bytes(63)])),
        ("hash-31", "a hash of 31 bytes", cbor([transcript[:31], bytes(64)])),
        ("card", "a card where the hash belongs", cbor([DEVICE_CARD, bytes(64)])),
    ):
        refuse(name, what, KEYS.seal(step, plaintext), spec="12.3")


def scanner():
    one, two, three, four = honest()

    def second(name, what, bad, refusal="Rejected", spec="12.4", **more):
        end("scanner", f"2-{name}", spec, what, [bad, two], refusal, "answers", **more)

    def fourth(name, what, bad, refusal="Rejected", spec="12.4"):
        end("scanner", f"4-{name}", spec, what, [two, bad, four], "answers", refusal, "paired")

    end("scanner", "ok", "12.4", "a pairing, as the scanner sees it", [two, four], "answers", "paired")
    end("scanner", "2-again", "12.4", "message 2 again", [two, two, four], "answers", "Duplicate", "paired")
    end("scanner", "2-another", "12.4", "another message 2 is not what it waits for", [two, KEYS.seal(2, cbor(
        [PGO_CARD, sha256(one)]), number=(2 << 48) + 5), four], "answers", "Malformed", "paired")
    timeless = honest(keys=Keys(PGO.id, SECRET, 0))
    end("scanner", "ok-no-end", "12.1", "a shower without a clock showed the code", timeless[1:4:2], "answers",
        "paired", now=VALID["expires"], expires=0)
    end("scanner", "after", "12.4", "a code that has served", [two, four, four, two], "answers", "paired", "CodeUsed",
        "CodeUsed")
    end("scanner", "expired", "12.4", "one second after the expiry", [two], "Expired", now=EXPIRES + 1)
    second("step-1", "its own message comes back", one, "Malformed")
    second("step-4", "message 4 before message 2", four, "Malformed")
    second("flipped", "one bit of the tag flipped", two[:-1] + bytes([two[-1] ^ 1]))

    def answer(name, what, *items, refusal="Rejected", spec="12.3"):
        second(name, what, KEYS.seal(2, cbor(list(items))), refusal, spec)

    hash_ = sha256(one)
    answer("hash-other", "another message 1 answered", PGO_CARD, sha256(two))
    answer("hash-31", "a hash of 31 bytes", PGO_CARD, hash_[:31])
    answer("no-hash", "no hash", PGO_CARD)
    answer("swapped", "hash and card have changed places", hash_, PGO_CARD)
    answer("three-items", "a third item", PGO_CARD, hash_, b"")
    answer("card-other", "a card that is not the code's", GP_CARD, hash_, spec="12.4")
    answer("card-own", "the scanner's own card", DEVICE_CARD, hash_, spec="12.4")
    answer("card-forged", "a card signed by another key", card_of(oracle.claims(PGO.public, [], **VALID), MALLORY,
        PGO.kid), hash_, spec="8.2")
    answer("card-withdrawn", "a withdrawn card", oracle.issue_card(PGO, [], status=1, **VALID), hash_,
        refusal="Revoked", spec="8.2")
    answer("card-expired", "a card that has expired", oracle.issue_card(PGO, [PGO_KEM.public], not_before=1,
        expires=NOW - 1), hash_, refusal="Expired", spec="8.2")
    confirmations(fourth, 4, PGO, DEVICE, (one, two, three))
    fourth("hash-two", "the hash of messages 1 and 2", KEYS.seal(4, cbor([transcripts((one, two))[-1],
        PGO.sign(pairing.to_be_signed(PGO.id, DEVICE.id, transcripts((one, two))[-1]))])), spec="12.3")
    fourth("step-3", "its own message comes back", three, "Malformed")


def make():
    codes()
    whole()
    shower()
    scanner()
