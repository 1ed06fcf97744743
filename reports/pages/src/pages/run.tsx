export function RunPage({ id }: { id: string }) {
  return <h1>RunPage {id}</h1>
}
