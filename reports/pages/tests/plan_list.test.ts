import { expect, it } from 'vitest'
import { knownPlans } from '../src/pages/plan_list.ts'

it('lists shipped plans, then those seen, each with its newest runs', () => {
  const runs = Array.from({ length: 20 }, (_, n) => ({ id: `r${20 - n}`, plan: n % 2 === 0 ? 'mine' : 'ota' }))
  const plans = knownPlans([{ id: 'boot' }, { id: 'ota', about: 'updates' }], [...runs, { id: 'r0', plan: 'ota' }, { id: 'r-1', plan: 'ota' }, { id: 'r-2', plan: 'ota' }])
  expect(plans.map((plan) => [plan.name, plan.shipped?.about, plan.runs.length, plan.runs[0]?.id])).toEqual([
    ['boot', undefined, 0, undefined], ['ota', 'updates', 12, 'r19'], ['mine', undefined, 10, 'r20'],
  ])
})
