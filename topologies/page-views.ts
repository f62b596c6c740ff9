/** Page views per minute: repeats dropped, late views counted out, each window told once. */
import type { KTable, Topic, Topology, Windowed } from 'millrace'
import { StreamsBuilder, serdes, topic, windows } from 'millrace'

export interface Click {
  readonly id: string
  readonly user: string
  readonly page: string
  readonly kind: 'view' | 'buy'
  readonly at: number
}

const perMinute = windows.tumbling('1m', { grace: '10s' })

export const clicks: Topic<string, Click> = topic('clicks', {
  key: serdes.string,
  value: serdes.json<Click>(),
})
export const viewsPerMinute: Topic<Windowed<string>, number> = topic('views-per-minute', {
  key: serdes.windowed(serdes.string, perMinute),
  value: serdes.long,
})

/** A table is its own handle: `app.store(views)` asks it where the application runs. */
export function build(builder: StreamsBuilder): KTable<Windowed<string>, number, never> {
  const views = builder
    .stream(clicks, { timestamp: (click) => click.at })
    .dropDuplicates({ id: (click) => click.id, within: '10m', store: 'seen' })
    .filter((click) => click.kind === 'view')
    .groupBy((click) => click.page, { key: serdes.string })
    .windowedBy(perMinute)
    // The window's own 70 seconds, unless said: who asks the table may look back further.
    .count({ store: { name: 'views', retention: '1h' } })
  views.emit('final').toStream().to(viewsPerMinute)
  return views
}

export function topology(): Topology {
  const builder = new StreamsBuilder()
  build(builder)
  return builder.build({ requireNames: true })
}
