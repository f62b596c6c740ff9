/**
 * Turns a sub-topology into one function per source, once per task and again after an abort.
 *
 * 1. Children are made before their parents, so that an operator may keep `context.forward`.
 * 2. An edge is one closure: it counts, calls, and gives an error the name of the innermost node.
 * 3. Only where something may be asynchronous do edges look at the tail, and what is forwarded
 *    while it is busy queues behind it.
 */
import type { RecordHeaders } from '../core/headers.ts'
import { internalTopic } from '../topology/names.ts'
import type { ProcessorNode, ProgramNode, SinkNode, SubTopology } from '../topology/nodes.ts'
import type { Forward, Operator } from '../topology/operator.ts'
import type { Collector } from './collector.ts'
import type { Counter, Histogram, MetricsRegistry } from './metrics-registry.ts'
import type { TaskParts } from './node-context.ts'
import { NodeContext } from './node-context.ts'
import type { Outputs } from './outputs.ts'
import { Sink } from './sink.ts'

export interface CompileOptions {
  readonly subTopology: SubTopology
  readonly parts: TaskParts
  readonly outputs: Outputs
  readonly collector: Collector
  readonly metrics: MetricsRegistry
}

/** A node that is alive: its operator, parents before children. */
export interface LiveNode {
  readonly name: string
  readonly operator: Operator
}

export interface Compiled {
  /** By source node: what a record of it sets off. */
  readonly sources: ReadonlyMap<string, Forward>
  /** In topological order. */
  readonly operators: readonly LiveNode[]
}

export function compile(options: CompileOptions): Compiled {
  const { nodes } = options.subTopology
  const compiler = new Compiler(options)
  const live: LiveNode[] = []
  const sources = new Map<string, Forward>()
  for (const node of nodes.toReversed()) {
    if (node.kind === 'source') sources.set(node.name, compiler.source(node))
    else if (node.kind === 'sink') compiler.sink(node)
    else live.push(compiler.processor(node))
  }
  return { sources, operators: live.reverse() }
}

class Compiler {
  readonly #options: CompileOptions
  readonly #mayBeAsync: boolean
  /** By node, how a record enters it. */
  readonly #entries = new Map<string, Forward>()

  constructor(options: CompileOptions) {
    this.#options = options
    this.#mayBeAsync = options.subTopology.nodes.some(
      (node) => node.kind === 'processor' && node.mayBeAsync,
    )
  }

  source(node: ProgramNode): Forward {
    const forward = this.#toAll(node)
    const counter = this.#counter(node)
    const latency = this.#latency(node)
    const { scope } = this.#options.parts
    return (key, value, timestamp, headers) => {
      counter.value++
      latency.observe((scope.now - timestamp) / 1000)
      forward(key, value, timestamp, headers)
    }
  }

  sink(node: SinkNode): void {
    const { parts, outputs, collector } = this.#options
    const topic =
      typeof node.topic !== 'string'
        ? ''
        : node.internal
          ? internalTopic(parts.applicationId, node.topic)
          : node.topic
    const sink = new Sink({ node, topic, scope: parts.scope, outputs, collector })
    const latency = this.#latency(node)
    const process: Forward = (key, value, timestamp, headers) => {
      sink.process(key, value, timestamp, headers)
      latency.observe((parts.scope.now - timestamp) / 1000)
    }
    this.#entries.set(node.name, this.#edge(node, process))
  }

  processor(node: ProcessorNode): LiveNode {
    const { parts } = this.#options
    const children = new Map<string, Forward>()
    const guard = (forward: Forward): Forward => parts.guard(node.name, forward)
    for (const { name } of this.#childrenOf(node)) children.set(name, guard(this.#entry(name)))
    const context = new NodeContext(node, parts, guard(this.#toAll(node)), children)
    const operator = this.#make(node, context)
    this.#entries.set(node.name, this.#edge(node, operator.process.bind(operator)))
    return { name: node.name, operator }
  }

  /** What a supplier throws is that node's failure, as if a record had come to it. */
  #make(node: ProcessorNode, context: NodeContext): Operator {
    try {
      return node.supplier(context)
    } catch (thrown) {
      throw this.#options.parts.scope.blame(node.name, thrown)
    }
  }

  #edge(node: ProgramNode, process: Forward): Forward {
    const { scope, tail } = this.#options.parts
    const counter = this.#counter(node)
    const run: Forward = (key, value, timestamp, headers) => {
      counter.value++
      try {
        process(key, value, timestamp, headers)
      } catch (thrown) {
        throw scope.blame(node.name, thrown)
      }
    }
    if (!this.#mayBeAsync) return run
    return (key: unknown, value: unknown, timestamp: number, headers: RecordHeaders): void => {
      if (tail.busy) tail.push(() => run(key, value, timestamp, headers))
      else run(key, value, timestamp, headers)
    }
  }

  /** To every child that does not wait to be named. */
  #toAll(node: ProgramNode): Forward {
    const entries = this.#childrenOf(node)
      .filter((child) => !child.addressed)
      .map((child) => this.#entry(child.name))
    const [first, second] = entries
    if (first === undefined) return () => undefined
    if (second === undefined) return first
    if (entries.length === 2)
      return (key, value, timestamp, headers) => {
        first(key, value, timestamp, headers)
        second(key, value, timestamp, headers)
      }
    return (key, value, timestamp, headers) => {
      for (const entry of entries) entry(key, value, timestamp, headers)
    }
  }

  #childrenOf(parent: ProgramNode): (ProcessorNode | SinkNode)[] {
    const children: (ProcessorNode | SinkNode)[] = []
    for (const node of this.#options.subTopology.nodes)
      if (node.kind !== 'source' && node.parents.includes(parent.name)) children.push(node)
    return children
  }

  #entry(name: string): Forward {
    return this.#entries.get(name) ?? ((): void => undefined)
  }

  #counter(node: ProgramNode): Counter {
    return this.#options.metrics.counter('millrace_node_process_total', this.#labels(node))
  }

  #latency(node: ProgramNode): Histogram {
    const name = 'millrace_node_record_e2e_latency_seconds'
    return this.#options.metrics.histogram(name, this.#labels(node))
  }

  #labels(node: ProgramNode): { readonly task: string; readonly node: string } {
    return { task: this.#options.parts.scope.taskId, node: node.name }
  }
}
