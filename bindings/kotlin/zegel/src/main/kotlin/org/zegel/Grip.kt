package org.zegel

/**
 * An object of the bridge that other calls are given. UniFFI keeps the object open that a method is called on, and hands
 * over the address of an argument without asking whether something still stands there: so who gives one holds it.
 */
internal class Grip<out B : AutoCloseable>(val bridged: B) {
    private var held = 0
    private var closed = false

    /** Keeps it open until [release]; [ZegelError.BAD_CONTEXT] when it is closed. */
    @Synchronized
    fun hold() {
        if (closed) throw ZegelException(ZegelError.BAD_CONTEXT)
        held++
    }

    @Synchronized
    fun release() {
        held--
        if (closed && held == 0) bridged.close()
    }

    /** Nobody gets it any more. It goes now, or with the last call that holds it. */
    @Synchronized
    fun close() {
        closed = true
        if (held == 0) bridged.close()
    }
}
