package org.zegel

import com.google.gson.JsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Assertions.assertTrue
import org.junit.jupiter.api.Tag
import org.junit.jupiter.api.Test
import java.nio.ByteBuffer
import java.security.MessageDigest

/** The vectors of a sender, of names and cards, of guards and of pairing: to the byte, as in Rust and in C. */
@Tag("test-keys")
class SenderVectorsTest {
    private fun identity(seed: ByteArray) = Identity.of(Secret.of(seed))

    private fun padding(input: JsonObject) =
        SealerOptions(if (input["padding"].asString == "none") Padding.NONE else Padding.BUCKETS)

    private fun measurement(input: JsonObject, body: ByteArray = input.bytes("body")) =
        Measurement(body, input["format"].asInt, input.number("time"))

    /** Rows in which the next number of a stream is this one. */
    private fun Rows.startAt(stream: Stream, number: Long, kind: Char = 'q') =
        put(byteArrayOf(kind.code.toByte()) + stream.sender.toByteArray() + stream.audience.toByteArray(), big(number))

    private fun big(number: Long): ByteArray = ByteBuffer.allocate(8).putLong(number).array()

    private fun sha256(vararg parts: ByteArray): ByteArray =
        MessageDigest.getInstance("SHA-256").apply { parts.forEach { update(it) } }.digest()

    private fun testKey(name: String) = Secret.of(sha256("zegel test key: $name".toByteArray()))

    /** As [run], for procedures that show some of what is expected. */
    private fun runSome(kind: String, least: Int, procedure: (JsonObject) -> JsonObject) {
        val expected = vectors(kind).associate { it["input"] to it["expect"] }
        run(kind, least) { input ->
            val shown = procedure(input)
            val whole = expected[input]!!.asJsonObject.getAsJsonObject("ok")
            shown.keySet().forEach { assertEquals(whole[it], shown[it], it) }
            whole
        }
    }

    @Test
    fun seal() = runSome("seal", 4) { input ->
        val rows = Rows()
        val card = Card.read(input.bytes("recipient_card"))
        Sealer(identity(input.bytes("seed")), card, Store.over(rows), padding(input), now = null).use { sealer ->
            rows.startAt(sealer.stream, input.number("sequence")!!)
            Script.draws(input.bytes("signature_noise"), input.bytes("ephemeral_noise"))
            val topic = input["topic"].asString
            val envelope = sealer.seal(topic, measurement(input))
            assertEquals(0, Script.left())
            val looked = Opener(card.id, listOf(KemKey.of(testKey("pgo kem"))), Store.memory()).look(topic, envelope)
            json(
                "envelope" to envelope, "ek" to (Sight.inspect(envelope) as Sight.Envelope).ek,
                "statement" to looked.statement, "signature" to looked.signature,
            )
        }
    }

    @Test
    fun groupSeal() = runSome("group-seal", 10) { input ->
        val rows = Rows()
        val cards = input.all("recipient_cards").map { Card.read(it.bytes) }
        val options = padding(input)
        GroupSealer(identity(input.bytes("seed")), cards, Store.over(rows), options, now = null).use { sealer ->
            rows.startAt(sealer.stream, input.number("sequence")!!)
            Script.draws(input.bytes("signature_noise"), input.bytes("content_noise"))
            json("envelope" to sealer.seal(input["topic"].asString, measurement(input)))
        }
    }

    @Test
    fun sessionSeal() = run("session-seal", 17) { input ->
        val rows = Rows()
        val card = Card.read(input.bytes("recipient_card"))
        val sealer = Sealer(identity(input.bytes("seed")), card, Store.over(rows), padding(input), now = null)
        rows.startAt(sealer.stream, input.number("sequence")!!)
        Script.draws(input.bytes("signature_noise"), input.bytes("ephemeral_noise"))
        val limits = SessionLimits(input.number("block")!!, input.number("messages")!!, input.number("seconds")!!)
        val session = sealer.begin(input["topic"].asString, limits, input.number("time"))
        val first = verdict { json("session" to session.id, "bytes" to session.keyframe) }
        element(
            listOf(first) + input.all("steps").map { it.asJsonObject }.map { step ->
                val topic = step["topic"].asString
                verdict {
                    json(
                        "bytes" to if (step.has("manifest")) {
                            Script.draws(step.bytes("manifest"))
                            session.manifest(topic)
                        } else {
                            session.seal(topic, measurement(step), step.number("time"))
                        },
                    )
                }
            },
        )
    }

    @Test
    fun card() = run("card", 130) { input ->
        val card = Card.read(input.bytes("card"))
        card.check(input.number("now"))
        json(
            "id" to card.id, "serial" to card.serial, "not_before" to card.notBefore, "expires" to card.expires,
            "label" to card.label, "kem_keys" to card.kemPublicKeys, "status" to card.status.ordinal,
            "digest" to card.digest,
        )
    }

    @Test
    fun succession() = run("succession", 14) { input ->
        val rows = Rows()
        val store = Store.over(rows)
        val cards = input.all("cards").map { Card.read(it.bytes) }
        cards.dropLast(1).forEach { runCatching { store.pin(it) } }
        if (input["revoked"].asBoolean) store.revoke(cards.last().id)
        val before = rows.state()
        val succession = verdict {
            json("succession" to store.pin(cards.last()).name.lowercase().replaceFirstChar { it.uppercase() })
        }.asJsonObject
        if (succession.has("ok")) return@run succession["ok"]
        assertEquals(before, rows.state(), "a refusal moves nothing")
        throw ZegelException(ZegelError.entries.single { it.number == succession["code"].asInt })
    }

