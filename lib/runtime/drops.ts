/** Counts records that go no further, by node and reason; the first late one of a node is logged. */
import type { Logger } from '../core/logger.ts'
import type { DropReason } from '../core/metrics.ts'
import type { Counter, MetricsRegistry } from './metrics-registry.ts'

export class Drops {
  readonly #task: string
  readonly #metrics: MetricsRegistry
  readonly #logger: Logger
  readonly #counters = new Map<string, Counter>()

  constructor(task: string, metrics: MetricsRegistry, logger: Logger) {
    this.#task = task
    this.#metrics = metrics
    this.#logger = logger
  }

  /** `lateBy`: milliseconds behind what the node would still have taken. */
  count(node: string, reason: DropReason, lateBy?: number): void {
    const id = `${reason} ${node}`
    const known = this.#counters.get(id)
    if (known !== undefined) {
      known.add()
      return
    }
    const labels = { task: this.#task, node, reason }
    const counter = this.#metrics.counter('millrace_task_dropped_records_total', labels)
    this.#counters.set(id, counter)
    counter.add()
    if (reason === 'late')
      this.#logger.warn(
        { task: this.#task, node, lateByMs: lateBy },
        'a record came too late and was dropped; later ones of this node are only counted',
      )
  }
}
