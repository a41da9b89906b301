package org.zegel.pgo

import org.zegel.Digest
import org.zegel.Opened
import org.zegel.Taker
import java.io.FileOutputStream
import java.nio.file.Files
import java.nio.file.Path

/**
 * The application's own storage, as simple as it gets: a line for each measurement, and a file for each that is still to
 * be handed on. What a taker stores is on the disk when it returns, and storing it twice changes nothing.
 */
class Diary(private val folder: Path, private val label: (Opened) -> String) : Taker {
    private val outbox: Path = Files.createDirectories(folder.resolve("outbox"))
    private val measured: Path = Files.createDirectories(folder.resolve("measured"))

    override fun take(opened: Opened) {
        opened.body?.let { body ->
            val line = "number ${opened.sequence} from ${label(opened)}: ${String(body)}"
            if (write(measured.resolve("${opened.digest}"), line.toByteArray())) println(line)
        }
        opened.missing?.let { println("missing: ${it.first} to ${it.last}") }
        for (proven in opened.proven) write(outbox.resolve("${proven.digest}"), proven.evidence)
    }

    /** How many measurements there are. */
    fun size(): Int = measured.toFile().list()!!.size

    /** What is to be handed on: its name, and its evidence. */
    fun outbox(): List<Pair<Digest, ByteArray>> = outbox.toFile().listFiles()!!.filter { it.extension.isEmpty() }
        .map { Digest(org.zegel.Id.parse(it.name).toByteArray()) to it.readBytes() }

    /** It was handed on. */
    fun sent(digest: Digest) = Files.delete(outbox.resolve("$digest"))

    /** Whole or not at all; `false` when it is there already. */
    private fun write(path: Path, bytes: ByteArray): Boolean {
        if (Files.exists(path)) return false
        val draft = path.resolveSibling("${path.fileName}.tmp")
        FileOutputStream(draft.toFile()).use { file ->
            file.write(bytes)
            file.fd.sync()
        }
        Files.move(draft, path)
        return true
    }
}
