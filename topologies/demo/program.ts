/** What `npm start` needs to know of an example: its topology, what feeds it, how to show it. */
import type { Topology } from 'millrace'

/** A record as a foreign program writes it: text, as kafkajs takes it. */
export interface FedRecord {
  readonly key: string | null
  readonly value: string
  readonly timestamp?: number
}

/** A topic and the records that somebody puts there. */
export interface Feed {
  readonly topic: string
  /** Written once, at the start: the rows of a table that streams then look into. */
  readonly rows?: readonly FedRecord[]
  /**
   * Written all the time, one after the other. `now` is the wall clock, `seen` the event time that
   * an earlier run has come to (-1: none): what is older might be late.
   */
  readonly next?: (now: number, seen: number) => FedRecord
}

/** The topic to watch, and its records as rows of text. */
export interface Output {
  readonly topic: string
  readonly columns: readonly string[]
  readonly row: (key: Buffer, value: Buffer) => readonly string[]
}

export interface Program {
  readonly what: string
  readonly topology: () => Topology
  readonly feeds: readonly Feed[]
  readonly output: Output
}
