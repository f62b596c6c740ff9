/** A disk that is full, and then is not: needs the right to mount a small one, else it is skipped. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { serdes } from '../core/serde.ts'
import { Commits, openState } from './fixture.ts'
import type { InnerKeyValueStore } from './inner-stores.ts'
import { openLevelDb } from './leveldb.ts'
import { keyValueSpec } from './store-spec.ts'

const folder = mkdtempSync(join(tmpdir(), 'millrace-small-'))

function mount(): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=20m', 'tmpfs', folder], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}

const mounted = process.platform === 'linux' && mount()

if (!mounted)
  process.stderr.write('NOT RUN: a full disk, for this user may not mount a small one\n')

afterAll(() => {
  if (mounted) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true })
})

describe('a full disk', () => {
  const run = mounted ? test : test.skip
  run('keeps rows waiting, and has them all when there is space again', async () => {
    const text = keyValueSpec({ name: 'text', key: serdes.string, value: serdes.string })
    const path = join(folder, 'db')
    const state = await openState(await openLevelDb(path), [text], { cacheBytes: 0 })
    const store = state.store('text') as InnerKeyValueStore<string, string>
    const commits = new Commits()
    const write = async (count: number, letter: string): Promise<void> => {
      for (let at = 0; at < count; at++) store.put(`${at}`, letter.repeat(1000), 1)
      commits.commit(state)
      await state.flush()
    }
    await write(100, 'x')
    expect(() => writeFileSync(join(folder, 'fill'), Buffer.alloc(40_000_000))).toThrow('ENOSPC')
    await write(2000, 'y')
    expect(state.pendingBytes).toBeGreaterThan(2_000_000)
    expect(store.get('50')?.value[0]).toBe('y')
    rmSync(join(folder, 'fill'))
    await state.flush()
    expect(state.pendingBytes).toBe(0)
    expect(store.get('1999')?.value[0]).toBe('y')
    await state.close(true)
    const again = await openState(await openLevelDb(path), [text], { bootId: 'another' })
    expect((again.store('text') as InnerKeyValueStore<string, string>).get('0')?.value[0]).toBe('y')
    await again.close(true)
  })
})
