export function Now({ id }: { id: string }) {
  return <h1>Now {id}</h1>
}
