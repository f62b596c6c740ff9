/** Which node coordinates a group or a transactional id: asked once, kept until it proves wrong. */
import { findCoordinator } from '../protocol/apis.ts'
import type { ClusterClient } from './cluster-client.ts'
import { failureOf } from './failures.ts'
import type { LeaderTable } from './leader-table.ts'
import { isTransient, reactionTo } from './reactions.ts'

export type CoordinatorKind = 'group' | 'transaction'

const KEY_TYPE = { group: 0, transaction: 1 } as const
/** As users and ACLs call it. */
const WORDS = { group: 'group', transaction: 'transactional id' } as const
/** From version 4 on a request asks for several keys; one is all that we ever ask for. */
const ONE_KEY = 3
const PATIENCE_MS = 60_000
const FIRST_WAIT_MS = 10

export class Coordinators {
  readonly #client: ClusterClient
  readonly #table: LeaderTable
  readonly #known = new Map<string, number>()
  readonly #asking = new Map<string, Promise<number>>()

  constructor(client: ClusterClient, table: LeaderTable) {
    this.#client = client
    this.#table = table
  }

  /** Repeated until somebody is found, up to a minute; RetriableError then. */
  async find(kind: CoordinatorKind, key: string): Promise<number> {
    const name = `${kind} ${key}`
    const known = this.#known.get(name)
    if (known !== undefined) return known
    let asking = this.#asking.get(name)
    if (asking === undefined) {
      asking = this.#ask(kind, key).finally(() => this.#asking.delete(name))
      this.#asking.set(name, asking)
    }
    return asking
  }

  forget(kind: CoordinatorKind, key: string): void {
    this.#known.delete(`${kind} ${key}`)
  }

  async #ask(kind: CoordinatorKind, key: string): Promise<number> {
    const backoff = this.#client.backoff(FIRST_WAIT_MS)
    const until = this.#client.clock.monotonic() + PATIENCE_MS
    const stop = this.#client.closing
    for (;;) {
      const answer = await this.#client.call(
        findCoordinator,
        'any',
        'admin',
        { key, keyType: KEY_TYPE[kind] },
        { maxVersion: ONE_KEY },
      )
      if (reactionTo(answer.errorCode) === 'none') {
        this.#table.learnNode(answer.nodeId, { host: answer.host, port: answer.port })
        this.#known.set(`${kind} ${key}`, answer.nodeId)
        return answer.nodeId
      }
      const over = stop.aborted || this.#client.clock.monotonic() >= until
      if (over || !isTransient(reactionTo(answer.errorCode)))
        throw failureOf(
          answer.errorCode,
          `the coordinator of ${WORDS[kind]} ${key}`,
          answer.errorMessage,
        )
      await backoff.wait(stop)
    }
  }
}
