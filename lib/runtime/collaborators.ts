/** The pieces that ownership works with, put together over one member's clients. */
import { FatalError } from '../core/errors.ts'
import type { GroupSession } from '../kafka/client/group-session.ts'
import { Committer } from './commit.ts'
import { DeadLetterTopics } from './dead-letter-topics.ts'
import { ErrorPolicyTable } from './error-policy.ts'
import { Intake } from './intake.ts'
import { Leader } from './leader.ts'
import { Membership } from './membership.ts'
import { OutputCollector } from './output-collector.ts'
import { OutputLimits } from './output-limits.ts'
import type { ProgressReporter } from './progress.ts'
import { Purge } from './purge.ts'
import { refusedRecord } from './refused-record.ts'
import { Restorer } from './restore.ts'
import { StartPositions } from './start-positions.ts'
import { StateKeeper } from './state-keeper.ts'
import type { TaskTable } from './task-table.ts'
import { TopicSetup } from './topic-setup.ts'
import { TopicWatch } from './topic-watch.ts'
import type { Clients, WorkerOptions } from './worker-parts.ts'

export interface Collaborators {
  readonly setup: TopicSetup
  readonly leader: Leader
  readonly limits: OutputLimits
  readonly collector: OutputCollector
  readonly keeper: StateKeeper
  readonly membership: Membership
  readonly intake: Intake
  readonly restorer: Restorer
  readonly starts: StartPositions
  readonly committer: Committer
  readonly purge: Purge
  readonly watch: TopicWatch
}

export function createCollaborators(
  options: WorkerOptions,
  clients: Clients,
  table: TaskTable,
  group: GroupSession,
  progress: ProgressReporter,
): Collaborators {
  const { settings, clock, random, logger, metrics, hooks } = options
  const { admin, client, fetcher, restoring, transactions, outputs } = clients
  const producer = outputs ?? transactions
  if (producer === undefined) throw new FatalError('INTERNAL', 'a worker without a producer')
  const { program, subTopologies, fingerprint } = options
  const limits = new OutputLimits(admin, logger)
  const deadLetters = new DeadLetterTopics({ client, admin, limits, logger, settings, program })
  const setup = new TopicSetup({
    client,
    admin,
    logger,
    settings,
    program,
    subTopologies,
    deadLetters,
  })
  const keeper = new StateKeeper({
    directory: options.directory,
    settings,
    clock,
    random,
    logger,
    metrics,
    hooks,
    maxRowBytes: (topic) => limits.of(topic).maxMessageBytes,
  })
  const policies = new ErrorPolicyTable(settings.errors)
  return {
    setup,
    limits,
    keeper,
    leader: new Leader({
      setup,
      fingerprint,
      logger,
      committed: (partitions) => group.committed(partitions),
    }),
    collector: new OutputCollector(producer, limits, progress, deadLetters),
    membership: new Membership(options, table, keeper),
    intake: new Intake(fetcher, table),
    restorer: new Restorer({
      fetcher: restoring,
      admin,
      clock,
      logger,
      metrics,
      onRestored: options.onRestored,
    }),
    starts: new StartPositions({ group, admin, applicationId: settings.applicationId }),
    committer: new Committer({
      group,
      transactions,
      outputs,
      ahead: settings.guarantee === 'at-most-once',
      onRefused: (error) => {
        // Its offset is committed: there is no going back, only saying so.
        if (policies.action(refusedRecord(error) ?? error) === 'fail') throw error
        metrics.counter('millrace_task_dropped_records_total', { reason: 'produce' }).add()
      },
      hooks,
    }),
    purge: new Purge({ admin, clock, logger }),
    watch: new TopicWatch(setup, clock),
  }
}
