/**
 * Planted bugs, each a rule of exactly-once that a client could forget. They live between the
 * unchanged client and the cluster, as rewritten requests. A simulator that lets one live sees nothing.
<<<<<<< HEAD
=======
 *
 * Offsets read without requireStable are not here: a window of milliseconds, one seed in a hundred;
 * lib/schedules has the schedule that shows it each time.
>>>>>>> ca0455c (schedules: split them by subject, over one fixture)
 */

import { fetch, offsetFetch, txnOffsetCommit } from '../../lib/kafka/protocol/apis.ts'
import { decodeRequest, encodeRequest } from '../../lib/kafka/protocol/codec.ts'
import type { Api, RequestInput, RequestOf } from '../../lib/kafka/protocol/message-table.ts'
import type { RequestFrame, Transport } from '../../lib/kafka/transport.ts'

export interface Mutant {
  readonly name: string
  /** Where it shows soonest. */
  readonly workload: string
  readonly rewrite: (frame: RequestFrame) => RequestFrame
}

export const mutants: readonly Mutant[] = [
  {
    name: 'reads uncommitted records',
    workload: 'word-count',
    rewrite: rewriting(fetch, (request) => ({ ...request, isolationLevel: 0 })),
  },
  {
    name: 'commits offsets without a generation',
    workload: 'word-count',
    rewrite: rewriting(txnOffsetCommit, (request) => ({
      ...request,
      generationId: -1,
      memberId: '',
      groupInstanceId: null,
    })),
  },
  {
    name: 'reads committed offsets that are not stable',
    workload: 'word-count',
    rewrite: rewriting(offsetFetch, (request) => ({ ...request, requireStable: false })),
  },
]

/** The same door, with a bug in it. */
export function mutated(inner: Transport, { rewrite }: Mutant): Transport {
  return {
    bootstrap: inner.bootstrap,
    close: () => inner.close(),
    connect: async (address) => {
      const connection = await inner.connect(address)
      return {
        versions: connection.versions,
        get open() {
          return connection.open
        },
        send: (frame) => connection.send(rewrite(frame)),
        close: () => connection.close(),
      }
    },
  }
}

function rewriting<A extends Api>(
  api: A,
  change: (request: RequestOf<A>) => RequestInput<A>,
): Mutant['rewrite'] {
  return (frame) => {
    if (frame.apiKey !== api.key) return frame
    const request = decodeRequest(api, frame.apiVersion, Buffer.concat(frame.body))
    return { ...frame, body: encodeRequest(api, frame.apiVersion, change(request)) }
  }
}