    @Test
    fun name() = runSome("name", 7) { input ->
        val public = input.bytes("public")
        if (input["key"].asString == "x25519") {
            json("kid" to Kid.of(public))
        } else {
            Id.of(public).let { json("id" to it, "kid" to it.kid, "fingerprint" to it.fingerprint) }
        }
    }

    @Test
    fun topic() = run("topic", 19) { input ->
        // The topic is checked first; whatever comes after shows that it passed.
        val opener = Opener(Id(ByteArray(32)), emptyList(), Store.memory())
        try {
            opener.look(input["topic"].asString, ByteArray(0))
        } catch (exception: ZegelException) {
            if (exception.error == ZegelError.INVALID_TOPIC) throw exception
        }
        json()
    }

    @Test
    fun padding() = run("padding", 23) { input ->
        val (device, pgo) = Person("device") to Person("anybody")
        val measurement = measurement(input, ByteArray(input["body_length"].asInt) { 7 })
        val rows = Rows()
        val sealer = { padding: Padding ->
            Sealer(device.identity, pgo.card, Store.over(rows), SealerOptions(padding)).also {
                rows.startAt(it.stream, input.number("sequence")!!)
            }
        }
        val unpadded = sealer(Padding.NONE).sealedLength(measurement)
        val envelope = sealer(Padding.BUCKETS).seal("t", measurement)
        val looked = pgo.opener(Store.memory()).look("t", envelope)
        json("unpadded" to unpadded, "pad" to looked.padLength, "length" to envelope.size)
    }

    @Test
    fun replay() = run("replay", 9) { input ->
        val (device, pgo) = Person("device") to Person("pgo")
        val opener = pgo.opener(Store.memory().apply { pin(device.card) }, Acceptance.ANYTHING)
        element(input.all("takes").map { it.asJsonArray.toList() }.map { (number, content) ->
            val sealed = sealedAs(device, pgo, number.asLong, null, content.asString)
            verdict { opener.open("t", sealed).let { json("missing" to it.missing, "late" to it.late) } }
        })
    }

    @Test
    fun policy() = run("policy", 22) { input ->
        val (device, pgo) = Person("device") to Person("pgo")
        val rows = Rows()
        val limits = input.getAsJsonObject("policy")
        val acceptance =
            Acceptance(limits.number("max_age"), limits.number("max_skew"), limits.number("max_jump"))
        val store = Store.over(rows).apply { pin(device.card) }
        rows.startAt(device.sealer(pgo).stream, input.number("next")!!, 'n')
        val sealed = sealedAs(device, pgo, input.number("number")!!, input.number("time"), "")
        pgo.opener(store, acceptance).open("t", sealed, input.number("now"))
        json()
    }

    private fun sealedAs(from: Person, to: Person, number: Long, time: Long?, content: String): ByteArray {
        val rows = Rows()
        from.sealer(to, Store.over(rows)).use { sealer ->
            rows.startAt(sealer.stream, number)
            return sealer.seal("t", Measurement(content.toByteArray(), Format.OCTET_STREAM, time))
        }
    }

    /** The code of a secret, shown by somebody (SPEC §12.1). */
    private fun code(shower: ByteArray, input: JsonObject): PairingCode {
        val said = byteArrayOf(1) + shower + input.bytes("secret") + big(input.number("expires")!!).copyOfRange(3, 8)
        return PairingCode.of(said + sha256("zegel-code-1".toByteArray(), said).copyOf(4))
    }

    @Test
    fun code() = run("code", 33) { input ->
        val code = PairingCode.parse(input["text"].asString)
        val secret = code.expose { hex(it.copyOfRange(33, 65)) }
        val outcome = json("shower" to code.shower, "secret" to secret, "expires" to (code.expires ?: 0))
        // The time is looked at when a pairing begins.
        val scanner = Identity.of(testKey("mallory"))
        Pairing.scan(code, scanner, Card.issue(scanner, CardClaims(1, 0, Limits.MAX_NUMBER)), input.number("now"))
        outcome
    }

    @Test
    fun transcript() = runSome("transcript", 6) { input ->
        val (shower, scanner) = identity(input.bytes("shower_seed")) to identity(input.bytes("scanner_seed"))
        val code = code(shower.id.toByteArray(), input)
        val text = code.text()
        val shows = Pairing.show(code, shower, Card.read(input.bytes("shower_card")), null)
        val scans = Pairing.scan(PairingCode.parse(text), scanner, Card.read(input.bytes("scanner_card")), null)
        val one = scans.firstMessage!!
        val two = shows.take(one, null).answer!!
        Script.draws(input.bytes("noise_3"))
        val three = scans.take(two, null).answer!!
        Script.draws(input.bytes("noise_4"))
        val four = shows.take(three, null).answer!!
        assertEquals(shower.id, scans.take(four, null).partner!!.id)
        json(
            "code" to text, "topics" to listOf(scans.speaksOn, scans.listensOn),
            "messages" to listOf(one, two, three, four),
        )
    }

    @Test
    fun pairing() = run("pairing", 109) { input ->
        val identity = identity(input.bytes("seed"))
        val card = Card.read(input.bytes("card"))
        val code = code(input.bytes("shower"), input)
        val shows = input["role"].asString == "shower"
        val end = if (shows) Pairing.show(code, identity, card, null) else Pairing.scan(code, identity, card, null)
        element(input.all("steps").map { step ->
            Script.draws(input.bytes("noise"))
            val outcome = verdict {
                val taken = end.take(step.bytes, input.number("now"))
                json("answer" to taken.answer, "paired" to taken.partner?.id)
            }
            val left = Script.left()
            assertTrue(outcome.asJsonObject.has("ok") || left == 1L, "nothing was drawn for a refusal")
            outcome
        })
    }
}
