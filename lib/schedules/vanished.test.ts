/** Offsets and topics that were there before are never taken for a first start. */
import { afterEach, describe, expect, test } from '@jest/globals'
import { MemoryDisk } from '../state/memory.ts'
import { type InstanceOptions, QUICK, type World } from '../testing/world.ts'
import { appendTo, begin, put } from './fixture.ts'

let world: World
afterEach(() => world.end())

describe('A6: vanished is not new', () => {
  const refused = async (code: string, options: InstanceOptions = {}): Promise<void> => {
    const { app } = world.instance(appendTo('rows'), { ...QUICK, ...options })
    await expect(world.until(app.run())).rejects.toMatchObject({ code })
  }

  const ran = async (settings = {}): Promise<MemoryDisk> => {
    world = await begin(settings)
    const disk = new MemoryDisk()
    const first = await world.start(appendTo('rows'), { ...QUICK, disk })
    await world.produce('in', put('1'))
    await world.found(1)
    await world.until(first.app.stop())
    return disk
  }

  test('offsets that expired are refused while the changelog has rows', async () => {
    await ran({ offsetsRetentionMs: 60_000 })
    await world.pass(300_000)
    await refused('OFFSETS_VANISHED')
  })

  test('offsets that expired are refused while the disk has rows', async () => {
    const disk = await ran({ offsetsRetentionMs: 60_000 })
    await world.pass(300_000)
    await refused('OFFSETS_VANISHED', { disk })
  })

  test('a changelog that was deleted is never made again', async () => {
    await ran()
    await world.until(world.admin.deleteTopics(['app-rows-changelog']))
    await refused('CHANGELOG_MISSING')
    expect((await world.until(world.metadata())).topics.has('app-rows-changelog')).toBe(false)
  })

  test('a source topic that was deleted and made again is refused', async () => {
    await ran()
    await world.until(world.admin.deleteTopics(['in']))
    await world.topics({ in: 1 })
    await refused('OFFSETS_VANISHED')
  })

  test('a changelog that was deleted and made again by somebody is refused', async () => {
    await ran()
    await world.until(world.admin.deleteTopics(['app-rows-changelog']))
    await world.until(
      world.admin.createTopics([
        {
          name: 'app-rows-changelog',
          partitions: 1,
          replicationFactor: 1,
          configs: { 'cleanup.policy': 'compact', 'delete.retention.ms': '604800000' },
        },
      ]),
    )
    await refused('TOPIC_RECREATED')
  })
})
