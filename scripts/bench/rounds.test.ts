import { describe, expect, test } from '@jest/globals'
import type { Engine } from './engines.ts'
import type { EngineName, Job, Load, Result } from './job.ts'
import { optionsOf } from './options.ts'
import type { RoundsOptions } from './rounds.ts'
import { Rounds } from './rounds.ts'

const loads: readonly Load[] = optionsOf(['--only', 'w2,w3', '--guarantee', 'alo'])?.loads ?? []

function engine(name: EngineName, has: (load: Load) => boolean = () => true): Engine {
  return { name, title: name, command: [name], has }
}

function rounds(options: Partial<RoundsOptions> = {}): { rounds: Rounds; jobs: Job[] } {
  const jobs: Job[] = []
  const driver = {
    run: async (job: Job): Promise<Result> => {
      jobs.push(job)
      return { at: '', wrong: null }
    },
  }
  const made = new Rounds({
    driver,
    engines: [
      engine('ks'),
      engine('kafkajs', ({ workload }) => workload === 'w3'),
      engine('millrace'),
    ],
    pairs: 2,
    core: undefined,
    profiles: undefined,
    secondsLeft: () => undefined,
    quiet: async () => true,
    say: () => undefined,
    ...options,
  })
  return { rounds: made, jobs }
}

const order = (jobs: readonly Job[]): string[] =>
  jobs.map(({ workload, engine: name }) => `${workload} ${name}`)

describe('the order of runs', () => {
  test('is pair by pair, turned round in every other, with those engines that have the load', async () => {
    const { rounds: some, jobs } = rounds()
    await some.run(loads)
    expect(order(jobs)).toEqual([
      'w2 ks',
      'w2 millrace',
      'w2 millrace',
      'w2 ks',
      'w3 ks',
      'w3 kafkajs',
      'w3 millrace',
      'w3 millrace',
      'w3 kafkajs',
      'w3 ks',
    ])
    expect(some.runs.map(({ pair }) => pair)).toEqual([0, 0, 1, 1, 0, 0, 0, 1, 1, 1])
  })

  test('leaves out what there is no time for, and gives a run no more than there is', async () => {
    const lefts = [100, 100, 90, 50, 40, 30, 20]
    const { rounds: some, jobs } = rounds({ pairs: 1, secondsLeft: () => lefts.shift() ?? 0 })
    await some.run(loads)
    expect(order(jobs)).toEqual(['w2 ks', 'w2 millrace'])
    expect(jobs.map(({ timeoutS }) => timeoutS)).toEqual([80, 30])
    expect(some.leftOut).toEqual(['w3 alo'])
  })

  test('does not blame an engine for the time that it was not given', async () => {
    const late = { at: '', wrong: 'not done', timedOut: true }
    const driver = { run: async (): Promise<Result> => late }
    const { rounds: hurried } = rounds({ driver, pairs: 1, secondsLeft: () => 100 })
    const { rounds: unhurried } = rounds({ driver, pairs: 1 })
    await hurried.run(loads.slice(0, 1))
    await unhurried.run(loads.slice(0, 1))
    expect(hurried.runs).toEqual([])
    expect(hurried.leftOut.length).toBe(2)
    expect(unhurried.runs.length).toBe(2)
  })

  test('ends when it is stopped: the run under way is forgotten, those before it stay', async () => {
    const jobs: Job[] = []
    const { rounds: some } = rounds({
      driver: {
        run: async (job) => {
          jobs.push(job)
          if (jobs.length < 2) return { at: '' }
          some.stop()
          throw new Error('the driver has ended')
        },
      },
    })
    await some.run(loads)
    expect(jobs.length).toBe(2)
    expect(some.runs.map(({ engine: name }) => name)).toEqual(['ks'])
  })

  test('does not go on without a driver', async () => {
    const lost = async (): Promise<Result> => Promise.reject(new Error('the driver has ended'))
    await expect(rounds({ driver: { run: lost } }).rounds.run(loads)).rejects.toThrow('ended')
  })
})

test('an engine is pinned to its core, and a profile goes to a folder of its load', async () => {
  const { rounds: some, jobs } = rounds({ core: '3', profiles: 'profiles', pairs: 1 })
  await some.run(loads.slice(0, 1))
  expect(jobs[0]?.command).toEqual(['taskset', '-c', '3', 'ks'])
  expect(jobs[0]?.env.BENCH_NODE_OPTIONS).toBe('--cpu-prof --cpu-prof-dir=profiles/w2-alo')
})
