package org.zegel

import org.zegel.internal.fingerprint as bridgedFingerprint
import org.zegel.internal.idOf
import org.zegel.internal.kidOf

/** A fixed number of bytes that name something: compared by content, shown in hexadecimal. */
public sealed class Name(bytes: ByteArray, length: Int) : Comparable<Name> {
    internal val raw: ByteArray = bytes.copyOf()

    init {
        if (bytes.size != length) throw ZegelException(ZegelError.BAD_ARGUMENT)
    }

    /** A copy of the bytes. */
    public fun toByteArray(): ByteArray = raw.copyOf()

    override fun equals(other: Any?): Boolean =
        other is Name && other.javaClass == javaClass && raw.contentEquals(other.raw)

    override fun hashCode(): Int = raw.contentHashCode()

    override fun compareTo(other: Name): Int {
        val place = raw.indices.firstOrNull { it >= other.raw.size || raw[it] != other.raw[it] }
        if (place == null || place >= other.raw.size) return raw.size - other.raw.size
        return (raw[place].toInt() and 0xff) - (other.raw[place].toInt() and 0xff)
    }

    override fun toString(): String = raw.joinToString("") { "%02x".format(it) }
}

/** The thumbprint of an identity's key: 32 bytes, the full name of somebody (SPEC §2.1). */
public class Id(bytes: ByteArray) : Name(bytes, 32) {
    /** The first 8 bytes: what stands on the wire. A hint, and never a proof. */
    public val kid: Kid get() = Kid(raw.copyOf(8))

    /** Eight groups of five digits, for two people to compare aloud (SPEC §2.3). */
    public val fingerprint: String get() = call { bridgedFingerprint(raw) }

    public companion object {
        /** The name of the holder of an Ed25519 public key of 32 bytes. */
        @JvmStatic
        public fun of(publicKey: ByteArray): Id = Id(call { idOf(publicKey) })

        /** Reads 64 hexadecimal digits. */
        @JvmStatic
        public fun parse(hex: String): Id = Id(unhex(hex))
    }
}

/** The first 8 bytes of a thumbprint (SPEC §2.2). */
public class Kid(bytes: ByteArray) : Name(bytes, 8) {
    public companion object {
        /** What an envelope names the KEM key with this public half by; [ZegelError.WEAK_KEY]. */
        @JvmStatic
        public fun of(kemPublicKey: ByteArray): Kid = Kid(call { kidOf(kemPublicKey) })
    }
}

/** Names a session on the wire: 8 bytes. */
public class SessionId(bytes: ByteArray) : Name(bytes, 8)

/** SHA-256 of something: 32 bytes. That of a statement in its context names it for good. */
public class Digest(bytes: ByteArray) : Name(bytes, 32)

/** One sender's numbers for one audience. */
public data class Stream(
    /** Who sends. */
    public val sender: Id,
    /** SHA-256 of the ids that it is for. */
    public val audience: Digest,
)

/** A first and a last number, both included. */
public data class Gap(
    /** The first number. */
    public val first: Long,
    /** The last number. */
    public val last: Long,
)

internal fun org.zegel.internal.Gap.faced(): Gap = Gap(first.toLong(), last.toLong())

private fun unhex(hex: String): ByteArray {
    val digits = hex.map { Character.digit(it, 16) }
    if (digits.size % 2 != 0 || digits.any { it < 0 }) throw ZegelException(ZegelError.BAD_ARGUMENT)
    return ByteArray(digits.size / 2) { (digits[2 * it] * 16 + digits[2 * it + 1]).toByte() }
}
