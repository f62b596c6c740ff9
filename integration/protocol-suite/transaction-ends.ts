/** The end of a transaction: asked for again, of nothing, and what comes late for the next one. */
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import { stableOffset, Transactional, V1, V2 } from './transaction-calls.ts'

export const transactionEnds: readonly Scenario[] = [
  scenario(
    'the same EndTxn again: 51 while it ends, then 0 with the bumped epoch',
    { first: [0, 1], again: [0, 1], abort: 48 },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      await tx.produce(producer, topic, 0)
      const first = await tx.end(producer, true)
      const again = await tx.endDone(producer, true)
      const abort = await tx.endDone(producer, false)
      return {
        first: [first.errorCode, first.producerEpoch],
        again: [again.errorCode, again.producerEpoch],
        abort: abort.errorCode,
      }
    },
  ),
  scenario(
    'the same EndTxn again under V1, and the other outcome',
    { first: 0, again: 0, other: 48, abortFirst: 0, abortAgain: 0, commitAfter: 48 },
    async (kafka) => {
      const topic = await kafka.topic()
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      await tx.addPartitions(producer, topic)
      const first = await tx.end(producer, true)
      const again = await tx.endDone(producer, true)
      const other = await tx.endDone(producer, false)
      await tx.addPartitionsSoon(producer, topic)
      const abortFirst = await tx.end(producer, false)
      const abortAgain = await tx.endDone(producer, false)
      const commitAfter = await tx.endDone(producer, true)
      return {
        first: first.errorCode,
        again: again.errorCode,
        other: other.errorCode,
        abortFirst: abortFirst.errorCode,
        abortAgain: abortAgain.errorCode,
        commitAfter: commitAfter.errorCode,
      }
    },
  ),
  scenario(
    'ending nothing: 48, but under V2 an abort moves the epoch',
    { v1: [48, 48], v2Commit: 48, v2Abort: [0, 1] },
    async (kafka) => {
      const one = new Transactional(kafka, V1)
      const first = await one.begin()
      const v1 = [(await one.end(first, true)).errorCode, (await one.end(first, false)).errorCode]
      const two = new Transactional(kafka, V2)
      const second = await two.begin()
      const v2Commit = (await two.end(second, true)).errorCode
      const abort = await two.endDone(second, false)
      return { v1, v2Commit, v2Abort: [abort.errorCode, abort.producerEpoch] }
    },
  ),
  scenario(
    'a late EndTxn under V1 ends the next transaction; under V2 it is refused',
    { v1: [0, 0], v2: 90 },
    async (kafka) => {
      const topic = await kafka.topic()
      const one = new Transactional(kafka, V1)
      const first = await one.begin()
      await one.addPartitions(first, topic)
      await one.endDone(first, true)
      await one.addPartitionsSoon(first, topic)
      await one.produce(first, topic, 0)
      const late = await one.end(first, true)
      const ours = await one.endDone(first, true)
      const two = new Transactional(kafka, V2)
      const second = await two.begin()
      await two.produce(second, topic, 0)
      const next = await two.endDone(second, true)
      await two.addPartitionsSoon(next, topic)
      const refused = await two.end(second, true)
      return { v1: [late.errorCode, ours.errorCode], v2: refused.errorCode }
    },
  ),
  scenario(
    'a late batch: 48 between transactions, taken into the next one under V1, 47 under V2',
    { between: 48, v1: 0, v2: 47 },
    async (kafka) => {
      const topic = await kafka.topic()
      const one = new Transactional(kafka, V1)
      const first = await one.begin()
      await one.addPartitions(first, topic)
      await one.produce(first, topic, 0)
      await one.endDone(first, true)
      await one.endDone(first, true)
      const between = await one.produce(first, topic, 1)
      await one.addPartitionsSoon(first, topic)
      const v1 = await one.produce(first, topic, 1)
      const two = new Transactional(kafka, V2)
      const second = await two.begin()
      await two.produce(second, topic, 0)
      const next = await two.endDone(second, true)
      await two.addPartitionsSoon(next, topic)
      const v2 = await two.produce(second, topic, 1)
      return { between, v1, v2 }
    },
  ),
  scenario(
    'a late TxnOffsetCommit overwrites under V1 and is refused under V2',
    { v1: 0, offset: 99, v2: 47 },
    async (kafka) => {
      const [topic, group] = [await kafka.topic(), kafka.name('group')]
      const one = new Transactional(kafka, V1)
      const first = await one.begin()
      await one.addOffsets(first, group)
      await one.commitOffset(first, group, { topic, offset: 1 })
      await one.endDone(first, true)
      await kafka.until(
        () => one.addOffsets(first, group),
        (code) => code !== 51,
      )
      await one.commitOffset(first, group, { topic, offset: 2 })
      const v1 = await one.commitOffset(first, group, { topic, offset: 99 })
      await one.endDone(first, true)
      const offset = await stableOffset(kafka, group, topic)
      const two = new Transactional(kafka, V2)
      const second = await two.begin()
      await two.commitOffset(second, group, { topic, offset: 1 })
      await two.endDone(second, true)
      await two.endDone(second, true)
      const v2 = await two.commitOffset(second, group, { topic, offset: 5 })
      return { v1, offset, v2 }
    },
  ),
]
