import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { EMPTY_HEADERS } from '../core/headers.ts'
import type { RecordView } from '../core/record-view.ts'
import { LoadedRows } from './loaded-rows.ts'
import { decodeRow } from './row.ts'

type Given = readonly [key: string | null, value: string | null]

/** A view whose bytes lie in one body, as those of a fetched batch do; or one that cuts them out. */
function viewOf(rows: readonly Given[], isPositional = true): RecordView {
  const cells = rows.flat()
  const body = Buffer.from(cells.map((each) => each ?? '').join(''), 'latin1')
  const starts: number[] = [0]
  for (const each of cells) starts.push((starts.at(-1) ?? 0) + (each?.length ?? 0))
  const span = (cell: number): readonly [number, number] | null =>
    cells[cell] === null ? null : [starts[cell] ?? 0, starts[cell + 1] ?? 0]
  const cut = (cell: number): Buffer | null => {
    const at = span(cell)
    return at === null ? null : body.subarray(...at)
  }
  const view: RecordView = {
    count: rows.length,
    timestampType: 'CreateTime',
    offset: (index) => index,
    timestamp: (index) => 100 + index,
    key: (index) => cut(index * 2),
    value: (index) => cut(index * 2 + 1),
    headers: () => EMPTY_HEADERS,
  }
  if (!isPositional) return view
  return {
    ...view,
    memory: body.buffer,
    decodeKey: (index, decode, context) => {
      const at = span(index * 2)
      return at === null ? null : decode(body, ...at, context)
    },
    decodeValue: (index, decode, context) => {
      const at = span(index * 2 + 1)
      return at === null ? null : decode(body, ...at, context)
    },
  }
}

function loaded(...views: readonly RecordView[]): LoadedRows {
  const rows = new LoadedRows(7)
  for (const view of views) for (let at = 0; at < view.count; at++) rows.add(view, at)
  return rows
}

/** As a batch takes them: key, then value and timestamp, or what deletes. */
function written(rows: LoadedRows): string[] {
  const all: string[] = []
  for (const each of rows) {
    const key = each.key.toString('latin1')
    expect(each.key.readUInt16BE(0)).toBe(7)
    if (each.type === 'del') all.push(`${key.slice(2)} deleted`)
    else {
      const { bytes, timestamp } = decodeRow(each.key, each.value, 'rows')
      all.push(`${key.slice(2)}=${bytes?.toString('latin1')}@${timestamp}`)
    }
  }
  return all
}

const text = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'))

describe('rows on their way into a batch', () => {
  test('are in the order of their keys, and those of one key as they came', () => {
    const view = viewOf([
      ['key-b', 'one'],
      ['key-a', 'two'],
      ['key-b', null],
      ['key-', ''],
      ['key-b', 'x'.repeat(5000)],
    ])
    expect(written(loaded(view))).toEqual([
      'key-=@103',
      'key-a=two@101',
      'key-b=one@100',
      'key-b deleted',
      `key-b=${'x'.repeat(5000)}@104`,
    ])
  })

  test('are none where there is no key', () => {
    const rows = new LoadedRows(7)
    const view = viewOf([
      [null, 'foreign'],
      ['a', null],
      ['a', ''],
    ])
    expect([0, 1, 2].map((at) => rows.add(view, at))).toEqual([undefined, false, true])
    expect(rows.count).toBe(2)
  })

  test('leave what a map would have, whatever keys and values are', () => {
    const given = fc.tuple(fc.oneof(text(3), text(300)), fc.option(text(300)))
    const batches = fc.array(fc.tuple(fc.array(given, { maxLength: 9 }), fc.boolean()), {
      maxLength: 5,
    })
    fc.assert(
      fc.property(batches, batches, (first, second) => {
        const rows = loaded(...first.map((each) => viewOf(...each)))
        rows.append(loaded(...second.map((each) => viewOf(...each))))
        const model = new Map<string, string | null>()
        const all = [...first, ...second].flatMap(([given]) => given)
        for (const [key, value] of all) model.set(key, value)
        const result = new Map<string, string | null>()
        for (const each of rows) {
          const key = each.key.toString('latin1', 2)
          const bytes = each.type === 'del' ? null : decodeRow(each.key, each.value, 'r').bytes
          result.set(key, bytes?.toString('latin1') ?? null)
        }
        expect(new Map([...result].sort())).toEqual(new Map([...model].sort()))
        expect(rows.count).toBe(all.length)
      }),
    )
  })

  test('count the memory that they keep, each answer once', () => {
    const view = viewOf([['a', 'b']])
    const again: RecordView = { ...view }
    const [one, two] = [loaded(view), loaded(view, again)]
    const answer = view.memory?.byteLength ?? 0
    expect(one.bytes).toBeGreaterThan(answer)
    expect(two.bytes - answer).toBe(2 * (one.bytes - answer))
  })
})
