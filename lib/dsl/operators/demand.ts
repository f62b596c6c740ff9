/**
 * What the readers of a table ask of it. The builder fills it in while the topology grows; operators
 * read it when a task makes them, so a table does only the work that somebody asks for.
 */

export interface Demand {
  /** Somebody hears each change (`update`): children that are not addressed. */
  updates: boolean
  /** Somebody needs to know what was there before. */
  before: boolean
  /** Nodes of emission views, addressed children of the table's node. */
  readonly views: string[]
}

/** Of a table that nobody reads yet. */
export function noDemand(): Demand {
  return { updates: false, before: false, views: [] }
}
