package org.zegel

import com.google.gson.JsonArray
import com.google.gson.JsonElement
import com.google.gson.JsonNull
import com.google.gson.JsonObject
import com.google.gson.JsonParser
import com.google.gson.JsonPrimitive
import com.sun.jna.Library
import com.sun.jna.Native
import java.io.File
import java.nio.ByteBuffer
import java.util.TreeMap

/** What a build with the feature `test-keys` has beside the bridge. */
interface Script : Library {
    fun zegel_test_draws(a: Long, b: Long, c: Long, d: Long)

    fun zegel_test_drawn(): Long

    companion object {
        private val library: Script by lazy { Native.load("zegel_uniffi", Script::class.java) }

        /** The next draws of this thread. */
        fun draws(vararg noises: ByteArray) {
            library.zegel_test_drawn()
            for (noise in noises) {
                val words = ByteBuffer.wrap(noise).asLongBuffer()
                library.zegel_test_draws(words.get(), words.get(), words.get(), words.get())
            }
        }

        /** How much of it was left. */
        fun left(): Long = library.zegel_test_drawn()
    }
}

/** The vectors of one kind. */
fun vectors(kind: String): List<JsonObject> {
    val files = File(System.getProperty("zegel.vectors"), kind).listFiles { _, name -> name.endsWith(".json") }
    return files!!.sorted().map { JsonParser.parseString(it.readText()).asJsonObject }
}

/** Runs one procedure over each vector of a kind, and compares its verdict to the letter. */
fun run(kind: String, least: Int, procedure: (JsonObject) -> JsonElement) {
    val vectors = vectors(kind)
    val wrong = vectors.mapNotNull { vector ->
        val outcome = verdict { procedure(vector.getAsJsonObject("input")) }
        if (outcome == vector["expect"]) null else "${vector["name"]}: $outcome, not ${vector["expect"]}"
    }
    check(wrong.isEmpty()) { "${wrong.size} of ${vectors.size}:\n${wrong.joinToString("\n")}" }
    check(vectors.size >= least) { "${vectors.size} of at least $least vectors of $kind" }
}

fun verdict(work: () -> JsonElement): JsonElement = try {
    json("ok" to work())
} catch (exception: ZegelException) {
    val name = org.zegel.internal.errors().single { it.number.toInt() == exception.number }.name
    json("error" to name, "code" to exception.number)
}

fun json(vararg fields: Pair<String, Any?>): JsonObject =
    JsonObject().apply { fields.forEach { (name, value) -> add(name, element(value)) } }

fun element(value: Any?): JsonElement = when (value) {
    null -> JsonNull.INSTANCE
    is JsonElement -> value
    is ByteArray -> JsonPrimitive(hex(value))
    is Name -> JsonPrimitive(value.toString())
    is Gap -> element(listOf(value.first, value.last))
    is List<*> -> JsonArray().apply { value.forEach { add(element(it)) } }
    is Number -> JsonPrimitive(value)
    is Boolean -> JsonPrimitive(value)
    is String -> JsonPrimitive(value)
    else -> error("no JSON for ${value.javaClass}")
}

fun hex(bytes: ByteArray): String = bytes.joinToString("") { "%02x".format(it) }

fun unhex(text: String): ByteArray = text.chunked(2).map { it.toInt(16).toByte() }.toByteArray()

val JsonElement.bytes: ByteArray get() = unhex(asString)

/** Zero for what is absent, and `null` for null. */
fun JsonObject.number(name: String): Long? = get(name)?.takeUnless { it.isJsonNull }?.asLong

fun JsonObject.bytes(name: String): ByteArray = get(name).bytes

fun JsonObject.all(name: String): List<JsonElement> = getAsJsonArray(name)?.toList() ?: emptyList()

/** Rows in memory: what a receiver keeps, to be compared before and after. */
class Rows : Database {
    val rows = TreeMap<ByteArray, ByteArray>(java.util.Arrays::compareUnsigned)

    /** The rows but for events, which a refusal may note. */
    fun state(): Map<String, String> = rows.filterKeys { it[0] !in "eE".toByteArray() }.map { hex(it.key) to hex(it.value) }.toMap()

    override fun get(key: ByteArray): ByteArray? = rows[key]

    override fun put(key: ByteArray, value: ByteArray) {
        rows[key] = value
    }

    override fun remove(key: ByteArray) {
        rows.remove(key)
    }

    override fun scan(from: ByteArray, limit: Int): List<Row> =
        rows.tailMap(from).entries.take(limit).map { Row(it.key, it.value) }
}
