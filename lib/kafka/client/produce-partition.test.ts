import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { systemClock } from '../../core/clock.ts'
import { seededRandom } from '../../core/random.ts'
import { readBatches } from '../protocol/record-batch.ts'
import { Backoff } from './backoff.ts'
import type { SealedBatch } from './produce-batch.ts'
import { Filling, FillingPool, sequenceAfter } from './produce-batch.ts'
import { ProducePartition } from './produce-partition.ts'
import { verdictOn } from './produce-verdict.ts'

const us = { producerId: 7, producerEpoch: 1 }
const refused = (code: number, index?: number) =>
  ({ kind: 'refused', code, detail: null, index }) as const

function partition(): ProducePartition {
  const style = { isTransactional: true, compression: 'none' } as const
  const backoff = new Backoff(systemClock, seededRandom(1))
  return new ProducePartition({ topic: 't', partition: 0 }, style, new FillingPool(), backoff)
}

function originOf(value: string) {
  return { topic: value, partition: 1, offset: 2 ** 40 }
}

function fill(of: ProducePartition, ...values: string[]): void {
  for (const value of values) of.append(null, Buffer.from(value), 0, undefined, originOf(value))
  of.seal(us, 0)
}

function send(of: ProducePartition): SealedBatch {
  const batch = of.next
  if (batch === undefined) throw new RangeError('nothing may be sent')
  of.sent()
  return batch
}

function valuesIn(batch: SealedBatch): string[] {
  return [...readBatches(batch.records)].flatMap((view) =>
    Array.from({ length: view.count }, (_, index) => `${view.value(index)}`),
  )
}

describe('batches on their way to a partition', () => {
  test('carry the transactional bit and sequences without a gap', () => {
    const of = partition()
    fill(of, 'a', 'b')
    fill(of, 'c')
    const [first, second] = [send(of), send(of)]
    expect([first.sequence, second.sequence]).toEqual([0, 2])
    for (const view of readBatches(first.records)) expect(view.isTransactional).toBe(true)
  })

  test('are five at most in flight', () => {
    const of = partition()
    for (const value of 'abcdefg') fill(of, value)
    for (let n = 0; n < 5; n++) send(of)
    expect(of.next).toBeUndefined()
  })

  test('wait for all in flight after a failure, and go again in order, the first one alone', () => {
    const of = partition()
    for (const value of 'abcd') fill(of, value)
    const [a, b, c] = [send(of), send(of), send(of)]
    // 45 for what was behind the batch that failed is harmless, whichever answer comes first.
    expect(of.failed(b, refused(45))).toBeUndefined()
    expect(of.next).toBeUndefined()
    expect(of.failed(c, refused(45))).toBeUndefined()
    const settled = of.failed(a, refused(6))
    expect(settled?.batch).toBe(a)
    expect(send(of)).toBe(a)
    expect(of.next).toBeUndefined()
    of.acknowledged(a)
    expect([send(of), send(of)].map(valuesIn)).toEqual([['b'], ['c']])
    expect(valuesIn(send(of))).toEqual(['d'])
  })

  test('may be split, numbered as before, and keep what came with each record', () => {
    const of = partition()
    fill(of, 'a', 'b', 'c')
    fill(of, 'd')
    const batch = send(of)
    of.failed(batch, refused(10))
    of.split(batch, us)
    const one = send(of)
    of.acknowledged(one)
    const [two, three] = [send(of), send(of)]
    expect([one, two, three].map(valuesIn)).toEqual([['a', 'b'], ['c'], ['d']])
    expect([one, two, three].map(({ sequence }) => sequence)).toEqual([0, 2, 3])
    expect(two.filled.origins.of(0)).toEqual(originOf('c'))
  })

  test('leave a refused record out and number the rest again', () => {
    const of = partition()
    fill(of, 'a', 'bad', 'c')
    fill(of, 'd')
    const batch = send(of)
    of.failed(batch, refused(32, 1))
    of.drop(batch, 1, us)
    const one = send(of)
    of.acknowledged(one)
    const two = send(of)
    expect([one, two].map(valuesIn)).toEqual([['a', 'c'], ['d']])
    expect(two.sequence).toBe(2)
  })

  test('arrive once each and in order, whatever fails', () => {
    const outcomes = fc.array(fc.constantFrom('ok', 'lost', 'appended, answer lost'), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(outcomes, fc.integer({ min: 1, max: 20 }), (fates, count) => {
        const of = partition()
        for (let n = 0; n < count; n++) fill(of, `${n}`)
        expect(deliver(of, fates)).toEqual(Array.from({ length: count }, (_, n) => `${n}`))
      }),
    )
  })

  test('number modulo 2^31', () => {
    expect(sequenceAfter(2 ** 31 - 2, 5)).toBe(3)
  })
})

/** A broker that takes the next sequence, acknowledges repeats, and refuses gaps. */
function deliver(of: ProducePartition, fates: readonly string[]): string[] {
  const log: string[] = []
  const left = [...fates]
  while (!of.isIdle) {
    const flights: SealedBatch[] = []
    while (of.next !== undefined) flights.push(send(of))
    for (const batch of flights) arrive(of, batch, left.shift() ?? 'ok', log)
  }
  return log
}

function arrive(of: ProducePartition, batch: SealedBatch, fate: string, log: string[]): void {
  if (fate !== 'lost' && batch.sequence === log.length) log.push(...valuesIn(batch))
  if (fate !== 'ok') of.failed(batch, { kind: 'unanswered', reason: undefined })
  else if (batch.sequence < log.length) of.acknowledged(batch)
  else of.failed(batch, refused(45))
}

describe('the verdict on a batch that failed', () => {
  const batch = (count: number) => ({
    records: Buffer.alloc(0),
    count,
    sequence: 0,
    since: 0,
    filled: new Filling(),
  })
  const verdict = (code: number, count = 1, index?: number) =>
    verdictOn({ batch: batch(count), problem: refused(code, index) }).do

  test('repeats what may pass another time, and looks for the leader where that is it', () => {
    expect([7, 19, 20, 51, -1].map((code) => verdict(code))).toEqual(Array(5).fill('again'))
    expect(verdictOn({ batch: batch(1), problem: refused(6) })).toEqual({
      do: 'again',
      refresh: true,
    })
  })

  test('refuses the record that the broker named, and looks for the one that it did not', () => {
    expect([verdict(32, 5, 3), verdict(32, 5), verdict(32, 1)]).toEqual([
      'refuse',
      'split',
      'refuse',
    ])
    expect([verdict(10, 5), verdict(10, 1)]).toEqual(['split', 'refuse'])
  })

  test('never repeats a gap that nothing of ours explains, nor what was fenced', () => {
    expect(verdict(45)).toBe('restart')
    expect([47, 90, 120, 29].map((code) => verdict(code))).toEqual(Array(4).fill('fail'))
  })
})
