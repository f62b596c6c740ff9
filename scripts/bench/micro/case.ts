/** One thing to time: `run` handles so many records at each call. */
export interface Case {
  readonly name: string
  readonly records: number
  readonly run: () => void | Promise<void>
}

/** What a group of cases is made of, and how it is put away. */
export interface Group {
  readonly cases: readonly Case[]
  readonly close: () => Promise<void>
}

export const RECORDS = 1000
const KEYS = 10_000

/** JSON of about 105 bytes, as the workloads have it. */
export function eventText(at: number): string {
  const key = keyOf(at)
  return `{"id":${at},"ts":${1_700_000_000_000 + at},"key":"${key}","type":"click","amount":${(at * 7919) % 100_000},"note":"abcdefghijklmnop"}`
}

export function keyOf(at: number, keys: number = KEYS): string {
  return `k${String((at * 7919) % keys).padStart(6, '0')}`
}
