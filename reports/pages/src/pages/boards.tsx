export function Boards({ id }: { id: string }) {
  return <h1>Boards {id}</h1>
}
