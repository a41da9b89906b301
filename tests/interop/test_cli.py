"""The `zegel` command against the oracle: each opens what the other seals, and refuses the same.

ZEGEL_BIN names the command; target/debug/zegel is taken if it is unset. Keys are drawn anew for each test.
"""

import contextlib
import os
import pathlib
import subprocess
import tempfile
import time

import cbor2
from cwt import COSE, COSEKey

import oracle
from names import Identity, KemKey, ZegelError, cbor, fingerprint

ROOT = pathlib.Path(__file__).parent.parent.parent
COMMAND = os.environ.get("ZEGEL_BIN", str(ROOT / "target/debug/zegel"))
TOPIC = "zegel/7f3a/1"
EXIT_CODES_ABOVE_ERRORS = 10


def zegel(*arguments, stdin=b"", expect=0):
    """Standard output of one run, which must end with the exit code `expect`, or the error of that name."""
    if isinstance(expect, str):
        expect = ZegelError.number_of(expect) + EXIT_CODES_ABOVE_ERRORS
    run = subprocess.run([COMMAND, *map(str, arguments)], input=stdin, capture_output=True, timeout=60)
    assert run.returncode == expect, f"{arguments}: exit {run.returncode}, not {expect}: {run.stderr.decode()}"
    if expect:
        assert run.stdout == b"" and run.stderr.strip(), f"{arguments}: an error says so on stderr alone"
    return run.stdout


@contextlib.contextmanager
def workplace():
    """A PGO and a device of the command's, with cards and states, in a folder of their own."""
    with tempfile.TemporaryDirectory() as folder:
        here = pathlib.Path(folder)
        zegel("keygen", "-o", here / "pgo.key")
        zegel("keygen", "--seal-only", "-o", here / "device.key")
        zegel("card", "issue", "-i", here / "pgo.key", "-o", here / "pgo.card", "--label", "PGO", "--binary")
        zegel("card", "issue", "-i", here / "device.key", "-o", here / "device.card", "--label", "toestel é", "--binary")
        zegel("trust", "add", "--state", here / "pgo.state", here / "device.card")
        yield here


def seal(here, body, topic=TOPIC, format=42, time="now", pad="none"):
    return zegel(
        "seal", "-i", here / "device.key", "-r", here / "pgo.card", "-t", topic, "--state", here / "device.state",
        "--format", format, "--time", time, "--pad", pad, stdin=body,
    )


def open_envelope(here, envelope, topic=TOPIC, expect=0):
    return zegel(
        "open", "-i", here / "pgo.key", "-t", topic, "--state", here / "pgo.state", stdin=envelope, expect=expect
    )


def exported(here, name):
    """The COSE_Keys that `zegel key export` prints: first the identity's, then those to open with."""
    lines = zegel("key", "export", "-i", here / f"{name}.key").decode().split()
    return [bytes.fromhex(line) for line in lines]


def python_receiver(here):
    """The command's PGO in Python: its exported keys, its card, the device pinned."""
    signing, agreement = exported(here, "pgo")
    receiver = oracle.Receiver(
        oracle.ed25519_id(cbor2.loads(signing)[-2]), [KemKey(cbor2.loads(agreement)[-4])]
    )
    receiver.pin(oracle.read_card((here / "device.card").read_bytes()))
    return receiver


def python_sender(here, **fields):
    """A device of Python's, which the command's PGO has pinned by its card."""
    device = Identity(os.urandom(32))
    now = int(time.time())
    card = oracle.issue_card(device, [], **({"label": "Python", "not_before": now - 60, "expires": now + 3600} | fields))
    (here / "python.card").write_bytes(card)
    zegel("trust", "add", "--state", here / "pgo.state", "--fingerprint", fingerprint(device.id), here / "python.card")
    return device, oracle.read_card((here / "pgo.card").read_bytes())


