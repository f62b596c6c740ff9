import { describe, expect, test } from '@jest/globals'
import { ErrorCode } from '../protocol/error-codes.ts'
import { failureOf } from './failures.ts'
import { whereOf } from './group-offsets.ts'

describe('a refused authorization', () => {
  test.each([
    [ErrorCode.TOPIC_AUTHORIZATION_FAILED, /Read on what it reads, Write on what it writes/],
    [ErrorCode.GROUP_AUTHORIZATION_FAILED, /Read on the group/],
    [ErrorCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED, /Write on transactional ids that begin/],
    [ErrorCode.CLUSTER_AUTHORIZATION_FAILED, /add the ACL, or use other credentials/],
  ])('%d says which ACL is missing', (code, advice) => {
    const error = failureOf(code, 'Fetch of topic clicks')
    expect(error).toMatchObject({ code: 'AUTHORIZATION_FAILED', reaction: 'stop' })
    expect(error.message).toMatch(/^Fetch of topic clicks: \w+_AUTHORIZATION_FAILED/)
    expect(error.message).toMatch(advice)
  })

  test('of some topics of a commit names these and no others', () => {
    const answer = {
      topics: [
        { name: 'clicks', partitions: [{ errorCode: 0 }] },
        { name: 'views', partitions: [{ errorCode: 0 }, { errorCode: 29 }] },
      ],
    }
    expect(whereOf(answer, 29)).toBe(' for views')
    expect(whereOf({ topics: [] }, 29)).toBe('')
  })
})
