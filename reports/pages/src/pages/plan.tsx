export function Plan({ id }: { id: string }) {
  return <h1>Plan {id}</h1>
}