def test_python_cwt_alone_opens_what_zegel_seals():
    """No line of the oracle but the contexts: COSEKey and COSE of python-cwt, and the exported keys."""
    with workplace() as here:
        envelope = seal(here, b"71 beats a minute", time=1764000000, format=60)
        pgo, agreement = exported(here, "pgo")
        device = exported(here, "device")[0]
        plaintext = COSE.new(verify_kid=True).decode(
            envelope, COSEKey.from_bytes(agreement), external_aad=oracle.envelope_aad(TOPIC), hpke_info=b"zegel-1")
        ids = [oracle.ed25519_id(cbor2.loads(key)[-2]) for key in (device, pgo)]
        statement = COSE.new(verify_kid=True).decode(
            cbor2.CBORTag(18, cbor2.loads(plaintext)), COSEKey.from_bytes(device),
            external_aad=cbor(["zegel-statement-1", ids[0], [ids[1]], TOPIC]))
        assert cbor2.loads(statement) == [0, 1764000000, 60, b"71 beats a minute", b""]


def test_the_oracle_opens_what_zegel_seals():
    with workplace() as here:
        receiver = python_receiver(here)
        cases = [
            (b"", TOPIC, 42, "none", "none"), (b"x", "zegel/patiënt/心拍", 50, "0", "buckets"),
            (bytes(100), "t" * 255, 112, "1764000000", "buckets"), (os.urandom(3000), TOPIC, 60, "now", "buckets"),
            (os.urandom(70000), TOPIC, 18, "now", "none"), (os.urandom(200), TOPIC, 64999, "now", "buckets"),
        ]
        last = -1
        for body, topic, format, when, pad in cases:
            envelope = seal(here, body, topic, format, when, pad)
            opened = receiver.open(topic, int(time.time()), envelope)
            assert (opened["body"], opened["format"]) == (body, format)
            assert opened["sequence"] > last
            last = opened["sequence"]
            assert when == "now" or opened["time"] == (None if when == "none" else int(when))
            if pad == "buckets":
                assert len(envelope) in (256, 512, 1024, 2048) or len(envelope) > 2048 and opened["pad"] < 400


def test_zegel_opens_what_python_seals():
    with workplace() as here:
        device, pgo = python_sender(here)
        now = int(time.time())
        cases = [
            (b"", TOPIC, 42, None, 0), (b"62", "zegel/patiënt/心拍", 50, now, 5),
            (os.urandom(100), TOPIC, 112, now - 7 * 86400, 24), (os.urandom(70000), TOPIC, 60, now + 100, 256),
        ]
        for sequence, (body, topic, format, when, pad) in enumerate(cases):
            envelope = oracle.seal(device, pgo, topic, sequence, when, format, body, pad)
            assert open_envelope(here, envelope, topic) == body
            open_envelope(here, envelope, topic, expect="Duplicate")
        open_envelope(here, oracle.seal(device, pgo, TOPIC, 0, None, 42, b"other"), expect="Conflict")
        assert open_envelope(here, oracle.seal(device, pgo, TOPIC, 2**20, None, 42, b"far")) == b"far"
        # What the policy of SPEC §7.5 does not take is refused by name.
        for sequence, when, error in [(4, 0, "Stale"), (5, 2**53 - 1, "Ahead"), (2**53 - 1, None, "Jump")]:
            open_envelope(here, oracle.seal(device, pgo, TOPIC, sequence, when, 42, b"x"), expect=error)


