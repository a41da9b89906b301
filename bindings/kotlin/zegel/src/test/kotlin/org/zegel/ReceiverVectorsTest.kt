package org.zegel

import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import org.junit.jupiter.api.Assertions.assertEquals
import org.junit.jupiter.api.Tag
import org.junit.jupiter.api.Test
import org.junit.jupiter.params.ParameterizedTest
import org.junit.jupiter.params.provider.ValueSource
import java.nio.file.Files

/** The vectors of a receiver: the same verdict and the same number as in Rust and in C, and no state has moved. */
@Tag("test-keys")
class ReceiverVectorsTest {
    /** A receiver, over rows in memory or in a file of its own. */
    private class Receiver(val input: JsonObject, inFile: Boolean) : AutoCloseable {
        private val folder = if (inFile) Files.createTempDirectory("zegel-vectors") else null
        val rows = Rows()
        var store = open()
        var keys = input.all("kem_secrets").map { KemKey.of(Secret.of(it.bytes)) }
        var now = input.number("now")

        init {
            input.all("cards").forEach { store.pin(Card.read(it.bytes)) }
            input.all("revoked").forEach { store.revoke(Id(it.bytes)) }
        }

        private fun open(): Store = folder?.let { Store.file(it.resolve("state")) } ?: Store.over(rows)

        fun restart(secrets: JsonElement) {
            keys = secrets.asJsonArray.map { KemKey.of(Secret.of(it.bytes)) }
            store.close()
            store = open()
        }

        fun open(topic: String, message: ByteArray): Opened {
            val policy = input.getAsJsonObject("policy")
            val acceptance =
                policy?.let { Acceptance(it.number("max_age"), it.number("max_skew"), it.number("max_jump")) }
            val before = rows.state()
            Opener(Id(input.bytes("me")), keys, store, acceptance ?: Acceptance.ANYTHING).use { opener ->
                try {
                    return opener.open(topic, message, now)
                } catch (exception: ZegelException) {
                    assertEquals(before, rows.state(), "no state has moved")
                    throw exception
                }
            }
        }

        override fun close() {
            store.close()
            folder?.toFile()?.deleteRecursively()
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    fun open(inFile: Boolean) = run("open", 241) { one(it, inFile) }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    fun group(inFile: Boolean) = run("group", 117) { one(it, inFile) }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    fun session(inFile: Boolean) = run("session", 193) { steps(it, inFile) }

    @ParameterizedTest
    @ValueSource(booleans = [false, true])
    fun custody(inFile: Boolean) = run("custody", 41) { steps(it, inFile) }

    private fun one(input: JsonObject, inFile: Boolean): JsonElement = Receiver(input, inFile).use { receiver ->
        val topic = input["topic"].asString
        for (before in input.all("opened_before")) receiver.open(topic, before.bytes)
        val length = input.number("extend_with_zeros_to")?.toInt()
        val envelope = input.bytes("envelope")
        val opened = receiver.open(topic, if (length == null) envelope else envelope.copyOf(length))
        json(
            "sender" to opened.sender, "sequence" to opened.sequence, "time" to opened.time,
            "format" to opened.format, "body" to opened.body, "digest" to opened.digest,
        )
    }

    private fun steps(input: JsonObject, inFile: Boolean): JsonElement = Receiver(input, inFile).use { receiver ->
        element(input.all("steps").map { step(receiver, it.asJsonObject) })
    }

    private fun step(receiver: Receiver, step: JsonObject): JsonElement {
        if (step.has("bytes")) return verdict { seen(receiver.open(step["topic"].asString, step.bytes("bytes"))) }
        when (val what = step.keySet().single()) {
            "now" -> receiver.now = step.number("now")
            "restart" -> receiver.restart(step["restart"])
            "revoke" -> receiver.store.revoke(Id(step.bytes("revoke")))
            "pin" -> receiver.store.pin(Card.read(step.bytes("pin")))
            else -> error("a step of no known form: $what")
        }
        return JsonNull.INSTANCE
    }

    private fun seen(opened: Opened): JsonElement {
        val all = arrayOf<Pair<String, Any?>>(
            "sender" to opened.sender, "sequence" to opened.sequence, "time" to opened.time,
            "digest" to opened.digest, "missing" to opened.missing, "late" to opened.late,
        )
        return when (val content = opened.content) {
            is Content.Measured -> json(
                *all, "kind" to "measurement", "format" to content.format, "body" to content.body,
                "provenance" to opened.provenance.name.lowercase(), "signed" to opened.block,
            )
            is Content.Keyframe -> json(
                *all, "kind" to "keyframe", "session" to content.session, "block" to content.limits.block,
                "messages" to content.limits.messages, "seconds" to content.limits.seconds,
            )
            is Content.Manifest -> json(
                *all, "kind" to "manifest", "first" to content.numbers.first,
                "count" to content.numbers.last - content.numbers.first + 1, "root" to content.root,
                "signed" to opened.block,
            )
            is Content.Custody -> json(
                *all, "kind" to "evidence", "origin" to facts(content.evidence),
                "known" to content.known.name.lowercase(),
            )
            is Content.Introduced ->
                json(*all, "kind" to "introduction", "ids" to content.cards.map { Card.read(it).id })
        }
    }

    @Test
    fun evidence() = run("evidence", 102) { input ->
        val evidence = Evidence.verify(input.bytes("evidence"))
        val forwarder = input["forwarder"].takeUnless { it.isJsonNull }?.let { Id(it.bytes) }
        if (forwarder != null && forwarder !in evidence.audience) throw ZegelException(ZegelError.REJECTED)
        facts(evidence)
    }

    @Test
    fun introduction() = run("introduction", 21) { json("ids" to Introduction.verify(it.bytes("introduction"))) }

    private fun facts(evidence: Evidence) = json(
        "origin" to evidence.origin, "audience" to evidence.audience, "topic" to evidence.topic,
        "sequence" to evidence.sequence, "time" to evidence.time, "format" to evidence.format,
        "body" to evidence.body, "digest" to evidence.digest, "signed_with" to evidence.signedWith,
    )
}
