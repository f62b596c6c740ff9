/** What a transactional producer is refused, and what it refuses itself: successors and generations. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { TransactionWorld } from '../../testing/transaction-fixture.ts'

let world: TransactionWorld
afterEach(() => world.close())

describe.each([
  ['V1', 1],
  ['V2', 2],
])('a transactional producer under %s', (_name, transactionVersion) => {
  const settings = { transactionVersion }

  test('is fenced by a successor that claimed the id, and does not take it back', async () => {
    world = new TransactionWorld({ settings })
    const zombie = await world.started()
    await world.filled(zombie, 'zombie', 5)
    const successor = world.producer(world.cluster.connect())
    await world.cluster.run(successor.claim())
    await expect(world.cluster.run(zombie.end('commit'))).resolves.toMatch(/aborted|unknown/)
    await expect(world.cluster.run(zombie.recover())).rejects.toMatchObject({ code: 'FENCED' })
    expect(await world.transaction(successor, 'successor', 1)).toBe('committed')
    expect(await world.visible()).toEqual(['successor'])
    expect(await world.committed()).toBe(1)
  })

  test('learns in the middle of a transaction that it was fenced', async () => {
    world = new TransactionWorld({ settings })
    const zombie = await world.started()
    await world.filled(zombie, 'zombie', 5)
    await world.cluster.run(world.producer(world.cluster.connect()).claim())
    world.send(zombie, 'more')
    await expect(world.cluster.run(zombie.flush())).rejects.toMatchObject({ code: 'FENCED' })
    await expect(world.cluster.run(zombie.end('abort'))).rejects.toMatchObject({ code: 'FENCED' })
  })

  test('goes on in place when its own transaction timed out', async () => {
    world = new TransactionWorld({ settings })
    const producer = await world.started()
    await world.filled(producer, 'late', 3)
    await world.cluster.pass(30_000)
    await expect(world.cluster.run(producer.end('commit'))).resolves.toBe('aborted')
    await world.cluster.run(producer.recover())
    expect(await world.visible()).toEqual([])
    expect(await world.transaction(producer, 'next', 1)).toBe('committed')
    expect(await world.visible()).toEqual(['next'])
  })

  test('is refused offsets under a generation that is over, and commits nothing then', async () => {
    world = new TransactionWorld({ settings })
    const producer = await world.started()
    const stale = { ...world.fence }
    await world.cluster.run(world.session.join())
    world.send(producer, 'zombie')
    await world.cluster.run(producer.flush())
    await expect(
      world.cluster.run(producer.sendOffsets(stale, world.offsets(9))),
    ).rejects.toMatchObject({ code: 'GENERATION_ENDED' })
    await expect(world.cluster.run(producer.end('commit'))).rejects.toMatchObject({
      code: 'GENERATION_ENDED',
    })
    await world.cluster.run(producer.end('abort'))
    expect(await world.visible()).toEqual([])
    expect(await world.committed()).toBe(-1)
  })

  test('does not commit when one offset was refused, such as for metadata over 4,096 bytes', async () => {
    world = new TransactionWorld({ settings })
    const producer = await world.started()
    world.send(producer, 'a')
    await world.cluster.run(producer.flush())
    const offsets = [
      { topic: 'out', partition: 1, offset: 1, metadata: 'm'.repeat(4097) },
      ...world.offsets(1, 'm'.repeat(4096)),
    ]
    await expect(
      world.cluster.run(producer.sendOffsets(world.fence, offsets)),
    ).rejects.toMatchObject({ code: 'INTERNAL' })
    await expect(world.cluster.run(producer.end('commit'))).rejects.toMatchObject({
      code: 'INTERNAL',
    })
    await world.cluster.run(producer.end('abort'))
    expect(await world.visible()).toEqual([])
    expect(await world.committed()).toBe(-1)
  })

  test('refuses a transaction that nothing would fence', async () => {
    world = new TransactionWorld({ settings })
    const producer = await world.started()
    world.send(producer, 'timer')
    await world.cluster.run(producer.flush())
    await expect(world.cluster.run(producer.end('commit'))).rejects.toMatchObject({
      code: 'INTERNAL',
    })
    await expect(world.cluster.run(producer.sendOffsets(world.fence, []))).rejects.toMatchObject({
      code: 'INTERNAL',
    })
    await world.cluster.run(producer.end('abort'))
    const nobody = { ...world.fence, generation: -1, memberId: '' }
    await expect(
      world.cluster.run(producer.sendOffsets(nobody, world.offsets(1))),
    ).rejects.toMatchObject({ code: 'INTERNAL' })
  })
})
