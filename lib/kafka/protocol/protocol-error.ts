/** Bytes that are not what the protocol says: damaged, cut, hostile, or of a version that we do not speak. */

export class ProtocolError extends Error {
  override readonly name = 'ProtocolError'
  readonly code = 'PROTOCOL'
}
