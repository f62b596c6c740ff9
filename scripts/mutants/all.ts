/** Every rule that is taken out in turn. */

import { cellMutants } from './cells.ts'
import { commitMutants } from './commits.ts'
import type { Mutant } from './rule.ts'
import { stateMutants } from './state.ts'

export const mutants: readonly Mutant[] = [...commitMutants, ...stateMutants, ...cellMutants]
