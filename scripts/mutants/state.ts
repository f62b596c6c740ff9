/** Rules of state: what is remembered, restored, undone, and found again. */
import { type Mutant, schedules } from './rule.ts'

const SPANS = 'lib/state/spans.test.ts'
const STARTS = 'lib/runtime/start-positions.ts'
const STABLE = 'requireStable and the end of a restore'

export const stateMutants: readonly Mutant[] = [
  {
    id: 'requireStable',
    bug: 'committed offsets are read without requireStable',
    edits: [
      {
        file: 'lib/kafka/client/group-offsets.ts',
        rule: 'requireStable: true }',
        instead: 'requireStable: false }',
      },
    ],
    test: schedules('restores'),
    name: STABLE,
  },
  {
    id: 'restore-end',
    bug: 'a restore ends at the last stable offset, before a marker that is slow',
    edits: [
      {
        file: 'lib/runtime/restore-follower.ts',
        rule: "admin.listOffsets(partitions, 'latest')",
        instead: "admin.listOffsets(partitions, 'stable')",
      },
    ],
    test: schedules('restores'),
    name: STABLE,
  },
  {
    id: 'A2',
    bug: 'two batches of one database are in flight',
    edits: [
      {
        file: 'lib/state/database.ts',
        rule: 'const result = this.#tail.then(work)',
        instead: 'const result = work()',
      },
    ],
    test: 'lib/state/batches.test.ts',
    name: 'one is in flight at a time: the next waits and has the newer row (schedules A2)',
  },
  {
    id: 'A3-a',
    bug: 'rows are replayed beneath the pending ones',
    edits: [
      {
        file: 'lib/state/replay.ts',
        rule: 'rows.restore(isWindowed',
        instead: 'if (rows.committed.pendingBytes === 0) rows.restore(isWindowed',
      },
    ],
    test: 'lib/state/restore.test.ts',
    name: 'comes in on top of pending rows, never beneath them (schedules A3)',
  },
  {
    id: 'A3-b',
    bug: 'an open span survives the loss of its task',
    edits: [
      {
        file: 'lib/runtime/state-keeper.ts',
        rule: '    state.abort()\n    state.markBehind()',
        instead: '    state.markBehind()',
      },
    ],
    test: schedules('restores'),
    name: 'A3: a task that comes back has nothing left of a span that was open when it was lost',
  },
  {
    id: 'A4',
    bug: 'window changelogs delete by time',
    edits: [
      {
        file: 'lib/runtime/internal-topics.ts',
        rule: "if (kind !== 'changelog') settings.set('retention.ms', '-1')",
        instead:
          "if (kind !== 'changelog') settings.set('retention.ms', kind === 'repartition' ? '-1' : String(2 * DAY_MS))",
      },
    ],
    test: schedules('times'),
    name: 'A4: windows of long ago',
  },
  {
    id: 'A5',
    bug: 'a store that was away for longer than tombstones last is read on',
    edits: [
      {
        file: 'lib/runtime/restore-follower.ts',
        rule: 'return now - since > changelog.deleteRetentionMs / 2',
        instead: 'return now - since > Infinity * changelog.deleteRetentionMs',
      },
    ],
    test: schedules('restores'),
    name: 'A5: a store that was away too long',
  },
  {
    id: 'A6-a',
    bug: 'no committed offset means a first start, whatever the changelogs hold',
    edits: [
      {
        file: STARTS,
        rule: 'await this.#refuseVanished(tasks, committed)\n',
        instead: '\n',
      },
    ],
    test: schedules('vanished'),
    name: 'A6: vanished is not new offsets that expired are refused while the changelog has rows',
  },
  {
    id: 'A6-b',
    bug: 'no committed offset means a first start, whatever the disk holds',
    edits: [
      { file: STARTS, rule: 'await this.#refuseVanished(tasks, committed)\n', instead: '\n' },
    ],
    test: schedules('vanished'),
    name: 'A6: vanished is not new offsets that expired are refused while the disk has rows',
  },
  {
    id: 'A6-c',
    bug: 'a changelog that was deleted is made again, empty',
    edits: [
      {
        file: 'lib/runtime/topic-setup.ts',
        rule: 'for (const topic of missing) if (named.has(topic.name)) throw vanished(topic)\n',
        instead: '\n',
      },
    ],
    test: schedules('vanished'),
    name: 'A6: vanished is not new a changelog that was deleted is never made again',
  },
  {
    id: 'A6-d',
    bug: 'a topic of the same name is taken for the same topic',
    edits: [
      {
        file: STARTS,
        rule: 'for (const active of tasks) checkTopicIds(active, committed, context.metadata)\n',
        instead: '\n',
      },
    ],
    test: schedules('vanished'),
    name: 'A6: vanished is not new a changelog that was deleted and made again by somebody is refused',
  },
  {
    id: 'A8-a',
    bug: 'an abort leaves the rows of the open span',
    edits: [
      {
        file: 'lib/runtime/ownership.ts',
        rule: '      active.state?.abort()\n      active.state?.markBehind()',
        instead: '      active.state?.markBehind()',
      },
      {
        file: 'lib/runtime/task.ts',
        rule: '    this.#options.state?.abort()\n    this.#sentAtCommit',
        instead: '    this.#sentAtCommit',
      },
    ],
    test: schedules('undone-spans'),
    name: 'A8 and our own transaction timing out rewinds times, rows and objects to what was committed (at produced)',
  },
  {
    id: 'A8-b',
    bug: 'an abort leaves times and numbers',
    edits: [
      {
        file: 'lib/runtime/task-inputs.ts',
        rule: '    this.#numbers.restore(numbers)\n    this.group.recallTime()',
        instead: '    void numbers',
      },
    ],
    test: 'lib/runtime/task-spans.test.ts',
    name: 'puts positions, times and numbers back, and makes processors anew (A8)',
  },
  {
    id: 'A8-c',
    bug: 'an aggregate that is changed in place changes what is stored',
    edits: [
      {
        file: 'lib/state/row-codec.ts',
        rule: 'if (this.#stays(value)) return',
        instead: "if (typeof value === 'object' || this.#stays(value)) return",
      },
    ],
    test: SPANS,
    name: 'what a store hands out never aliases a row that is open',
  },
  {
    id: 'A8-d',
    bug: 'our own transaction that timed out is taken for a replacement',
    edits: [
      {
        file: 'lib/runtime/recovery.ts',
        rule: "error.code === 'FENCED' && !this.#own.claim.replaced",
        instead: "error.code === 'FENCED' && false",
      },
    ],
    test: schedules('undone-spans'),
    name: 'A8 and our own transaction timing out rewinds times, rows and objects to what was committed (at produced)',
  },
  {
    id: 'A9-a',
    bug: 'what { every } owes is kept in memory',
    edits: [
      {
        file: 'lib/dsl/operators/emit-every-rows.ts',
        rule: 'const owed = context.store<InnerKeyValueStore<unknown, boolean>>(options.owed)',
        instead: `const memory = new Map<unknown, { key: unknown; value: boolean; timestamp: number }>()
    const owed = {
      get: (key: unknown) => memory.get(key),
      put: (key: unknown, value: boolean, timestamp: number) => memory.set(key, { key, value, timestamp }),
      delete: (key: unknown, _timestamp: number) => memory.delete(key),
      range: () => [...memory.values()],
    }`,
      },
    ],
    test: schedules('debts'),
    name: 'A9: what is owed by { every } is told after a kill between the change and the trigger',
  },
  {
    id: 'A9-b',
    bug: 'what is told per commit is told after the freeze, in the next transaction',
    edits: [
      {
        file: 'lib/runtime/commit.ts',
        rule: '    for (const { task } of tasks) await task.emitBeforeCommit()\n',
        instead: '',
      },
      {
        file: 'lib/runtime/commit.ts',
        rule: "    await hooks.at('pending')\n    return 'committed'",
        instead:
          "    await hooks.at('pending')\n    for (const { task } of tasks) await task.emitBeforeCommit()\n    return 'committed'",
      },
    ],
    test: schedules('debts'),
    name: 'A9: what is owed by a commit is told in that commit',
  },
  {
    id: 'A9-c',
    bug: 'up to where finals were told is kept in memory',
    edits: [
      {
        file: 'lib/dsl/operators/emit-final.ts',
        rule: "const told = context.number('w')",
        instead: 'const told = memory.w',
      },
      {
        file: 'lib/dsl/operators/emit-final.ts',
        rule: "context.setNumber('w', to + sizeMs)",
        instead: 'memory.w = to + sizeMs',
      },
      {
        file: 'lib/dsl/operators/emit-final.ts',
        rule: 'let scan: WindowScan | undefined\n',
        instead: 'let scan: WindowScan | undefined\n    const memory: { w?: number } = {}\n',
      },
    ],
    test: schedules('debts'),
    name: 'A9: what is owed as a final is told once',
  },
  {
    id: 'A11-a',
    bug: 'a record that is late for some windows of its pane goes into the row of all of them',
    edits: [
      {
        file: 'lib/dsl/operators/pane-aggregate.ts',
        rule: '(first - begin) / advanceMs, timestamp)',
        instead: '(first - begin) * 0, timestamp)',
      },
    ],
    test: 'lib/dsl/operators/emit-complete.test.ts',
    name: 'of panes, a late record is in the windows that were open, not in those that had closed',
  },
  {
    id: 'A11-b',
    bug: 'hopping windows of any reducer are kept as panes',
    edits: [
      {
        file: 'lib/dsl/windowed-stream.ts',
        rule: 'options.commutative === true ? mergeBy(reducer) : undefined',
        instead: 'mergeBy(reducer)',
      },
    ],
    test: 'lib/dsl/streams-builder.test.ts',
    name: 'is kept as panes only where results can be merged',
  },
  {
    id: 'A14-a',
    bug: 'a record that is skipped leaves rows',
    edits: [
      { file: 'lib/runtime/undo.ts', rule: 'this.#state?.rollback(mark.state)', instead: '' },
    ],
    test: schedules('undone-spans'),
    name: 'A14: a record that is skipped',
  },
  {
    id: 'A14-b',
    bug: 'a record that is skipped leaves output',
    edits: [
      { file: 'lib/runtime/undo.ts', rule: 'this.#outputs.rollback(mark.outputs)', instead: '' },
    ],
    test: schedules('undone-spans'),
    name: 'A14: a record that is skipped',
  },
  {
    id: 'A14-c',
    bug: 'a row that the changelog would refuse is found at the commit only',
    edits: [
      {
        file: 'lib/state/row-codec.ts',
        rule: 'if (size <= this.#maxBytes) return',
        instead: 'if (size <= Infinity) return',
      },
    ],
    test: SPANS,
    name: 'a row that the changelog would refuse is VALUE_TOO_LARGE at once',
  },
  {
    id: 'B4-a',
    bug: 'a timestamp far ahead moves stream time',
    edits: [
      {
        file: 'lib/runtime/record-reader.ts',
        rule: 'if (this.#skewMs === undefined) this.#knownGood',
        instead: 'if (this.#skewMs !== -1) this.#knownGood',
      },
    ],
    test: 'lib/runtime/record-reader.test.ts',
    name: 'may be as far ahead as the clock allows, and follows the clock',
  },
  {
    id: 'B4-b',
    bug: 'internal topics refuse times that the application accepts',
    edits: [
      {
        file: 'lib/runtime/internal-topics.ts',
        rule: "    ['message.timestamp.after.max.ms', UNLIMITED],\n",
        instead: '',
      },
    ],
    test: schedules('times'),
    name: 'B4: times far ahead',
  },
]
