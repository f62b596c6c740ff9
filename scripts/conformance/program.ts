/**
 * Builds the topology of a case with the public DSL, node by node. What the DSL does not have is a
 * `MissingOperator`, by its name.
 */
import type { KTable, Serde, StreamOptions, Topology } from 'millrace'
import { StreamsBuilder } from 'millrace'
import { aggregated, aggregatedWindows } from './aggregates.ts'
import type { DriverCase, NodeCase } from './cases.ts'
import { MissingOperator } from './cases.ts'
import * as fns from './functions.ts'
import { mapped } from './mappers.ts'
import {
  emitted,
  extractor,
  type GroupedPart,
  type Part,
  type StreamPart,
  storeOption,
  suppressed,
  type TablePart,
  tablePart,
  windowedSerde,
  windowsOf,
  withinOf,
} from './parts.ts'
import { punctuator, timestampFromValue } from './processors.ts'
import { nullableOf, serdeOf } from './serdes.ts'

/** A case as a topology, and how to talk to it. */
export interface CaseProgram {
  readonly topology: Topology
  readonly inputs: ReadonlyMap<string, Sides>
  readonly outputs: ReadonlyMap<string, Sides>
  readonly stores: ReadonlyMap<string, KTable<unknown, unknown>>
}

interface Sides {
  readonly key: Serde<unknown>
  readonly value: Serde<unknown>
}

export function programOf(of: DriverCase): CaseProgram {
  const program = new Program(of)
  for (const node of of.topology) program.add(node)
  return program.finish()
}

class Program {
  readonly #builder = new StreamsBuilder()
  readonly #case: DriverCase
  readonly #parts = new Map<string, Part>()
  readonly #inputs = new Map<string, Sides>()
  readonly #outputs = new Map<string, Sides>()
  readonly #stores = new Map<string, KTable<unknown, unknown>>()
  #sinks = 0

  constructor(of: DriverCase) {
    this.#case = of
  }

  finish(): CaseProgram {
    return {
      topology: this.#builder.build(),
      inputs: this.#inputs,
      outputs: this.#outputs,
      stores: this.#stores,
    }
  }

  add(node: NodeCase): void {
    const part = this.#make(node)
    if (node.id !== undefined && part !== undefined) this.#parts.set(node.id, part)
  }

