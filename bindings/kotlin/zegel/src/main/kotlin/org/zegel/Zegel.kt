/** What one call of a face to the bridge looks like, and the constants of SPEC §3.3. */
@file:JvmName("Zegel")

package org.zegel

import org.zegel.internal.Failure
import org.zegel.internal.InternalException
import java.nio.charset.CharacterCodingException

/** Limits of SPEC §3.3. */
public object Limits {
    /** Largest sequence number, time and serial. */
    public const val MAX_NUMBER: Long = (1L shl 53) - 1

    /** Most bytes of an envelope. */
    public const val MAX_ENVELOPE: Int = 1 shl 20

    /** Most bytes of a topic. */
    public const val MAX_TOPIC: Int = 255

    /** Most bytes of a card. */
    public const val MAX_CARD: Int = 512

    /** Most bytes of a card's label. */
    public const val MAX_LABEL: Int = 64

    /** Most KEM keys on a card. */
    public const val MAX_KEM_KEYS: Int = 4

    /** Most recipients of one envelope. */
    public const val MAX_RECIPIENTS: Int = 16

    /** Most messages that one manifest covers. */
    public const val MAX_BLOCK: Long = 64

    /** Most numbers of a session after its keyframe's. */
    public const val MAX_SESSION: Long = 1L shl 16

    /** Most seconds that a sender uses a session. */
    public const val MAX_SESSION_SECONDS: Long = 86_400

    /** Most cards of an introduction. */
    public const val MAX_INTRODUCED: Int = 64
}

/** Seconds since 1970 by the system's clock: what every `now` is unless a caller says otherwise. */
public fun now(): Long = (System.currentTimeMillis() / 1000).coerceAtLeast(0)

/** What an application's own code threw in the middle of a call, on this thread. */
private val thrown = ThreadLocal<Throwable?>()

/**
 * One call to the bridge, with what it is [given] held open: its failures become this face's, and what the application
 * threw comes back as it was.
 */
internal fun <T> call(vararg given: Grip<*>, work: () -> T): T {
    val before = thrown.get()
    thrown.set(null)
    var held = 0
    try {
        for (grip in given) {
            grip.hold()
            held++
        }
        return work()
    } catch (failure: Failure.Refused) {
        throw refused(failure)
    } catch (_: IllegalStateException) {
        // So the lower half says that the object is closed; what the application threw comes as a failure.
        throw ZegelException(ZegelError.BAD_CONTEXT)
    } catch (_: CharacterCodingException) {
        // Half a surrogate pair.
        throw ZegelException(ZegelError.BAD_ARGUMENT)
    } catch (_: InternalException) {
        // Its text is whatever a panic said; the panic itself is on standard error.
        throw ZegelBug()
    } finally {
        for (grip in given.take(held)) grip.release()
        thrown.set(before)
    }
}

private fun refused(failure: Failure.Refused): Throwable {
    val cause = thrown.get()
    val error = ZegelError.of(failure.number.toInt())
    if (error == ZegelError.CALLBACK && cause != null) return cause
    return ZegelException(error, failure.trouble?.let { Trouble.valueOf(it.name) }, cause)
}

/** One call of the bridge to the application: what it throws is kept on this side, and a number goes across. */
internal fun <T> callback(work: () -> T): T {
    try {
        return work()
    } catch (exception: ZegelException) {
        thrown.set(exception)
        throw Failure.Refused(exception.number.toByte(), null)
    } catch (throwable: Throwable) {
        thrown.set(throwable)
        throw Failure.Refused(ZegelError.CALLBACK.number.toByte(), null)
    }
}

/** A number of the bridge's; below zero there is none, and the largest ones would be taken for it. */
internal fun Long.bridged(): ULong = if (this >= 0) toULong() else throw ZegelException(ZegelError.BAD_ARGUMENT)

internal fun Long?.bridged(): ULong? = this?.bridged()

/** What the bridge can encode: a text with half a surrogate pair has no UTF-8, and is no topic. */
internal fun String.topic(): String = if (isWhole()) this else throw ZegelException(ZegelError.INVALID_TOPIC)

/** Whether each surrogate has its other half. */
internal fun String.isWhole(): Boolean = Charsets.UTF_8.newEncoder().canEncode(this)

internal fun ULong?.faced(): Long? = this?.toLong()
