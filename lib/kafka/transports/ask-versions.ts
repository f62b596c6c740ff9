/** The first requests on a connection, before anything is negotiated. */
import { apiVersions } from '../protocol/apis.ts'
import { decodeResponse, encodeRequest, isFlexible } from '../protocol/codec.ts'
import { ErrorCode } from '../protocol/error-codes.ts'
import type { Api, RequestInput, ResponseOf } from '../protocol/message-table.ts'
import type { Connection, NodeVersions } from '../transport.ts'

type Sender = Pick<Connection, 'send'>

const CLIENT_SOFTWARE = { clientSoftwareName: 'millrace', clientSoftwareVersion: '0.1.0' } as const

/** One request outside the lanes. */
export async function ask<A extends Api>(
  connection: Sender,
  api: A,
  apiVersion: number,
  request: RequestInput<A>,
  timeoutMs: number,
): Promise<ResponseOf<A>> {
  const flexible = isFlexible(api, apiVersion)
  const body = encodeRequest(api, apiVersion, request)
  const answer = await connection.send({ apiKey: api.key, apiVersion, flexible, body, timeoutMs })
  return decodeResponse(api, apiVersion, answer)
}

/** What the node speaks; one that does not know version 3 of the question is asked again. */
export async function askVersions(connection: Sender, timeoutMs: number): Promise<NodeVersions> {
  const version = 3
  const flexible = isFlexible(apiVersions, version)
  const body = encodeRequest(apiVersions, version, CLIENT_SOFTWARE)
  const apiKey = apiVersions.key
  const bytes = await connection.send({ apiKey, apiVersion: version, flexible, body, timeoutMs })
  // A broker that does not know version 3 answers in version 0, whatever was asked.
  const old = bytes.readInt16BE(0) === ErrorCode.UNSUPPORTED_VERSION
  const answer = old
    ? await ask(connection, apiVersions, 0, {}, timeoutMs)
    : decodeResponse(apiVersions, version, bytes)
  return {
    apis: new Map(
      answer.apiKeys.map(({ apiKey: key, minVersion: min, maxVersion: max }) => [
        key,
        { min, max },
      ]),
    ),
    features: new Map(
      answer.finalizedFeatures.map(({ name, maxVersionLevel }) => [name, maxVersionLevel]),
    ),
  }
}
