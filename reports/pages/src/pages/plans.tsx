export function Plans({ id }: { id: string }) {
  return <h1>Plans {id}</h1>
}
