/**
 * A real Kafka for one test file alone, from the kit: on ports that are free, and in a new folder, so
 * that runs on one machine neither meet nor wipe each other's.
 */
import { randomInt } from 'node:crypto'
import { once } from 'node:events'
import { mkdtempSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { kit } from './kafka.ts'

/** A broker of the kit takes so many ports in a row: one per listener, and the controller's. */
const PORTS = 5

/** Below those that the OS gives to whoever connects: one of them may be taken before the JVM is up. */
const FROM_PORT = 20_000
const TO_PORT = 32_000

/** Undefined when it is taken. */
async function listenOn(port: number): Promise<ReturnType<typeof createServer> | undefined> {
  const server = createServer().listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
    return server
  } catch {
    return undefined
  }
}

/** The first of a row of free ports. */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = randomInt(FROM_PORT, TO_PORT)
    const servers = await Promise.all(Array.from({ length: PORTS }, (_, at) => listenOn(port + at)))
    for (const server of servers) server?.close()
    if (!servers.includes(undefined)) return port
  }
}

export class OwnKafka {
  readonly #dir: string
  readonly #printed: string

  private constructor(dir: string, printed: string) {
    this.#dir = dir
    this.#printed = printed
  }

  /** With options of the kit's `start`. */
  static async start(...options: readonly string[]): Promise<OwnKafka> {
    const dir = mkdtempSync(join(tmpdir(), 'millrace-kafka-'))
    const port = await freePorts()
    return new OwnKafka(dir, kit('start', ...options, '--dir', dir, '--port', `${port}`))
  }

  get brokers(): readonly string[] {
    return this.variable('KAFKA_BROKERS').split(',')
  }

  /** What the kit printed as `NAME=…`. */
  variable(name: string): string {
    const value = new RegExp(`^${name}=(\\S+)`, 'm').exec(this.#printed)?.[1]
    if (value === undefined) throw new Error(`the kit printed no ${name}: ${this.#printed}`)
    return value
  }

  /** Ends it and removes what it has written. */
  stop(): void {
    kit('stop', '--wipe', '--dir', this.#dir)
  }
}
