/** The Dockerfile without Docker: what it copies is there, it runs as nobody special. */
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from '@jest/globals'

const root = join(__dirname, '../..')
const lines = readFileSync(join(root, 'Dockerfile'), 'utf8').split('\n')
const of = (instruction: string): string[] =>
  lines
    .filter((line) => line.startsWith(`${instruction} `))
    .map((line) => line.slice(instruction.length + 1))

describe('the Dockerfile', () => {
  test('copies only what exists', () => {
    const sources = of('COPY').flatMap((line) => line.split(' ').slice(0, -1))
    expect(sources.length).toBeGreaterThan(0)
    expect(sources.filter((source) => !existsSync(join(root, source)))).toEqual([])
  })

  test('copies nothing that the .dockerignore keeps out', () => {
    const letIn = readFileSync(join(root, '.dockerignore'), 'utf8')
    const sources = of('COPY').flatMap((line) => line.split(' ').slice(0, -1))
    expect(sources.filter((source) => !letIn.includes(`!${source}\n`))).toEqual([])
  })

  test('runs as a plain user, with its state on a volume that belongs to it', () => {
    expect(of('USER')).toEqual(['node'])
    expect(of('VOLUME')).toEqual(['/state'])
    expect(lines.join('\n')).toContain('install -d -m 0700 -o node -g node /state')
  })

  test('installs only what runs, and runs no script of a package', () => {
    const install = of('RUN').find((line) => line.includes('npm ci')) ?? ''
    expect(install).toContain('--omit=dev')
    expect(install).toContain('--ignore-scripts')
  })

  test('starts a program that is there', () => {
    const command: unknown = JSON.parse(of('CMD')[0] ?? '[]')
    expect(command).toEqual(expect.arrayContaining(['topologies/run.ts', 'page-views']))
  })
})
