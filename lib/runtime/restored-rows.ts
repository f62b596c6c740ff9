/** What a batch of a changelog has for a store. */
import type { RecordView } from '../core/record-view.ts'
import type { RestoredRow } from '../state/task-state.ts'

/** The rows of a batch; their buffers are those of the batch. */
export function rowsOf(view: RecordView, firstIndex: number): readonly RestoredRow[] {
  const rows: RestoredRow[] = []
  for (let at = firstIndex; at < view.count; at++) {
    const key = view.key(at)
    // Nobody writes rows without a key; a foreign record is not ours to interpret.
    if (key === null) continue
    const [value, timestamp, offset] = [view.value(at), view.timestamp(at), view.offset(at)]
    rows.push({ key, value, timestamp, offset })
  }
  return rows
}
