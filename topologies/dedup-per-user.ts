/** Activities per user, each counted once: repeats are told by a time in nanoseconds. */
import type { Topology } from 'millrace'
import { StreamsBuilder, serdes } from 'millrace'

interface Activity {
  readonly User: string
  readonly gt: string
  /** Nanoseconds since the epoch: beyond 2^53, so a number would merge times 100 ns apart. */
  readonly Creation_Time: bigint
}

export function topology(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('activity', {
      value: serdes.json<Activity>({ integers: 'bigint' }),
      timestamp: (activity) => Number(activity.Creation_Time / 1_000_000n),
    })
    .selectKey((activity) => activity.User, { key: serdes.string })
    .dropDuplicates({
      id: (activity, user) => [user, activity.Creation_Time],
      within: '5s',
      store: 'seen',
    })
    .groupByKey()
    .count({ store: 'activities' })
    .toStream()
    .to('activities-per-user')
  return builder.build({ requireNames: true })
}
