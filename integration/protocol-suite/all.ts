/** All scenarios of the protocol suite. */
import { compaction } from './compaction.ts'
import { fencing } from './fencing.ts'
import { fetching } from './fetching.ts'
import { groupFencing } from './group-fencing.ts'
import { groups } from './groups.ts'
import { limits } from './limits.ts'
import { offsets } from './offsets.ts'
import { producerIds } from './producer-ids.ts'
import type { Scenario } from './scenario.ts'
import { sequences } from './sequences.ts'
import { staticMembers } from './static-members.ts'
import { topics } from './topics.ts'
import { transactionEnds } from './transaction-ends.ts'
import { transactions } from './transactions.ts'

export const scenarios: readonly Scenario[] = [
  ...transactions,
  ...transactionEnds,
  ...producerIds,
  ...fencing,
  ...sequences,
  ...fetching,
  ...groups,
  ...groupFencing,
  ...staticMembers,
  ...offsets,
  ...topics,
  ...limits,
  ...compaction,
]