def test_both_refuse_the_same():
    with workplace() as here:
        receiver = python_receiver(here)
        envelope = seal(here, b"body")
        now = int(time.time())

        def both(name, data, topic=TOPIC):
            open_envelope(here, data, topic, expect=name)
            try:
                receiver.open(topic, now, data)
            except ZegelError as error:
                assert error.name == name, f"the oracle says {error}, the command {name}"
            else:
                raise AssertionError(f"the oracle accepts what is {name}")

        both("Rejected", envelope, "zegel/7f3a/2")
        both("InvalidTopic", envelope, "zegel/#")
        both("NotForMe", envelope[:10] + bytes(8) + envelope[18:])
        for at in (21, 52, 60, len(envelope) - 1):
            altered = bytearray(envelope)
            altered[at] ^= 1
            both("Rejected", bytes(altered))
        for data in (b"", envelope[:-1], envelope + b"\0", envelope[1:], b"\xd2" + envelope[1:]):
            both("Malformed", data)
        stranger = Identity(os.urandom(32))
        pgo = oracle.read_card((here / "pgo.card").read_bytes())
        both("UnknownSender", oracle.seal(stranger, pgo, TOPIC, 0, None, 42, b"x"))
        elsewhere = oracle.read_card(oracle.issue_card(stranger, pgo.kem_publics))
        both("Rejected", oracle.seal(Identity(cbor2.loads(exported(here, "device")[0])[-4]), elsewhere, TOPIC, 9, None, 42, b"x"))
        assert open_envelope(here, envelope) == b"body", "no refusal has taken the number"
        assert receiver.open(TOPIC, now, envelope)["body"] == b"body"
        both("Duplicate", envelope)


def test_cards_go_both_ways():
    with workplace() as here:
        card = oracle.read_card((here / "pgo.card").read_bytes())
        signing, agreement = map(cbor2.loads, exported(here, "pgo"))
        assert (card.public, card.kem_publics, card.label) == (signing[-2], [agreement[-2]], "PGO")
        assert card.expires - card.not_before == 90 * 86400 and card.status == 0
        assert COSE.new().decode((here / "pgo.card").read_bytes(), COSEKey.new(
            {1: 1, 2: card.id[:8], 3: -19, -1: 6, -2: card.public}), external_aad=cbor(["zegel-card-1"]))
        device = Identity(os.urandom(32))
        now = int(time.time())
        times = {"not_before": now - 60, "expires": now + 3600}

        def add(expect=0, **fields):
            (here / "new.card").write_bytes(oracle.issue_card(device, [], **(times | fields)))
            zegel("trust", "add", "--state", here / "pgo.state", here / "new.card", expect=expect)

        add(serial=5)
        add(serial=5)
        add("Rollback", serial=4)
        add("Equivocation", serial=5, label="other")
        add(serial=6, status=1)
        add("Revoked", serial=7)
        envelope = oracle.seal(device, card, TOPIC, 0, None, 42, b"x")
        open_envelope(here, envelope, expect="Revoked")
        altered = bytearray((here / "device.card").read_bytes())
        altered[-1] ^= 1
        (here / "new.card").write_bytes(altered)
        zegel("trust", "add", "--state", here / "pgo.state", here / "new.card", expect="Rejected")
        (here / "new.card").write_bytes(altered + b"\0")
        zegel("trust", "add", "--state", here / "pgo.state", here / "new.card", expect="Malformed")


def test_zegel_seals_to_a_card_of_pythons():
    with workplace() as here:
        gp, key = Identity(os.urandom(32)), KemKey(os.urandom(32))
        now = int(time.time())
        (here / "pgo.card").write_bytes(oracle.issue_card(gp, [key.public], not_before=now - 60, expires=now + 60))
        receiver = oracle.Receiver(gp.id, [key])
        receiver.pin(oracle.read_card((here / "device.card").read_bytes()))
        assert receiver.open(TOPIC, now, seal(here, b"handed on"))["body"] == b"handed on"
        expired = oracle.issue_card(gp, [key.public], serial=2, not_before=now - 60, expires=now - 1)
        (here / "pgo.card").write_bytes(expired)
        zegel("seal", "-i", here / "device.key", "-r", here / "pgo.card", "-t", TOPIC, "--state",
              here / "device.state", stdin=b"x", expect="Expired")


def test_a_100_byte_body_makes_at_most_270_bytes():
    with workplace() as here:
        receiver = python_receiver(here)
        envelope = seal(here, bytes(100), time="now", pad="none")
        assert len(envelope) <= 270, len(envelope)
        assert receiver.open(TOPIC, None, envelope)["time"] is not None
        device, pgo = python_sender(here)
        largest = oracle.seal(device, pgo, TOPIC, 65535, int(time.time()), 112, bytes(100))
        assert len(largest) <= 270 and open_envelope(here, largest) == bytes(100), len(largest)
