/**
 * Serdes of ours whose bytes are text. ASCII text has one char a byte, so it goes into rows and batches
 * as it is, and no buffer is made. They do what `serialize` and `deserialize` do.
 */
import { isAscii } from '../bytes.ts'
import type { SerdeContext } from '../serde.ts'

export interface TextForm {
  /** A string is ASCII; bytes are the caller's to keep. */
  readonly write: (value: never, context: SerdeContext) => Buffer | string
  /** Of what `write` gave, if that was a string. */
  readonly read: (text: string, context: SerdeContext) => unknown
}

const FORMS = new WeakMap<object, TextForm>()

/** Gives a serde its text form, and returns it. */
export function withTextForm<S extends object>(serde: S, form: TextForm): S {
  FORMS.set(serde, form)
  return serde
}

/** Undefined: its bytes may be anything, as those of every serde of a user's. */
export function textFormOf(serde: object | undefined): TextForm | undefined {
  return serde === undefined ? undefined : FORMS.get(serde)
}

/** Text as it is where its chars are its bytes; `encode` makes bytes of any other. */
export function charsOf<C>(
  text: string,
  context: C,
  encode: (text: string, context: C) => Buffer,
): Buffer | string {
  return isAscii(text) ? text : encode(text, context)
}
