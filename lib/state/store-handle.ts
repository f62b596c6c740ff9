/**
 * A store as a value: it declares the store in a topology, opens it in a processor, and asks it from
 * outside. It carries types and a `StoreSpec`; the rows are the task's.
 */
import type { StoreSpec } from './store-spec.ts'

/** What `app.store` and `driver.store` take: a handle, or a table, which has one. */
export interface Queryable<out Q> {
  readonly handle: StoreHandle<unknown, Q>
}

/** `S` is what a processor opens, `Q` what a query sees. */
export class StoreHandle<out S, out Q> implements Queryable<Q> {
  readonly name: string
  /** For the topology and the runtime. */
  readonly spec: StoreSpec
  declare protected readonly opens: S
  declare protected readonly asks: Q

  constructor(spec: StoreSpec) {
    this.name = spec.name
    this.spec = spec
  }

  /** Itself. */
  get handle(): StoreHandle<unknown, Q> {
    return this
  }
}
