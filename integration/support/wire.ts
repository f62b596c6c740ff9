/** One request over one connection, as data: what tests of transports and brokers speak. */
import { decodeResponse, encodeRequest, isFlexible } from '../../lib/kafka/protocol/codec.ts'
import type { Api, RequestInput, ResponseOf } from '../../lib/kafka/protocol/message-table.ts'
import type { Connection } from '../../lib/kafka/transport.ts'

export async function request<A extends Api>(
  connection: Connection,
  api: A,
  apiVersion: number,
  message: RequestInput<A>,
  timeoutMs = 10_000,
): Promise<ResponseOf<A>> {
  const answer = await connection.send({
    apiKey: api.key,
    apiVersion,
    flexible: isFlexible(api, apiVersion),
    body: encodeRequest(api, apiVersion, message),
    timeoutMs,
  })
  return decodeResponse(api, apiVersion, answer)
}
