"""One recipient's keys and state: what arrives, in the order of SPEC §7.1, §10.3 and §11.2."""

from dataclasses import dataclass, field

from card import Card
from envelope import read_statement, unseal, unseal_group
from evidence import read_introduction, verify_evidence
from guard import UNLIMITED, Guard, Policy, stream
from names import EVIDENCE, INTRODUCTION, KEYFRAME, MANIFEST, MAX_ENVELOPE, ZegelError, check_topic
from session import Session, export, read_keyframe, read_message
from shape import ALG_CHACHA, require

MOST_SESSIONS = 16


@dataclass
class Receiver:
    id: bytes
    keys: list
    cards: dict = field(default_factory=dict)
    revoked: set = field(default_factory=set)
    streams: dict = field(default_factory=dict)
    sessions: dict = field(default_factory=dict)
    introductions: dict = field(default_factory=dict)
    policy: Policy = UNLIMITED

    def pin(self, card: Card):
        self.cards[card.id[:8]] = card

    def restart(self, keys):
        """From durable state: KEM keys may be gone, session keys are."""
        self.keys = keys
        for session in self.sessions.values():
            session.keys = None

    def open(self, topic, now, data):
        """The verdict on one publication: what it said, or a `ZegelError`."""
        check_topic(topic)
        require(len(data) <= MAX_ENVELOPE, "Malformed", "too long")
        if bytes(data[:3]) == b"\xd0\x83\x44" and bytes(data[3:7]) == ALG_CHACHA:
            return self._open_message(topic, now, data)
        group = bytes(data[:2]) == b"\xd8\x60"
        unsealed = (unseal_group if group else unseal)(self.id, self.keys, topic, data)
        formats = () if group else (KEYFRAME, EVIDENCE, INTRODUCTION)
        statement = read_statement(unsealed.signed[2], formats)
        card = self.cards.get(unsealed.kid)
        require(card is not None, "UnknownSender")
        unsealed.verify(card, topic)
        self._check_status(card, now)
        digest = statement.digest(card.id, unsealed.audience, topic)
        guard = self.streams.get(stream(card.id, unsealed.audience), Guard())
        more, then = self._take_in(card, statement, unsealed)
        self.policy.ask(now, statement.time, guard.next, statement.sequence)
        if isinstance(then, Session):
            then = self._admit(then)
        return self._taken(card.id, unsealed.audience, statement, digest, more, then)

    def _take_in(self, card, statement, unsealed):
        """What the format makes of a body, and what changes when its number is taken."""
        if statement.format == KEYFRAME:
            block, messages, seconds = limits = read_keyframe(statement.body)
            *keys, id_ = export(unsealed.key, unsealed.ek)
            session = Session(card.id, self.id, statement.sequence, statement.time, limits, unsealed.key.kid,
                              unsealed.ek, id_, tuple(keys))
            more = {"kind": "keyframe", "session": id_, "block": block, "messages": messages, "seconds": seconds}
            return more, session
        if statement.format == EVIDENCE:
            try:
                origin = verify_evidence(statement.body, card.id)
            except ZegelError as err:
                raise ZegelError("Rejected", f"evidence: {err}") from err
            return {"kind": "evidence", "origin": origin, "known": self._known(origin["origin"], card.id)}, None
        if statement.format == INTRODUCTION:
            try:
                ids = [introduced.id for introduced in read_introduction(statement.body)]
            except ZegelError as err:
                raise ZegelError("Rejected", f"introduction: {err}") from err
            return {"kind": "introduction", "ids": ids}, lambda: self._introduce(card.id, statement.sequence, ids)
        return {"kind": "measurement", "format": statement.format, "body": statement.body,
                "provenance": "signed", "signed": None}, None

    def _open_message(self, topic, now, data):
        """SPEC §10.3, steps 2 to 12."""
        id_, number, ciphertext = read_message(data)
        session = self.sessions.get(id_)
        require(session is not None, "UnknownSession")
        session.derive(self.keys)
        statement = session.decrypt(topic, number, ciphertext)
        card = self.cards.get(session.sender[:8])
        require(card is not None and card.id == session.sender, "UnknownSender")
        self._check_status(card, now)
        leaf = session.leaf(topic, statement)
        guard = self.streams.get(stream(card.id, [self.id]), Guard())
        if statement.format == MANIFEST:
            manifest = session.read_manifest(card, statement)
            holds = session.holds(manifest, session.leaves)
            block = [manifest[0], number - 1] if holds else None
            more = dict(zip(("first", "count", "root"), manifest), kind="manifest", signed=block)
            self.policy.ask(now, statement.time, guard.next, number)
            return self._taken(card.id, [self.id], statement, leaf, more,
                lambda: self._settle(session, manifest, holds))
        self.policy.ask(now, statement.time, guard.next, number)
        leaves = session.leaves | {number: leaf}
        covering = next((m for m in session.manifests if m[0] <= number < m[0] + m[1]), None)
        holds = covering is not None and session.holds(covering, leaves)
        more = {"kind": "measurement", "format": statement.format, "body": statement.body,
                "provenance": "signed" if holds else "session",
                "signed": [covering[0], covering[0] + covering[1] - 1] if holds else None}

        def then():
            session.leaves[number] = leaf
            if covering is not None:
                self._settle(session, covering, holds)

        return self._taken(card.id, [self.id], statement, leaf, more, then)

    def _check_status(self, card, now):
        require(card.id not in self.revoked, "Revoked")
        card.check_valid(now)

    def _known(self, origin, forwarder):
        """SPEC §11.2: how the origin is known."""
        card = self.cards.get(origin[:8])
        if card is not None and card.id == origin:
            require(origin not in self.revoked and card.status == 0, "Revoked")
            return "pinned"
        require(origin not in self.revoked, "Revoked")
        require(origin in self.introductions.get(forwarder, (0, ()))[1], "UnknownSender")
        return "vouched"

    def _introduce(self, forwarder, number, ids):
        if number >= self.introductions.get(forwarder, (0, ()))[0]:
            self.introductions[forwarder] = (number, ids)

    def _admit(self, session):
        """SPEC §10.3: one session for one id; the same keyframe again is for the guard to tell."""
        known = self.sessions.get(session.id)
        require(known is None or known.keyframe == session.keyframe, "Equivocation", "a session id twice")
        return lambda: self._keep(session)

    def _keep(self, session):
        self.sessions[session.id] = session
        of_sender = sorted((s for s in self.sessions.values() if s.sender == session.sender), key=lambda s: s.number)
        for oldest in of_sender[:-MOST_SESSIONS]:
            del self.sessions[oldest.id]

    def _settle(self, session, manifest, holds):
        """A block that holds needs no leaves any more; another is kept until it is complete."""
        session.manifests = [m for m in session.manifests if m != manifest]
        if not holds:
            session.manifests.append(manifest)
        else:
            for number in range(manifest[0], manifest[0] + manifest[1]):
                session.leaves.pop(number, None)

    def _taken(self, sender, audience, statement, digest, more, then):
        """Takes the number, then changes the rest of the state: one transaction."""
        guard = self.streams.get(stream(sender, audience), Guard())
        arrival = guard.take(statement.sequence, digest)
        self.streams[stream(sender, audience)] = guard
        if then:
            then()
        return {
            "sender": sender, "sequence": statement.sequence, "time": statement.time, "digest": digest,
            "pad": len(statement.pad), "audience": list(audience), **more, **arrival,
        }
