/**
 * A request to the coordinator of a group or a transactional id, repeated until it is answered with
 * something that repeating would not change.
 */
import type { Api, RequestInput, ResponseOf } from '../protocol/message-table.ts'
import type { CallOptions, ClusterClient } from './cluster-client.ts'
import type { Lane } from './connections.ts'
import type { CoordinatorKind } from './coordinators.ts'
import { failureOf, isTransientError } from './failures.ts'
import { decisive, isTransient, reactionTo } from './reactions.ts'

export interface CoordinatorRequest<A extends Api> {
  readonly kind: CoordinatorKind
  readonly key: string
  readonly api: A
  readonly request: RequestInput<A>
  /** Every code of an answer. */
  readonly codes: (answer: ResponseOf<A>) => Iterable<number>
  readonly lane?: Lane
  readonly call?: CallOptions
  /** Of all attempts. Infinity: until the signal aborts. */
  readonly patienceMs: number
  readonly signal?: AbortSignal | undefined
  /** Told about each attempt whose answer never came; what it throws ends the repeating. */
  readonly onUnanswered?: (reason: unknown) => void
  /** Told about each answer that is repeated. */
  readonly onRefused?: (code: number) => void
  /** The first wait between attempts. */
  readonly firstWaitMs?: number
}

/** With `code`, the decisive one of the answer: 0, or one that is not transient. */
export interface Decided<A extends Api> {
  readonly answer: ResponseOf<A>
  readonly code: number
}

/** Throws RetriableError when patience or the signal ends first. */
export async function askCoordinator<A extends Api>(
  client: ClusterClient,
  ask: CoordinatorRequest<A>,
): Promise<Decided<A>> {
  const backoff = client.backoff(ask.firstWaitMs)
  const until = client.clock.monotonic() + ask.patienceMs
  const stop = ask.signal ?? client.closing
  for (;;) {
    const outcome = await attempt(client, ask)
    if ('answer' in outcome && !isTransient(reactionTo(outcome.code))) return outcome
    if (stop.aborted || client.closing.aborted || client.clock.monotonic() >= until)
      throw 'answer' in outcome
        ? failureOf(outcome.code, `${ask.api.name} of ${ask.kind} ${ask.key}`)
        : outcome.reason
    await backoff.wait(stop)
  }
}

type Outcome<A extends Api> = Decided<A> | { readonly reason: unknown }

async function attempt<A extends Api>(
  client: ClusterClient,
  ask: CoordinatorRequest<A>,
): Promise<Outcome<A>> {
  let asked = false
  try {
    const node = await client.coordinator(ask.kind, ask.key)
    asked = true
    const lane = ask.lane ?? 'coordinator'
    const answer = await client.call(ask.api, { node }, lane, ask.request, ask.call)
    const code = decisive(ask.codes(answer))
    const reaction = reactionTo(code)
    if (reaction === 'refresh') client.forgetCoordinator(ask.kind, ask.key)
    if (isTransient(reaction)) ask.onRefused?.(code)
    return { answer, code }
  } catch (reason) {
    if (!isTransientError(reason)) throw reason
    client.forgetCoordinator(ask.kind, ask.key)
    if (asked) ask.onUnanswered?.(reason)
    return { reason }
  }
}
