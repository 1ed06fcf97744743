export function Board({ id }: { id: string }) {
  return <h1>Board {id}</h1>
}
