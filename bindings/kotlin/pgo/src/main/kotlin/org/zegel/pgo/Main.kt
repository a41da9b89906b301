/** A PGO for the command line: it pairs, receives measurements, and hands them on to a GP. */
package org.zegel.pgo

import org.zegel.Card
import org.zegel.CardClaims
import org.zegel.FileStore
import org.zegel.Introduction
import org.zegel.Opener
import org.zegel.Pairing
import org.zegel.PairingCode
import org.zegel.Sealer
import org.zegel.Secret
import org.zegel.Store
import org.zegel.ZegelException
import org.zegel.now
import java.nio.file.Files
import java.nio.file.Path
import kotlin.system.exitProcess

private const val USAGE = """usage: pgo FOLDER init LABEL
       pgo FOLDER show HOST PORT                                  show a code, and pair with who scans it
       pgo FOLDER scan HOST PORT CODE                             pair with who shows this code
       pgo FOLDER run HOST PORT TOPIC COUNT GP-LABEL GP-TOPIC     receive COUNT measurements, and hand them on"""

fun main(args: Array<String>) {
    try {
        val folder = Files.createDirectories(Path.of(args[0]))
        // A phone keeps its keys in the platform's keystore; a command line has none, so they are in the file.
        Store.file(folder.resolve("state")).use { store ->
            val pgo = Pgo(folder, store)
            when (args[1]) {
                "init" -> pgo.init(args[2])
                "show" -> pgo.pair(args[2], args[3].toInt(), null)
                "scan" -> pgo.pair(args[2], args[3].toInt(), args[4])
                "run" -> pgo.run(args[2], args[3].toInt(), args[4], args[5].toInt(), args[6], args[7])
                else -> throw IndexOutOfBoundsException()
            }
        }
    } catch (_: IndexOutOfBoundsException) {
        System.err.println(USAGE)
        exitProcess(2)
    } catch (refused: ZegelException) {
        System.err.println("pgo: ${refused.message}")
        exitProcess(1)
    }
}

private class Pgo(private val folder: Path, private val store: FileStore) {
    private val cardFile = folder.resolve("pgo.card")

    fun init(label: String) {
        Secret.random().use { store.setIdentity(it) }
        Secret.random().use { store.addKemKey(it) }
        val claims = CardClaims(1, now() - 60, now() + 90 * 86_400, label, store.kemKeys().map { it.key })
        store.identity()!!.use { Files.write(cardFile, Card.issue(it, claims).toByteArray()) }
    }

    fun pair(host: String, port: Int, scanned: String?) = Broker(host, port, folder, "pgo-pairing").use { broker ->
        store.identity()!!.use { me ->
            val card = Card.read(Files.readAllBytes(cardFile))
            val code = scanned?.let { PairingCode.parse(it) } ?: PairingCode.draw(me, 600)
            val text = code.text()
            val end = if (scanned == null) Pairing.show(code, me, card) else Pairing.scan(code, me, card)
            broker.subscribe(end.listensOn)
            if (scanned == null) println(text)
            end.firstMessage?.let { broker.publish(end.speaksOn, it) }
            while (!step(broker, end)) Unit
            end.close()
        }
    }

    /** One message; whether the pairing is done. */
    private fun step(broker: Broker, end: Pairing): Boolean {
        val arrived = broker.next(60) ?: error("nobody has answered")
        arrived.acknowledge()
        val step = try {
            end.take(arrived.payload)
        } catch (refused: ZegelException) {
            // Anybody can write on the topic: what is refused changes nothing.
            System.err.println("refused: ${refused.message}")
            return false
        }
        step.partner?.let {
            store.pin(it)
            println("paired with ${it.label}: ${it.id.fingerprint}")
        }
        step.answer?.let { broker.publish(end.speaksOn, it) }
        return step.partner != null
    }

    fun run(host: String, port: Int, topic: String, count: Int, gpLabel: String, gpTopic: String) {
        val peers = store.peers().filter { !it.ended }.map { it.card }
        val gp = peers.single { it.label == gpLabel }
        val devices = peers - gp
        val diary = Diary(folder) { opened -> devices.single { it.id == opened.sender }.label }
        val keys = store.kemKeys().map { it.key }
        store.identity()!!.use { me ->
            val opener = Opener(me.id, keys, store)
            val sealer = Sealer(me, gp, store)
            Broker(host, port, folder, "pgo").use { broker ->
                broker.publish(gpTopic, sealer.introduce(gpTopic, Introduction.write(devices)))
                broker.subscribe(topic)
                println("listening")
                while (diary.size() < count || diary.outbox().isNotEmpty()) {
                    broker.next(if (diary.outbox().isEmpty()) 60 else 0)?.let { arrived ->
                        val receipt = opener.receive(arrived.topic, arrived.payload, taker = diary)
                        if (receipt.error != null) println(receipt)
                        if (receipt.acknowledge) arrived.acknowledge()
                    }
                    for ((digest, evidence) in diary.outbox()) {
                        broker.publish(gpTopic, sealer.forward(gpTopic, evidence))
                        diary.sent(digest)
                    }
                }
            }
            sealer.close()
            opener.close()
        }
    }
}
