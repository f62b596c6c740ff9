import { describe, expect, test } from '@jest/globals'
import * as clickEnrichment from './click-enrichment.ts'
import * as dedupPerUser from './dedup-per-user.ts'
import * as ordersPayments from './orders-payments.ts'
import * as pageViews from './page-views.ts'
import * as pageViewsInline from './page-views-inline.ts'
import * as wordCount from './word-count.ts'

const internal = (text: string): string[] => [
  ...new Set(text.match(/[\w-]+-repartition(?=[\])])/g) ?? []),
]

describe('the examples', () => {
  test.each([
    ['page-views', pageViews, ['clicks', 'views-repartition'], ['seen', 'views']],
    [
      'page-views-inline',
      pageViewsInline,
      ['clicks', 'views-repartition'],
      ['clicks-drop-duplicates-1', 'views'],
    ],
    ['word-count', wordCount, ['by-word-repartition', 'lines'], ['counts']],
    ['dedup-per-user', dedupPerUser, ['activity', 'seen-repartition'], ['activities', 'seen']],
    ['click-enrichment', clickEnrichment, ['clicks', 'profiles'], ['profiles']],
    [
      'orders-payments',
      ordersPayments,
      ['order-payment-right-repartition', 'payments'],
      ['order-payment-left', 'order-payment-right'],
    ],
  ] as const)('%s builds', (_name, { topology }, ids, stores) => {
    const parts = topology().describe().subTopologies
    expect(parts.map(({ id }) => id)).toEqual(ids)
    const opened = parts.flatMap(({ nodes }) => nodes.flatMap((node) => node.stores))
    expect([...new Set(opened)].sort()).toEqual([...stores].sort())
  })

  test('name their repartition topics by the store behind them, or by the join', () => {
    expect(internal(dedupPerUser.topology().describe('text'))).toEqual(['seen-repartition'])
    expect(internal(clickEnrichment.topology().describe('text'))).toEqual([
      'with-profile-repartition',
    ])
    expect(internal(ordersPayments.topology().describe('text'))).toEqual([
      'order-payment-right-repartition',
    ])
  })
})
