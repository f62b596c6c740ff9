/** A refusal by the broker, told about the input record that the refused one came of. */
import { RecordError } from '../core/errors.ts'
import type { RefusedRecordError } from '../kafka/client/refused-record-error.ts'

/** Undefined when no input record was in hand: a changelog row, a timer, an emission. */
export function refusedRecord(error: RefusedRecordError): RecordError | undefined {
  const { origin } = error
  if (origin === undefined) return undefined
  const { topic, partition, offset } = origin
  return new RecordError(
    'RECORD_REFUSED',
    `${error.message} (it came of ${topic} partition ${partition} offset ${offset})`,
    { phase: 'produce', node: error.node, recordMetadata: origin, cause: error },
  )
}
