/**
 * Serdes of ours that decode bytes where they lie, in the body of a batch: no buffer is made for a
 * key or value that becomes text, a number or an object at once. They do what `deserialize` does.
 */
import type { SerdeContext } from '../serde.ts'

/** Decodes the bytes from `from` up to `to`; keeps nothing of the body. */
export type DecodeAt = (body: Buffer, from: number, to: number, context: SerdeContext) => unknown

const DECODERS = new WeakMap<object, DecodeAt>()

/** Gives a serde its positional half, and returns it. */
export function withDecodeAt<S extends object>(serde: S, decode: DecodeAt): S {
  DECODERS.set(serde, decode)
  return serde
}

/** Undefined: bytes must be cut out for it, as for every serde of a user's. */
export function decodeAtOf(serde: object | undefined): DecodeAt | undefined {
  return serde === undefined ? undefined : DECODERS.get(serde)
}
