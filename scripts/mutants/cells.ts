/** Rules of the cells that rows are in: when a place is free, and what may be found there. */
import type { Mutant } from './rule.ts'

const BATCHES = 'lib/state/batches.test.ts'
const CELLS = 'lib/state/cells.test.ts'

export const cellMutants: readonly Mutant[] = [
  {
    id: 'cells-hold',
    bug: 'what a batch refers to goes while the batch is written',
    edits: [{ file: 'lib/state/row-batch.ts', rule: '    cells.hold()\n', instead: '' }],
    test: BATCHES,
    name: 'a batch has the rows of its time',
  },
  {
    id: 'cells-last',
    bug: 'a row is put into the cell that another one has now',
    edits: [
      {
        file: 'lib/state/store-rows.ts',
        rule: '      this.#lastDepartures === cells.departures &&\n',
        instead: '',
      },
    ],
    test: BATCHES,
    name: 'a row that was read and had to leave at once',
  },
  {
    id: 'cells-twice',
    bug: 'a place is given back twice, so two rows get it',
    edits: [
      {
        file: 'lib/state/cell-places.ts',
        rule: 'if (isHeld && (flags',
        instead: 'if ((flags',
      },
    ],
    test: CELLS,
    name: 'cells are gone with the last hold, not before, and not twice',
  },
  {
    id: 'cells-gap',
    bug: 'a cell that was removed hides those behind it',
    edits: [
      {
        file: 'lib/state/cell-table.ts',
        rule: 'if (((place - home) & mask) < ((place - gap) & mask)) continue',
        instead: 'continue',
      },
    ],
    test: CELLS,
    name: 'a table of cells finds what was added and not removed',
  },
]
