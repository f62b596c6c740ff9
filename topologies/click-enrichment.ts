/** Clicks with the profile of their user: a re-keyed stream looks into a table. */
import type { Topology } from 'millrace'
import { StreamsBuilder, serdes, topic } from 'millrace'
import type { Click } from './page-views.ts'
import { clicks } from './page-views.ts'

interface Profile {
  readonly name: string
  readonly country: string
}

interface RichClick extends Click {
  readonly name: string
  readonly country: string
}

const rich = serdes.json<RichClick>()

export function topology(): Topology {
  const builder = new StreamsBuilder()
  const profiles = builder.table('profiles', {
    key: serdes.string,
    value: serdes.json<Profile>(),
    store: 'profiles',
  })

  builder
    .stream(clicks)
    .selectKey((click) => click.user, { key: serdes.string })
    .leftJoin(
      profiles,
      (click, profile) => ({
        ...click,
        name: profile?.name ?? 'unknown',
        country: profile?.country ?? 'nowhere',
      }),
      { value: rich, name: 'with-profile' },
    )
    .to(topic('rich-clicks', { key: serdes.string, value: rich }))
  return builder.build({ requireNames: true })
}
