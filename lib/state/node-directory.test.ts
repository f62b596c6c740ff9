import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { systemClock } from '../core/clock.ts'
import { silentLogger } from '../core/logger.ts'
import { seededRandom } from '../core/random.ts'
import { StillClock } from './fixture.ts'
import { openLevelDb } from './leveldb.ts'
import { nodeHost, openStateDirectory } from './node-directory.ts'
import type { Host } from './owner.ts'
import type { StateDirectory } from './state-directory.ts'

const DAY_MS = 86_400_000

const host: Host = {
  pid: 10,
  pidNamespace: 'pid:[1]',
  bootId: 'boot',
  startTimeOf: (pid) => (pid === 10 ? '100' : undefined),
}

describe('the state directory', () => {
  let folder: string
  let clock: StillClock
  const opened: StateDirectory[] = []

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'millrace-test-'))
    clock = new StillClock(50_000_000_000)
  })

  afterEach(async () => {
    for (const directory of opened.splice(0)) await directory.close()
    await rm(folder, { recursive: true })
  })

  async function open(path = folder, by: Host = host): Promise<StateDirectory> {
    const directory = await openStateDirectory({
      path,
      applicationId: 'app',
      openStore: openLevelDb,
      clock,
      random: seededRandom(3),
      logger: silentLogger,
      host: by,
    })
    opened.push(directory)
    return directory
  }

  const file = (name: string): string => join(folder, 'app', name)

  /** Lets what waits for the disk happen until `done`. */
  async function until(done: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await done())) await systemClock.yield()
  }

  test('is made for its owner alone and remembers the process id', async () => {
    const first = await open()
    expect((await stat(join(folder, 'app'))).mode & 0o777).toBe(0o700)
    expect(first.processId).toMatch(/^[0-9a-f-]{36}$/)
    await first.close()
    expect((await open()).processId).toBe(first.processId)
  })

  test('narrows the rights of a directory that was there', async () => {
    await mkdir(file(''), { recursive: true })
    await chmod(file(''), 0o755)
    await open()
    expect((await stat(file(''))).mode & 0o777).toBe(0o700)
  })

  test('keeps state by task and tells whose it has', async () => {
    const first = await open()
    const store = await first.open('^a|b$_0')
    await store.write([{ type: 'put', key: Buffer.from('k'), value: Buffer.from('v') }])
    await store.close()
    await first.close()
    const second = await open()
    expect(second.tasks()).toEqual(['^a|b$_0'])
    const again = await second.open('^a|b$_0')
    expect(again.get(Buffer.from('k'))?.toString()).toBe('v')
    await again.close()
    await second.remove('^a|b$_0')
    expect(second.tasks()).toEqual([])
    expect(await readdir(file(''))).toEqual(['owner.json', 'process.json'])
  })

  test('is refused to a second instance of this process, by whatever path', async () => {
    await open()
    await expect(open()).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' })
    await symlink(folder, `${folder}-link`)
    await expect(open(`${folder}-link`)).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' })
    await rm(`${folder}-link`)
  })

  test('is refused while its owner lives, and taken from one that is gone', async () => {
    const owner = { ...host, startTime: '100', renewedAt: 0, pid: 77 }
    await mkdir(file(''), { recursive: true })
    await writeFile(file('owner.json'), JSON.stringify(owner))
    const lives: Host = { ...host, startTimeOf: () => '100' }
    await expect(open(folder, lives)).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' })
    await open()
    expect(JSON.parse(await readFile(file('owner.json'), 'utf8'))).toMatchObject({ pid: 10 })
  })

  test('waits ten seconds for an owner that it cannot look up, then takes over', async () => {
    const { now } = { now: clock.now() }
    const owner = {
      pid: 1,
      pidNamespace: 'pid:[9]',
      bootId: 'boot',
      startTime: '1',
      renewedAt: now,
    }
    await mkdir(file(''), { recursive: true })
    await writeFile(file('owner.json'), JSON.stringify(owner))
    const opening = open()
    let waited = 0
    for (; waited < 10_000; waited += 2000) {
      await until(() => clock.timers.length > 0)
      clock.advance(2000)
    }
    await opening
    expect(JSON.parse(await readFile(file('owner.json'), 'utf8'))).toMatchObject({ pid: 10 })
  })

  test('is refused when such an owner renews its claim meanwhile', async () => {
    const owner = {
      pid: 1,
      pidNamespace: 'pid:[9]',
      bootId: 'boot',
      startTime: '1',
      renewedAt: clock.now(),
    }
    await mkdir(file(''), { recursive: true })
    await writeFile(file('owner.json'), JSON.stringify(owner))
    const opening = open()
    await until(() => clock.timers.length > 0)
    await writeFile(file('owner.json'), JSON.stringify({ ...owner, renewedAt: clock.now() + 2000 }))
    clock.advance(2000)
    await expect(opening).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' })
  })

  test('renews its claim every two seconds, and gives it back', async () => {
    const directory = await open()
    const renewedAt = async (): Promise<number> =>
      JSON.parse(await readFile(file('owner.json'), 'utf8')).renewedAt
    const before = await renewedAt()
    clock.advance(2000)
    await until(async () => (await renewedAt()) === before + 2000)
    await until(() => clock.timers.length > 0)
    clock.advance(2000)
    await until(async () => (await renewedAt()) === before + 4000)
    await directory.close()
    expect(await readdir(file(''))).toEqual(['process.json'])
    expect(clock.timers).toEqual([])
  })

  test('is lost when another process took it over, and then stays that one’s', async () => {
    const directory = await open()
    const other = { ...host, pid: 99, startTime: '7', renewedAt: clock.now() }
    await writeFile(file('owner.json'), JSON.stringify(other))
    clock.advance(2000)
    await expect(directory.lost).rejects.toMatchObject({ code: 'STATE_DIR_IN_USE' })
    await directory.close()
    expect(JSON.parse(await readFile(file('owner.json'), 'utf8'))).toMatchObject({ pid: 99 })
  })

  test('a process file of a newer version is refused, an unreadable one replaced', async () => {
    await mkdir(file(''), { recursive: true })
    await writeFile(file('process.json'), '{"version":2}')
    await expect(open()).rejects.toMatchObject({ code: 'STATE_FOREIGN' })
    await writeFile(file('process.json'), '{')
    expect((await open()).processId).toMatch(/^[0-9a-f-]{36}$/)
  })

  test('state of tasks that live elsewhere goes after a day, ours stays', async () => {
    const first = await open()
    for (const task of ['old_0', 'new_0', 'ours_0']) await (await first.open(task)).close()
    await first.close()
    const second = await open()
    await (await second.open('ours_0')).close()
    const longAgo = (clock.now() - 2 * DAY_MS) / 1000
    const now = clock.now() / 1000
    for (const [task, at] of [
      ['old_0', longAgo],
      ['new_0', now],
      ['ours_0', longAgo],
    ] as const)
      for (const name of await readdir(file(task))) await utimes(join(file(task), name), at, at)
    clock.advance(3_600_000)
    await until(() => second.tasks().length === 2)
    expect(second.tasks()).toEqual(['new_0', 'ours_0'])
    expect(await readdir(file(''))).not.toContain('old_0')
  })

  test('without a path is temporary and leaves nothing', async () => {
    const directory = await openStateDirectory({
      path: undefined,
      applicationId: 'app',
      openStore: async (path) => {
        folderOfTask = path
        return openLevelDb(path)
      },
      clock,
      random: seededRandom(3),
      logger: silentLogger,
      host,
    })
    await (await directory.open('t_0')).close()
    await expect(stat(folderOfTask)).resolves.toBeDefined()
    await directory.close()
    await expect(stat(folderOfTask)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  let folderOfTask = ''

  test('knows its own process on this machine', () => {
    const real = nodeHost(systemClock)
    expect(real.pid).toBe(process.pid)
    expect(real.startTimeOf(process.pid)).toBeDefined()
    expect(real.startTimeOf(process.pid)).toBe(real.startTimeOf(process.pid))
    expect(real.startTimeOf(2 ** 30)).toBeUndefined()
    expect(real.bootId).not.toBe('')
  })
})
