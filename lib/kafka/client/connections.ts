/**
 * The connections of all lanes, and which nodes to try when any will do.
 *
 * Lanes do not share connections: a pending JoinGroup or long poll blocks all that is behind it.
 */
import type { NodeAddress, Transport } from '../transport.ts'
import { unreachable } from './failures.ts'
import { LaneConnection } from './lane-connection.ts'
import type { LeaderTable } from './leader-table.ts'

export type Lane = 'join' | 'coordinator' | 'fetch' | 'restore' | 'produce' | 'admin'

export class Connections {
  readonly #transport: Transport
  readonly #table: LeaderTable
  readonly #stamp: () => number
  readonly #open = new Map<string, LaneConnection>()
  #turn: number

  constructor(transport: Transport, table: LeaderTable, stamp: () => number, firstTurn: number) {
    this.#transport = transport
    this.#table = table
    this.#stamp = stamp
    this.#turn = firstTurn
  }

  /** The lane's connection to a node, a new one when there is none or it has died. */
  get(lane: Lane, node: number): LaneConnection {
    const key = `${lane}/${node}`
    const present = this.#open.get(key)
    if (present?.usable === true) return present
    const address = this.#address(node)
    const connecting =
      address === undefined
        ? Promise.reject(unreachable(`broker ${node} is not known (any more)`))
        : this.#transport.connect(address)
    const fresh = new LaneConnection(connecting, this.#stamp)
    this.#open.set(key, fresh)
    return fresh
  }

  /** The stamp of a lane's open connection; Infinity: there is none. */
  openedAt(lane: Lane, node: number): number {
    const present = this.#open.get(`${lane}/${node}`)
    return present?.usable === true && present.openedAt > 0 ? present.openedAt : Infinity
  }

  /** A node to ask what any can tell: the same one until `another` is called. */
  any(): number {
    const count = this.#table.nodes.length + this.#transport.bootstrap.length
    const turn = this.#turn % Math.max(1, count)
    return this.#table.nodes[turn] ?? this.#table.nodes.length - 1 - turn
  }

  another(): void {
    this.#turn += 1
  }

  async close(): Promise<void> {
    const all = [...this.#open.values()]
    this.#open.clear()
    await Promise.all(all.map((connection) => connection.close()))
  }

  /** Bootstrap addresses are nodes -1, -2 and so on: their ids are not known yet. */
  #address(node: number): NodeAddress | undefined {
    return node < 0 ? this.#transport.bootstrap[-1 - node] : this.#table.address(node)
  }
}
