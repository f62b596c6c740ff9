/** One request over one connection, as data: for readers and tests that must not use our own client. */
import { decodeResponse, encodeRequest, isFlexible } from '../../kafka/protocol/codec.ts'
import type { Api, RequestInput, ResponseOf } from '../../kafka/protocol/message-table.ts'
import type { Connection } from '../../kafka/transport.ts'

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
