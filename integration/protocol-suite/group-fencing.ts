/** Whose requests and offsets a group takes: members and generations that are over, or not yet. */
import { commitOffset, GroupMember, pair, settle, stateOf } from './group-calls.ts'
import type { Scenario } from './scenario.ts'
import { scenario } from './scenario.ts'
import { Transactional, V1, V2 } from './transaction-calls.ts'

export const groupFencing: readonly Scenario[] = [
  scenario(
    'while others join: heartbeats 27, commits of the old generation still taken',
    { heartbeat: 27, offsets: 0, txn: 0, state: 'PreparingRebalance' },
    async (kafka) => {
      const topic = await kafka.topic()
      const { group, first, joining } = await pair(kafka)
      const tx = new Transactional(kafka, V2)
      const observed = {
        heartbeat: await first.heartbeat(),
        offsets: await first.commit(topic, 1),
        txn: await tx.commitOffset(await tx.begin(), group, {
          topic,
          offset: 1,
          generationId: first.generationId,
          memberId: first.memberId,
        }),
        state: await stateOf(kafka, group),
      }
      await first.joinOnce()
      await joining
      return observed
    },
  ),
  scenario(
    'all joined, the leader has not assigned: plain commits 27, transactional ones of the new generation taken',
    { state: 'CompletingRebalance', heartbeat: 0, plain: 27, old: 22, txnOld: 22, txnNew: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { group, first, joining } = await pair(kafka)
      await Promise.all([first.joinOnce(), joining])
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      const txn = (generationId: number) =>
        tx.commitOffset(producer, group, {
          topic,
          offset: 1,
          generationId,
          memberId: first.memberId,
        })
      return {
        state: await stateOf(kafka, group),
        heartbeat: await first.heartbeat(),
        plain: await first.commit(topic, 1),
        old: await first.commit(topic, 1, { generationId: first.generationId - 1 }),
        txnOld: await txn(first.generationId - 1),
        txnNew: await txn(first.generationId),
      }
    },
  ),
  scenario(
    'a zombie of an older generation: 22 everywhere',
    { heartbeat: 22, commit: 22, v3: 22, v5: 22, sync: 22 },
    async (kafka) => {
      const topic = await kafka.topic()
      const { group, first, second, joining } = await pair(kafka)
      await Promise.all([first.joinOnce(), joining])
      await settle(first, second)
      const old = { generationId: first.generationId - 1 }
      const offset = { topic, offset: 1, ...old, memberId: first.memberId }
      const one = new Transactional(kafka, V1)
      const producer = await one.begin()
      await one.addOffsets(producer, group)
      const two = new Transactional(kafka, V2)
      return {
        heartbeat: await first.heartbeat(old),
        commit: await first.commit(topic, 1, old),
        v3: await one.commitOffset(producer, group, offset),
        v5: await two.commitOffset(await two.begin(), group, offset),
        sync: (await first.sync([], old)).errorCode,
      }
    },
  ),
  scenario(
    'an unknown member: 25 everywhere',
    { heartbeat: 25, commit: 25, txn: 25, join: 25, sync: 25, leave: 25 },
    async (kafka) => {
      const topic = await kafka.topic()
      const group = kafka.name('group')
      const member = await (await GroupMember.make(kafka, group)).become()
      const stranger = { memberId: 'nobody' }
      const tx = new Transactional(kafka, V2)
      return {
        heartbeat: await member.heartbeat(stranger),
        commit: await member.commit(topic, 1, stranger),
        txn: await tx.commitOffset(await tx.begin(), group, {
          topic,
          offset: 1,
          generationId: member.generationId,
          memberId: 'nobody',
        }),
        join: (await (await GroupMember.make(kafka, group)).joinOnce(stranger)).errorCode,
        sync: (await member.sync([], stranger)).errorCode,
        leave: await member.leave(stranger),
      }
    },
  ),
  scenario(
    'generation -1: without a member taken in a transaction only, with one 22',
    { txn: 0, plain: 25, withMember: 22 },
    async (kafka) => {
      const topic = await kafka.topic()
      const group = kafka.name('group')
      const member = await (await GroupMember.make(kafka, group)).become()
      const tx = new Transactional(kafka, V1)
      const producer = await tx.begin()
      await tx.addOffsets(producer, group)
      return {
        txn: await tx.commitOffset(producer, group, { topic, offset: 1 }),
        plain: await commitOffset(kafka, group, topic, 1),
        withMember: await tx.commitOffset(producer, group, {
          topic,
          offset: 1,
          memberId: member.memberId,
        }),
      }
    },
  ),
  scenario(
    'an error of TxnOffsetCommit leaves the transaction open, to be aborted',
    { commit: 22, end: 0 },
    async (kafka) => {
      const topic = await kafka.topic()
      const group = kafka.name('group')
      const member = await (await GroupMember.make(kafka, group)).become()
      const tx = new Transactional(kafka, V2)
      const producer = await tx.begin()
      await tx.produce(producer, topic, 0)
      const commit = await tx.commitOffset(producer, group, {
        topic,
        offset: 1,
        generationId: 99,
        memberId: member.memberId,
      })
      return { commit, end: (await tx.end(producer, false)).errorCode }
    },
  ),
]
