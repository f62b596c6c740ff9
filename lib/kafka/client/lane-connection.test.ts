import { describe, expect, test } from '@jest/globals'
import type { Connection, NodeVersions, RequestFrame } from '../transport.ts'
import { LaneConnection } from './lane-connection.ts'

const versions: NodeVersions = { apis: new Map(), features: new Map() }

/** A connection that answers each request with its own api key. */
function echo(sent: number[]): Connection {
  return {
    versions,
    open: true,
    send: (frame) => {
      sent.push(frame.apiKey)
      return Promise.resolve(Buffer.from([frame.apiKey]))
    },
    close: async () => undefined,
  }
}

const frame = (apiKey: number): RequestFrame => ({
  apiKey,
  apiVersion: 0,
  flexible: false,
  body: [],
  timeoutMs: 1000,
})

function ask(lane: LaneConnection, apiKey: number): Promise<number | undefined> {
  return lane.request(() => ({ frame: frame(apiKey), decode: (answer) => answer[0] }))
}

describe('the connection of a lane', () => {
  test('writes requests in the order in which they were made, before and after it opened', async () => {
    const sent: number[] = []
    let open = (_: Connection): void => undefined
    const connecting = new Promise<Connection>((resolve) => {
      open = resolve
    })
    const lane = new LaneConnection(connecting, () => 1)
    const answers = [ask(lane, 1), ask(lane, 2)]
    open(echo(sent))
    // Neither open nor known to be: this one queues behind the others.
    answers.push(ask(lane, 3))
    await connecting
    answers.push(ask(lane, 4))
    expect(await Promise.all(answers)).toEqual([1, 2, 3, 4])
    expect(sent).toEqual([1, 2, 3, 4])
  })

  test('writes at once when it is open', async () => {
    const sent: number[] = []
    const lane = new LaneConnection(Promise.resolve(echo(sent)), () => 1)
    await lane.ready()
    void ask(lane, 7)
    expect(sent).toEqual([7])
  })

  test('is of no use once it could not be opened, and says why to all who wait', async () => {
    const lane = new LaneConnection(Promise.reject(new RangeError('refused')), () => 1)
    await expect(ask(lane, 1)).rejects.toThrow('refused')
    expect(lane.usable).toBe(false)
  })

  test('is closed when an answer makes no sense, for nothing behind it can be trusted', async () => {
    let closed = false
    const close = async (): Promise<void> => {
      closed = true
    }
    const connection = { ...echo([]), close }
    const lane = new LaneConnection(Promise.resolve(connection), () => 1)
    const decode = (): never => {
      throw new RangeError('not a message')
    }
    await expect(lane.request(() => ({ frame: frame(1), decode }))).rejects.toMatchObject({
      code: 'BROKER_UNAVAILABLE',
    })
    expect(closed).toBe(true)
  })
})
