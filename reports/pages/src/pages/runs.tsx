export function Runs({ id }: { id: string }) {
  return <h1>Runs {id}</h1>
}
