/**
 * The named numbers of a task: operator times, emission marks, those of user processors. They commit
 * with the offsets, as `t:NODE` and the like, and come back at a takeover or after an abort.
 */
/** One number; the node that it belongs to holds on to it. */
export class NumberCell {
  /** As it is committed: `t:views`, `u:alarms:last`. */
  readonly name: string
  value: number | undefined

  constructor(name: string) {
    this.name = name
  }
}

export class TaskNumbers {
  readonly #cells = new Map<string, NumberCell>()
  /** Numbers are restored before the nodes of a new task ask for their cells. */
  #committed: ReadonlyMap<string, number> = new Map()
  /** What the record in hand changed, to be put back. */
  readonly #undo: (readonly [cell: NumberCell, before: number | undefined])[] = []
  readonly #undoes: boolean

  constructor(undoes: boolean) {
    this.#undoes = undoes
  }

  /** The cell of a declared number, `t` or `u:NAME`, of a node. */
  cell(node: string, name: string): NumberCell {
    const full = committedName(node, name)
    const found = this.#cells.get(full)
    if (found !== undefined) return found
    const cell = new NumberCell(full)
    cell.value = this.#committed.get(full)
    this.#cells.set(full, cell)
    return cell
  }

  set(cell: NumberCell, value: number): void {
    if (cell.value === value) return
    if (this.#undoes) this.#undo.push([cell, cell.value])
    cell.value = value
  }

  /** The record in hand is finished. */
  keep(): void {
    if (this.#undo.length > 0) this.#undo.length = 0
  }

  /** How much was changed, for `rollback`. */
  mark(): number {
    return this.#undo.length
  }

  /** What was changed since the mark is put back. */
  rollback(mark: number): void {
    while (this.#undo.length > mark) {
      const [cell, before] = this.#undo.pop() ?? []
      if (cell !== undefined) cell.value = before
    }
  }

  all(): ReadonlyMap<string, number> {
    const numbers = new Map<string, number>()
    for (const { name, value } of this.#cells.values())
      if (value !== undefined) numbers.set(name, value)
    return numbers
  }

  /** What was committed; a number that is not among it is unknown again. */
  restore(numbers: ReadonlyMap<string, number>): void {
    this.#undo.length = 0
    this.#committed = numbers
    for (const cell of this.#cells.values()) cell.value = numbers.get(cell.name)
  }
}

/** `t` of node `views` commits as `t:views`, `u:last` as `u:views:last`. */
export function committedName(node: string, name: string): string {
  const colon = name.indexOf(':')
  if (colon === -1) return `${name}:${node}`
  return `${name.slice(0, colon)}:${node}${name.slice(colon)}`
}

/** Whole and within ±2^53, or the metadata would not give it back. */
export function checkNumber(node: string, name: string, value: number): void {
  if (Number.isSafeInteger(value)) return
  throw new RangeError(
    `number '${name}' of '${node}' is ${value}: a whole one within ±2^53 commits`,
  )
}
