/**
 * Messages to bytes and back, behind the headers that transports write: a request's body, and what
 * follows the correlation id of an answer.
 *
 * A flexible answer begins with a tag section, except that of ApiVersions, which a client must be
 * able to read before it knows what the broker speaks.
 */
import { FatalError } from '../../core/errors.ts'
import { MessageReader } from './message-reader.ts'
import type { Api, RequestInput, RequestOf, ResponseInput, ResponseOf } from './message-table.ts'
import { MessageWriter } from './message-writer.ts'
import { ProtocolError } from './protocol-error.ts'

const API_VERSIONS = 18

export function isFlexible(api: Api, version: number): boolean {
  return version >= api.flexible
}

function checked(api: Api, version: number): boolean {
  if (version < api.min || version > api.max)
    throw new FatalError('INTERNAL', `${api.name} has no version ${version} here`)
  return isFlexible(api, version)
}

export function encodeRequest<A extends Api>(
  api: A,
  version: number,
  message: RequestInput<A>,
): Buffer[] {
  const flexible = checked(api, version)
  const writer = new MessageWriter()
  writer.struct(api.request, version, flexible, message as Readonly<Record<string, unknown>>)
  return writer.finish()
}

export function decodeRequest<A extends Api>(api: A, version: number, bytes: Buffer): RequestOf<A> {
  const flexible = checked(api, version)
  const reader = new MessageReader(bytes)
  const message = reader.struct(api.request, version, flexible)
  finished(api, version, reader)
  return message as RequestOf<A>
}

export function encodeResponse<A extends Api>(
  api: A,
  version: number,
  message: ResponseInput<A>,
): Buffer[] {
  const flexible = checked(api, version)
  const writer = new MessageWriter()
  if (flexible && api.key !== API_VERSIONS) writer.uvarint(0)
  writer.struct(api.response, version, flexible, message as Readonly<Record<string, unknown>>)
  return writer.finish()
}

export function decodeResponse<A extends Api>(
  api: A,
  version: number,
  bytes: Buffer,
): ResponseOf<A> {
  const flexible = checked(api, version)
  const reader = new MessageReader(bytes)
  if (flexible && api.key !== API_VERSIONS) reader.skipTags()
  const message = reader.struct(api.response, version, flexible)
  finished(api, version, reader)
  return message as ResponseOf<A>
}

function finished(api: Api, version: number, reader: MessageReader): void {
  if (reader.left > 0)
    throw new ProtocolError(`${api.name} ${version}: ${reader.left} bytes too many`)
}
