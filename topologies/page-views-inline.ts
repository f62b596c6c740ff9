/** The program of page-views.ts in one chain: topic names in place, serdes beside them. */
import type { Topology } from 'millrace'
import { StreamsBuilder, serdes, windows } from 'millrace'
import type { Click } from './page-views.ts'

export function topology(): Topology {
  const builder = new StreamsBuilder()
  builder
    .stream('clicks', {
      key: serdes.string,
      value: serdes.json<Click>(),
      timestamp: (click) => click.at,
    })
    .dropDuplicates({ id: (click) => click.id, within: '10m' })
    .filter((click) => click.kind === 'view')
    .groupBy((click) => click.page, { key: serdes.string })
    .windowedBy(windows.tumbling('1m', { grace: '10s' }))
    .count({ store: 'views' })
    .emit('final')
    .toStream()
    .to('views-per-minute')
  return builder.build()
}