  #make(node: NodeCase): Part | undefined {
    const source = this.#source(node)
    if (source !== undefined) return source
    const from = this.#part(node.from)
    if (node.op === 'to' || node.op === 'capture') {
      this.#write(this.#streamOf(from), node.output ?? '')
      return undefined
    }
    if (from.kind === 'stream') return this.#ofStream(node, from)
    if (from.kind === 'table') return this.#ofTable(node, from)
    if (from.kind === 'grouped') return this.#ofGrouped(node, from)
    return this.#told(node, aggregatedWindows(node, from), from.emit)
  }

  /** What has no `from`. */
  #source(node: NodeCase): Part | undefined {
    if (node.op === 'stream') return this.#stream(node)
    if (node.op === 'table') return this.#table(node)
    if (node.from === undefined) throw new MissingOperator(node.op)
    return undefined
  }

  #stream(node: NodeCase): StreamPart {
    const { topics = [] } = node
    const { key, value } = this.#types(node)
    const sides = { key: nullableOf(key), value: nullableOf(value) }
    for (const topic of topics) this.#inputs.set(topic, sides)
    const timestamp = extractor(node.timestamp_extractor)
    const options: StreamOptions<unknown, unknown> = timestamp === undefined ? {} : { timestamp }
    return {
      kind: 'stream',
      stream: this.#builder.stream(topics, { ...sides, ...options }),
      key,
      value,
    }
  }

  #table(node: NodeCase): TablePart {
    if (node.versioned_history_ms !== undefined) throw new MissingOperator('versioned table')
    const { topic = '' } = node
    const { key, value } = this.#types(node)
    this.#inputs.set(topic, { key: nullableOf(key), value: nullableOf(value) })
    const table = this.#builder.table(topic, {
      // Kafka Streams drops records without a key there, and counts them.
      key: nullableOf(key),
      value: serdeOf(value),
      ...storeOption(node),
    })
    return this.#kept(node, { kind: 'table', table, key, value, windows: undefined })
  }

  #ofStream(node: NodeCase, from: StreamPart): Part {
    const { stream, value } = from
    switch (node.op) {
      case 'filter':
        return { ...from, stream: stream.filter(fns.predicate(node.predicate)) }
      case 'filterNot':
        return { ...from, stream: stream.filterNot(fns.predicate(node.predicate)) }
      case 'split':
        return this.#split(node, from)
      case 'merge':
        return this.#merge(node, from)
      case 'repartition':
        return { ...from, stream: stream.repartition({ name: node.name ?? node.id ?? '' }) }
      case 'toTable':
        return this.#kept(node, tablePart(stream.toTable(storeOption(node)), from, from.windows))
      case 'groupByKey':
        return { ...from, kind: 'grouped', grouped: stream.groupByKey() }
      case 'groupBy': {
        const { apply, type } = fns.keySelector(node.mapper)
        const to = type(from)
        return {
          kind: 'grouped',
          grouped: stream.groupBy(apply, { key: serdeOf(to) }),
          key: to,
          value,
        }
      }
      case 'join':
      case 'leftJoin':
      case 'outerJoin':
        return this.#join(node, from)
      case 'punctuator':
        return punctuator(node, from)
      case 'timestampFromValue':
        return timestampFromValue(from)
      default:
        return mapped(node, from)
    }
  }

  #split(node: NodeCase, from: StreamPart): Part {
    const branches: Record<string, (value: unknown, key: unknown) => boolean> = {}
    for (const { name, predicate } of node.branches ?? []) branches[name] = fns.predicate(predicate)
    if (node.default !== undefined) branches[node.default] = () => true
    for (const [name, stream] of Object.entries(from.stream.split(branches)))
      this.#parts.set(`${node.id}.${name}`, { ...from, stream })
    return from
  }

  #merge(node: NodeCase, from: StreamPart): Part {
    let { stream } = from
    for (const other of [node.with ?? []].flat()) {
      const part = this.#part(other)
      if (part.kind !== 'stream') throw new MissingOperator(`merge with a ${part.kind}`)
      stream = stream.merge(part.stream)
    }
    return { ...from, stream }
  }

  #join(node: NodeCase, from: StreamPart): Part {
    const other = this.#part(String(node.with))
    const join = fns.joiner(node.joiner)
    const value = { value: nullableOf('string') }
    if (other.kind === 'stream') {
      if (node.op !== 'join') throw new MissingOperator(`${node.op} of two streams`)
      const { within, grace } = withinOf(node.window ?? {})
      const stream = from.stream.join(other.stream, join, { ...value, within, grace })
      return { ...from, stream, value: 'string' }
    }
    if (other.kind !== 'table') throw new MissingOperator(`${node.op} with a ${other.kind}`)
    if (node.op === 'outerJoin') throw new MissingOperator('outerJoin with a table')
    if (node.grace_ms !== undefined) throw new MissingOperator('join with a table and grace')
    const stream =
      node.op === 'join'
        ? from.stream.join(other.table, join, value)
        : from.stream.leftJoin(other.table, join, value)
    return { ...from, stream, value: 'string' }
  }

  #ofTable(node: NodeCase, from: TablePart): Part {
    const { table } = from
    const store = storeOption(node)
    switch (node.op) {
      case 'filter':
        return this.#kept(node, {
          ...from,
          table: table.filter(fns.predicate(node.predicate), store),
        })
      case 'filterNot':
        return this.#kept(node, {
          ...from,
          table: table.filterNot(fns.predicate(node.predicate), store),
        })
      case 'mapValues': {
        const { apply, type } = fns.valueMapper(node.mapper)
        const value = type(from)
        const mapped = table.mapValues(apply, { value: serdeOf(value), ...store })
        return this.#kept(node, { ...from, table: mapped, value })
      }
      case 'toStream':
        return this.#streamOf(from)
      case 'suppress':
        return suppressed(node, from)
      default:
        throw new MissingOperator(`${node.op} of a table`)
    }
  }

  #ofGrouped(node: NodeCase, from: GroupedPart): Part {
    if (node.op !== 'windowedBy') return this.#told(node, aggregated(node, from))
    const over = windowsOf(node.window ?? {})
    const windowed = from.grouped.windowedBy(over)
    return { ...from, kind: 'windowed', windowed, windows: over, emit: node.emit ?? 'onUpdate' }
  }

  /** An aggregate in the rhythm that the case asks for; queries see its store whatever that is. */
  #told(node: NodeCase, part: TablePart, emit = 'onUpdate'): TablePart {
    this.#kept(node, part)
    if (emit === 'onWindowClose') return { ...part, table: emitted(part.table, 'final') }
    if (node.caching ?? this.#case.params?.caching ?? false)
      return { ...part, table: emitted(part.table, 'commit') }
    return part
  }

  #kept(node: NodeCase, part: TablePart): TablePart {
    if (node.store !== undefined) this.#stores.set(node.store, part.table)
    return part
  }

  #streamOf(part: Part): StreamPart {
    if (part.kind === 'stream') return part
    if (part.kind !== 'table') throw new MissingOperator(`output of a ${part.kind}`)
    return { ...part, kind: 'stream', stream: part.table.toStream() }
  }

  #write({ stream, key, value, windows: over }: StreamPart, output: string): void {
    const keySerde = over === undefined ? serdeOf(key) : windowedSerde(key, over)
    this.#outputs.set(output, { key: keySerde, value: serdeOf(value) })
    this.#sinks++
    stream.to(output, { key: keySerde, value: serdeOf(value), name: `sink-${this.#sinks}` })
  }

  #part(id: string | undefined): Part {
    const part = this.#parts.get(id ?? '')
    if (part === undefined) throw new RangeError(`the case has no node '${id}'`)
    return part
  }

  #types(node: NodeCase): { readonly key: string; readonly value: string } {
    return {
      key: node.key_type ?? this.#case.key_type ?? 'string',
      value: node.value_type ?? this.#case.value_type ?? 'string',
    }
  }
}
