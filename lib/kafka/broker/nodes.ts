/**
 * The nodes of a cluster that share one state: which are up, which leads and coordinates what. One
 * node unless a simulation asks for more.
 */
import { murmur2 } from '../protocol/murmur2.ts'

export class Nodes {
  /** 1 and up. */
  readonly ids: readonly number[]
  readonly #down = new Set<number>()
  readonly #pinned = new Map<string, number>()

  constructor(count: number) {
    this.ids = Array.from({ length: count }, (_, index) => index + 1)
  }

  /** Those that are up. */
  get living(): readonly number[] {
    return this.ids.filter((id) => this.isUp(id))
  }

  /** The lowest one that is up. */
  get controller(): number {
    return this.living[0] ?? -1
  }

  isUp(id: number): boolean {
    return this.ids.includes(id) && !this.#down.has(id)
  }

  setUp(id: number, up: boolean): void {
    if (up) this.#down.delete(id)
    else this.#down.add(id)
  }

  /** Of a group or transactional id; -1: every node is down. */
  coordinatorOf(key: string): number {
    const pinned = this.#pinned.get(key)
    if (pinned !== undefined && this.isUp(pinned)) return pinned
    const living = this.living
    return living[(murmur2(Buffer.from(key)) & 0x7fffffff) % living.length] ?? -1
  }

  /** Moves the coordinator of a group or transactional id, as long as that node is up. */
  moveCoordinator(key: string, id: number): void {
    this.#pinned.set(key, id)
  }

  /** Where the replicas of a new partition are: spread by its number. */
  replicasOf(partition: number, replicationFactor: number): readonly number[] {
    const { ids } = this
    return Array.from(
      { length: Math.min(replicationFactor, ids.length) },
      (_, step) => ids[(partition + step) % ids.length] ?? 1,
    )
  }

  leaderAmong(replicas: readonly number[]): number {
    return replicas.find((id) => this.isUp(id)) ?? -1
  }
}
