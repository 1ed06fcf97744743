import { expect, it } from 'vitest'
import { mergeRun, take, type Kept } from '../../src/pages/run/merge.ts'
import type { RunJson } from '../../src/proto/assay/v1/orchestrator_pb.ts'

const first: RunJson = {
  id: 'r1', state: 'RUN_STATE_RUNNING', jobs: [
    { id: 'r1.1', profile: 'a', attempts: [{ id: 'r1.1.1', agent: 'x', steps: [{ text: 'one' }, { index: 1, text: 'two', state: 'STEP_STATE_RUNNING' }] }] },
    { id: 'r1.2', profile: 'b' }],
}
it('puts what a part names in its place and keeps the rest', () => {
  const next = mergeRun(first, {
    id: 'r1', jobs: [{ id: 'r1.1', profile: 'a', attempts: [{ id: 'r1.1.1', agent: 'y', steps: [{ index: 1, text: 'two', state: 'STEP_STATE_PASSED' }, { index: 2, text: 'three' }] }] }, { id: 'r1.3' }],
  })
  expect(next).toEqual({
    id: 'r1', jobs: [
      { id: 'r1.1', profile: 'a', attempts: [{ id: 'r1.1.1', agent: 'y', steps: [{ text: 'one' }, { index: 1, text: 'two', state: 'STEP_STATE_PASSED' }, { index: 2, text: 'three' }] }] },
      { id: 'r1.2', profile: 'b', attempts: [] }, { id: 'r1.3', attempts: [] }].map((job) => (job.id === 'r1.2' ? { id: 'r1.2', profile: 'b' } : job)),
  })
  expect(next.jobs?.[1]).toBe(first.jobs?.[1])
  expect(next.state).toBeUndefined()
})
it('is the same when it comes twice', () => {
  const once = mergeRun(undefined, first)
  expect(mergeRun(once, first)).toEqual(once)
})
it('adds attempts', () => {
  const next = mergeRun(first, { id: 'r1', jobs: [{ id: 'r1.1', attempts: [{ id: 'r1.1.2' }] }] })
  expect(next.jobs?.[0]?.attempts?.map((one) => one.id)).toEqual(['r1.1.1', 'r1.1.2'])
})
it('shows no half of a state', () => {
  let kept: Kept = { shown: undefined, half: undefined }
  kept = take(kept, { run: { id: 'r1', jobs: [{ id: 'r1.1' }] }, more: true })
  expect(kept.shown).toBeUndefined()
  kept = take(kept, { run: { id: 'r1', jobs: [{ id: 'r1.2' }] } })
  expect(kept.shown?.jobs?.map((one) => one.id)).toEqual(['r1.1', 'r1.2'])
  expect(kept.half).toBeUndefined()
})
