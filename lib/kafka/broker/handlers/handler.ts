/** What an API's handler is: decoded request in, answer out, now or later. */
import { decodeRequest, encodeResponse } from '../../protocol/codec.ts'
import type { Api, RequestOf, ResponseInput } from '../../protocol/message-table.ts'
import type { BrokerState } from '../broker-state.ts'
import type { ConnectionContext } from '../connection-context.ts'

export interface Call<A extends Api> {
  readonly state: BrokerState
  readonly context: ConnectionContext
  readonly version: number
  readonly request: RequestOf<A>
}

/** `undefined`: the request has no answer. */
export type Answer<A extends Api> = ResponseInput<A> | undefined

export interface Handler {
  readonly api: Api
  answer(
    state: BrokerState,
    context: ConnectionContext,
    version: number,
    body: Buffer,
  ): Promise<readonly Buffer[] | undefined>
}

/** Binds a function of messages to the bytes of its API. */
export function handler<A extends Api>(
  api: A,
  answer: (call: Call<A>) => Answer<A> | Promise<Answer<A>>,
): Handler {
  return {
    api,
    answer: async (state, context, version, body) => {
      const request = decodeRequest(api, version, body)
      const response = await answer({ state, context, version, request })
      return response === undefined ? undefined : encodeResponse(api, version, response)
    },
  }
}
