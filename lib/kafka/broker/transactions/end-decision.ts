/**
 * What EndTxn may do in which state, as tables: Kafka's answers to first requests, repeats and late
 * ones, for clients whose epoch moves with each transaction (V2) and those whose epoch does not (V1).
 */
import { ErrorCode } from '../../protocol/error-codes.ts'
import type { Transaction } from './transaction.ts'

/** 'end': decide it now; a number: answer this code. */
export type EndDecision = 'end' | number

export interface EndRequest {
  readonly producerId: number
  readonly producerEpoch: number
  readonly commit: boolean
  /** EndTxn 5 and later: the epoch moves. */
  readonly bumpsEpoch: boolean
}

export function decideEnd(
  transaction: Transaction,
  request: EndRequest,
  maxEpoch: number,
): EndDecision {
  const { producerId, epoch } = transaction
  const afterRotation =
    request.bumpsEpoch &&
    transaction.previousProducerId === request.producerId &&
    request.producerEpoch === maxEpoch - 1 &&
    epoch === 0
  if (producerId !== request.producerId && !afterRotation)
    return ErrorCode.INVALID_PRODUCER_ID_MAPPING
  const repeat = afterRotation || (request.bumpsEpoch && epoch === request.producerEpoch + 1)
  if (request.producerEpoch !== epoch && !repeat) return ErrorCode.PRODUCER_FENCED
  return request.commit
    ? decideCommit(transaction, repeat)
    : decideAbort(transaction, repeat, request.bumpsEpoch)
}

function decideCommit({ state }: Transaction, repeat: boolean): EndDecision {
  switch (state) {
    case 'Ongoing':
      return repeat ? ErrorCode.PRODUCER_FENCED : 'end'
    case 'PrepareCommit':
      return ErrorCode.CONCURRENT_TRANSACTIONS
    case 'CompleteCommit':
      return ErrorCode.NONE
    default:
      return ErrorCode.INVALID_TXN_STATE
  }
}

function decideAbort({ state }: Transaction, repeat: boolean, bumpsEpoch: boolean): EndDecision {
  switch (state) {
    case 'Ongoing':
      return repeat ? ErrorCode.PRODUCER_FENCED : 'end'
    case 'PrepareAbort':
      return ErrorCode.CONCURRENT_TRANSACTIONS
    case 'PrepareCommit':
      return ErrorCode.INVALID_TXN_STATE
    case 'CompleteAbort':
      // Under V2 an abort of nothing is a transaction of its own: it moves the epoch.
      return bumpsEpoch && !repeat ? 'end' : ErrorCode.NONE
    default:
      return bumpsEpoch && !repeat ? 'end' : ErrorCode.INVALID_TXN_STATE
  }
}
