import { visible } from '../data/visible.ts'

// Text from a device, a commit or a file: isolated, so that it cannot turn round
// what stands beside it, and with every invisible character shown.
export const Text = ({ of, mono = false }: { of: string | undefined; mono?: boolean }) =>
  <bdi {...(mono ? { class: 'mono' } : {})}>{visible(of ?? '')}</bdi>
