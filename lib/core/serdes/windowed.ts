/**
 * Windowed keys in Java's topic format: the key's bytes and the window's start; sessions have their
 * end and start. The end of a time window is not written: it follows from the windows.
 */
import { asBuffer, readInt64, writeInt64 } from '../bytes.ts'
import type { Serde } from '../serde.ts'
import type { Windowed, WindowKind, Windows } from '../windows.ts'
import { undecodable } from './serde-error.ts'

// By the function that writes, so that a copy of a serde with a writer of its own has no tail.
const TAILS = new WeakMap<object, number>()

/** Bytes of the window behind the key's own in what it writes; 0 where no window is known. */
export function windowTail(serde: { readonly serialize: object }): number {
  return TAILS.get(serde.serialize) ?? 0
}

/** Gives a serde whose bytes end in a window its tail, and returns it. */
export function withWindowTail<S extends { readonly serialize: object }>(
  serde: S,
  tail: number,
): S {
  if (tail > 0) TAILS.set(serde.serialize, tail)
  return serde
}

/** `serdes.windowed`. */
export function windowed<K, W extends WindowKind>(
  key: Serde<K>,
  windows: Windows<W>,
): Serde<Windowed<K, W>> {
  const { kind, sizeMs } = windows
  const tail = kind === 'session' ? 16 : 8
  const { prepare } = key
  const made: Serde<Windowed<K, W>> = {
    format: `windowed-${kind}(${key.format})`,
    serialize: (value, context) => {
      const bytes = asBuffer(key.serialize(value.key, context))
      const whole = Buffer.allocUnsafe(bytes.length + tail)
      bytes.copy(whole)
      if (kind === 'session') writeInt64(whole, value.end, bytes.length)
      writeInt64(whole, value.start, whole.length - 8)
      return whole
    },
    deserialize: (data, context) => {
      const at = data.length - tail
      if (at < 0) throw undecodable(context, `has ${data.length} bytes, too few for a window`)
      const start = readInt64(data, data.length - 8)
      const end = kind === 'session' ? readInt64(data, at) : start + sizeMs
      return { kind, key: key.deserialize(data.subarray(0, at), context), start, end }
    },
    ...(prepare === undefined
      ? {}
      : { prepare: (data, context) => prepare(data.subarray(0, -tail), context) }),
  }
  return withWindowTail(made, tail)
}
